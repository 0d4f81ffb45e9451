package stream

import "net/http"

// Refusal is why a [Receiver] refused a request.
type Refusal string

// The refusals. The sender repeats a request that was answered 503. It drops one that
// was answered 400 or 405 (documented). It would also repeat a request that was answered
// 401, 403 or 413, which never succeeds. So the receiver does not use these statuses.
const (
	// RefusedMethod: neither HEAD nor POST. Answered 405.
	RefusedMethod Refusal = "method"
	// RefusedContentType: not JSON. Answered 400, as are all that follow up to
	// RefusedMalformed.
	RefusedContentType Refusal = "content type"
	// RefusedEncoding: a compressed body.
	RefusedEncoding Refusal = "content encoding"
	// RefusedAuthorization: credentials missing or wrong.
	RefusedAuthorization Refusal = "authorization"
	// RefusedTooLarge: a body above the limit.
	RefusedTooLarge Refusal = "too large"
	// RefusedSignature: a signature missing or wrong.
	RefusedSignature Refusal = "signature"
	// RefusedMalformed: neither a JSON object nor an array of objects.
	RefusedMalformed Refusal = "malformed"
	// RefusedBusy: too many requests at once. Answered 503, as are all that
	// follow.
	RefusedBusy Refusal = "busy"
	// RefusedUnread: a body that ended early or took too long.
	RefusedUnread Refusal = "unread"
	// RefusedFull: no room in the inbox.
	RefusedFull Refusal = "full"
	// RefusedInbox: an error of the inbox.
	RefusedInbox Refusal = "inbox"
)

// refusals is the table of refusals.
var refusals = []struct {
	refusal Refusal
	status  int
	// verified reports whether the request was verified before: its sender is
	// known.
	verified bool
}{
	{RefusedMethod, http.StatusMethodNotAllowed, false},
	{RefusedContentType, http.StatusBadRequest, false},
	{RefusedEncoding, http.StatusBadRequest, false},
	{RefusedAuthorization, http.StatusBadRequest, false},
	{RefusedTooLarge, http.StatusBadRequest, false},
	{RefusedSignature, http.StatusBadRequest, false},
	{RefusedMalformed, http.StatusBadRequest, true},
	{RefusedBusy, http.StatusServiceUnavailable, false},
	{RefusedUnread, http.StatusServiceUnavailable, false},
	{RefusedFull, http.StatusServiceUnavailable, true},
	{RefusedInbox, http.StatusServiceUnavailable, true},
}

// Refusals lists all refusals: first those that the sender drops, then those that it
// repeats.
func Refusals() []Refusal {
	list := make([]Refusal, len(refusals))
	for i, row := range refusals {
		list[i] = row.refusal
	}
	return list
}

// Status returns the HTTP status of the answer. It is 0 for a refusal that is not in
// [Refusals].
func (r Refusal) Status() int {
	for _, row := range refusals {
		if row.refusal == r {
			return row.status
		}
	}
	return 0
}

// verified reports whether a request is verified before it is refused for r.
func (r Refusal) verified() bool {
	for _, row := range refusals {
		if row.refusal == r {
			return row.verified
		}
	}
	return false
}
