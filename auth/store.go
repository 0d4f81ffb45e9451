package auth

import (
	"context"
	"fmt"
	"sync"

	"github.com/engagesdk/engage-go/internal/errtree"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Store keeps the records of authorizations: refresh tokens and what belongs to
// them. Implementations are safe for concurrent use.
//
// A record is a [Secret] whose text is the SDK's own; a store keeps it as it
// is. The zero Secret means that there is no record. A store that can be read
// without its lock is a [RecordReader] as well.
type Store interface {
	// Update replaces the record called name with what change makes of it. It
	// holds the record's exclusive lock from before it reads until after the
	// new record is safe, among all processes that share the store, while
	// change asks a token endpoint. Waiting for the lock ends with ctx.
	//
	// An error of change is returned as it is, and the record stays. Where the
	// new record could not be made safe, Update returns an error, and the record is
	// whole all the same: the old one, or the new one if that is in place, but may
	// not outlast a crash.
	Update(ctx context.Context, name string, change func(record Secret) (Secret, error)) error
}

// RecordReader is a [Store] whose records can be read while others hold their
// locks. A source that is opened then takes a stored token that is still valid,
// even while another process, or another source of this one, waits for a token
// endpoint that hangs. A type that embeds one and has an Update of its own needs a
// Read of its own, too.
type RecordReader interface {
	Store

	// Read returns the record called name as the last Update has left it: whole,
	// and without waiting for one that is under way.
	Read(ctx context.Context, name string) (Secret, error)
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

// update is store.Update for any store, a nil pointer included. None of its errors
// holds one.
func update(ctx context.Context, store Store, name string, change func(Secret) (Secret, error)) error {
	switch {
	case ctx == nil:
		return errNoContext
	case nothing.In(store):
		return storeless(name)
	}
	return sound(name, store.Update(ctx, name, change))
}

// load returns the record called name, without its lock where the store can.
func load(ctx context.Context, store Store, name string) (record Secret, err error) {
	reader, ok := store.(RecordReader)
	if !ok || nothing.In(store) || ctx == nil {
		return loadLocked(ctx, store, name)
	}
	record, err = reader.Read(ctx, name)
	return record, sound(name, err)
}

// loadLocked returns the record called name once nobody holds its lock.
func loadLocked(ctx context.Context, store Store, name string) (record Secret, err error) {
	err = update(ctx, store, name, func(stored Secret) (Secret, error) {
		record = stored
		return stored, nil
	})
	return record, err
}

// sound returns the error of a store, or another one if it holds a nil pointer.
func sound(name string, err error) error {
	if !errtree.Sound(err) {
		return &StoreError{name, "could not be kept", safeerror.Hide("the store failed", err)}
	}
	return err
}

// refuseRead returns an error for what no store can read with.
func refuseRead(ctx context.Context, name string) error {
	if ctx == nil {
		return &StoreError{Name: name, Problem: "cannot be used: the context is nil"}
	}
	return nil
}

// refuseUpdate returns an error for what no store can work with.
func refuseUpdate(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	if err := refuseRead(ctx, name); err != nil {
		return err
	}
	if change == nil {
		return &StoreError{Name: name, Problem: "cannot be used: the function to change it is nil"}
	}
	return nil
}

func storeless(name string) error {
	return &StoreError{Name: name, Problem: "cannot be kept: the store is nil"}
}

// MemoryStore is a [Store] and [RecordReader] that lasts as long as the process.
// The zero value is an empty store. It must not be copied after first use.
type MemoryStore struct {
	locks locks

	mu      sync.Mutex
	records map[string]Secret
}

// Update implements [Store]. All errors but those of change are a [*StoreError].
func (m *MemoryStore) Update(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	if m == nil {
		return storeless(name)
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

// Read implements [RecordReader]. All its errors are a [*StoreError].
func (m *MemoryStore) Read(ctx context.Context, name string) (Secret, error) {
	if m == nil {
		return Secret{}, storeless(name)
	}
	if err := refuseRead(ctx, name); err != nil {
		return Secret{}, err
	}
	return m.get(name), nil
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
