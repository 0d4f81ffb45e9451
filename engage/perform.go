package engage

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// form is the shape that all versions of an operation's request are brought to.
type form interface {
	// operation and version tell which call it is. The operation is known of
	// the zero value, too.
	operation() outcome.Operation
	revision() outcome.Version
	violations() outcome.Violations
	// ids are the values of the route's names in braces.
	ids() map[string]string
	// body is encoded as the request's JSON; nil for none.
	body() any
}

// request is what the request interfaces of the operations have in common.
type request[F form] interface {
	Validate() error
	form() F
}

// validate is the Validate of every request.
func validate(f form) error { return f.violations().Err(f.operation(), f.revision()) }

// answer is what came of a call: the request in its common form and the reply.
type answer[F form, V any] struct {
	form     F
	envelope tolerant.Envelope[V]
	read     engine.Reply
}

// perform takes a call from the request to the decoded reply. All operations go
// through it. Beside an error it returns what it got to know before.
func perform[V any, F form](ctx context.Context, c *Client, r request[F], options []CallOption) (got answer[F, V], err error) {
	if isNil(r) {
		return got, outcome.Violations{{Field: "request", Problem: "is nil"}}.Err(got.form.operation(), "")
	}
	got.form = r.form()
	settings := c.defaults
	violations := append(got.form.violations(), settings.apply(options)...)
	if err := violations.Err(got.form.operation(), got.form.revision()); err != nil {
		return got, err
	}
	call, err := c.call(got.form, settings)
	if err != nil {
		return got, err
	}
	got.read, err = c.engine.Do(ctx, call)
	unreadable := got.decode()
	if err == nil {
		err = unreadable
	}
	return got, withoutEffectOfRead(call.Operation, err)
}

// call encodes f for the engine.
func (c *Client) call(f form, s settings) (engine.Call, error) {
	operation, _ := find(f.operation())
	route := c.route(f.operation())
	call := engine.Call{
		Operation:   f.operation(),
		Version:     f.revision(),
		Failure:     ownFailure(f.operation()),
		Method:      route.Method,
		URL:         route.resolve(c.base, f.ids()),
		Header:      s.header,
		Repeatable:  operation.class != Unsafe || s.policy == RetryAlways,
		Attempts:    s.attempts,
		Timeout:     s.timeout,
		FirstWait:   s.firstWait,
		LongestWait: s.longestWait,
	}
	if s.policy == RetryNever {
		call.Attempts = 1
	}
	body := f.body()
	if body == nil {
		return call, nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return call, outcome.Violations{{Field: "request", Problem: "cannot be encoded as JSON"}}.Err(f.operation(), f.revision())
	}
	call.Body = encoded
	return call, nil
}

// ownFailure returns the usual failure edge of operation; empty if it has none.
func ownFailure(operation outcome.Operation) outcome.Edge {
	if failures := outcome.Failures(operation); len(failures) > 0 {
		return failures[0]
	}
	return ""
}

// The causes of a reply that cannot be read. They do not quote it.
var (
	errNotJSON    = errors.New("the reply is not JSON")
	errWrongShape = errors.New("the reply has an unexpected shape")
	errSaysFailed = errors.New("the reply's envelope says that the call failed")
)

// decode reads the reply. A 2xx reply that cannot be read means that the call
// was carried out and its result is unknown; one whose envelope tells of a
// failure means that it was refused.
func (a *answer[F, V]) decode() error {
	err := json.Unmarshal(a.read.Body, &a.envelope)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return a.failure(outcome.OnError, outcome.Applied, errWrongShape)
	case err != nil:
		return a.failure(outcome.OnError, outcome.Applied, errNotJSON)
	case a.isBlank():
		return a.failure(outcome.OnError, outcome.Applied, errWrongShape)
	}
	if status, failed := failedStatus(string(a.envelope.Status)); failed {
		edge, effect := engine.Judge(status, ownFailure(a.form.operation()))
		return a.failure(edge, effect, errSaysFailed)
	}
	return nil
}

// isBlank reports whether the reply has none of the members of an envelope, as
// the answer of something else than Engage would.
func (a *answer[F, V]) isBlank() bool {
	var members struct {
		Value json.RawMessage `json:"value"`
	}
	e := a.envelope
	if e.Status != "" || e.Code != "" || e.Description != "" || e.IDs != (tolerant.IDs{}) {
		return false
	}
	return json.Unmarshal(a.read.Body, &members) != nil || members.Value == nil
}

// failedStatus reports whether the status of an envelope tells of a failure,
// and which HTTP status it amounts to. The vendor does not list the values; a
// word of failure or a number of 400 and above is taken for one (assumed).
func failedStatus(status string) (int, bool) {
	switch strings.ToLower(status) {
	case "failure", "failed", "error":
		return 409, true
	}
	number, err := strconv.Atoi(status)
	return number, err == nil && number >= 400
}

// failure makes an error of a reply that was read.
func (a *answer[F, V]) failure(edge outcome.Edge, effect outcome.Effect, cause error) error {
	return &outcome.Error{
		Edge:        edge,
		Operation:   a.form.operation(),
		Version:     a.form.revision(),
		Effect:      effect,
		Status:      a.read.Status,
		Code:        string(a.envelope.Code),
		Description: string(a.envelope.Description),
		TraceIDs:    engine.TraceIDs(a.read.Header, a.envelope.IDs),
		Attempts:    a.read.Attempts,
		Err:         cause,
	}
}

// withoutEffectOfRead clears the effect of a read: there was none to have.
func withoutEffectOfRead(operation outcome.Operation, err error) error {
	failure, failed := errors.AsType[*outcome.Error](err)
	if r, _ := find(operation); failed && r.class == Read && failure.Effect > outcome.Refused {
		failure.Effect = 0
	}
	return err
}
