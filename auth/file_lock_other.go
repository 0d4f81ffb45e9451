//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package auth

import (
	"errors"
	"os"
)

// tryLock fails: without a lock, two processes could lose a token.
func tryLock(*os.File) (taken bool, err error) {
	return false, errors.ErrUnsupported
}
