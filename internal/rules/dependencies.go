package rules

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// LinkedModules returns the sorted paths of the third-party modules that a user's
// program links if it imports every package of the module at dir. It ignores the
// imports of tests, and a workspace. It returns an error if go list fails or ctx ends.
func LinkedModules(ctx context.Context, dir string) ([]string, error) {
	const path = "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}"
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-f", path, "./...")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOWORK=off")
	var complaint bytes.Buffer
	list.Stderr = &complaint
	listed, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, complaint.Bytes())
	}
	modules := strings.Fields(string(listed))
	slices.Sort(modules)
	return slices.Compact(modules), nil
}
