package rules_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/rules"
)

func TestLinkedModulesLeavesOutTests(t *testing.T) {
	root := t.TempDir()
	mod := "module core.test\n\ngo 1.26\n"
	imports := `"net/http"`
	for _, name := range []string{"one", "two", "three", "four", "five", "tests"} {
		mod += fmt.Sprintf("require %s.test v0.0.0\nreplace %s.test => ./_other/%s\n", name, name, name)
		write(t, root, "_other/"+name+"/go.mod", "module "+name+".test\n\ngo 1.26\n")
		write(t, root, "_other/"+name+"/package.go", "package "+name)
		if name != "tests" {
			imports += fmt.Sprintf("; _ %q", name+".test")
		}
	}
	write(t, root, "go.mod", mod)
	write(t, root, "engage/client.go", "package engage; import (_ "+imports+")")
	write(t, root, "engage/client_test.go", `package engage; import _ "tests.test"`)

	modules, err := rules.LinkedModules(t.Context(), root)
	require.NoError(t, err)
	require.Equal(t, []string{"five.test", "four.test", "one.test", "three.test", "two.test"}, modules)
}

func TestLinkedModulesFails(t *testing.T) {
	root := t.TempDir()
	write(t, root, "go.mod", "module core.test\n\ngo 1.26\n")
	write(t, root, "engage/client.go", `package engage; import _ "core.test/missing"`)
	_, err := rules.LinkedModules(t.Context(), root)
	require.ErrorContains(t, err, "core.test/missing")

	ended, end := context.WithCancel(t.Context())
	end()
	_, err = rules.LinkedModules(ended, root)
	require.ErrorIs(t, err, context.Canceled)
}

// write makes a file below root, with the folders it needs.
func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, filepath.FromSlash(path))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(strings.TrimSpace(text)+"\n"), 0o600))
}
