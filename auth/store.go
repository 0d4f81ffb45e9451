package auth

import (
	"context"
	"fmt"
	"sync"
)

// Store keeps the records of authorizations: refresh tokens and what belongs to
// them. Implementations are safe for concurrent use.
//
// A record is a [Secret] whose text is the SDK's own; a store keeps it as it
// is. The zero Secret means that there is no record.
type Store interface {
	// Update replaces the record called name with what change makes of it. It
	// holds the record's exclusive lock from before it reads until after the
	// new record is safe, among all processes that share the store, while
	// change asks a token endpoint. Waiting for the lock ends with ctx.
	//
	// An error of change is returned as it is, and the record stays. Where the
	// new record could not be made safe, Update returns an error and the old
	// record stays, whole.
	Update(ctx context.Context, name string, change func(record Secret) (Secret, error)) error
}

// StoreError says that a record could not be read or made safe.
type StoreError struct {
	// Name is the name of the record.
	Name string
	// Problem says what is wrong and what to do about it.
	Problem string
	// Err is the cause, where there is one.
	Err error
}

// Error tells the record's name, the problem and the cause.
func (e *StoreError) Error() string {
	text := fmt.Sprintf("auth: the record %q %s", e.Name, e.Problem)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// MemoryStore is a [Store] that lasts as long as the process. The zero value is
// an empty store. It must not be copied after first use.
type MemoryStore struct {
	mu    sync.Mutex
	slots map[string]*slot
}

// slot is one record and its lock, a channel so that waiting can end with a
// context.
type slot struct {
	lock   chan struct{}
	record Secret
}

// Update implements [Store].
func (m *MemoryStore) Update(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	s := m.slot(name)
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	case <-ctx.Done():
		return &StoreError{name, "is locked", ctx.Err()}
	}
	record, err := change(s.record)
	if err != nil {
		return err
	}
	s.record = record
	return nil
}

func (m *MemoryStore) slot(name string) *slot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.slots == nil {
		m.slots = make(map[string]*slot)
	}
	if m.slots[name] == nil {
		m.slots[name] = &slot{lock: make(chan struct{}, 1)}
	}
	return m.slots[name]
}
