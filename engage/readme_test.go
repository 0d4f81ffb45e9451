package engage_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// between returns the text of the README from start to end.
func between(t *testing.T, start, end string) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), start)
	require.True(t, found, start)
	text, _, found := strings.Cut(rest, end)
	require.True(t, found, end)
	return text
}

func TestTheREADMEListsTheTableOfOperations(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| operation | versions | success edges | own failure edge | class |\n|---|---|---|---|---|\n")
	for _, o := range engage.Operations() {
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", o.Name, list(o.Versions), edges(o.Successes), edges(o.Failures), o.Class)
	}
	require.Equal(t, table.String(), between(t, "<!-- operations -->", "<!-- /operations -->"))
}

func list(versions []outcome.Version) string {
	texts := make([]string, len(versions))
	for i, version := range versions {
		texts[i] = string(version)
	}
	return strings.Join(texts, ", ")
}

func edges(edges []outcome.Edge) string {
	if len(edges) == 0 {
		return "–"
	}
	texts := make([]string, len(edges))
	for i, edge := range edges {
		texts[i] = "`" + string(edge) + "`"
	}
	return strings.Join(texts, " ")
}

func TestTheProgramInTheREADMECompiles(t *testing.T) {
	program := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(program, []byte(between(t, "```go\n", "```")), 0o600))
	printed, err := exec.CommandContext(t.Context(), "go", "vet", program).CombinedOutput()
	require.NoError(t, err, string(printed))
}
