package engage_test

import (
	"fmt"
	"go/ast"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/internal/rules"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/engagesdk/engage-go"

// readme is the text of the README.
type readme string

func readREADME(t *testing.T) readme {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	return readme(text)
}

// table returns the cells of the table between two marks, row by row and without
// its header.
func (r readme) table(t *testing.T, name string) [][]string {
	t.Helper()
	_, rest, found := strings.Cut(string(r), "<!-- "+name+" -->\n")
	require.True(t, found, name)
	text, _, found := strings.Cut(rest, "<!-- /"+name+" -->")
	require.True(t, found, name)
	var rows [][]string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Split(strings.Trim(line, "| \n"), " | "))
	}
	require.Greater(t, len(rows), 2, name)
	return rows[2:]
}

// quotedWords returns the words of a cell that are in backquotes.
func quotedWords(cell string) []string {
	var words []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			words = append(words, part)
		}
	}
	return words
}

func TestTheREADMEListsTheOperations(t *testing.T) {
	var want [][]string
	for _, o := range engage.Operations() {
		want = append(want, []string{string(o.Name), list(o.Versions), edges(o.Successes), edges(o.Failures), string(o.Class)})
	}
	require.Equal(t, want, readREADME(t).table(t, "operations"))
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

func TestTheREADMEListsTheEffects(t *testing.T) {
	var names []string
	for _, row := range readREADME(t).table(t, "effects") {
		names = append(names, row[0])
	}
	var want []string
	for effect := outcome.NotSent; effect <= outcome.Applied; effect++ {
		want = append(want, effect.String())
	}
	require.Equal(t, want, names)
}

func TestTheREADMEListsTheExamples(t *testing.T) {
	var listed []string
	for _, row := range readREADME(t).table(t, "examples") {
		folder := strings.Fields(quotedWords(row[0])[0])[2]
		listed = append(listed, path.Base(folder))
	}
	mains, err := filepath.Glob("../examples/*/main.go")
	require.NoError(t, err)
	var programs []string
	for _, main := range mains {
		programs = append(programs, filepath.Base(filepath.Dir(main)))
	}
	require.ElementsMatch(t, programs, listed)
}

func TestImportsPointUpThePackagesOfTheREADME(t *testing.T) {
	folders := filesByFolder(t)
	var above []string
	for _, row := range readREADME(t).table(t, "packages") {
		folder, allowed := quotedWords(row[0])[0], quotedWords(row[2])
		require.Subset(t, above, allowed, "what %s may import is not above it", folder)
		for _, file := range folders[folder] {
			for _, spec := range file.Imports {
				imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), modulePath+"/")
				if ours && !strings.HasPrefix(imported, "internal/") {
					require.Contains(t, allowed, imported, "what %s imports is not in its row", folder)
				}
			}
		}
		above = append(above, folder)
	}
	require.Contains(t, above, "engage")
}

// filesByFolder returns the files of the repository by folder, without the tests.
func filesByFolder(t *testing.T) map[string][]*ast.File {
	t.Helper()
	repository, err := rules.Read(os.DirFS(".."))
	require.NoError(t, err)
	folders := map[string][]*ast.File{}
	for _, file := range repository.Files {
		if !file.Test() {
			folders[file.Dir()] = append(folders[file.Dir()], file.Syntax)
		}
	}
	return folders
}

// declared returns the functions, types, constants and variables of a package.
func declared(files []*ast.File) []string {
	var names []string
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						names = append(names, spec.Name.Name)
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							names = append(names, name.Name)
						}
					}
				}
			}
		}
	}
	return names
}

// runGo runs a command in dir, in the workspace that dir is in, and returns what it
// prints.
func runGo(t *testing.T, dir string, command ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=")
	printed, err := c.CombinedOutput()
	require.NoError(t, err, "%s: %s", strings.Join(command, " "), printed)
	return string(printed)
}

func TestTheREADMENamesTheFieldsOfItsOptions(t *testing.T) {
	words := quotedWords(string(readREADME(t)))
	for _, option := range []any{engage.Retry{}, engage.Reconciliation{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(option)) {
			require.Contains(t, words, field.Name, "%T", option)
		}
	}
}

func TestTheREADMENamesTheModulesThatAreLinked(t *testing.T) {
	modules, err := rules.LinkedModules(t.Context(), "..")
	require.NoError(t, err)
	_, versions, found := strings.Cut(string(readREADME(t)), "\n## Versions\n")
	require.True(t, found)
	versions, _, _ = strings.Cut(versions, "\n## ")
	require.Equal(t, modules, quotedWords(versions))
}

func TestLinksOfTheREADMELeadSomewhere(t *testing.T) {
	text := regexp.MustCompile("(?s)\n```.*?\n```\n").ReplaceAllString(string(readREADME(t)), "\n")
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1) {
		target := link[1]
		if heading, ok := strings.CutPrefix(target, "#"); ok {
			heading = strings.ReplaceAll(heading, "-", " ")
			require.Regexp(t, `(?im)^#+ `+regexp.QuoteMeta(heading)+`$`, text)
		} else if !strings.HasPrefix(target, "https://") {
			require.FileExists(t, filepath.Join("..", filepath.FromSlash(target)))
		}
	}
}

func TestTheFilesThatTheGuidesNameExist(t *testing.T) {
	for _, guide := range []string{"../README.md", "../.github/CONTRIBUTING.md"} {
		text, err := os.ReadFile(guide)
		require.NoError(t, err)
		names := regexp.MustCompile("`([a-z./_-]+/[a-z_/]+(\\.go)?)`").FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, names, guide)
		for _, named := range names {
			if strings.HasPrefix(named[1], "github.com/") {
				continue // It is a module.
			}
			_, err := os.Stat(filepath.Join("..", filepath.FromSlash(named[1])))
			require.NoError(t, err, guide)
		}
	}
}

func TestTheIdentifiersInTheREADMEExist(t *testing.T) {
	names := map[string][]string{}
	for folder, files := range filesByFolder(t) {
		if !strings.HasPrefix(folder, "examples/") && !strings.HasPrefix(folder, "internal/") {
			names[path.Base(folder)] = declared(files)
		}
	}
	identifiers := regexp.MustCompile("`([a-z]+)\\.([A-Z]\\w*)").FindAllStringSubmatch(string(readREADME(t)), -1)
	require.NotEmpty(t, identifiers)
	for _, identifier := range identifiers {
		if identifier[1] != "client" {
			require.Contains(t, names[identifier[1]], identifier[2], identifier[0])
		}
	}
}

// blocks returns the blocks of code in a language.
func (r readme) blocks(language string) []string {
	var found []string
	for _, part := range strings.Split(string(r), "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		found = append(found, block+"\n")
	}
	return found
}

// readmePackages are the import paths of the packages that the code in the README uses.
var readmePackages = []string{
	"context", "errors", "fmt", "log", "net/http", "testing",
	modulePath + "/auth", modulePath + "/engage", modulePath + "/engage/callback", modulePath + "/engage/channel",
	modulePath + "/engage/engagetest", modulePath + "/engage/message", modulePath + "/outcome", modulePath + "/stream",
}

// wholeFile returns a block of Go code as a whole file. A block without a package clause
// belongs to the package of the first program, and gets the imports that it needs.
func wholeFile(block string) string {
	if strings.HasPrefix(block, "package ") {
		return block
	}
	var header strings.Builder
	header.WriteString("package main\n\n")
	for _, imported := range readmePackages {
		if regexp.MustCompile(`\b` + path.Base(imported) + `\.[A-Z]`).MatchString(block) {
			fmt.Fprintf(&header, "import %q\n", imported)
		}
	}
	return header.String() + "\n" + block
}

// A user's module follows the README: it gets this one, and its code and its test
// are those of the README.
func TestTheREADMEWorksInAModuleOfAUser(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := t.TempDir()
	runGo(t, dir, "go", "mod", "init", "example.com/desk")
	commands := strings.Split(strings.TrimSpace(strings.Join(readREADME(t).blocks("sh"), "")), "\n")
	require.NotEmpty(t, commands)
	for _, command := range commands {
		words := strings.Fields(command)
		for i, word := range words {
			words[i] = strings.Replace(word, "../engage-go", filepath.ToSlash(root), 1)
		}
		runGo(t, dir, words...)
	}

	code := readREADME(t).blocks("go")
	require.True(t, slices.ContainsFunc(code, func(block string) bool { return strings.HasPrefix(block, "func Test") }))
	for i, block := range code {
		name := fmt.Sprintf("block%d.go", i)
		if strings.HasPrefix(block, "func Test") {
			name = fmt.Sprintf("block%d_test.go", i)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(wholeFile(block)), 0o600))
	}
	runGo(t, dir, "go", "vet", ".")
	require.Regexp(t, `(?m)^--- PASS: Test`, runGo(t, dir, "go", "test", "-v", "."))
}
