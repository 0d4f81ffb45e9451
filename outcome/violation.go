package outcome

import "strings"

// Violation is one problem of a request. It never contains the field's value.
type Violation struct {
	// Field is the path of the field in Go, such as "Message.Text".
	Field string `json:"field"`
	// Problem says what is wrong with the field or what it must be, such as "is
	// empty" or "must be from 1 to 500".
	Problem string `json:"problem"`
}

// String returns the field and its problem as a phrase of one line.
func (v Violation) String() string { return phrase(v.Field + " " + v.Problem) }

// Violations collects the problems of a request. The zero value is empty and
// ready for use. Violations are an error, which errors.As finds in an [*Error].
// A list without a violation is not a nil error: use Err to return one.
type Violations []Violation

// Add adds a problem of the field at path.
func (v *Violations) Add(path, problem string) {
	*v = append(*v, Violation{Field: path, Problem: problem})
}

// Within adds the problems of part, a part of the request. It puts prefix, the
// path of the part, before the names of its fields.
func (v *Violations) Within(prefix string, part Violations) {
	for _, violation := range part {
		v.Add(prefix+"."+violation.Field, violation.Problem)
	}
}

// Err returns an [*Error] with every violation, the edge [OnInvalidData] and the
// effect [NotSent]. It returns nil if there is no violation.
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

// Error returns the violations as one line.
func (v Violations) Error() string { return v.String() }

// String returns the violations as one line.
func (v Violations) String() string {
	phrases := make([]string, len(v))
	for i, violation := range v {
		phrases[i] = violation.String()
	}
	return strings.Join(phrases, "; ")
}
