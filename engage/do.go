package engage

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/engagesdk/engage-go/outcome"
)

// Call is a call of an operation for which this client has no method: one that
// the vendor added since, or one of the family that the client leaves out. Make
// it with [Client.Do].
type Call struct {
	// Operation and Version tell which call it is, in errors and logs. Operation
	// is required. For one that package outcome knows, the edges are its own.
	Operation outcome.Operation
	Version   outcome.Version
	// Class says what sending the call a second time would do. Unsafe if empty,
	// which a GET cannot be: give it Read or Convergent.
	Class Class
	// Route is the verb and the path. A segment in braces stands for an id.
	Route Route
	// IDs are the ids of the path, by the names in the braces.
	IDs map[string]string
	// Query is sent with the URL.
	Query url.Values
	// Body is encoded as JSON; nil for none.
	Body any
}

// Validate returns every violation at once, as an [outcome.Error].
func (r Call) Validate() error { return validate(r.form()) }

func (r Call) form() *otherCall {
	f := &otherCall{Call: r}
	if r.Body != nil {
		f.encoded, f.unfit = json.Marshal(r.Body)
	}
	return f
}

type otherCall struct {
	Call
	// encoded is the body; unfit is why it cannot be had.
	encoded json.RawMessage
	unfit   error
}

func (f *otherCall) operation() outcome.Operation {
	if f == nil {
		return ""
	}
	return f.Operation
}
func (f *otherCall) revision() outcome.Version { return f.Version }
func (f *otherCall) ids() pathIDs              { return pathIDs{others: f.IDs} }
func (f *otherCall) query() url.Values         { return f.Query }

func (f *otherCall) body(string) any {
	if f.Body == nil {
		return nil
	}
	return f.encoded
}

func (f *otherCall) violations() outcome.Violations {
	var v outcome.Violations
	if f.Operation == "" {
		v.Add("Operation", "is empty")
	}
	switch f.Class {
	case Read, Convergent:
	case "", Unsafe:
		if f.Route.Method == http.MethodGet {
			v.Add("Class", "is unsafe, and net/http repeats a GET by itself; it must be read or convergent")
		}
	default:
		v.Add("Class", "is not one of the classes read, convergent and unsafe")
	}
	names := slices.Sorted(maps.Keys(f.IDs))
	v.Within("Route", f.Route.check(names))
	for _, name := range names {
		requireID(&v, "IDs."+name, f.IDs[name])
	}
	if f.unfit != nil {
		v.Add("Body", "cannot be encoded as JSON")
	}
	return v
}

// target makes the call's target, which no client knows beforehand.
func (f *otherCall) target(c *Client) *target {
	t := newTarget(c, row{name: f.Operation, class: f.Class, route: f.Route})
	if t.class == "" {
		t.class = Unsafe
	}
	t.isOther, t.anyValue = outcome.Versions(f.Operation) == nil, true
	return t
}

// Do makes a call of an operation for which the client has no method, with all
// that the methods have: token, retries by its class, effect, attempts and trace
// ids. It ends on the operation's success edge, or with an error on the
// operation's usual failure edge or a standard one. The Outcome is empty for an
// operation that package outcome does not know, and for one whose success edges
// say different things, as those of BusinessHours and ResolveConversation do:
// only the reply, see [Reply.Raw], tells which it is. The reply of an operation
// that package outcome does not know may have any shape; only errors in one of
// the service's envelopes make a failure of it.
//
// An unsafe call in doubt is not looked for, since nothing is known to look for,
// and the outcome of a write is not waited for: it ends with the
// acknowledgement. Give an unsafe call a body: over HTTP/2 net/http sends one
// without again by itself when a server resets it.
func (c *Client) Do(ctx context.Context, request Call, options ...CallOption) (*Reply, error) {
	form, settings, err := prepare(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	got, err := c.ask(ctx, form, settings)
	if err != nil {
		return nil, err
	}
	reply := got.reply(got.target.success)
	return &reply, nil
}
