package rules

import "go/ast"

// typeIn is a type of a package, which its folder stands for.
type typeIn struct{ dir, name string }

// shownTypes finds the types whose exported methods users see: the exported
// ones, and those of their package that they embed, however deep.
func shownTypes(r Repository) map[typeIn]bool {
	embedded := make(map[typeIn][]typeIn)
	for _, file := range r.Files {
		if file.Test() {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			declaration, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range declaration.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					outer := typeIn{file.Dir(), spec.Name.Name}
					embedded[outer] = embeddedIn(spec.Type, file.Dir())
				}
			}
		}
	}
	shown := make(map[typeIn]bool)
	var show func(typeIn)
	show = func(outer typeIn) {
		if shown[outer] {
			return
		}
		shown[outer] = true
		for _, inner := range embedded[outer] {
			show(inner)
		}
	}
	for outer := range embedded {
		if ast.IsExported(outer.name) {
			show(outer)
		}
	}
	return shown
}

// embeddedIn lists the types that a struct or an interface embeds.
func embeddedIn(body ast.Expr, dir string) []typeIn {
	var fields *ast.FieldList
	switch body := body.(type) {
	case *ast.StructType:
		fields = body.Fields
	case *ast.InterfaceType:
		fields = body.Methods
	default:
		return nil
	}
	var embedded []typeIn
	for _, field := range fields.List {
		if name, ok := typeName(field.Type); ok && len(field.Names) == 0 {
			embedded = append(embedded, typeIn{dir, name})
		}
	}
	return embedded
}
