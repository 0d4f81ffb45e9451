package rules_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/rules"
)

func TestReadFindsTheFilesOfTheGoCommand(t *testing.T) {
	repository := read(t, map[string]string{
		"doc.go":                       "package core",
		"auth/token.go":                "package auth",
		"auth/token_test.go":           "package auth_test",
		"auth/notes.txt":               "not Go",
		"auth/testdata/bad.go":         "not Go",
		"vendor/other/bad.go":          "not Go",
		".hidden/bad.go":               "not Go",
		"_old/bad.go":                  "not Go",
		"stream/kafka/go.mod":          "module core.test/stream/kafka",
		"stream/kafka/reader.go":       "package kafka",
		"stream/kafka/inner/reader.go": "package inner",
	})
	require.Equal(t, "core.test", repository.Module)

	core, tests := map[string]bool{}, map[string]bool{}
	for _, file := range repository.Files {
		core[file.Path] = file.Core
		tests[file.Path] = file.Test()
	}
	require.Equal(t, map[string]bool{
		"doc.go": true, "auth/token.go": true, "auth/token_test.go": true,
		"stream/kafka/reader.go": false, "stream/kafka/inner/reader.go": false,
	}, core)
	require.Equal(t, map[string]bool{
		"doc.go": false, "auth/token.go": false, "auth/token_test.go": true,
		"stream/kafka/reader.go": false, "stream/kafka/inner/reader.go": false,
	}, tests)
}

func TestReadFails(t *testing.T) {
	module := &fstest.MapFile{Data: []byte("module core.test\n")}
	tests := map[string]fstest.MapFS{
		"without a go.mod":         {"doc.go": {Data: []byte("package core")}},
		"on a go.mod with no path": {"go.mod": {Data: []byte("go 1.26\n")}},
		"on a file that is no Go":  {"go.mod": module, "doc.go": {Data: []byte("pack core")}},
		"on a file it cannot read": {"go.mod": module, "doc.go": {Data: []byte("nowhere"), Mode: fs.ModeSymlink}},
	}
	for name, fsys := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := rules.Read(fsys)
			require.Error(t, err)
		})
	}
}

func TestRootIsTheNearestModule(t *testing.T) {
	outer := t.TempDir()
	inner := filepath.Join(outer, "stream", "kafka")
	require.NoError(t, os.MkdirAll(filepath.Join(inner, "deep"), 0o700))
	for _, dir := range []string{outer, inner} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o600))
	}
	for dir, want := range map[string]string{
		outer:                              outer,
		filepath.Join(outer, "stream"):     outer,
		filepath.Join(inner, "deep"):       inner,
		filepath.Join(inner, "not", "yet"): inner,
	} {
		root, err := rules.Root(dir)
		require.NoError(t, err)
		require.Equal(t, want, root)
	}

	_, err := rules.Root(string(filepath.Separator))
	require.Error(t, err)
}
