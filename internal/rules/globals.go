package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// globals finds what makes a package hold mutable state or act when it is
// loaded: a function named init, an exported variable that is not an error
// named Err…, and a variable that is a pointer or starts out empty, since it is
// there to be changed. That leaves tables. Tests may have variables, but no
// init.
func globals(r Repository) []Finding {
	var findings []Finding
	for _, file := range r.Files {
		for _, declaration := range file.Syntax.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				if declaration.Recv == nil && declaration.Name.Name == "init" {
					findings = append(findings, r.finding(declaration, "init runs unasked"))
				}
			case *ast.GenDecl:
				if declaration.Tok == token.VAR && !file.Test() {
					findings = append(findings, r.variables(declaration)...)
				}
			}
		}
	}
	return findings
}

// variables finds those of a declaration that anyone could change.
func (r Repository) variables(declaration *ast.GenDecl) []Finding {
	var findings []Finding
	for _, spec := range declaration.Specs {
		spec := spec.(*ast.ValueSpec)
		for _, name := range spec.Names {
			switch {
			case name.Name == "_":
			case name.IsExported() && !strings.HasPrefix(name.Name, "Err"):
				findings = append(findings, r.finding(name, "%s is a variable that users could change", name.Name))
			case changes(spec):
				findings = append(findings, r.finding(name, "%s is there to be changed", name.Name))
			}
		}
	}
	return findings
}

// changes reports whether a variable makes sense only if it is changed: it has
// no value yet, or an empty one, or points to one. An embedded file system gets
// its value from the compiler and cannot be changed.
func changes(spec *ast.ValueSpec) bool {
	if typ, ok := spec.Type.(*ast.SelectorExpr); ok && types.ExprString(typ) == "embed.FS" {
		return false
	}
	return len(spec.Values) == 0 || slices.ContainsFunc(spec.Values, func(value ast.Expr) bool {
		switch value := value.(type) {
		case *ast.CompositeLit:
			return len(value.Elts) == 0
		case *ast.UnaryExpr:
			return value.Op == token.AND
		case *ast.CallExpr:
			builtin, ok := value.Fun.(*ast.Ident)
			return ok && (builtin.Name == "make" || builtin.Name == "new")
		}
		return false
	})
}
