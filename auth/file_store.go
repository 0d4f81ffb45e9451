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

// FileStore is a [Store] that keeps each record in a file of one directory, for
// the processes of one machine. After a crash at any moment the old record or the
// new one is there, whole. Do not use it on a network file system, whose locks
// cannot be relied on.
//
// The store makes its files and the directory for their owner alone. It refuses a
// directory that others can write to, and a record that may be known to others: one
// whose file others can read or write, or that belongs to another user. It also
// refuses a file that is read-only, because every refresh replaces it, and one that
// is a symbolic link. A new authorization does not replace a refused file: the
// error names it, and somebody has to correct its mode or remove it first. An empty
// file is a damaged record. On Windows access follows from the directory instead, so
// put it below the user's own.
//
// Beside each record lies an empty file whose name ends in .lock. Do not remove it
// while a process uses the store. The records are not encrypted.
type FileStore struct {
	directory string
	// others are the permissions that nobody but the owner may have.
	others fs.FileMode
}

// FileStoreOption changes how a [FileStore] works.
type FileStoreOption func(*FileStore)

// WithGroupAccess allows the group of the directory and of the files to read and
// write them. Kubernetes needs that for a volume with an fsGroup, whose files it
// makes readable and writable for the group. The store itself still makes its files
// for their owner alone.
func WithGroupAccess() FileStoreOption {
	return func(f *FileStore) { f.others = 0o007 }
}

// NewFileStore returns a store in directory, which the first Update makes if it
// does not exist.
func NewFileStore(directory string, options ...FileStoreOption) *FileStore {
	f := &FileStore{directory: directory, others: 0o077}
	for _, option := range options {
		option(f)
	}
	return f
}

// maxRecord is the largest record that is read and written, in bytes. A character
// of a reply takes up to six bytes in a record.
const maxRecord = 8 * maxReply

// Read implements [Store]. The name is limited as with Update. All errors are a
// [*StoreError]. On Windows, where a file that is open cannot be replaced, Read
// waits for the lock.
func (f *FileStore) Read(ctx context.Context, name string) (record Secret, err error) {
	if runtime.GOOS == "windows" {
		err = f.Update(ctx, name, func(stored Secret) (Secret, error) {
			record = stored
			return stored, nil
		})
		return record, err
	}
	path, err := f.path(name)
	if err != nil {
		return Secret{}, err
	}
	if record, err = f.readRecord(path); err != nil {
		return Secret{}, &StoreError{name, "cannot be used", err}
	}
	return record, nil
}

// Update implements [Store]. The name is at most 100 bytes long and may hold any
// character. All errors but those of change are a [*StoreError].
func (f *FileStore) Update(ctx context.Context, name string, change func(Secret) (Secret, error)) error {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.directory, 0o700); err != nil {
		return &StoreError{name, "cannot be kept", err}
	}
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return &StoreError{name, "cannot be locked", err}
	}
	defer unlock()

	old, err := f.readRecord(path)
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

// path returns the path of the record called name.
func (f *FileStore) path(name string) (string, error) {
	switch {
	case f.directory == "":
		return "", &StoreError{Name: name, Problem: "cannot be kept: the store has no directory"}
	case name == "" || len(name) > 100:
		return "", &StoreError{Name: name, Problem: "cannot be kept: its name is empty or longer than 100 bytes"}
	}
	return filepath.Join(f.directory, fileName(name)), nil
}

// longestSpelling is the longest spelling of a name that leaves room for the
// endings within the 255 bytes that file systems allow.
const longestSpelling = 255 - len(".token.lock")

// fileName spells name so that every file system tells it from every other name. A
// spelling that would be too long ends in a full stop and a hash instead; no
// other spelling holds a full stop.
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

// emptyFile is the record of an empty file. It is not the zero Secret, because
// there has been a record, and its refresh token may be spent.
const emptyFile = "\n"

// readRecord returns the record at path; the zero Secret if there is no file.
func (f *FileStore) readRecord(path string) (Secret, error) {
	link, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Secret{}, f.checkDirectory()
	}
	if err != nil {
		return Secret{}, err
	}
	if link.Mode()&fs.ModeSymlink != 0 {
		return Secret{}, fmt.Errorf("its file %s is a symbolic link: put the file itself there", filepath.Base(path))
	}
	file, err := os.OpenFile(path, openForReading, 0)
	if err != nil {
		return Secret{}, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return Secret{}, err
	}
	if err := errors.Join(f.check(info), f.checkDirectory()); err != nil {
		return Secret{}, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxRecord))
	if err != nil {
		return Secret{}, err
	}
	if len(content) == 0 {
		return NewSecret(emptyFile), nil
	}
	return NewSecret(string(content)), nil
}

// check returns an error unless the file of a record can be used.
func (f *FileStore) check(info fs.FileInfo) error {
	name, mode := info.Name(), info.Mode()
	switch {
	case !mode.IsRegular():
		return errors.New("it is not a file")
	case belongsToAnother(info):
		return fmt.Errorf("its file %s belongs to another user: remove it and authorize anew", name)
	case runtime.GOOS != "windows" && mode.Perm()&f.others != 0:
		return fmt.Errorf("others may read or write its file %s (mode %04o): make it 0600 if nobody has seen it, else remove it and authorize anew",
			name, mode.Perm())
	case mode.Perm()&0o200 == 0:
		return fmt.Errorf("its file %s is read-only: make it 0600, since a new token has to replace it", name)
	case info.Size() > maxRecord:
		return fmt.Errorf("its file %s is larger than 8 MiB: remove it and authorize anew", name)
	}
	return nil
}

// checkDirectory returns an error if others could replace the files of the store.
func (f *FileStore) checkDirectory() error {
	info, err := os.Stat(f.directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case runtime.GOOS != "windows" && info.Mode().Perm()&f.others&0o022 != 0:
		return fmt.Errorf("others can write to its folder (mode %04o): make it 0700", info.Mode().Perm())
	}
	return nil
}

// writeRecord replaces the file at path in a single step, once the new record has
// reached the disk.
func writeRecord(path string, record Secret) error {
	if len(record.Reveal()) > maxRecord {
		return errors.New("it is larger than 8 MiB")
	}
	fresh := path + ".new"
	// A crash may have left one. It belongs to the holder of the lock.
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

// syncDirectory makes the names in path's directory survive a crash.
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

// lockFile takes the exclusive lock of the file at path, which it makes if
// necessary, and returns the function that releases it. The lock belongs to the
// open file, so it ends with the process at the latest. lockFile polls instead of
// waiting in the kernel, so that it can return when ctx ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := waitForLock(ctx, file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		// If the file was removed meanwhile, others lock the one that replaced it.
		if isAt(file, path) {
			return func() { _ = file.Close() }, nil
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
}

func waitForLock(ctx context.Context, file *os.File) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if taken, err := tryLock(file); taken || err != nil {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// isAt reports whether file is the one at path.
func isAt(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}
