package engage

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// Do calls an operation for which the client has no method. As with a method, the
// error has effect, attempts and trace ids, and the call is retried by its class. The
// call ends on the success edge of the operation, or with an error on its failure edge
// or a standard edge. Do uses neither the routes nor the callbacks of the client.
//
// The Outcome is empty for an operation that package outcome does not know. It is also
// empty for one with success edges of different meaning, such as BusinessHours and
// ResolveConversation: read the reply with [Reply.Raw] then. The reply of an operation
// that package outcome does not know may have any shape. It is a failure only if it
// reports errors in an envelope of the service.
//
// An unsafe call that may have been applied is not looked up, and Do does not wait for
// the outcome of a write. Give an unsafe call a body: over HTTP/2 net/http repeats a
// request without one by itself.
func (c *Client) Do(ctx context.Context, call Call, options ...CallOption) (*Reply, error) {
	w := call.wire()
	return read(ctx, c, w, options, func(ctx context.Context, s *settings) (*Reply, error) {
		reply, err := c.do(ctx, w, s)
		if err != nil {
			return nil, err
		}
		return new(replyOf(reply, usualSuccess(outcome.Successes(call.Operation)))), nil
	})
}

// Call is a call of an operation for which the client has no method; see
// [Client.Do].
type Call struct {
	// Operation and Version name the call in errors and logs. Operation is required.
	// The edges are those of package outcome, if it knows the operation.
	Operation outcome.Operation
	Version   outcome.Version
	// Class says what a repetition of the call would do. The zero value means Unsafe. An
	// unsafe call cannot use GET.
	Class Class
	// Route is the verb and the path. A segment in braces stands for an id.
	Route Route
	// IDs are the ids of the path, by the names in the braces.
	IDs map[string]string
	// Query is the query of the URL.
	Query url.Values
	// Body is encoded as JSON; nil for none.
	Body any
}

// Validate returns nil, or an [*outcome.Error] with all violations.
func (c Call) Validate() error { return validate(c.wire()) }

// LogValue implements [slog.LogValuer]. It contains the operation and its version.
func (c Call) LogValue() slog.Value { return logValue(c.wire()) }

func (c Call) wire() *otherCall {
	w := &otherCall{Call: c}
	if c.Body != nil {
		w.encoded, w.err = json.Marshal(c.Body)
	}
	return w
}

// otherCall implements [wireRequest] for a [Call].
type otherCall struct {
	Call
	// encoded is the body; err says why it could not be encoded.
	encoded json.RawMessage
	err     error
}

func (w *otherCall) name() (outcome.Operation, outcome.Version) { return w.Operation, w.Version }
func (w *otherCall) ids() pathIDs                               { return pathIDs{others: w.IDs} }
func (w *otherCall) query() url.Values                          { return w.Query }

func (w *otherCall) body(string) any {
	if w.Body == nil {
		return nil
	}
	return w.encoded
}

func (w *otherCall) validate() outcome.Violations {
	var v outcome.Violations
	if w.Operation == "" {
		v.Add("Operation", "is empty")
	}
	switch w.Class {
	case Read, Convergent:
	case "", Unsafe:
		if w.Route.Method == http.MethodGet {
			v.Add("Class", "must be read or convergent, because net/http repeats a GET by itself")
		}
	default:
		v.Add("Class", "must be read, convergent or unsafe")
	}
	names := slices.Sorted(maps.Keys(w.IDs))
	v.Within("Route", w.Route.validate(names))
	for _, name := range names {
		validateID(&v, "IDs."+name, w.IDs[name])
	}
	if w.err != nil {
		v.Add("Body", "cannot be encoded as JSON")
	}
	return v
}

// target implements [ownTarget]. It compiles the target of the call.
func (w *otherCall) target(c *Client) *target {
	t := newTarget(c, row{name: w.Operation, class: w.Class, route: w.Route})
	if t.class == "" {
		t.class = Unsafe
	}
	if outcome.Versions(w.Operation) == nil {
		t.expect = engine.Anything
	}
	return t
}
