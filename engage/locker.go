package engage

import (
	"context"
	"sync"
)

// Locker lets one caller at a time have a key, among all programs that share it. A
// [Deliverer] uses it. It must be safe for concurrent use.
type Locker interface {
	// Lock waits until nobody else has key, or until ctx ends. The context that it returns
	// is derived from ctx, and ends when the lock is lost: the caller stops then. The caller
	// calls unlock once. A Locker frees the key of a program that has ended. With an error,
	// the caller does not have the key, and held and unlock are not used.
	Lock(ctx context.Context, key string) (held context.Context, unlock func(), err error)
}

// turns is a [Locker] within one program. The zero value is ready.
type turns struct {
	mutex sync.Mutex
	keys  map[string]*turn
}

// turn is one key that has users.
type turn struct {
	free  chan struct{} // holds a value while nobody has the key
	users int           // those who have the key or wait for it
}

// Lock implements [Locker]. The context that it returns is ctx, since such a lock is never
// lost. The error is that of ctx.
func (t *turns) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	mine := t.join(key)
	select {
	case <-mine.free:
		return ctx, func() {
			mine.free <- struct{}{}
			t.leave(key, mine)
		}, nil
	case <-ctx.Done():
		t.leave(key, mine)
		return nil, nil, ctx.Err()
	}
}

// join returns the turn of key, and counts one more user of it.
func (t *turns) join(key string) *turn {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.keys == nil {
		t.keys = map[string]*turn{}
	}
	mine := t.keys[key]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.keys[key] = mine
	}
	mine.users++
	return mine
}

// leave counts one user of key less. It forgets a key without users.
func (t *turns) leave(key string, mine *turn) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	mine.users--
	if mine.users == 0 {
		delete(t.keys, key)
	}
}
