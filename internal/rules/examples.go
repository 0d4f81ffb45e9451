package rules

import (
	"go/ast"
	"go/doc"
	"slices"
	"strings"
)

// examples finds calls of the client that have no example which go test runs. A
// call is an exported method of engage.Client whose first parameter is a context.
// Only an example with an output comment is run.
func examples(r Repository) []Finding {
	var findings []Finding
	shown := r.examples("engage")
	for _, file := range r.Files {
		if file.Dir() != "engage" || file.Test() {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			method, ok := declaration.(*ast.FuncDecl)
			if !ok || !isCall(method) {
				continue
			}
			name := "Client_" + method.Name.Name
			if !slices.ContainsFunc(shown, func(s string) bool { return s == name || strings.HasPrefix(s, name+"_") }) {
				findings = append(findings, r.finding(method, "%s has no Example%s with an output", method.Name.Name, name))
			}
		}
	}
	return findings
}

// examples returns the names of the examples in dir that have an output, without
// the word Example.
func (r Repository) examples(dir string) []string {
	var tests []*ast.File
	for _, file := range r.Files {
		if file.Dir() == dir && file.Test() {
			tests = append(tests, file.Syntax)
		}
	}
	var names []string
	for _, example := range doc.Examples(tests...) {
		if example.Output != "" || example.EmptyOutput {
			names = append(names, example.Name)
		}
	}
	return names
}

// isCall reports whether f is an exported method of Client whose first parameter is
// a context.
func isCall(f *ast.FuncDecl) bool {
	receiver, _ := receiverOf(f)
	if receiver != "Client" || !f.Name.IsExported() || f.Type.Params.NumFields() == 0 {
		return false
	}
	first, _ := typeName(f.Type.Params.List[0].Type)
	return first == "Context"
}
