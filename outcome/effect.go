package outcome

// Effect says what the service may have done with a request although the call
// failed.
//
// The zero value says nothing of that. It is the effect of
//
//   - an attempt that succeeded;
//   - a read that was sent and not refused;
//   - an error that belongs to no request.
type Effect uint8

// The effects. A larger one leaves more behind at the service.
const (
	// NotSent means that the service did not get the request. Sending it again
	// is safe.
	NotSent Effect = iota + 1
	// Refused means that the service got the request and reported that it did
	// not apply it.
	Refused
	// MaybeApplied means that the request may have been applied: it was sent, and
	// no reply settles what became of it. A success in words that are not the
	// service's, such as a proxy's page, settles nothing. Reconcile before sending
	// the request again: find out whether it was applied.
	MaybeApplied
	// Applied means that the service reported success, but the rest of its reply
	// could not be read. Do not send the request again.
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

// advice says in an error's text what to do after the effect; it is empty if the
// effect alone does not decide that.
func (e Effect) advice() string {
	switch e {
	case MaybeApplied:
		return " (find out before sending it again)"
	case Applied:
		return " (do not send it again)"
	}
	return ""
}

// MarshalText returns the text of String. It never fails.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Then returns the effect of a call after one more attempt: the larger of e, the
// effect of the attempts so far, and next. Once an attempt may have been applied,
// the refusal of a later one does not make the call Refused. A zero on either side
// changes nothing.
func (e Effect) Then(next Effect) Effect { return max(e, next) }
