// Package rules holds the rules that this repository keeps, and checks its
// source against them.
//
// A [Rule] reads the source as a [Repository] and returns what breaks it as
// [Finding] values, each with its place. The tests of this package check the
// repository they stand in, so that a broken rule fails the build; and they
// show every rule source that it must refuse.
//
// The rules read syntax alone, so they also work on source that does not
// compile yet.
package rules

// Rule is one thing that holds for the whole of a repository's source.
type Rule struct {
	// Name says what holds, in a few words.
	Name string
	// Check returns every place that breaks the rule, in the order of the source.
	Check func(Repository) []Finding
}

// All returns the rules.
func All() []Rule {
	return []Rule{
		{"imports point one way", imports},
		{"packages are named for what they are", names},
		{"exported identifiers are documented", documentation},
		{"calls of the client have examples", examples},
		{"no package holds mutable state", globals},
		{"nothing is left for later", leftovers},
	}
}
