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

// FileStore is a [Store] that keeps each record in a file of one directory. The processes
// of one machine can share it. After a crash, each file holds the old record or the new
// one, whole. Do not use a FileStore on a network file system, whose locks are not
// reliable. The records are not encrypted.
//
// The store gives permissions to the owner alone when it creates the directory and its
// files. It returns an error in these cases:
//   - others can write to the directory;
//   - others can read or write the file of the record;
//   - the file belongs to another user;
//   - the file is read-only, though every refresh has to replace it;
//   - the file is a symbolic link, or not a regular file.
//
// The error names the file. A person has to correct its mode or remove it, because a new
// sign-in does not replace it. On Windows the store does not check permissions, which
// follow from the directory. Put the directory below that of the user.
//
// An empty file is a damaged record. Beside each record is an empty file whose name ends in
// .lock. Do not remove it while a process uses the store.
type FileStore struct {
	directory string
	// others are the permission bits that files must not have.
	others fs.FileMode
}

// FileStoreOption is an option of [NewFileStore].
type FileStoreOption func(*FileStore)

// WithGroupAccess accepts a directory and files that their group can read and write. On a
// volume with an fsGroup, Kubernetes gives the group these permissions. The store still
// creates its files for their owner alone.
func WithGroupAccess() FileStoreOption {
	return func(f *FileStore) { f.others = 0o007 }
}

// NewFileStore returns a store in directory. The first Update creates the directory if it
// does not exist.
func NewFileStore(directory string, options ...FileStoreOption) *FileStore {
	f := &FileStore{directory: directory, others: 0o077}
	for _, option := range options {
		option(f)
	}
	return f
}

// maxRecord is the size of the largest record, in bytes. A byte of a reply can take six
// bytes in a record.
const maxRecord = 8 * maxReply

// Read implements [Store]. Its errors are [*StoreError]; a name must be as for Update. On
// Windows, where a file cannot be replaced while it is open, Read waits for an Update in
// progress.
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

// Update implements [Store]. A name is 1 to 100 bytes long and may contain any character.
// All errors but those of change are [*StoreError].
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

// longestSpelling is the length of the longest spelling. With the endings it is 255 bytes,
// the most that file systems allow.
const longestSpelling = 255 - len(".token.lock")

// fileName returns the file name for name. Names that differ get different file names, even
// on a file system that ignores case. A spelling that is too long ends in a full stop and a
// hash. No other spelling contains a full stop.
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

// emptyFile is the record of an empty file. It is not the zero Secret, so that the file
// counts as a damaged record and not as an absent one.
const emptyFile = "\n"

// readRecord returns the record at path, or the zero Secret if there is no file.
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

// check returns an error if the file of a record cannot be used.
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
		return fmt.Errorf("others can write to its directory (mode %04o): make it 0700", info.Mode().Perm())
	}
	return nil
}

// writeRecord writes the record to another file, syncs that to the disk, and then replaces
// the file at path with it in one step.
func writeRecord(path string, record Secret) error {
	if len(record.Reveal()) > maxRecord {
		return errors.New("it is larger than 8 MiB")
	}
	fresh := path + ".new"
	// A crash may have left such a file. Only the holder of the lock uses it.
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

// syncDirectory syncs the directory of path, so that a new name survives a crash.
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

// lockFile takes the exclusive lock of the file at path and returns a function that releases
// it. It creates the file if necessary. The lock belongs to the open file, so that it ends
// with the process at the latest. lockFile polls, so that it can return when ctx ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := waitForLock(ctx, file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		// If somebody removed the file meanwhile, others lock the file that replaced it.
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

// isAt reports whether file is still the file at path.
func isAt(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}
