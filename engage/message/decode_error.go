package message

// DecodeError says why JSON could not be read as a message. It never holds what
// the message says.
type DecodeError struct {
	// Member is the path of the member, in the schema's names, such as
	// "lcCarousel.elements[0].title". It is empty for the message as a whole
	// and ends at the last member that the schema names.
	Member string
	// Problem is what is wrong with it.
	Problem string
}

// Error returns the member and its problem as one phrase.
func (e *DecodeError) Error() string {
	if e.Member == "" {
		return "message: the JSON " + e.Problem
	}
	return "message: " + e.Member + " " + e.Problem
}

// within puts name before the member that err, a *DecodeError, is about.
func within(name string, err error) error {
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
