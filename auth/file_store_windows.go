package auth

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"unsafe"
)

const (
	openForReading = os.O_RDONLY

	failImmediately = 1
	exclusiveLock   = 2
	// lockViolation is the error for a file that another process has locked.
	lockViolation = syscall.Errno(33)
)

// belongsToAnother returns false, because permissions follow from the directory.
func belongsToAnother(fs.FileInfo) bool { return false }

// tryLock takes the exclusive lock of file if it is free. It reports whether it did.
func tryLock(file *os.File) (taken bool, err error) {
	lockFile := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	ok, _, err := lockFile.Call(file.Fd(), failImmediately|exclusiveLock, 0, 1, 0,
		uintptr(unsafe.Pointer(&syscall.Overlapped{})))
	switch {
	case ok != 0:
		return true, nil
	case errors.Is(err, lockViolation), errors.Is(err, syscall.ERROR_IO_PENDING):
		return false, nil
	}
	return false, err
}
