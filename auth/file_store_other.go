//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package auth

import (
	"errors"
	"io/fs"
	"os"
)

const openForReading = os.O_RDONLY

// belongsToAnother returns false. The owner is not known here.
func belongsToAnother(fs.FileInfo) bool { return false }

// tryLock returns an error, because without a lock two processes could lose a token.
func tryLock(*os.File) (taken bool, err error) {
	return false, errors.ErrUnsupported
}
