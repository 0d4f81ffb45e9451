package stream

import "net/http"

// Refusal is why a [Receiver] did not accept a request.
type Refusal string

// The refusals. The sender's documented rules make the difference between the
// statuses: it repeats what was answered 503, and drops what was answered 400 or
// 405. It would repeat a 401, 403 or 413, which can never succeed.
const (
	// RefusedMethod: neither HEAD nor POST. Answered 405.
	RefusedMethod Refusal = "method"
	// RefusedContentType: not JSON. Answered 400, as all that follow until
	// RefusedNoID.
	RefusedContentType Refusal = "content type"
	// RefusedEncoding: a compressed body.
	RefusedEncoding Refusal = "content encoding"
	// RefusedAuthorization: without the credentials that were asked for.
	RefusedAuthorization Refusal = "authorization"
	// RefusedTooLarge: a body above the limit.
	RefusedTooLarge Refusal = "too large"
	// RefusedSignature: unsigned, or with a wrong signature.
	RefusedSignature Refusal = "signature"
	// RefusedMalformed: neither a JSON object nor an array of some.
	RefusedMalformed Refusal = "malformed"
	// RefusedNoID: an event, or one of several, without any id.
	RefusedNoID Refusal = "no id"
	// RefusedBusy: too many requests at once. Answered 503, as all that follow.
	RefusedBusy Refusal = "busy"
	// RefusedUnread: a body that broke off, or took too long.
	RefusedUnread Refusal = "unread"
	// RefusedFull: no room in the inbox.
	RefusedFull Refusal = "full"
	// RefusedInbox: the inbox failed.
	RefusedInbox Refusal = "inbox"
)

// refusals is every refusal with its status.
var refusals = []struct {
	refusal Refusal
	status  int
}{
	{RefusedMethod, http.StatusMethodNotAllowed},
	{RefusedContentType, http.StatusBadRequest},
	{RefusedEncoding, http.StatusBadRequest},
	{RefusedAuthorization, http.StatusBadRequest},
	{RefusedTooLarge, http.StatusBadRequest},
	{RefusedSignature, http.StatusBadRequest},
	{RefusedMalformed, http.StatusBadRequest},
	{RefusedNoID, http.StatusBadRequest},
	{RefusedBusy, http.StatusServiceUnavailable},
	{RefusedUnread, http.StatusServiceUnavailable},
	{RefusedFull, http.StatusServiceUnavailable},
	{RefusedInbox, http.StatusServiceUnavailable},
}

// Refusals lists why a [Receiver] can refuse a request: first what it has the
// sender drop, then what it has the sender repeat.
func Refusals() []Refusal {
	list := make([]Refusal, len(refusals))
	for i, row := range refusals {
		list[i] = row.refusal
	}
	return list
}

// Status returns the HTTP status that a refusal is answered with; 0 for one
// that is not in [Refusals].
func (r Refusal) Status() int {
	for _, row := range refusals {
		if row.refusal == r {
			return row.status
		}
	}
	return 0
}
