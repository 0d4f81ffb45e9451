// Package storetest tests whether an implementation of [auth.Store] keeps the contract of
// that interface:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) (one, other auth.Store) {
//			directory := t.TempDir()
//			return mystore.Open(directory), mystore.Open(directory)
//		})
//	}
//
// It imports only the standard library and package auth.
package storetest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
)

// patience is how long a test waits for an event before it fails.
const patience = 30 * time.Second

// tests are those that are the same for every store.
var tests = map[string]func(t *testing.T, one, other auth.Store){
	"records are kept apart":                           apart,
	"an absent record is zero":                         absent,
	"a record is read while it is locked":              readWhileLocked,
	"updates of one record exclude each other":         exclusive,
	"a wait for a locked record ends with its context": waitEnds,
	"an error of change keeps the record":              errorKeeps,
	"a panic of change keeps the record":               panicKeeps,
	"a record is saved after its context has ended":    savedAfterContext,
	"a large record is kept whole":                     large,
}

// Run runs each test in a subtest of t. Every test calls open once. Open returns two values
// for the same empty store, as two processes would open it. For a store that only one
// process can use, both may be the same value.
func Run(t *testing.T, open func(t *testing.T) (one, other auth.Store)) {
	run(t, open)
	t.Run("updates of other records go on", func(t *testing.T) {
		one, other := open(t)
		otherRecordsGoOn(t, one, other)
	})
}

// RunSingleLock is [Run] for a store that has one lock for all its records. Updates of
// other records have to wait for an Update in progress, each as long as its context
// allows.
func RunSingleLock(t *testing.T, open func(t *testing.T) (one, other auth.Store)) {
	run(t, open)
	t.Run("updates of other records wait", func(t *testing.T) {
		one, other := open(t)
		otherRecordsWait(t, one, other)
	})
}

func run(t *testing.T, open func(t *testing.T) (one, other auth.Store)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			one, other := open(t)
			test(t, one, other)
		})
	}
}

// put saves text as the record called name.
func put(t *testing.T, store auth.Store, name, text string) {
	t.Helper()
	err := store.Update(t.Context(), name, func(auth.Secret) (auth.Secret, error) { return auth.NewSecret(text), nil })
	if err != nil {
		t.Fatalf("Update(%q): %v", name, err)
	}
}

// check fails the test if Read returns, or Update passes, another record than want.
func check(t *testing.T, store auth.Store, name, want string) {
	t.Helper()
	read, err := store.Read(t.Context(), name)
	if err != nil {
		t.Fatalf("Read(%q): %v", name, err)
	}
	if read.Reveal() != want {
		t.Errorf("Read(%q) returned another record than the last Update saved", name)
	}
	err = store.Update(t.Context(), name, func(record auth.Secret) (auth.Secret, error) {
		if record.Reveal() != want {
			t.Errorf("Update(%q) passed another record than the last Update saved", name)
		}
		return record, nil
	})
	if err != nil {
		t.Fatalf("Update(%q): %v", name, err)
	}
}

func apart(t *testing.T, one, two auth.Store) {
	names := []string{"a", "A", "a b", "../a", "a/b", ".", "..", "a%20b", "ä", "日本", "con", "'; --", strings.Repeat("x", 100), strings.Repeat("X", 100)}
	for _, name := range names {
		put(t, one, name, "record of "+name)
	}
	for _, name := range names {
		check(t, two, name, "record of "+name)
		put(t, two, name, "")
		check(t, one, name, "")
	}
}

func absent(t *testing.T, one, two auth.Store) {
	check(t, one, "a", "")
	put(t, one, "a", "record")
	put(t, two, "a", "")
	check(t, one, "a", "")
}

// locked starts an Update of the record called a, and returns once that holds the lock.
// Release makes change return text and err, and returns the error of Update.
func locked(ctx context.Context, t *testing.T, store auth.Store, text string, err error) (release func() error) {
	t.Helper()
	holds, released, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- store.Update(ctx, "a", func(auth.Secret) (auth.Secret, error) {
			close(holds)
			<-released
			return auth.NewSecret(text), err
		})
	}()
	select {
	case <-holds:
	case err := <-done:
		t.Fatalf("Update did not call change: %v", err)
	case <-time.After(patience):
		t.Fatal("Update did not call change")
	}
	var once sync.Once
	t.Cleanup(func() { once.Do(func() { close(released) }) })
	return func() error {
		once.Do(func() { close(released) })
		return <-done
	}
}

func readWhileLocked(t *testing.T, one, two auth.Store) {
	put(t, one, "a", "old")
	release := locked(t.Context(), t, one, "new", nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	record, err := two.Read(ctx, "a")
	if err != nil || record.Reveal() != "old" {
		t.Errorf("Read during an Update did not return the old record; error: %v", err)
	}
	if err := release(); err != nil {
		t.Fatalf("Update: %v", err)
	}
	check(t, two, "a", "new")
}

func exclusive(t *testing.T, one, two auth.Store) {
	const each = 20
	var writers sync.WaitGroup
	for _, store := range []auth.Store{one, two} {
		for range each {
			writers.Go(func() {
				err := store.Update(t.Context(), "a", func(record auth.Secret) (auth.Secret, error) {
					number, _ := strconv.Atoi(record.Reveal())
					return auth.NewSecret(strconv.Itoa(number + 1)), nil
				})
				if err != nil {
					t.Errorf("Update: %v", err)
				}
			})
		}
	}
	writers.Wait()
	check(t, one, "a", strconv.Itoa(2*each))
}

func otherRecordsGoOn(t *testing.T, one, two auth.Store) {
	release := locked(t.Context(), t, one, "record", nil)
	put(t, one, "b", "same store")
	put(t, two, "c", "other store")
	if err := release(); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func otherRecordsWait(t *testing.T, one, two auth.Store) {
	release := locked(t.Context(), t, one, "record", nil)
	waits(t, one, "b")
	waits(t, two, "c")
	var writers sync.WaitGroup
	for name, store := range map[string]auth.Store{"b": one, "c": two} {
		writers.Go(func() {
			err := store.Update(t.Context(), name, func(auth.Secret) (auth.Secret, error) {
				return auth.NewSecret("record of " + name), nil
			})
			if err != nil {
				t.Errorf("Update(%q): %v", name, err)
			}
		})
	}
	if err := release(); err != nil {
		t.Fatalf("Update: %v", err)
	}
	writers.Wait()
	check(t, two, "a", "record")
	check(t, two, "b", "record of b")
	check(t, one, "c", "record of c")
}

// waits fails the test unless an Update of the record called name waits for another one
// until its context ends.
func waits(t *testing.T, store auth.Store, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := store.Update(ctx, name, func(record auth.Secret) (auth.Secret, error) {
		t.Error("two updates hold the lock")
		return record, nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Update whose context ended during the wait for the lock returned %v", err)
	}
}

func waitEnds(t *testing.T, one, two auth.Store) {
	release := locked(t.Context(), t, one, "record", nil)
	waits(t, one, "a")
	waits(t, two, "a")
	if err := release(); err != nil {
		t.Fatalf("Update: %v", err)
	}
	check(t, two, "a", "record")
}

func errorKeeps(t *testing.T, one, two auth.Store) {
	put(t, one, "a", "old")
	failure := errors.New("refused")
	release := locked(t.Context(), t, one, "new", failure)
	if err := release(); err != failure {
		t.Errorf("Update returned %v, not the error of change", err)
	}
	check(t, two, "a", "old")
}

func panicKeeps(t *testing.T, one, two auth.Store) {
	put(t, one, "a", "old")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Update did not pass on a panic of change")
			}
		}()
		_ = one.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) { panic("change") })
	}()
	check(t, two, "a", "old")
}

// savedAfterContext tests the case that the context ends after the service has replaced the
// refresh token.
func savedAfterContext(t *testing.T, one, two auth.Store) {
	put(t, one, "a", "old")
	ctx, cancel := context.WithCancel(t.Context())
	release := locked(ctx, t, one, "new", nil)
	cancel()
	if err := release(); err != nil {
		t.Errorf("Update whose context ended during change returned %v", err)
	}
	check(t, two, "a", "new")
}

func large(t *testing.T, one, two auth.Store) {
	text := strings.Repeat("日本\"'\\", 1<<16)
	put(t, one, "a", text)
	check(t, two, "a", text)
}
