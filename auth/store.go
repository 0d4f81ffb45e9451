package auth

import (
	"context"
	"fmt"
	"sync"

	"github.com/engagesdk/engage-go/internal/errtree"
	"github.com/engagesdk/engage-go/internal/safeerror"
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
	if e == nil {
		return nilError
	}
	text := fmt.Sprintf("auth: the record %q %s", e.Name, e.Problem)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// update is store.Update, but none of its errors holds a nil pointer.
func update(ctx context.Context, store Store, name string, change func(Secret) (Secret, error)) error {
	if ctx == nil {
		return errNoContext
	}
	err := store.Update(ctx, name, change)
	if !errtree.Sound(err) {
		return &StoreError{name, "could not be kept", safeerror.Hide("the store failed", err)}
	}
	return err
}

// refuseUpdate returns an error for what no store can work with.
func refuseUpdate(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	switch {
	case ctx == nil:
		return &StoreError{Name: name, Problem: "cannot be used: the context is nil"}
	case change == nil:
		return &StoreError{Name: name, Problem: "cannot be used: the function to change it is nil"}
	}
	return nil
}

// MemoryStore is a [Store] that lasts as long as the process. The zero value is
// an empty store. It must not be copied after first use.
type MemoryStore struct {
	locks locks

	mu      sync.Mutex
	records map[string]Secret
}

// Update implements [Store]. All errors but those of change are a [*StoreError].
func (m *MemoryStore) Update(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	if m == nil {
		return &StoreError{Name: name, Problem: "cannot be kept: the store is nil"}
	}
	if err := refuseUpdate(ctx, name, change); err != nil {
		return err
	}
	free, err := m.locks.take(ctx, name)
	if err != nil {
		return &StoreError{name, "is locked", err}
	}
	defer free()
	record, err := change(m.get(name))
	if err != nil {
		return err
	}
	m.put(name, record)
	return nil
}

func (m *MemoryStore) get(name string) Secret {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[name]
}

func (m *MemoryStore) put(name string, record Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = make(map[string]Secret)
	}
	m.records[name] = record
}
