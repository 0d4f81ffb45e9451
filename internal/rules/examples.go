package rules

import (
	"go/ast"
	"go/doc"
	"slices"
	"strings"
)

// examples finds calls of the client that have no example which go test runs. A
// call is an exported method of engage.Client whose first parameter is a context.
// go test runs only an example with an output comment.
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
	return receiver == "Client" && f.Name.IsExported() && takesContext(f)
}

// takesContext reports whether the first parameter of f is a context: a type with the
// name Context.
func takesContext(f *ast.FuncDecl) bool {
	if f.Type.Params.NumFields() == 0 {
		return false
	}
	first, _ := typeName(f.Type.Params.List[0].Type)
	return first == "Context"
}

// setups finds what users set a program up with and no example of its package mentions:
//
//   - a function whose name starts with New, With or Open;
//   - a type with an exported method that takes a context first, or with a method Open.
//     For a type T, an example of NewT or OpenT is enough.
//
// An example mentions the names in its body, and those in its own name. Internal packages
// and the programs below examples are left out.
func setups(r Repository) []Finding {
	var findings []Finding
	mentioned := mentionedNames(r)
	found := map[typeIn]bool{}
	for _, file := range r.Files {
		if dir := file.Dir(); file.Test() || within(dir, "internal/...") || within(dir, "examples/...") {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			names := []string{name}
			if receiver, isMethod := receiverOf(f); isMethod {
				if !ast.IsExported(receiver) || !takesContext(f) && name != "Open" {
					continue
				}
				name, names = receiver, []string{receiver, "New" + receiver, "Open" + receiver}
			} else if !setsUp(name) {
				continue
			}
			known := func(name string) bool { return mentioned[typeIn{file.Dir(), name}] }
			if subject := (typeIn{file.Dir(), name}); !found[subject] && !slices.ContainsFunc(names, known) {
				found[subject] = true
				findings = append(findings, r.finding(f, "no example of %s mentions %s", file.Dir(), name))
			}
		}
	}
	return findings
}

// setsUp reports whether the name of a function starts with New, With or Open.
func setsUp(name string) bool {
	return slices.ContainsFunc([]string{"New", "With", "Open"}, func(start string) bool { return strings.HasPrefix(name, start) })
}

// mentionedNames returns the names that the examples in each folder mention.
func mentionedNames(r Repository) map[typeIn]bool {
	names := map[typeIn]bool{}
	for _, file := range r.Files {
		if !file.Test() {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			example, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			subject, ok := strings.CutPrefix(example.Name.Name, "Example")
			if !ok || example.Recv != nil {
				continue
			}
			for part := range strings.SplitSeq(subject, "_") {
				names[typeIn{file.Dir(), part}] = true
			}
			ast.Inspect(example.Body, func(n ast.Node) bool {
				if identifier, ok := n.(*ast.Ident); ok {
					names[typeIn{file.Dir(), identifier.Name}] = true
				}
				return true
			})
		}
	}
	return names
}
