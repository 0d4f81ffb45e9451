//go:build !unix

package auth

import (
	"io/fs"
	"os"
)

// toRead opens a file.
const toRead = os.O_RDONLY

// foreign reports nothing where a file's mode tells nothing either.
func foreign(fs.FileInfo) bool { return false }
