package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// FileStore is a [Store] and [RecordReader] of one file per record in a
// directory, for processes on one machine. Another process, or the same one
// after a crash at any moment, finds the old record or the new one, never a part.
// It is not meant for network file systems, whose locks cannot be relied on.
//
// Files and the directory are made for their owner alone. A record that others
// may read, or whose file belongs to another user, is refused, not used, since it
// may be known to them; so is one that is read-only, since every refresh replaces
// it. A file that is refused is not replaced by a new authorization either: the
// error names it, and somebody has to mend its mode or remove it first. An empty
// file is a damaged record. Beside each record lies an empty file ending in .lock,
// which is never removed. On Windows access follows from the directory instead, so
// put it below the user's own.
//
// The records are not encrypted.
type FileStore struct {
	directory string
}

// NewFileStore returns a store in directory, which is made when it is first
// needed.
func NewFileStore(directory string) *FileStore { return &FileStore{directory} }

// maxRecord is the largest record that is read and written, in bytes. A character
// of a reply becomes up to six of a record.
const maxRecord = 8 * maxReply

// Read implements [RecordReader]. The name is one that Update takes. All errors
// are a [*StoreError]. On Windows, where a file that is open cannot be replaced,
// Read waits for the lock.
func (f *FileStore) Read(ctx context.Context, name string) (Secret, error) {
	if err := refuseRead(ctx, name); err != nil {
		return Secret{}, err
	}
	path, err := f.path(name)
	if err != nil {
		return Secret{}, err
	}
	if runtime.GOOS == "windows" {
		return loadLocked(ctx, f, name)
	}
	record, err := readRecord(path)
	if err != nil {
		return Secret{}, &StoreError{name, "cannot be used", err}
	}
	return record, nil
}

// path is where the record called name is kept, if it can be.
func (f *FileStore) path(name string) (string, error) {
	switch {
	case f == nil || f.directory == "":
		return "", &StoreError{Name: name, Problem: "cannot be kept: the store has no directory"}
	case name == "" || len(name) > 100:
		return "", &StoreError{Name: name, Problem: "cannot be kept: its name is empty or longer than 100 bytes"}
	}
	return filepath.Join(f.directory, fileName(name)), nil
}

// Update implements [Store]. The name is at most 100 bytes long and may hold
// any character. All errors but those of change are a [*StoreError].
func (f *FileStore) Update(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	if err := refuseUpdate(ctx, name, change); err != nil {
		return err
	}
	path, err := f.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.directory, 0o700); err != nil {
		return &StoreError{name, "cannot be kept", err}
	}
	unlock, err := lock(ctx, path+".lock")
	if err != nil {
		return &StoreError{name, "cannot be locked", err}
	}
	defer unlock()

	old, err := readRecord(path)
	if err != nil {
		return &StoreError{name, "cannot be used", err}
	}
	record, err := change(old)
	if err != nil {
		return err
	}
	switch {
	case record.Equal(old):
		return nil
	case record.IsZero():
		err = removeRecord(path)
	default:
		err = writeRecord(path, record)
	}
	if err != nil {
		return &StoreError{name, "could not be saved", err}
	}
	return nil
}

// longestSpelling is how long the spelling of a name may be, so that the longest
// name of a file made of it fits into the 255 bytes that file systems allow.
const longestSpelling = 255 - len(".token.lock")

// fileName spells name so that every file system tells it from every other. One
// that would be too long is cut and told apart by its hash, behind a full stop,
// which is in no spelling.
func fileName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	spelling := b.String()
	if len(spelling) > longestSpelling {
		hash := fmt.Sprintf(".%x", sha256.Sum256([]byte(name)))
		spelling = spelling[:longestSpelling-len(hash)] + hash
	}
	return spelling + ".token"
}

// emptied stands for the text of an empty file. It must not be the one that means
// that there is no record: there has been one, and its tokens may be spent.
const emptied = "\n"

func readRecord(path string) (Secret, error) {
	file, err := os.OpenFile(path, toRead, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Secret{}, nil
	}
	if err != nil {
		return Secret{}, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return Secret{}, err
	case !info.Mode().IsRegular():
		return Secret{}, errors.New("it is not a file")
	case foreign(info):
		return Secret{}, fmt.Errorf("its file %s belongs to another user: remove it and authorize anew", filepath.Base(path))
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return Secret{}, fmt.Errorf("others may read or write its file %s (mode %04o): make it 0600 if nobody has seen it, else remove it and authorize anew",
			filepath.Base(path), info.Mode().Perm())
	case info.Mode().Perm()&0o200 == 0:
		return Secret{}, fmt.Errorf("its file %s is read-only: make it 0600, since a new token has to replace it", filepath.Base(path))
	case info.Size() > maxRecord:
		return Secret{}, fmt.Errorf("its file %s is larger than 8 MiB: remove it and authorize anew", filepath.Base(path))
	}
	content, err := io.ReadAll(io.LimitReader(file, maxRecord))
	if err != nil {
		return Secret{}, err
	}
	if len(content) == 0 {
		return NewSecret(emptied), nil
	}
	return NewSecret(string(content)), nil
}

// writeRecord puts the record in place of the old one in a single step, after
// it has reached the disk.
func writeRecord(path string, record Secret) error {
	if len(record.Reveal()) > maxRecord {
		return errors.New("it is larger than 8 MiB")
	}
	fresh := path + ".new"
	// One may be left from a crash. Whoever holds the lock owns it.
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(record.Reveal())
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return syncDirectory(path)
}

func removeRecord(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDirectory(path)
}

// syncDirectory makes a change of names in path's directory last.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// lock takes the exclusive lock of the file at path, which it creates. The lock
// belongs to the open file, so that it ends with the process at the latest.
// Asking again and again, instead of waiting in the kernel, lets ctx end it.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		taken, err := tryLock(file)
		if taken {
			return func() { _ = file.Close() }, nil
		}
		if err == nil {
			err = sleep(ctx, wait)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
}
