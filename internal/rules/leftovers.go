package rules

import (
	"bytes"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
)

// leftover matches marks of unfinished work, waits and skipped tests. A letter of each
// word is in brackets, so that the pattern does not match its own source.
var leftover = regexp.MustCompile(`TO[D]O|FIXM[E]|\btime\.[S]leep\b|\b(t|b|f|tb)\.[S]kip`)

// leftovers finds notes about unfinished work, skipped tests, and waits for a fixed
// time. A test that imports testing/synctest may wait, because under its clock a
// wait is exact and takes no time.
func leftovers(r Repository) []Finding {
	var findings []Finding
	for _, file := range r.Files {
		lines := r.positions.File(file.Syntax.Pos())
		for _, match := range leftover.FindAllIndex(file.Source, -1) {
			word := file.Source[match[0]:match[1]]
			if bytes.HasPrefix(word, []byte("time.")) && fakesTime(file) {
				continue
			}
			at := token.Position{Filename: file.Path, Line: lines.Line(lines.Pos(match[0]))}
			findings = append(findings, Finding{at, string(word) + " is left over"})
		}
	}
	return findings
}

// fakesTime reports whether f is a test that uses a fake clock.
func fakesTime(f File) bool {
	return f.Test() && slices.ContainsFunc(f.Syntax.Imports, func(i *ast.ImportSpec) bool {
		return i.Path.Value == `"testing/synctest"`
	})
}
