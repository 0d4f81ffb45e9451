package outcome

import "strings"

// Violation is one thing wrong with a request: the field, named by its path in
// Go (such as "Message.Text"), and its problem. It never holds the field's
// value.
type Violation struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

// String returns the field and its problem as one phrase in one line.
func (v Violation) String() string { return phrase(v.Field + " " + v.Problem) }

// Violations collects what is wrong with a request. The zero value is ready
// for use.
type Violations []Violation

// Add notes one problem of the field at path.
func (v *Violations) Add(path, problem string) {
	*v = append(*v, Violation{Field: path, Problem: problem})
}

// Within notes the problems of a part of the request, whose fields are named
// relative to prefix.
func (v *Violations) Within(prefix string, part Violations) {
	for _, violation := range part {
		v.Add(prefix+"."+violation.Field, violation.Problem)
	}
}

// Err returns nil where nothing was noted; else an [*Error] on the edge
// [OnInvalidData] that names every violation and says that nothing was sent.
func (v Violations) Err(operation Operation, version Version) error {
	if len(v) == 0 {
		return nil
	}
	return &Error{
		Edge:       OnInvalidData,
		Operation:  operation,
		Version:    version,
		Effect:     NotSent,
		Violations: v,
	}
}

// String lists the violations as one line.
func (v Violations) String() string {
	phrases := make([]string, len(v))
	for i, violation := range v {
		phrases[i] = violation.String()
	}
	return strings.Join(phrases, "; ")
}
