package engage

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// Reply is what the results of all calls have in common.
type Reply struct {
	// Outcome is the edge that the call ended on: a success edge of the operation.
	// Only [Client.Do] may leave it empty.
	Outcome outcome.Edge
	// HTTPStatus is the status of the last reply; 0 if there was none.
	HTTPStatus int
	// APIStatus, Code and Description are those of the reply's envelope. They are
	// empty if it has none. The description may quote the request.
	APIStatus   string
	Code        string
	Description string
	// TraceIDs are the ids of the last reply, for the support of the vendor. If the
	// Proof of a receipt is Reconciled, they are those of all replies.
	TraceIDs []outcome.TraceID
	// Attempts are the attempts of the call, in order. The last one succeeded, unless a
	// receipt has another proof: a callback, a lookup, or AlreadyDone. There are none if
	// a lookup found the write before it was sent.
	Attempts []outcome.Attempt

	// raw is a pointer, so that printing a reply does not print it.
	raw *rawReply
}

// rawReply is a reply as it came.
type rawReply struct {
	body   []byte
	header http.Header
}

// Edge returns r.Outcome. It is for [outcome.Of].
func (r Reply) Edge() outcome.Edge { return r.Outcome }

// Raw returns a copy of the body of the reply, with all the members that this SDK
// does not know. It returns nil if no reply was read.
func (r Reply) Raw() json.RawMessage {
	if r.raw == nil {
		return nil
	}
	return bytes.Clone(r.raw.body)
}

// Header returns a copy of the header of the last reply, without cookies and tokens. It
// returns nil if there was no reply.
func (r Reply) Header() http.Header {
	if r.raw == nil {
		return nil
	}
	return engine.PublicHeader(r.raw.header)
}

// LogValue implements [slog.LogValuer]. It contains the outcome, the HTTP status, the code,
// the number of attempts and the trace ids, and nothing of the content. All results have it.
func (r Reply) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("outcome", string(r.Outcome)), slog.Int("status", r.HTTPStatus)}
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", brief(r.Code)))
	}
	attrs = append(attrs, slog.Int("attempts", len(r.Attempts)))
	for _, id := range r.TraceIDs {
		attrs = append(attrs, slog.String(id.Name, brief(id.Value)))
	}
	return slog.GroupValue(attrs...)
}

// RateLimit returns the rate limit that the last reply contains, and reports whether it
// contains one. An [*outcome.Error] has the same in its Header.
func (r Reply) RateLimit() (outcome.RateLimit, bool) { return outcome.RateLimitOf(r.Header()) }

// replyOf returns the part of a result that is common to all.
func replyOf(reply engine.Reply, edge outcome.Edge) Reply {
	return Reply{
		Outcome:     edge,
		HTTPStatus:  reply.Status,
		APIStatus:   reply.Envelope.Status,
		Code:        reply.Envelope.Code,
		Description: reply.Envelope.Description,
		TraceIDs:    reply.Attempts[len(reply.Attempts)-1].TraceIDs,
		Attempts:    reply.Attempts,
		raw:         &rawReply{reply.Body, reply.Header},
	}
}

// errWrongShape is the cause of an error for a reply of unexpected shape. It does not
// quote the reply.
var errWrongShape = errors.New("the reply has an unexpected shape")

// hasObject reports whether the value of a reply is an object or missing.
func hasObject(reply engine.Reply) bool {
	value := reply.Envelope.Value
	return len(value) == 0 || value[0] == '{'
}

// unusable returns the error of a read whose reply is a success, but lacks what the
// operation needs.
func unusable(w wireRequest, reply engine.Reply, edge outcome.Edge, cause error) error {
	failure := &outcome.Error{
		Edge:     edge,
		Status:   reply.Status,
		Code:     reply.Envelope.Code,
		Header:   engine.PublicHeader(reply.Header),
		Attempts: reply.Attempts,
		Err:      cause,
	}
	failure.Describe(reply.Envelope.Description, "") // It may quote the request.
	failure.Operation, failure.Version = w.name()
	for _, attempt := range reply.Attempts {
		failure.TraceIDs = append(failure.TraceIDs, attempt.TraceIDs...)
	}
	return failure
}
