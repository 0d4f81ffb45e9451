package postgrestest

import (
	"path/filepath"
	"slices"
	"strconv"
)

// newest returns the path of the newest version of a program, such as
// /usr/lib/postgresql/15/bin/initdb.
func newest(paths []string) string {
	version := func(path string) int {
		number, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return number
	}
	return slices.MaxFunc(paths, func(a, b string) int { return version(a) - version(b) })
}
