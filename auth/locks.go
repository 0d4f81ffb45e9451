package auth

import (
	"context"
	"sync"
)

// locks are exclusive locks by name, which can be waited for with a context. The
// zero value has all of them free.
type locks struct {
	mu     sync.Mutex
	byName map[string]chan struct{} // holds one element while it is taken
}

// take waits for the lock of name and returns what frees it, or the error of ctx
// if that ends first. A free lock is taken even then.
func (l *locks) take(ctx context.Context, name string) (free func(), err error) {
	lock := l.of(name)
	free = func() { <-lock }
	select {
	case lock <- struct{}{}:
		return free, nil
	default:
	}
	select {
	case lock <- struct{}{}:
		return free, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *locks) of(name string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byName == nil {
		l.byName = make(map[string]chan struct{})
	}
	if l.byName[name] == nil {
		l.byName[name] = make(chan struct{}, 1)
	}
	return l.byName[name]
}
