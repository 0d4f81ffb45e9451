package engage

import (
	"bytes"
	"encoding/json"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// Reply is what the results of all calls have in common.
type Reply struct {
	// Outcome is the edge the call ended on, one of the operation's success
	// edges. Only [Client.Do] may leave it empty.
	Outcome outcome.Edge
	// HTTPStatus is the status of the reply that was read.
	HTTPStatus int
	// APIStatus, Code and Description are what the reply's envelope says of the
	// call; empty where it says nothing.
	APIStatus   string
	Code        string
	Description string
	// TraceIDs are the ids to quote to the vendor's support.
	TraceIDs []outcome.TraceID
	// Attempts are the tries that were made, in order. The last one succeeded,
	// unless a receipt knows from elsewhere that the write was done: it was told so
	// by callback, it found it at the service, or AlreadyDone is set.
	Attempts []outcome.Attempt

	// raw is behind a pointer so that printing a reply does not print it. What it
	// points to holds nothing else: a reply may be kept for long.
	raw *[]byte
}

// Raw returns a copy of the reply as it was sent, with the members that this
// SDK does not know. It is nil where nothing was read.
func (r Reply) Raw() json.RawMessage {
	if r.raw == nil {
		return nil
	}
	return bytes.Clone(*r.raw)
}

// reply returns what a result has in common with all others.
func (a *answer) reply(edge outcome.Edge) Reply {
	return Reply{
		Outcome:     edge,
		HTTPStatus:  a.read.Status,
		APIStatus:   a.envelope.Status,
		Code:        a.envelope.Code,
		Description: a.envelope.Description,
		TraceIDs:    engine.TraceIDs(a.read.Header, a.envelope.IDs),
		Attempts:    a.read.Attempts,
		raw:         new(a.read.Body),
	}
}
