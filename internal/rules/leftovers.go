package rules

import (
	"bytes"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
)

// leftover matches what says that something is not finished or not certain.
// Each word is written so that the pattern does not match itself.
var leftover = regexp.MustCompile(`TO[D]O|FIXM[E]|\btime\.[S]leep\b|\b(t|b|f|tb)\.[S]kip`)

// leftovers finds notes of work left undone, tests that are skipped and waits
// that hope for the best. In a test under a fake clock, which is a file that
// imports testing/synctest, a wait is exact and costs no time.
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

// fakesTime reports whether f is a test that can stop the clock.
func fakesTime(f File) bool {
	return f.Test() && slices.ContainsFunc(f.Syntax.Imports, func(i *ast.ImportSpec) bool {
		return i.Path.Value == `"testing/synctest"`
	})
}
