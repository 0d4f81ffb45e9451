package rules

import (
	"slices"
	"strconv"
	"strings"
)

// room is a folder of the repository and the folders whose packages it may import.
// A name that ends in /... means the folder and all folders below it. The standard
// library is always allowed.
type room struct {
	dir   string
	knows []string
}

// rooms is the table of imports. The first row that covers a folder applies. A package
// in a folder without a row is a finding, so a new package needs a row first.
var rooms = []room{
	{"outcome", nil},
	{"engage/channel", nil},
	{"internal/scan", nil},
	{"internal/tolerant", []string{"internal/scan"}},
	{"internal/safeurl", nil},
	{"internal/retryafter", nil},
	{"internal/nothing", nil},
	{"internal/drift", nil},
	{"internal/safeerror", nil},
	{"internal/sent", []string{"internal/safeerror"}},
	{"internal/retry", nil},
	{"internal/transport", []string{"internal/sent", "internal/safeerror"}},
	{"internal/http2test", nil},
	{"internal/postgrestest", nil},
	{"internal/npmtest", nil},
	{"internal/chaostest", []string{"engage", "engage/channel", "engage/engagetest", "engage/message", "outcome"}},
	{"internal/rules", nil},
	{"internal/mutate", nil},
	{"internal/api", nil},
	{"internal/diagram", []string{"auth", "engage", "engage/channel", "engage/engagetest", "engage/message", "outcome", "stream"}},
	{"engage/message", []string{"engage/channel", "outcome", "internal/tolerant", "internal/scan"}},
	{"auth", []string{"outcome", "internal/nothing", "internal/safeurl", "internal/safeerror", "internal/retry", "internal/retryafter", "internal/sent", "internal/transport"}},
	{"auth/storetest", []string{"auth"}},
	{"auth/sqlstore", []string{"auth", "internal/safeerror"}},
	{"internal/engine", []string{"auth", "outcome", "internal/tolerant", "internal/safeerror", "internal/retryafter", "internal/sent", "internal/transport", "internal/retry"}},
	{"engage/callback", []string{"auth", "outcome", "internal/tolerant", "internal/nothing", "internal/safeerror", "internal/safeurl"}},
	{"engage/pglock", []string{"engage"}},
	{"engage/otelengage/...", []string{"engage/otelengage", "engage", "stream", "engage/channel", "auth", "outcome"}},
	{"engage", []string{"engage/channel", "engage/message", "engage/callback", "auth", "outcome", "internal/engine", "internal/drift", "internal/retry", "internal/transport", "internal/tolerant", "internal/nothing", "internal/safeerror", "internal/safeurl"}},
	{"stream", []string{"engage/channel", "engage/message", "outcome", "internal/drift", "internal/tolerant", "internal/nothing", "internal/safeurl", "internal/safeerror", "internal/sent", "internal/retry", "internal/transport"}},
	{"stream/jetstream/embedded", []string{"stream/jetstream", "outcome"}},
	{"stream/...", []string{"stream", "engage/channel", "engage/message", "outcome", "internal/tolerant"}},
	{"engage/engagetest", []string{"engage", "stream", "engage/channel", "engage/message", "auth", "outcome", "internal/tolerant", "internal/safeerror", "internal/safeurl"}},
	{"engage/engagetest/conformance", []string{"auth", "engage", "engage/channel", "engage/message", "outcome"}},
	{"engage/engagetest/mocked", []string{"engage", "engage/engagetest", "engage/message", "outcome"}},
	{"internal/contract", []string{"engage", "engage/message", "outcome"}},
	{"examples/...", []string{"outcome", "auth", "engage/...", "stream/...", "examples/..."}},
}

// The core may import only the modules in coreLibraries. A nested module may import what
// its go.mod requires. In every module only tests may import testLibraries. testPackages
// has the exceptions: packages for tests that are about one of these libraries.
var (
	coreLibraries = []string{"golang.org/x/oauth2", "github.com/hashicorp/go-retryablehttp"}
	testLibraries = []string{"github.com/stretchr/testify", "github.com/jarcoal/httpmock"}
	testPackages  = map[string]string{"engage/engagetest/mocked": "github.com/jarcoal/httpmock"}
)

// imports finds imports of packages that [rooms] does not allow, and imports of
// modules that are not listed. Tests may import every package of the repository but the
// examples. Below examples, the table decides for tests, too.
func imports(r Repository) []Finding {
	var findings []Finding
	for _, file := range r.Files {
		here, ok := roomOf(file.Dir())
		if !ok {
			findings = append(findings, r.finding(file.Syntax.Name, "%s has no row in the table of imports", file.Dir()))
		}
		for _, spec := range file.Syntax.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if problem := r.refuse(file, here, imported); problem != "" {
				findings = append(findings, r.finding(spec, "%s", problem))
			}
		}
	}
	return findings
}

// refuse returns why file, whose row is here, may not import a package. It returns "" if
// it may.
func (r Repository) refuse(file File, here room, imported string) string {
	dir, ours := strings.CutPrefix(imported, r.Module+"/")
	if !ours {
		return refuseModule(file, imported)
	}
	switch {
	case within(file.Dir(), "examples/..."): // The table decides below.
	case within(dir, "examples/..."):
		return "nothing may import the examples"
	case file.Test(), dir == file.Dir():
		return ""
	}
	for _, pattern := range here.knows {
		if within(dir, pattern) {
			return ""
		}
	}
	return here.dir + " may not import " + dir
}

// refuseModule returns why file may not import a package of another module. It
// returns "" if it may.
func refuseModule(file File, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return "" // the standard library
	}
	from := func(module string) bool { return within(imported, module+"/...") }
	switch {
	case slices.ContainsFunc(testLibraries, from):
		if library, ok := testPackages[file.Dir()]; !file.Test() && !(ok && from(library)) {
			return "only tests may import " + imported
		}
	case file.Core && !slices.ContainsFunc(coreLibraries, from):
		return "the core may not import " + imported
	}
	return ""
}

// roomOf returns the first row that covers a folder, and whether there is one. Without
// one it returns a room of that folder that may import nothing.
func roomOf(dir string) (room, bool) {
	for _, r := range rooms {
		if within(dir, r.dir) {
			return r, true
		}
	}
	return room{dir: dir}, false
}

// within reports whether the path name matches pattern.
func within(name, pattern string) bool {
	parent, below := strings.CutSuffix(pattern, "/...")
	return name == parent || below && strings.HasPrefix(name, parent+"/")
}

// vague lists names that do not describe what a package contains.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "models"}

// names finds the files whose package or folders have a vague name.
func names(r Repository) []Finding {
	var findings []Finding
	for _, file := range r.Files {
		parts := append(strings.Split(file.Dir(), "/"), strings.TrimSuffix(file.Syntax.Name.Name, "_test"))
		for _, part := range slices.Compact(parts) {
			if slices.Contains(vague, part) {
				findings = append(findings, r.finding(file.Syntax.Name, "%s does not say what the package contains", part))
			}
		}
	}
	return findings
}
