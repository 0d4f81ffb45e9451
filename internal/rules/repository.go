package rules

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Repository is the Go source of a core module and the modules nested in it.
type Repository struct {
	// Module is the path of the core module.
	Module string
	// Files are the Go files, sorted by path. Files in folders that the go command
	// ignores, such as testdata, are left out.
	Files []File

	positions *token.FileSet
}

// File is one Go file.
type File struct {
	// Path is relative to the repository's root and separated by slashes.
	Path string
	// Source is the text of the file. Syntax is the parsed text, with comments.
	Source []byte
	Syntax *ast.File
	// Core is true for files of the core module, false for those of a nested one.
	Core bool
}

// Dir returns the folder of f, relative to the repository's root.
func (f File) Dir() string { return path.Dir(f.Path) }

// Test reports whether f is a test file.
func (f File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Finding is a place that breaks a rule.
type Finding struct {
	// Position is the file and the line.
	Position token.Position
	// Problem describes what is wrong there.
	Problem string
}

// String returns the finding in the form of a compiler's error.
func (f Finding) String() string { return f.Position.String() + ": " + f.Problem }

// finding returns a finding at node.
func (r Repository) finding(node ast.Node, format string, args ...any) Finding {
	at := r.positions.Position(node.Pos())
	at.Column = 0
	return Finding{at, fmt.Sprintf(format, args...)}
}

// Root returns the folder of the module that contains dir: dir itself or the nearest
// folder above it that has a go.mod. It returns an error if there is none.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("no go.mod in this folder or above it")
		}
		dir = above
	}
}

// Read parses the repository whose root is fsys. It returns an error if the root has
// no go.mod or a Go file cannot be parsed.
func Read(fsys fs.FS) (Repository, error) {
	module, err := modulePath(fsys)
	if err != nil {
		return Repository{}, err
	}
	repository := Repository{Module: module, positions: token.NewFileSet()}
	nested := map[string]bool{}
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignored(entry.Name()):
			return fs.SkipDir
		case entry.IsDir():
			_, err := fs.Stat(fsys, path.Join(name, "go.mod"))
			nested[name] = name != "." && (err == nil || nested[path.Dir(name)])
		case path.Ext(name) == ".go":
			return repository.add(fsys, name, !nested[path.Dir(name)])
		}
		return nil
	})
	return repository, err
}

// ignored reports whether the go command ignores folders of this name.
func ignored(name string) bool {
	return name == "testdata" || name == "vendor" ||
		name != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_"))
}

// add parses the file name and adds it to r.
func (r *Repository) add(fsys fs.FS, name string, core bool) error {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(r.positions, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	r.Files = append(r.Files, File{name, source, syntax, core})
	return nil
}

// modulePath returns the path that the go.mod at the root declares.
func modulePath(fsys fs.FS) (string, error) {
	text, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if module, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(module), nil
		}
	}
	return "", errors.New("go.mod declares no module")
}
