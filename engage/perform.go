package engage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// form is the shape that all versions of an operation's request are brought to.
type form interface {
	// operation and revision tell which call it is. The operation is known of
	// a nil form, too.
	operation() outcome.Operation
	revision() outcome.Version
	violations() outcome.Violations
	ids() pathIDs
	// body is encoded as the request's JSON; nil for none. Of a write it holds
	// the callback URL, if there is one.
	body(callbackURL string) any
}

// queried is a form that has a query.
type queried interface{ query() url.Values }

// request is what the request interfaces of the operations have in common.
type request[F form] interface {
	Validate() error
	form() F
}

// validate is the Validate of every request.
func validate(f form) error { return f.violations().Err(f.operation(), f.revision()) }

// prepare checks a request and its options. Every operation begins with it.
func prepare[F form](ctx context.Context, c *Client, r request[F], options []CallOption) (f F, s *settings, err error) {
	var violations outcome.Violations
	hasClient, hasRequest := c != nil && c.base != nil, !nothing.In(r)
	if !hasClient {
		violations.Add("client", "was not made by New")
	}
	if ctx == nil {
		violations.Add("ctx", "is nil")
	}
	if !hasRequest {
		violations.Add("request", "is nil")
	}
	if !hasClient || !hasRequest {
		return f, nil, violations.Err(f.operation(), "")
	}
	f, s = r.form(), &c.defaults
	violations = append(violations, f.violations()...)
	if len(options) > 0 {
		s = new(c.defaults)
		violations = append(violations, s.apply(options)...)
	}
	if write, ok := any(f).(traceable); ok && s.lookFirst {
		write.requireMarks(&violations)
	}
	return f, s, violations.Err(f.operation(), f.revision())
}

// answer is what came of a call.
type answer struct {
	target   *target
	envelope tolerant.Envelope
	// value is what the envelope's value tells of a write.
	value writeValue
	read  engine.Reply
}

// writeValue is what the value of a reply to a write can tell beside the envelope.
type writeValue struct{ status, transaction, conversationID string }

// open reads the envelope of a reply with these members.
func (a *answer) open(reply tolerant.Members) {
	a.envelope = tolerant.EnvelopeOf(reply)
	if a.target.class == Read {
		return
	}
	value := tolerant.MembersOf(a.envelope.Value)
	a.value = writeValue{value.Text("status"), tolerant.IDsOf(value).Transaction, value.Text("conversationId")}
}

// ask performs a read.
func (c *Client) ask(ctx context.Context, f form, s *settings) (*answer, error) {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	call, err := c.call(f, s, "")
	if err != nil {
		return nil, err
	}
	return c.exchange(ctx, f, call)
}

// exchange has a call carried out and reads the reply. Beside an error it returns
// what it got to know before.
func (c *Client) exchange(ctx context.Context, f form, call engine.Call) (*answer, error) {
	got := &answer{target: c.target(f)}
	call.Judge = got.judge
	var err error
	got.read, err = c.engine.Do(ctx, call)
	if err == nil {
		return got, nil
	}
	if reply, ok := tolerant.Split(got.read.Body); ok {
		got.open(reply)
	}
	if got.target.class == Read {
		err = withoutEffect(err)
	}
	return got, err
}

// call encodes f for the engine.
func (c *Client) call(f form, s *settings, callbackURL string) (engine.Call, error) {
	t := c.target(f)
	call := engine.Call{
		Operation:  f.operation(),
		Version:    f.revision(),
		Source:     t.source,
		Failure:    t.failure,
		Method:     t.method,
		Repeatable: t.class != Unsafe || s.policy == RetryAlways,
		Settings:   &s.Settings,
	}
	if s.policy == RetryNever {
		call.Settings = new(s.Settings)
		call.Attempts = 1
	}
	var query url.Values
	if q, ok := f.(queried); ok {
		query = q.query()
	}
	body := f.body(callbackURL)
	if body == nil && callbackURL != "" {
		query = url.Values{"callbackUrl": {callbackURL}}
	}
	call.URL = t.url(c.base, f.ids(), query)
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

// The causes of a reply that cannot be read. They do not quote it.
var (
	errNotJSON    = errors.New("the reply is not JSON")
	errWrongShape = errors.New("the reply has an unexpected shape")
	errSaysFailed = errors.New("the reply's envelope says that the call failed")
)

// judge reads a 2xx reply, of which body may be only the beginning, and says what
// it means. Of an operation of which nothing is known, any reply is a success but
// one that tells of errors.
func (a *answer) judge(body []byte) engine.Judgement {
	reply, ok := tolerant.Split(body)
	if !ok {
		return a.broken(body)
	}
	a.open(reply)
	e := &a.envelope
	told := tolerant.Failure{Code: e.Code, Description: e.Description, IDs: e.IDs}
	status := cmp.Or(e.Status, reply.Text("statusCode"))
	number, failed := a.failedStatus(status)
	if hasErrors := reply.Find("error") != nil || reply.Find("errors") != nil; hasErrors && (failed || !tolerant.Succeeded(status)) {
		if detailed := tolerant.ReadFailure(body); detailed.Errors || failed {
			told, failed = detailed, true
		}
	}
	switch {
	case failed:
		return engine.Failed(cmp.Or(number, http.StatusConflict), a.target.failure, errSaysFailed).With(told)
	case a.target.isOther:
		return engine.Judgement{}
	case status == "" && !reply.Has("value") && (a.target.class == Read || e.Transaction == ""):
		// Something else than Engage would answer so. A write may also be
		// acknowledged by no more than an id.
		return engine.Foreign(errWrongShape).With(told)
	case a.target.class == Read && e.Value != nil && e.Value[0] != '{' && !a.target.anyValue:
		return engine.Unreadable(errWrongShape).With(told)
	}
	return engine.Judgement{}
}

// broken judges what is not JSON: a page that a proxy puts in place of a reply,
// nothing at all, or a reply of Engage that was cut short. That one proves a
// success only if it says so before the cut, and of no error.
func (a *answer) broken(body []byte) engine.Judgement {
	beginning := tolerant.Beginning(body)
	e := tolerant.EnvelopeOf(beginning)
	a.envelope, a.value = tolerant.Envelope{}, writeValue{}
	told := tolerant.Failure{Code: e.Code, Description: e.Description, IDs: e.IDs}
	hasErrors := beginning.Has("error") || beginning.Has("errors")
	switch {
	case a.target.isOther && !hasErrors:
		return engine.Judgement{}
	case tolerant.Succeeded(cmp.Or(e.Status, beginning.Text("statusCode"))) && !hasErrors:
		return engine.Unreadable(errNotJSON).With(told)
	}
	return engine.Foreign(errNotJSON).With(told)
}

// failedStatus reports whether the reply's status tells of a failure, and which
// HTTP status that amounts to. That of a write may stand in its value, where a read
// has that of what was found. Of an operation of which nothing is known, it may be
// the status of anything.
func (a *answer) failedStatus(status string) (int, bool) {
	if a.target.isOther {
		return 0, false
	}
	number, failed := tolerant.Failed(status)
	if failed || a.value.status == "" {
		return number, failed
	}
	return tolerant.Failed(a.value.status)
}

// failure makes an error of a successful read whose result is of no use.
func (a *answer) failure(f form, edge outcome.Edge, cause error) error {
	failure := &outcome.Error{
		Edge:        edge,
		Operation:   f.operation(),
		Version:     f.revision(),
		Status:      a.read.Status,
		Code:        a.envelope.Code,
		Description: a.envelope.Description,
		Attempts:    a.read.Attempts,
		Err:         cause,
	}
	for _, attempt := range a.read.Attempts[:len(a.read.Attempts)-1] {
		failure.TraceIDs = append(failure.TraceIDs, attempt.TraceIDs...)
	}
	failure.TraceIDs = append(failure.TraceIDs, engine.TraceIDs(a.read.Header, a.envelope.IDs)...)
	return failure
}

// withoutEffect clears the effect of a read: there was none to have.
func withoutEffect(err error) error {
	if failure, failed := errors.AsType[*outcome.Error](err); failed && failure.Effect > outcome.Refused {
		failure.Effect = 0
	}
	return err
}
