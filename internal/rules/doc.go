// Package rules checks the source of this repository against its rules.
//
// A [Rule] reads the source as a [Repository] and returns a [Finding] for each
// place that breaks the rule. The tests of this package check the repository
// that contains them, so a broken rule fails the build. They also check that each
// rule finds the faults in sample source.
//
// The rules read syntax only, so they work on source that does not compile.
package rules

// Rule is a rule for all the source of a repository.
type Rule struct {
	// Name states the rule in a few words.
	Name string
	// Check returns the places that break the rule, in the order of the source.
	Check func(Repository) []Finding
}

// All returns the rules.
func All() []Rule {
	return []Rule{
		{"imports point one way", imports},
		{"packages are named for what they are", names},
		{"exported identifiers are documented", documentation},
		{"calls of the client have examples", examples},
		{"what users set up has an example", setups},
		{"no package holds mutable state", globals},
		{"nothing is left for later", leftovers},
	}
}
