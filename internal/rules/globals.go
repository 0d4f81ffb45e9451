package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// globals finds mutable state of packages and functions named init. A package may
// have exported errors named Err…, and unexported variables with a value, such as
// tables. A variable that is empty at first, or a pointer, counts as mutable. Tests
// may have any variables but no init.
func globals(r Repository) []Finding {
	var findings []Finding
	for _, file := range r.Files {
		for _, declaration := range file.Syntax.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				if declaration.Recv == nil && declaration.Name.Name == "init" {
					findings = append(findings, r.finding(declaration, "init is not allowed"))
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

// variables finds the mutable variables of a declaration.
func (r Repository) variables(declaration *ast.GenDecl) []Finding {
	var findings []Finding
	for _, spec := range declaration.Specs {
		spec := spec.(*ast.ValueSpec)
		for _, name := range spec.Names {
			switch {
			case name.Name == "_":
			case name.IsExported() && !strings.HasPrefix(name.Name, "Err"):
				findings = append(findings, r.finding(name, "%s is a variable that users can change", name.Name))
			case mutable(spec):
				findings = append(findings, r.finding(name, "%s is mutable", name.Name))
			}
		}
	}
	return findings
}

// mutable reports whether a variable has no value, an empty value or a pointer as its
// value. Such a variable is useful only if the program changes it. An embedded file
// system is an exception, because the compiler sets its value.
func mutable(spec *ast.ValueSpec) bool {
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
