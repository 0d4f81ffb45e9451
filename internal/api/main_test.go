package main

import (
	"embed"
	"go/version"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed testdata/v*.txt
var releases embed.FS

// newestOf returns the file of the newest release, such as testdata/v0.1.0.txt.
func newestOf(files []string) string {
	return slices.MaxFunc(files, func(a, b string) int { return version.Compare(goVersion(a), goVersion(b)) })
}

// goVersion returns the version in the name of a file as package version reads it.
func goVersion(file string) string {
	return "go" + strings.TrimSuffix(strings.TrimPrefix(file, "testdata/v"), ".txt")
}

func TestVersionsAreComparedByTheirNumbers(t *testing.T) {
	const newest = "testdata/v0.10.0.txt"
	require.Equal(t, newest, newestOf([]string{"testdata/v0.2.0.txt", newest, "testdata/v0.9.1.txt"}))
}

func TestTheAPIOfTheNewestReleaseIsKept(t *testing.T) {
	packages, err := load()
	require.NoError(t, err)
	now := api(packages)

	files, err := fs.Glob(releases, "testdata/v*.txt")
	require.NoError(t, err)
	newest := newestOf(files)
	released, err := releases.ReadFile(newest)
	require.NoError(t, err)
	for line := range strings.Lines(string(released)) {
		line = strings.TrimSuffix(line, "\n")
		if _, found := slices.BinarySearch(now, line); !found {
			t.Errorf("%s has this line, and the source has not:\n%s", newest, line)
		}
	}
}
