package stream

import "net/http"

// Refusal is why a [Receiver] refused a request.
type Refusal string

// The refusals, with the status of each answer. The sender repeats a request that was
// answered 503. It drops one that was answered 400 or 405 (documented). A receiver does not
// answer 401, 403 or 413, after which the sender would repeat a request that never succeeds.
const (
	// RefusedMethod (405): the method is neither HEAD nor POST.
	RefusedMethod Refusal = "method"
	// RefusedContentType (400): the content type is not JSON.
	RefusedContentType Refusal = "content type"
	// RefusedEncoding (400): the body is compressed.
	RefusedEncoding Refusal = "content encoding"
	// RefusedAuthorization (400): the credentials are missing or wrong.
	RefusedAuthorization Refusal = "authorization"
	// RefusedTooLarge (400): the body is above the limit.
	RefusedTooLarge Refusal = "too large"
	// RefusedSignature (400): the signature is missing or wrong.
	RefusedSignature Refusal = "signature"
	// RefusedMalformed (400): the body is neither a JSON object nor an array of
	// objects.
	RefusedMalformed Refusal = "malformed"
	// RefusedBusy (503): the receiver has too many requests at once.
	RefusedBusy Refusal = "busy"
	// RefusedUnread (503): the body ended early or took too long.
	RefusedUnread Refusal = "unread"
	// RefusedFull (503): the inbox has no room.
	RefusedFull Refusal = "full"
	// RefusedInbox (503): the inbox returned an error.
	RefusedInbox Refusal = "inbox"
)

// refusals is the table of refusals.
var refusals = []struct {
	refusal Refusal
	status  int
	// verified reports whether the request was verified before it was refused, so
	// that its sender is known.
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
