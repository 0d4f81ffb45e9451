//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package auth_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// Its owner may read and replace it, whatever its mode.
func TestRecordOfAnotherUserIsRefused(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	path := filepath.Join(directory, "a.token")
	if os.Geteuid() != 0 {
		return // only root can make a file of another user
	}
	put(t, store, "a", hidden)
	require.NoError(t, os.Chown(path, 1, 1))
	_, read := store.Read(t.Context(), "a")
	update := store.Update(t.Context(), "a", func(record auth.Secret) (auth.Secret, error) {
		t.Error("the record must not be used")
		return record, nil
	})
	var failure *auth.StoreError
	for _, err := range []error{read, update} {
		require.ErrorAs(t, err, &failure)
		require.ErrorContains(t, err, "its file a.token belongs to another user")
	}
}

func TestPipeInPlaceOfARecordIsRefusedAtOnce(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	require.NoError(t, syscall.Mkfifo(filepath.Join(directory, "a.token"), 0o600))
	_, read := store.Read(t.Context(), "a")
	require.ErrorContains(t, read, "not a file")
	update := store.Update(t.Context(), "a", func(record auth.Secret) (auth.Secret, error) { return record, nil })
	require.Equal(t, read, update)
}
