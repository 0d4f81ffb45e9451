package outcome

// Effect says what a call that failed may have done at the service. The zero
// value means that nothing is known.
type Effect uint8

// The effects, in the order of what they leave behind.
const (
	// NotSent: the request never left. It is safe to send it again.
	NotSent Effect = iota + 1
	// Refused: the service answered that it did not do it.
	Refused
	// MaybeApplied: the request left and no answer settles whether it was
	// done; a success that is not in the service's words, such as the page of a
	// proxy, settles nothing. Look before sending it again.
	MaybeApplied
	// Applied: the service answered that it was done, and the rest of the answer
	// could not be read.
	Applied
)

// String returns the effect in words, such as "maybe applied".
func (e Effect) String() string {
	switch e {
	case NotSent:
		return "not sent"
	case Refused:
		return "refused"
	case MaybeApplied:
		return "maybe applied"
	case Applied:
		return "applied"
	}
	return "effect unknown"
}

// MarshalText encodes the effect in words; it never fails.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Then combines the effect of the attempts so far with that of the next one.
// Doubt is sticky: after an attempt that may have been applied, a refusal of a
// later one does not make the whole call refused.
func (e Effect) Then(next Effect) Effect { return max(e, next) }
