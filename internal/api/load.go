package main

import (
	"bytes"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
)

// load compiles the modules of the workspace and returns the packages that users can
// import. It returns an error if a package does not compile.
func load() ([]*types.Package, error) {
	const format = "{{.ImportPath}}\t{{.Export}}\t{{and (not .DepOnly) (ne .Name `main`)}}"
	list := exec.Command("go", "list", "-deps", "-export", "-f", format, "work")
	var complaint bytes.Buffer
	list.Stderr = &complaint
	listed, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, complaint.Bytes())
	}
	exports := map[string]string{}
	var public []string
	for line := range strings.Lines(string(listed)) {
		field := strings.Split(strings.TrimSpace(line), "\t")
		path := field[0]
		exports[path] = field[1]
		if field[2] == "true" && !strings.Contains(path+"/", "/internal/") {
			public = append(public, path)
		}
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var packages []*types.Package
	for _, path := range public {
		loaded, err := from.Import(path)
		if err != nil {
			return nil, err
		}
		packages = append(packages, loaded)
	}
	return packages, nil
}
