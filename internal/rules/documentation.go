package rules

import (
	"cmp"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// documentation finds exported identifiers without a doc comment. It leaves out
// tests and examples. It requires:
//
//   - Of a package, a comment that starts with "Package" and its name.
//   - Of a function, a method of an exported type and a method of an interface, a
//     comment that starts with its name. A type that an exported type embeds
//     counts as exported, because its methods are promoted.
//   - Of a type, and of a constant or variable outside a group, a comment that
//     starts with its name. An article may come before the name.
//   - Of a constant or variable in a group, a comment of its own or of the group.
//   - Of a field, a comment above or beside it. The comment also covers the
//     fields below it, up to an empty line or another comment. The comment of the
//     struct covers the first fields in this way. A field that the comment of the
//     struct mentions needs no other. Neither does a field whose type has a name
//     that ends in the name of the field, such as Header ListHeader.
//
// The first paragraph of each comment must end with a full stop or a colon, unless
// the comment is beside the name.
func documentation(r Repository) []Finding {
	d := documented{Repository: r, shown: shownTypes(r)}
	packages := map[string]File{}
	for _, file := range r.Files {
		if file.Test() || within(file.Dir(), "examples/...") {
			continue
		}
		if first, ok := packages[file.Dir()]; !ok || first.Syntax.Doc == nil && file.Syntax.Doc != nil {
			packages[file.Dir()] = file
		}
		for _, declaration := range file.Syntax.Decls {
			d.declaration(file.Dir(), declaration)
		}
	}
	for _, file := range packages {
		d.require(file.Syntax.Name, file.Syntax.Doc, "Package "+file.Syntax.Name.Name)
	}
	slices.SortFunc(d.findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Position.Filename, b.Position.Filename), a.Position.Line-b.Position.Line)
	})
	return d.findings
}

// documented collects the findings of the rule.
type documented struct {
	Repository
	shown    map[typeIn]bool
	findings []Finding
}

func (d *documented) declaration(dir string, declaration ast.Decl) {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		d.function(dir, declaration)
	case *ast.GenDecl:
		for _, spec := range declaration.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				d.typ(dir, spec, cmp.Or(spec.Doc, declaration.Doc))
			case *ast.ValueSpec:
				d.value(spec, declaration)
			}
		}
	}
}

func (d *documented) function(dir string, f *ast.FuncDecl) {
	receiver, isMethod := receiverOf(f)
	if f.Name.IsExported() && (!isMethod || d.shown[typeIn{dir, receiver}]) {
		d.require(f.Name, f.Doc, f.Name.Name)
	}
}

// receiverOf returns the name of the type whose method f is, and whether f is a
// method.
func receiverOf(f *ast.FuncDecl) (string, bool) {
	if f.Recv == nil {
		return "", false
	}
	name, ok := typeName(f.Recv.List[0].Type)
	return name, ok
}

// typeName returns the name of a type without its package, pointers and type
// arguments. It returns false for a type without a name.
func typeName(expression ast.Expr) (string, bool) {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name, true
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name, true
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return "", false
}

func (d *documented) typ(dir string, spec *ast.TypeSpec, doc *ast.CommentGroup) {
	if spec.Name.IsExported() {
		d.require(spec.Name, doc, withArticles(spec.Name.Name)...)
		if body, ok := spec.Type.(*ast.StructType); ok {
			d.fields(body, doc)
		}
	}
	body, ok := spec.Type.(*ast.InterfaceType)
	if !ok || !d.shown[typeIn{dir, spec.Name.Name}] {
		return
	}
	for _, method := range body.Methods.List {
		for _, name := range method.Names {
			if name.IsExported() {
				d.require(name, method.Doc, name.Name)
			}
		}
	}
}

func (d *documented) value(spec *ast.ValueSpec, group *ast.GenDecl) {
	for _, name := range spec.Names {
		switch {
		case !name.IsExported():
		case group.Lparen == token.NoPos:
			d.require(name, group.Doc, withArticles(name.Name)...)
		case spec.Comment == nil:
			d.require(name, cmp.Or(spec.Doc, group.Doc))
		}
	}
}

// fields checks the fields of a struct whose own comment is doc.
func (d *documented) fields(body *ast.StructType, doc *ast.CommentGroup) {
	above, lastLine := doc, d.line(body.Fields.Opening)
	for _, field := range body.Fields.List {
		if field.Doc != nil || d.line(field.Pos()) > lastLine+1 {
			above = field.Doc
		}
		lastLine = d.line(field.End())
		if nested, ok := field.Type.(*ast.StructType); ok {
			d.fields(nested, above)
		}
		for _, name := range field.Names {
			if name.IsExported() && !selfExplaining(name, field.Type) && field.Comment == nil && !mentions(doc, name.Name) {
				d.require(name, above)
			}
		}
	}
}

func (d *documented) line(at token.Pos) int { return d.positions.Position(at).Line }

// selfExplaining reports whether the name of a field's type ends in that of the field.
// The comment of the type then explains the field.
func selfExplaining(name *ast.Ident, typ ast.Expr) bool {
	called, ok := typeName(typ)
	return ok && strings.HasSuffix(called, name.Name)
}

// hump matches the place where a word starts inside a name: BaseURL, MIMEType.
var hump = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)

// mentions reports whether a comment has the name of a field, in any case and as
// one word or as several: BaseURL or base URL.
func mentions(doc *ast.CommentGroup, field string) bool {
	words := hump.ReplaceAllString(field, "$1$3[ -]?$2$4")
	return regexp.MustCompile(`(?i)\b` + words + `\b`).MatchString(strings.ReplaceAll(doc.Text(), "\n", " "))
}

// require adds a finding if the comment of name is missing, does not start with
// one of starts, or does not end like a sentence. Without starts it may start with
// anything.
func (d *documented) require(name *ast.Ident, doc *ast.CommentGroup, starts ...string) {
	paragraph, _, _ := strings.Cut(doc.Text(), "\n\n")
	paragraph = strings.TrimSpace(paragraph)
	begins := func(start string) bool { return startsWith(paragraph, start) }
	switch {
	case paragraph == "":
		d.note(name, "has no doc comment")
	case len(starts) > 0 && !slices.ContainsFunc(starts, begins):
		d.note(name, "has a comment that does not start with "+starts[0])
	case !strings.HasSuffix(paragraph, ".") && !strings.HasSuffix(paragraph, ":"):
		d.note(name, "has a comment that is not a sentence")
	}
}

// withArticles returns the words that the comment of name may start with.
func withArticles(name string) []string {
	return []string{name, "A " + name, "An " + name, "The " + name}
}

func (d *documented) note(name *ast.Ident, problem string) {
	d.findings = append(d.findings, d.finding(name, "%s %s", name.Name, problem))
}

// startsWith reports whether text begins with the words start.
func startsWith(text, start string) bool {
	rest, ok := strings.CutPrefix(text, start)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], " \n,.:;'"))
}

// typeIn is a type, or another name, of the package in a folder.
type typeIn struct{ dir, name string }

// shownTypes returns the types whose exported methods users can call: the exported
// types, and all types of their package that they embed.
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

// embeddedIn returns the types that a struct or an interface embeds.
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
