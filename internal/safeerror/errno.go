//go:build !plan9

package safeerror

import "syscall"

// errno is the type of an error of the operating system.
type errno = syscall.Errno
