//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package auth

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openForReading opens a pipe without waiting for its other end.
const openForReading = os.O_RDONLY | syscall.O_NONBLOCK

// belongsToAnother reports whether the owner of the file is another user than that of this
// process.
func belongsToAnother(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) != os.Geteuid()
}

// tryLock takes the exclusive lock of file if it is free. It reports whether it did.
func tryLock(file *os.File) (taken bool, err error) {
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	return err == nil, err
}
