package auth

import (
	"context"
	"fmt"
	"sync"
)

// Store keeps the records of authorizations. A record holds a refresh token, its access
// token and their details, as a [Secret] whose format is private to the SDK. The zero
// Secret means that there is no record. Implementations are safe for concurrent use, also
// by several processes that share the store. Package storetest tests whether a Store keeps
// this contract.
type Store interface {
	// Read returns the record called name as the last Update left it, or the zero Secret
	// if there is none. It does not wait for an Update in progress. So a process can use
	// a valid token while another waits for a token endpoint.
	Read(ctx context.Context, name string) (Secret, error)

	// Update calls change with the record called name, and replaces the record with the
	// result. A zero result removes the record. Update locks the record before it
	// reads it, and unlocks it after it has saved the new one. The lock excludes all
	// other Updates of the record, also those of other processes. Change may send
	// requests to a token endpoint and so take 30 seconds.
	//
	// Ctx limits the wait for the lock and the reading. Once Update has called change, it
	// saves the result even if ctx has ended, because the service may have replaced the
	// refresh token. So a store in a database needs another context for its transaction,
	// made with [context.WithoutCancel] and a limit of a minute or more.
	//
	// If change returns an error, Update keeps the record and returns that error
	// unchanged. If change panics, Update keeps the record, releases the lock and passes
	// the panic on. If the new record cannot be saved, Update returns an error. The
	// stored record is then the old one or the new one, whole.
	Update(ctx context.Context, name string, change func(record Secret) (Secret, error)) error
}

// StoreError reports that a record could not be read or saved.
type StoreError struct {
	// Name is the name of the record.
	Name string
	// Problem is what is wrong, and what to do about it. It continues the sentence "The
	// record …".
	Problem string
	// Err is the cause; nil if there is none.
	Err error
}

// Error returns the record's name, the problem and the cause.
func (e *StoreError) Error() string {
	text := fmt.Sprintf("auth: the record %q %s", e.Name, e.Problem)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// MemoryStore is a [Store] that lasts as long as the process. The zero value is an
// empty store. A MemoryStore must not be copied after first use.
type MemoryStore struct {
	locks locks

	mu      sync.Mutex
	records map[string]Secret
}

// Read implements [Store]. It never fails.
func (m *MemoryStore) Read(_ context.Context, name string) (Secret, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[name], nil
}

// Update implements [Store]. All errors but those of change are a [*StoreError].
func (m *MemoryStore) Update(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	unlock, err := m.locks.lock(ctx, name)
	if err != nil {
		return &StoreError{name, "is locked", err}
	}
	defer unlock()
	old, err := m.Read(ctx, name)
	if err != nil {
		return err
	}
	record, err := change(old)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = make(map[string]Secret)
	}
	m.records[name] = record
	return nil
}

// locks are exclusive locks by name. The zero value is ready for use, and all locks are
// free.
type locks struct {
	mu     sync.Mutex
	byName map[string]chan struct{} // each holds one element while it is locked
}

// lock waits for the lock of name and returns a function that releases it. If ctx ends
// first, lock returns the error of ctx. It takes a free lock even if ctx has ended.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.byName == nil {
		l.byName = make(map[string]chan struct{})
	}
	if l.byName[name] == nil {
		l.byName[name] = make(chan struct{}, 1)
	}
	lock := l.byName[name]
	l.mu.Unlock()

	unlock = func() { <-lock }
	select {
	case lock <- struct{}{}:
		return unlock, nil
	default:
	}
	select {
	case lock <- struct{}{}:
		return unlock, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
