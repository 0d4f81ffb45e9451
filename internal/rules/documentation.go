package rules

import (
	"cmp"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// documentation finds exported identifiers without a doc comment, in everything
// but tests and examples:
//
//   - A package has a comment that starts with "Package" and its name.
//   - A function, a method of an exported type and a method of an interface has
//     its own comment, which starts with its name. A type that an exported one
//     embeds counts as exported here, since its methods become that one's.
//   - A type, and a constant or variable that stands alone, has its own comment,
//     which starts with its name or with an article and its name.
//   - A constant or variable of a group has its own comment, or the group has
//     one for all.
//   - A field of a struct has a comment above or beside it, or shares that of
//     the lines above it up to an empty one; the first lines share that of the
//     struct. A field that is called by its name, in one word or several, in
//     the comment of its struct needs none, nor does one that is named like its
//     type, such as Header ListHeader.
//
// The first paragraph of each of these comments, save one beside a name, is a
// sentence: it ends in a full stop, or in a colon before what it announces.
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

// documented collects what is not documented.
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

// receiverOf returns the name of the type that f is a method of.
func receiverOf(f *ast.FuncDecl) (string, bool) {
	if f.Recv == nil {
		return "", false
	}
	name, ok := typeName(f.Recv.List[0].Type)
	return name, ok
}

// typeName returns the last name of a named type, whatever package, pointer
// and type arguments it is written with.
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

// selfExplaining reports whether a field is named like its type, whose comment
// then speaks for it.
func selfExplaining(name *ast.Ident, typ ast.Expr) bool {
	called, ok := typeName(typ)
	return ok && strings.HasSuffix(called, name.Name)
}

// hump is where a new word starts in a name: BaseURL, MIMEType.
var hump = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)

// mentions reports whether a comment calls a field by its name, in any case,
// written as one word or as several: BaseURL or base URL.
func mentions(doc *ast.CommentGroup, field string) bool {
	words := hump.ReplaceAllString(field, "$1$3[ -]?$2$4")
	return regexp.MustCompile(`(?i)\b` + words + `\b`).MatchString(strings.ReplaceAll(doc.Text(), "\n", " "))
}

// require notes a comment of name that is missing, does not start with one of
// starts, or is no sentence. No starts means that it may start with anything.
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

// withArticles lists how the comment of name may start.
func withArticles(name string) []string {
	return []string{name, "A " + name, "An " + name, "The " + name}
}

func (d *documented) note(name *ast.Ident, problem string) {
	d.findings = append(d.findings, d.finding(name, "%s %s", name.Name, problem))
}

// startsWith reports whether text begins with the words start.
func startsWith(text, start string) bool {
	rest, ok := strings.CutPrefix(text, start)
	return ok && (rest == "" || strings.Contains(" \n,.:;'", rest[:1]))
}
