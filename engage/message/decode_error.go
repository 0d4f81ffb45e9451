package message

// DecodeError is the error for JSON that is not a message. It contains no value and
// no unknown name from the JSON, so it can be logged.
type DecodeError struct {
	// Member is the path of the member, such as "lcCarousel.elements[0].title". It
	// contains only names of the schema: for an unknown member it is the path of the
	// object around it. It is empty if the problem concerns the whole message.
	Member string
	// Problem says what is wrong with the member. It follows the name of the
	// member, as in "is missing".
	Problem string
}

// Error returns the member and its problem.
func (e *DecodeError) Error() string {
	if e.Member == "" {
		return "message: the JSON " + e.Problem
	}
	return "message: " + e.Member + " " + e.Problem
}

// atMember puts a name or an index before the path in err, which is a *DecodeError, and
// returns err. The path then begins at the object or array around it.
func atMember(name string, err error) error {
	if e, ok := err.(*DecodeError); ok {
		switch {
		case name == "":
		case e.Member == "":
			e.Member = name
		case e.Member[0] == '[':
			e.Member = name + e.Member
		default:
			e.Member = name + "." + e.Member
		}
	}
	return err
}
