//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package auth

import (
	"errors"
	"io/fs"
	"os"
)

const openForReading = os.O_RDONLY

// belongsToAnother reports false: nothing gets past tryLock.
func belongsToAnother(fs.FileInfo) bool { return false }

// tryLock fails: without a lock, two processes could lose a token.
func tryLock(*os.File) (taken bool, err error) {
	return false, errors.ErrUnsupported
}
