package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
)

// A mutant is one small change to the code.
type mutant struct {
	id int
	// file and line say where it is, and change what it does.
	file   string
	line   int
	change string
	// dropped is set if it does not compile.
	dropped bool
}

// String returns the place of the mutant and its change, as compilers print errors.
func (m *mutant) String() string { return fmt.Sprintf("%s:%d: %s", m.file, m.line, m.change) }

// An edit inserts text into a file, or replaces what is there.
type edit struct {
	from, to int
	text     string
	// mutant is the one that the edit belongs to.
	mutant *mutant
	// outer orders edits at one place: those of larger nodes enclose the others.
	outer int
}

// mutants are all the mutants of some files, and the edits that make them.
type mutants struct {
	mutants []*mutant
	sources map[string][]byte
	names   map[string]string // the package of each file
	edits   map[string][]edit
	copies  map[string]string // the file of each mutated copy
}

// parse finds the mutants of files.
func parse(files []string) (*mutants, error) {
	set := &mutants{sources: map[string][]byte{}, names: map[string]string{}, edits: map[string][]edit{}, copies: map[string]string{}}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		fileSet := token.NewFileSet()
		syntax, err := parser.ParseFile(fileSet, file, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		set.sources[file], set.names[file] = source, syntax.Name.Name
		f := &finder{set: set, file: file, source: source, position: fileSet.File(syntax.Pos())}
		for _, declaration := range syntax.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok && general.Tok != token.VAR {
				continue
			}
			ast.Inspect(declaration, f.visit)
		}
	}
	return set, nil
}

// finder finds the mutants of one file.
type finder struct {
	set      *mutants
	file     string
	source   []byte
	position *token.File
}

// visit adds the mutants of a node.
func (f *finder) visit(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.IfStmt:
		f.negate(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			f.negate(n.Cond)
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			f.negateCases(n.Body)
		}
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			f.negate(n)
		}
	case *ast.KeyValueExpr:
		if _, isField := n.Key.(*ast.Ident); isField {
			f.zero(n.Value)
		}
	case *ast.ReturnStmt:
		for _, result := range n.Results {
			f.zero(result)
		}
	case *ast.BlockStmt:
		f.drop(n.List)
	case *ast.CaseClause:
		f.drop(n.Body)
	case *ast.CommClause:
		f.drop(n.Body)
	}
	return true
}

// negateCases negates the conditions of a switch.
func (f *finder) negateCases(body *ast.BlockStmt) {
	for _, clause := range body.List {
		for _, condition := range clause.(*ast.CaseClause).List {
			f.negate(condition)
		}
	}
}

// binary negates the sides of && and ||, and moves the boundary of a comparison.
func (f *finder) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.LAND, token.LOR:
		f.negate(n.X)
		f.negate(n.Y)
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		other := map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}[n.Op]
		m := f.add(n.OpPos, fmt.Sprintf("%s is %s in %s", n.Op, other, f.text(n)))
		f.edit(m, n, n.Pos(), n.Pos(), fmt.Sprintf("mutantCompare(%d, %q, ", m.id, n.Op))
		f.edit(m, n, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), ",")
		f.edit(m, n, n.End(), n.End(), ")")
	}
}

// negate negates a condition.
func (f *finder) negate(condition ast.Expr) {
	if inner, ok := condition.(*ast.BinaryExpr); ok && (inner.Op == token.LAND || inner.Op == token.LOR) {
		return // Its sides are negated.
	}
	m := f.add(condition.Pos(), "negated: "+f.text(condition))
	f.wrap(m, condition, "mutantNegate")
}

// zero makes a value zero.
func (f *finder) zero(value ast.Expr) {
	switch v := value.(type) {
	case *ast.BasicLit, *ast.FuncLit, *ast.CompositeLit:
		return
	case *ast.Ident:
		if v.Name == "nil" || v.Name == "true" || v.Name == "false" {
			return
		}
	}
	m := f.add(value.Pos(), "zero: "+f.text(value))
	f.wrap(m, value, "mutantZero")
}

// drop leaves out each statement that has an effect.
func (f *finder) drop(statements []ast.Stmt) {
	for _, statement := range statements {
		switch s := statement.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); ok && f.text(call.Fun) == "panic" {
				continue
			}
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE || f.text(s.Lhs[0]) == "_" {
				continue
			}
		case *ast.BranchStmt:
			if s.Tok != token.BREAK && s.Tok != token.CONTINUE {
				continue
			}
		case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
		default:
			continue
		}
		m := f.add(statement.Pos(), "left out: "+f.text(statement))
		f.edit(m, statement, statement.Pos(), statement.Pos(), fmt.Sprintf("if !mutantIs(%d) { ", m.id))
		f.edit(m, statement, statement.End(), statement.End(), " }")
	}
}

// add adds a mutant at a position.
func (f *finder) add(at token.Pos, change string) *mutant {
	m := &mutant{id: len(f.set.mutants) + 1, file: f.file, line: f.position.Line(at), change: change}
	f.set.mutants = append(f.set.mutants, m)
	return m
}

// wrap wraps a value in a call of a function of [runtime].
func (f *finder) wrap(m *mutant, value ast.Expr, function string) {
	f.edit(m, value, value.Pos(), value.Pos(), fmt.Sprintf("%s(%d, ", function, m.id))
	f.edit(m, value, value.End(), value.End(), ")")
}

// edit adds an edit that belongs to a mutant of node.
func (f *finder) edit(m *mutant, node ast.Node, from, to token.Pos, text string) {
	f.set.edits[f.file] = append(f.set.edits[f.file], edit{
		f.position.Offset(from), f.position.Offset(to), text, m, int(node.End() - node.Pos()),
	})
}

// text returns the first line of a node's source.
func (f *finder) text(node ast.Node) string {
	text := string(f.source[f.position.Offset(node.Pos()):f.position.Offset(node.End())])
	first, _, more := strings.Cut(text, "\n")
	if more {
		first += " …"
	}
	return first
}

// source returns a file with all its mutants that compile. Lines keep their numbers.
func (s *mutants) source(file string) []byte {
	edits := slices.DeleteFunc(slices.Clone(s.edits[file]), func(e edit) bool { return e.mutant.dropped })
	isEnd := func(e edit) bool { return strings.HasSuffix(e.text, ")") || e.text == " }" }
	slices.SortStableFunc(edits, func(a, b edit) int {
		if c := cmp.Compare(a.from, b.from); c != 0 {
			return c
		}
		switch {
		case isEnd(a) && isEnd(b): // What begins last ends first.
			if c := cmp.Compare(a.outer, b.outer); c != 0 {
				return c
			}
			return cmp.Compare(b.mutant.id, a.mutant.id)
		case isEnd(a):
			return -1
		case isEnd(b):
			return 1
		}
		if c := cmp.Compare(b.outer, a.outer); c != 0 {
			return c
		}
		return cmp.Compare(a.mutant.id, b.mutant.id)
	})
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(out, s.sources[file][at:e.from]...)
		out = append(out, e.text...)
		at = max(at, e.to)
	}
	return append(out, s.sources[file][at:]...)
}
