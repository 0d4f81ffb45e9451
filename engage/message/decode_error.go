package message

// DecodeError is the error of JSON that is not a message. It contains no value and
// no unknown name of the JSON.
type DecodeError struct {
	// Member is the path of the member in the names of the schema, such as
	// "lcCarousel.elements[0].title". It ends at the last member that is part of
	// the schema. It is empty if the problem is one of the whole message.
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

// atMember puts name, the name of the member or index that contains the problem,
// before the path in err, a *DecodeError.
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
