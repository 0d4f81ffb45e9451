// Package consumer imports the SDK as a user's module does: outside of the workspace.
package consumer

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	mostModules = 3          // that a program with package engage and auth links
	mostBytes   = 1400 << 10 // that they add to a program with net/http and encoding/json
)

func TestTheSDKAddsFewModulesAndLittleSize(t *testing.T) {
	floor, client := build(t, "floor"), build(t, "client")
	info, err := buildinfo.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, module := range info.Deps {
		if module.Path != "github.com/engagesdk/engage-go" {
			linked = append(linked, module.Path)
		}
	}
	added := size(t, client) - size(t, floor)
	t.Logf("links %d modules: %v", len(linked), linked)
	t.Logf("adds %d KiB to %d KiB", added>>10, size(t, floor)>>10)
	if len(linked) > mostModules {
		t.Errorf("links %d modules, and may link %d: %v", len(linked), mostModules, linked)
	}
	if added > mostBytes {
		t.Errorf("adds %d bytes, and may add %d", added, mostBytes)
	}
}

// build builds a command of this module as releases are built, without the symbol
// table, and returns the file.
func build(t *testing.T, command string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), command)
	output, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./"+command).CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return file
}

// size returns the size of a file in bytes.
func size(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
