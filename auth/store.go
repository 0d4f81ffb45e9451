package auth

import (
	"context"
	"fmt"
	"sync"
)

// Store keeps the records of authorizations: refresh tokens and what belongs to
// them. A record is a [Secret] whose text is the SDK's own. The zero Secret means
// that there is no record. Implementations are safe for concurrent use, also by
// all processes that share the store. Package storetest tests whether a Store
// keeps this contract.
type Store interface {
	// Read returns the record called name as the last Update left it. It does not
	// wait for an Update in progress. So a process that starts with a valid token
	// can use it while another process waits for a token endpoint.
	Read(ctx context.Context, name string) (Secret, error)

	// Update replaces the record called name with what change returns. It holds
	// the record's exclusive lock from before it reads the record until the new
	// one is safe, among all processes that share the store. Change sends a
	// request to a token endpoint and so takes up to 30 seconds.
	//
	// Ctx limits what comes before change: the wait for the lock, and reading.
	// Afterwards the record has to be saved even if ctx has ended, because the
	// service may have replaced the refresh token by then. So a store in a database
	// runs its transaction under a context of its own, made with
	// [context.WithoutCancel], with a limit of a minute or more.
	//
	// If change fails, Update keeps the record and returns that error unchanged.
	// If the new record cannot be saved, Update returns an error. The stored record is
	// then the old one or the new one, whole.
	Update(ctx context.Context, name string, change func(record Secret) (Secret, error)) error
}

// StoreError reports that a record could not be read or saved.
type StoreError struct {
	// Name is the name of the record.
	Name string
	// Problem says what is wrong and what to do about it.
	Problem string
	// Err is the cause, where there is one.
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

// locks are exclusive locks by name. The zero value is ready for use, with all of
// them free.
type locks struct {
	mu     sync.Mutex
	byName map[string]chan struct{} // each holds one element while it is locked
}

// lock waits for the lock of name and returns the function that releases it. It
// returns the error of ctx if that ends first. It takes a free lock even if ctx has
// ended.
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
