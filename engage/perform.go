package engage

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

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
	var missing outcome.Violations
	if c == nil || c.base == nil {
		missing.Add("client", "was not made by New")
	}
	if ctx == nil {
		missing.Add("ctx", "is nil")
	}
	if nothing.In(r) {
		missing.Add("request", "is nil")
	}
	if missing != nil {
		return f, nil, missing.Err(f.operation(), "")
	}
	f, s = r.form(), &c.defaults
	violations := f.violations()
	if len(options) > 0 {
		s = new(c.defaults)
		violations = append(violations, s.apply(options)...)
	}
	if s.lookFirst {
		requireMarks(&violations, f)
	}
	return f, s, violations.Err(f.operation(), f.revision())
}

// answer is what came of a call.
type answer struct {
	form     form
	target   *target
	envelope tolerant.Envelope
	// unreadable says why the reply cannot be read, if it cannot.
	unreadable error
	read       engine.Reply
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

// exchange has a call carried out and decodes the reply. Beside an error it
// returns what it got to know before.
func (c *Client) exchange(ctx context.Context, f form, call engine.Call) (*answer, error) {
	got := &answer{form: f, target: c.target(f)}
	if !got.target.isOther {
		call.Recognise = got.recognise
	}
	var err error
	got.read, err = c.engine.Do(ctx, call)
	if err != nil || got.target.isOther {
		_ = got.recognise(got.read.Body) // It may be anything.
	}
	if err == nil {
		err = got.judge()
	}
	if err != nil && got.target.class == Read {
		err = withoutEffect(err)
	}
	return got, err
}

// call encodes f for the engine.
func (c *Client) call(f form, s *settings, callbackURL string) (engine.Call, error) {
	t := c.target(f)
	call := engine.Call{
		Operation:   f.operation(),
		Version:     f.revision(),
		Source:      t.source,
		Failure:     t.failure,
		Method:      t.method,
		URL:         resolve(c.base, t.pieces, f.ids()),
		Header:      s.header,
		Repeatable:  t.class != Unsafe || s.policy == RetryAlways,
		Attempts:    s.attempts,
		Timeout:     s.timeout,
		FirstWait:   s.firstWait,
		LongestWait: s.longestWait,
	}
	if s.policy == RetryNever {
		call.Attempts = 1
	}
	if q, ok := f.(queried); ok {
		call.URL.RawQuery = q.query().Encode()
	}
	body := f.body(callbackURL)
	if body == nil {
		if callbackURL != "" {
			call.URL.RawQuery = url.Values{"callbackUrl": {callbackURL}}.Encode()
		}
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

// recognise reads the reply of a try, and returns an error if it is none of
// Engage's: a page that a proxy puts in its place, or nothing at all. A JSON
// object that is cut short is taken for Engage's.
func (a *answer) recognise(body []byte) error {
	a.envelope, a.unreadable = tolerant.Envelope{}, nil
	if !json.Valid(body) {
		a.unreadable = errNotJSON
		if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
			return nil
		}
		return errNotJSON
	}
	a.envelope = tolerant.EnvelopeOf(tolerant.MembersOf(body))
	if value := a.envelope.Value; value != nil && value[0] != '{' && !a.target.anyValue {
		a.unreadable = errWrongShape
	}
	if !a.envelope.HasErrors && a.isBlank() {
		return errWrongShape
	}
	return nil
}

// isBlank reports whether the reply has neither a status nor a value, as the
// answer of something else than Engage would. A write may also be acknowledged
// by no more than an id.
func (a *answer) isBlank() bool {
	e := &a.envelope
	return e.Status == "" && !e.HasValue && (a.target.class == Read || e.StatusCode == "" && e.Transaction == "")
}

// judge says whether a call with a 2xx reply succeeded. One that cannot be read
// means that the call was carried out and its result is unknown; one whose
// envelope tells of a failure means that it was refused.
func (a *answer) judge() error {
	if a.unreadable != nil && !a.target.isOther {
		return a.failure(outcome.OnError, outcome.Applied, a.unreadable)
	}
	if status, failed := a.refusal(); failed {
		edge, effect := engine.Judge(status, a.target.failure)
		return a.failure(edge, effect, errSaysFailed)
	}
	if a.isBlank() && !a.target.isOther {
		return a.failure(outcome.OnError, outcome.MaybeApplied, errWrongShape)
	}
	return nil
}

// refusal reports whether the reply tells of a failure, and which HTTP status that
// amounts to: its status says so, or it is in an envelope for errors and no status
// says otherwise. Of an operation that is not known, the status may be that of
// anything.
func (a *answer) refusal() (status int, failed bool) {
	e := &a.envelope
	word := cmp.Or(e.Status, e.StatusCode)
	if !a.target.isOther {
		status, failed = failedStatus(word)
	}
	if !e.HasErrors || !failed && reportStatus(word) == ReportSuccess {
		return status, failed
	}
	told := tolerant.ReadFailure(a.read.Body)
	if !told.Errors && !failed {
		return 0, false
	}
	e.Code, e.Description, e.IDs = told.Code, told.Description, told.IDs
	return cmp.Or(status, http.StatusConflict), true
}

// failedStatus reports whether the status of an envelope tells of a failure,
// and which HTTP status it amounts to. The vendor does not list the values; a
// word that begins like one of failure, and a number that is an HTTP status of
// failure, are taken for one (assumed).
func failedStatus(status string) (int, bool) {
	if status == "success" { // As nearly always.
		return 0, false
	}
	status = strings.ToLower(strings.TrimSpace(status))
	for _, word := range []string{"fail", "error", "unsuccessful", "reject", "invalid"} {
		if strings.HasPrefix(status, word) {
			return http.StatusConflict, true
		}
	}
	if number, err := strconv.Atoi(status); err == nil && number >= 400 && number < 600 {
		return number, true
	}
	return 0, false
}

// failure makes an error of a reply that was read. Of a write it keeps the doubt
// of earlier tries, and notes that of the last one, which the engine took for a
// success.
func (a *answer) failure(edge outcome.Edge, effect outcome.Effect, cause error) error {
	failure := &outcome.Error{
		Edge:        edge,
		Operation:   a.form.operation(),
		Version:     a.form.revision(),
		Effect:      effect,
		Status:      a.read.Status,
		Code:        a.envelope.Code,
		Description: a.envelope.Description,
		Attempts:    a.read.Attempts,
		Err:         cause,
	}
	last := len(a.read.Attempts) - 1
	for i, attempt := range a.read.Attempts {
		if i < last {
			failure.TraceIDs = append(failure.TraceIDs, attempt.TraceIDs...)
		}
		if a.target.class != Read {
			failure.Effect = failure.Effect.Then(attempt.Effect)
		}
	}
	if last >= 0 && a.target.class != Read {
		a.read.Attempts[last].Effect = effect
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
