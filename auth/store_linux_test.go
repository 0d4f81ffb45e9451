package auth_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// descriptors returns how often this process has opened the file at path.
func descriptors(t *testing.T, path string) (count int) {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, descriptor := range all {
		if target, err := os.Readlink("/proc/self/fd/" + descriptor.Name()); err == nil && target == path {
			count++
		}
	}
	return count
}

func TestLockFileThatWasReplacedIsNoLock(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	// hold updates the record and returns when it holds the lock, and what releases it.
	hold := func() (holds <-chan struct{}, release func()) {
		held, released, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			err := store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) {
				close(held)
				<-released
				return auth.NewSecret("record"), nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		return held, func() { close(released); <-done }
	}
	first, releaseFirst := hold()
	<-first
	second, releaseSecond := hold() // waits for the file that is removed now
	for waiting := false; !waiting; {
		// It has opened the file once there is another descriptor for it.
		waiting = descriptors(t, filepath.Join(directory, "a.token.lock")) >= 2
	}
	require.NoError(t, os.Remove(filepath.Join(directory, "a.token.lock")))
	third, releaseThird := hold()
	<-third
	releaseFirst()
	select {
	case <-second:
		t.Error("two hold the lock")
	case <-time.After(200 * time.Millisecond):
	}
	releaseThird()
	<-second
	releaseSecond()
}
