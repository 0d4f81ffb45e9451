//go:build unix

package auth

import (
	"io/fs"
	"os"
	"syscall"
)

// toRead opens a file without waiting for the other end of a pipe, which no context
// would end.
const toRead = os.O_RDONLY | syscall.O_NONBLOCK

// foreign reports whether the file belongs to another user than that of this
// process.
func foreign(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) != os.Geteuid()
}
