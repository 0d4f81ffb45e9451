package main

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed testdata/v*.txt
var releases embed.FS

func TestTheAPIOfTheNewestReleaseIsKept(t *testing.T) {
	packages, err := load()
	require.NoError(t, err)
	now := api(packages)

	files, err := fs.Glob(releases, "testdata/v*.txt")
	require.NoError(t, err)
	newest := slices.Max(files)
	released, err := releases.ReadFile(newest)
	require.NoError(t, err)
	for line := range strings.Lines(string(released)) {
		line = strings.TrimSuffix(line, "\n")
		if _, found := slices.BinarySearch(now, line); !found {
			t.Errorf("%s has this line, and the source has not:\n%s", newest, line)
		}
	}
}
