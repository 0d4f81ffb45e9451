package outcome

// Transitions wires edges to a program's next steps, as the wires of a flow do.
// S is whatever names a step: a string, a function, a state. The nil map has no
// wires.
type Transitions[S any] map[Edge]S

// Next returns the step that edge leads to. An edge without a wire leads where
// [OnInvalidChoice] leads. Without that wire too, Next returns an [*Error] on
// the edge OnInvalidChoice.
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
		Violations: Violations{{Field: "Transitions", Problem: "has no step for the edge " + label(string(edge))}},
	}
}

// Missing lists the edges that operation in version can end on and that have no
// wire of their own. A program can check at its start that nothing is missing.
// It is nil for a pair that does not exist, as [ForNode] is.
func (t Transitions[S]) Missing(operation Operation, version Version) []Edge {
	var missing []Edge
	for _, edge := range ForNode(operation, version) {
		if _, ok := t[edge]; !ok {
			missing = append(missing, edge)
		}
	}
	return missing
}
