package auth_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/auth/storetest"
)

// stores are the implementations that keep the contract of a store.
func stores(t *testing.T) map[string]auth.Store {
	return map[string]auth.Store{
		"memory": new(auth.MemoryStore),
		"file":   auth.NewFileStore(filepath.Join(t.TempDir(), "tokens")),
	}
}

// put stores text as the record called name.
func put(t *testing.T, store auth.Store, name, text string) {
	t.Helper()
	require.NoError(t, store.Update(t.Context(), name, func(auth.Secret) (auth.Secret, error) {
		return auth.NewSecret(text), nil
	}))
}

// kept returns the record called name.
func kept(t *testing.T, store auth.Store, name string) string {
	t.Helper()
	var text string
	require.NoError(t, store.Update(t.Context(), name, func(record auth.Secret) (auth.Secret, error) {
		text = record.Reveal()
		return record, nil
	}))
	return text
}

func TestMemoryStoreKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) (one, other auth.Store) {
		store := new(auth.MemoryStore)
		return store, store
	})
}

func TestFileStoreKeepsTheContract(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // Read waits for the lock there
	}
	storetest.Run(t, func(t *testing.T) (one, other auth.Store) {
		directory := filepath.Join(t.TempDir(), "tokens")
		return auth.NewFileStore(directory), auth.NewFileStore(directory)
	})
}

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // access follows from the directory there
	}
	directory := filepath.Join(t.TempDir(), "a", "tokens")
	put(t, auth.NewFileStore(directory), "a", "record")
	require.NoError(t, filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

func TestRecordThatCannotBeTrustedIsRefusedAndLeft(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string)
		text  string
	}{
		"readable by others": {func(t *testing.T, path string) { require.NoError(t, os.Chmod(path, 0o644)) }, "its file a.token (mode 0644): make it 0600 if nobody has seen it, else remove it and authorize anew"},
		"writable by group":  {func(t *testing.T, path string) { require.NoError(t, os.Chmod(path, 0o620)) }, "its file a.token (mode 0620)"},
		"read-only":          {func(t *testing.T, path string) { require.NoError(t, os.Chmod(path, 0o400)) }, "its file a.token is read-only: make it 0600"},
		"too large":          {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 8<<20+1)) }, "larger"},
		"directory": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			store := auth.NewFileStore(directory)
			put(t, store, "a", hidden)
			path := filepath.Join(directory, "a.token")
			test.spoil(t, path)
			before, err := os.Lstat(path)
			require.NoError(t, err)

			err = store.Update(t.Context(), "a", func(record auth.Secret) (auth.Secret, error) {
				t.Error("the record must not be used")
				return record, nil
			})
			var failure *auth.StoreError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "a", failure.Name)
			require.ErrorContains(t, err, test.text)
			require.NotContains(t, err.Error(), hidden)
			require.NotContains(t, err.Error(), directory)
			_, read := store.Read(t.Context(), "a")
			require.Equal(t, err, read)
			left, err := os.Lstat(path)
			require.NoError(t, err)
			require.Equal(t, before.Size(), left.Size())
		})
	}
}

// Whoever has a record from before must find it again.
func TestNameThatFitsIsSpelledAsEver(t *testing.T) {
	longest := strings.Repeat("X", 81) + "a"
	tooLong := longest + "b"
	for name, file := range map[string]string{
		"a-b_1": "a-b_1.token",
		"Ab ä":  "%41b%20%c3%a4.token",
		longest: strings.Repeat("%58", 81) + "a.token",
		tooLong: strings.Repeat("%58", 59) + fmt.Sprintf("%%5.%x.token", sha256.Sum256([]byte(tooLong))),
	} {
		directory := t.TempDir()
		put(t, auth.NewFileStore(directory), name, "record")
		require.FileExists(t, filepath.Join(directory, file))
		require.LessOrEqual(t, len(file+".lock"), 255)
	}
}

func TestRecordThatIsRefusedIsReplacedOnceItIsRemoved(t *testing.T) {
	directory := t.TempDir()
	refreshing := scripted(auth.NewFileStore(directory), `500`)
	require.NoError(t, refreshing.Authorize(t.Context(), granted))
	path := filepath.Join(directory, "a.token")
	require.NoError(t, os.Truncate(path, 8<<20+1))
	var failure *auth.StoreError
	require.ErrorAs(t, refreshing.Authorize(t.Context(), granted), &failure)
	require.NoError(t, os.Remove(path))
	require.NoError(t, refreshing.Authorize(t.Context(), granted))
}

func TestStoreWithoutAPlaceOrNameIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, test := range []struct {
		store *auth.FileStore
		name  string
	}{
		{auth.NewFileStore(""), "a"},
		{auth.NewFileStore(file), "a"},
		{auth.NewFileStore(t.TempDir()), ""},
		{auth.NewFileStore(t.TempDir()), strings.Repeat("x", 101)},
	} {
		err := test.store.Update(t.Context(), test.name, func(record auth.Secret) (auth.Secret, error) {
			t.Error("there is no record")
			return record, nil
		})
		var failure *auth.StoreError
		require.ErrorAs(t, err, &failure)
	}
}

// spoilSaving makes it impossible to save the record called a in directory, as
// a full disk does, and returns what mends it.
func spoilSaving(t *testing.T, directory string) (mend func()) {
	t.Helper()
	obstacle := filepath.Join(directory, "a.token.new")
	require.NoError(t, os.MkdirAll(filepath.Join(obstacle, "x"), 0o700))
	return func() { require.NoError(t, os.RemoveAll(obstacle)) }
}

func TestRecordThatCannotBeSavedLeavesTheOldOne(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	put(t, store, "a", "old")
	mend := spoilSaving(t, directory)
	err := store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) { return auth.NewSecret("new"), nil })
	var failure *auth.StoreError
	require.ErrorAs(t, err, &failure)
	require.ErrorContains(t, err, "could not be saved")
	require.Equal(t, "old", kept(t, store, "a"))
	mend()
	put(t, store, "a", "new")
	require.Equal(t, "new", kept(t, store, "a"))
}

func TestEmptyFileIsADamagedRecordAndNoNewStart(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	server := newRotatingServer(t)
	refreshing := server.refreshing(store)
	source, err := refreshing.Open()
	require.NoError(t, err)
	require.Equal(t, "access-1", get(t, source))
	path := filepath.Join(directory, "a.token")
	require.NoError(t, os.Truncate(path, 0))

	source, err = refreshing.Open()
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	var required *auth.ReauthorizationRequiredError
	require.ErrorAs(t, err, &required)
	require.Equal(t, auth.RecordDamaged, required.Reason)
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", refreshing.Integration))
	require.Equal(t, auth.ReauthorizationRequired, state(t, registry, "a"))
	requests, _ := server.counts()
	require.Equal(t, 1, requests, "the seed is not sent again")

	require.NoError(t, refreshing.Authorize(t.Context(), granted))
	source, err = refreshing.Open()
	require.NoError(t, err)
	require.Equal(t, "granted", get(t, source))
	require.NoError(t, os.Truncate(path, 0))
	require.NoError(t, registry.Remove(t.Context(), "a"))
	require.NoFileExists(t, path)
}

func TestRecordThatIsTooLargeToBeReadIsNotSaved(t *testing.T) {
	store := auth.NewFileStore(t.TempDir())
	longest := strings.Repeat("x", 8<<20)
	put(t, store, "a", longest)
	err := store.Update(t.Context(), "a", func(record auth.Secret) (auth.Secret, error) {
		return auth.NewSecret(record.Reveal() + "x"), nil
	})
	var failure *auth.StoreError
	require.ErrorAs(t, err, &failure)
	require.ErrorContains(t, err, "larger than 8 MiB")
	same := kept(t, store, "a") == longest // a report of 8 MiB helps nobody
	require.True(t, same)
}

func TestRecordOfTheLargestReplyIsReadAgain(t *testing.T) {
	store := auth.NewFileStore(t.TempDir())
	refreshing := scripted(store,
		`{"access_token":"`+strings.Repeat("<", 1<<20-100)+`","refresh_token":"refresh-1","expires_in":43200}`,
		`{"access_token":"access-2","refresh_token":"refresh-2","expires_in":43200}`)
	source, err := refreshing.Open()
	require.NoError(t, err)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	source.Invalidate(token)
	require.Equal(t, "access-2", get(t, source))
}

func TestWhatACrashLeftBehindDoesNoHarm(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	put(t, store, "a", "old")
	require.NoError(t, os.WriteFile(filepath.Join(directory, "a.token.new"), []byte("half a rec"), 0o644))
	require.Equal(t, "old", kept(t, store, "a"))
	put(t, store, "a", "new")
	require.Equal(t, "new", kept(t, store, "a"))
	info, err := os.Stat(filepath.Join(directory, "a.token"))
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

// A record outlives the process that made it.
func ExampleFileStore() {
	directory, err := os.MkdirTemp("", "tokens")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(directory) }()

	source, err := auth.Refreshing{
		Name:        "support",
		Store:       auth.NewFileStore(directory),
		Integration: auth.Integration{ClientID: "id", ClientSecret: auth.NewSecret("secret")},
	}.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Token(context.Background())
	fmt.Println(err)
	// Output: auth: re-authorization required for "support": no token
}

func TestRecordThatCannotBeReadIsAnError(t *testing.T) {
	directory := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(directory, "a.token"), 0o700))
	for name, text := range map[string]string{
		"":                       "name is empty",
		strings.Repeat("x", 101): "longer than 100 bytes",
		"a":                      "not a file",
	} {
		_, err := auth.NewFileStore(directory).Read(t.Context(), name)
		var failure *auth.StoreError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, name, failure.Name)
		require.ErrorContains(t, err, text)
	}
}

func TestFolderThatOthersCanWriteToIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // access follows from the directory there
	}
	for mode, refused := range map[os.FileMode][2]bool{ // without and with group access
		0o700: {false, false}, 0o755: {false, false}, 0o770: {true, false}, 0o775: {true, false},
		0o2770: {true, false}, 0o707: {true, true}, 0o777: {true, true}, 0o1777: {true, true},
	} {
		for i, options := range [][]auth.FileStoreOption{nil, {auth.WithGroupAccess()}} {
			directory := filepath.Join(t.TempDir(), "tokens")
			require.NoError(t, os.Mkdir(directory, 0o700))
			store := auth.NewFileStore(directory, options...)
			put(t, store, "there", "record")
			require.NoError(t, os.Chmod(directory, mode.Perm()|mode&os.ModeSticky))
			for _, name := range []string{"there", "absent"} {
				_, err := store.Read(t.Context(), name)
				require.Equal(t, refused[i], err != nil, "%o %v", mode, options)
				update := store.Update(t.Context(), name, func(auth.Secret) (auth.Secret, error) { return auth.NewSecret("new"), nil })
				require.Equal(t, refused[i], update != nil)
				if refused[i] {
					require.ErrorContains(t, err, "others can write to its directory")
					require.ErrorContains(t, update, "make it 0700")
				}
			}
		}
	}
}

// The kubelet makes the files of a volume with an fsGroup readable and writable for the
// group.
func TestGroupMayHaveAccessIfThatIsAskedFor(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // access follows from the directory there
	}
	directory := t.TempDir()
	path := filepath.Join(directory, "a.token")
	store := auth.NewFileStore(directory, auth.WithGroupAccess())
	put(t, store, "a", "old")
	require.NoError(t, os.Chmod(path, 0o660))
	require.NoError(t, os.Chmod(directory, 0o770))
	require.Equal(t, "old", kept(t, store, "a"))
	put(t, store, "a", "new")
	require.Equal(t, "new", kept(t, store, "a"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.Chmod(path, 0o664))
	_, err = store.Read(t.Context(), "a")
	require.ErrorContains(t, err, "others may read or write its file a.token (mode 0664)")
}

func TestRecordThatIsASymbolicLinkIsRefused(t *testing.T) {
	for _, exists := range []bool{true, false} {
		directory := t.TempDir()
		store := auth.NewFileStore(directory)
		target := filepath.Join(t.TempDir(), "target")
		if exists {
			require.NoError(t, os.WriteFile(target, []byte("record"), 0o600))
		}
		require.NoError(t, os.Symlink(target, filepath.Join(directory, "a.token")))
		_, err := store.Read(t.Context(), "a")
		require.ErrorContains(t, err, "its file a.token is a symbolic link")
		err = store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) { return auth.NewSecret("new"), nil })
		require.ErrorContains(t, err, "its file a.token is a symbolic link")
	}
}
