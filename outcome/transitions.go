package outcome

// Transitions maps edges to the next steps of a program. S is the type of a step,
// such as a string, a function or a state.
type Transitions[S any] map[Edge]S

// Next returns the step of edge, or else the step of [OnInvalidChoice]. If there
// is neither, it returns an [*Error] whose Edge is OnInvalidChoice. The Effect of
// that error is zero: it says nothing of the call that ended on edge.
func (t Transitions[S]) Next(edge Edge) (S, error) {
	if step, ok := t[edge]; ok {
		return step, nil
	}
	if step, ok := t[OnInvalidChoice]; ok {
		return step, nil
	}
	var none S
	return none, &Error{
		Edge:       OnInvalidChoice,
		Violations: Violations{{Field: "Transitions", Problem: "must have a step for the edge " + label(string(edge)) + ", or for onInvalidChoice"}},
	}
}

// Missing returns the edges on which operation in version can end and for which t
// has no step. A program can call it at its start to check that t is complete.
// Like [ForNode], it returns nil if the operation has no such version.
func (t Transitions[S]) Missing(operation Operation, version Version) []Edge {
	var missing []Edge
	for _, edge := range ForNode(operation, version) {
		if _, ok := t[edge]; !ok {
			missing = append(missing, edge)
		}
	}
	return missing
}
