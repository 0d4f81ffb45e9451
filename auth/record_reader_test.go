package auth_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

func TestRecordIsReadWhileItIsLocked(t *testing.T) {
	for kind, store := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			reader := store.(auth.RecordReader)
			record, err := reader.Read(t.Context(), "a")
			require.NoError(t, err)
			require.True(t, record.IsZero())
			put(t, store, "a", "old")
			require.NoError(t, store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) {
				record, err := reader.Read(t.Context(), "a")
				require.NoError(t, err)
				require.Equal(t, "old", record.Reveal())
				return auth.NewSecret("new"), nil
			}))
			record, err = reader.Read(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, "new", record.Reveal())
		})
	}
}

func TestRecordThatCannotBeReadIsAnError(t *testing.T) {
	directory := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(directory, "a.token"), 0o700))
	var none context.Context
	var memory *auth.MemoryStore
	var file *auth.FileStore
	for name, test := range map[string]struct {
		reader auth.RecordReader
		ctx    context.Context
		record string
		text   string
	}{
		"memory, nil":         {memory, t.Context(), "a", "the store is nil"},
		"memory, nil context": {new(auth.MemoryStore), none, "a", "the context is nil"},
		"file, nil":           {file, t.Context(), "a", "no directory"},
		"file, nil context":   {auth.NewFileStore(directory), none, "a", "the context is nil"},
		"file, no name":       {auth.NewFileStore(directory), t.Context(), "", "name is empty"},
		"file, long name":     {auth.NewFileStore(directory), t.Context(), strings.Repeat("x", 101), "longer than 100 bytes"},
		"file, not a file":    {auth.NewFileStore(directory), t.Context(), "a", "not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.reader.Read(test.ctx, test.record)
			var failure *auth.StoreError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, test.record, failure.Name)
			require.ErrorContains(t, err, test.text)
		})
	}
}

// A process whose token was refused waits for an endpoint that hangs, and holds
// the lock meanwhile. The token in the store is good all the same.
func TestProcessStartsWithTheStoredTokenWhileAnotherRefreshes(t *testing.T) {
	for kind, store := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refreshing := scripted(store)
				refreshing.Integration.Transport = transportFunc(hang)
				grant := auth.Grant{Token: auth.NewToken("valid", time.Now().Add(50*time.Minute)), RefreshToken: auth.NewSecret("r")}
				require.NoError(t, refreshing.Authorize(t.Context(), grant))
				other, err := refreshing.Open()
				require.NoError(t, err)
				require.Equal(t, "valid", get(t, other))
				other.Invalidate(grant.Token)
				go func() { _, _ = other.Token(t.Context()) }()
				synctest.Wait()

				began := time.Now()
				source, err := refreshing.Open()
				require.NoError(t, err)
				require.Equal(t, "valid", get(t, source))
				registry := &auth.Registry{Store: store}
				require.NoError(t, registry.Add(t.Context(), "a", refreshing.Integration))
				require.Equal(t, auth.Authorized, state(t, registry, "a"))
				require.Equal(t, began, time.Now(), "nobody waited")
				time.Sleep(time.Minute) // until the refresh has given up
			})
		})
	}
}

func TestTokenOfASeedIsSavedBeforeItIsUsed(t *testing.T) {
	store := new(auth.MemoryStore)
	refreshing := scripted(store, `500`)
	refreshing.Seed = granted
	for range 2 {
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "granted", get(t, source))
		require.Contains(t, kept(t, store, "a"), "granted")
	}
}

// encoding keeps records in a form that only its Update knows.
type encoding struct{ *auth.MemoryStore }

func (s encoding) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	return s.MemoryStore.Update(ctx, name, func(stored auth.Secret) (auth.Secret, error) {
		plain, err := base64.StdEncoding.DecodeString(stored.Reveal())
		if err != nil {
			return auth.Secret{}, err
		}
		next, err := change(auth.NewSecret(string(plain)))
		return auth.NewSecret(base64.StdEncoding.EncodeToString([]byte(next.Reveal()))), err
	})
}

func TestAStoreThatOnlyItsUpdateCanReadHasSoundRecords(t *testing.T) {
	store := encoding{new(auth.MemoryStore)}
	refreshing := scripted(store)
	require.NoError(t, refreshing.Authorize(t.Context(), granted))
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", refreshing.Integration))
	require.Equal(t, auth.Authorized, state(t, registry, "a"))
}
