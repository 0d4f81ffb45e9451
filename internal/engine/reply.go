package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
)

// Expect says what a reply with a 2xx status must contain to be a success.
// Nothing is one that reports an error.
type Expect uint8

const (
	// Value: a status or a value, as the reply to a read has.
	Value Expect = iota
	// Acknowledgement: a transaction id or a known word of success, as the reply
	// to a write has. 204 and 205 acknowledge a write without a body (assumed).
	Acknowledgement
	// Anything: no more is known of the operation.
	Anything
)

// verdict is what an attempt means for its call. The zero value is a success.
type verdict struct {
	edge   outcome.Edge
	effect outcome.Effect
	// transient failures may not happen again at the next attempt.
	transient bool
}

func (v verdict) succeeded() bool { return v.edge == "" }

// verdictHeld is that of an attempt that the limiter did not let start.
func verdictHeld(ctx context.Context) verdict {
	if ctx.Err() != nil {
		return verdict{outcome.OnTimeout, outcome.NotSent, false}
	}
	return verdict{outcome.OnError, outcome.NotSent, false}
}

// verdictUnauthorized is that of an attempt under ctx that got no token.
func verdictUnauthorized(ctx context.Context) verdict {
	if ctx.Err() != nil {
		return verdict{outcome.OnTimeout, outcome.NotSent, true}
	}
	return verdict{outcome.OnAuthorizationFailure, outcome.NotSent, false}
}

// verdictUnanswered is that of an attempt that ended with err in place of a reply.
func verdictUnanswered(err error, notSent bool) verdict {
	effect := outcome.MaybeApplied
	if notSent {
		effect = outcome.NotSent
	}
	refusal, isRefusal := errors.AsType[*transport.ProxyError](err)
	return verdict{edgeOf(err), effect, !isRefusal || !refusal.Permanent()}
}

// edgeOf returns the edge of an exchange that err ended.
func edgeOf(err error) outcome.Edge {
	if isTimeout(err) {
		return outcome.OnTimeout
	}
	return outcome.OnError
}

// The causes of a failure that a reply with a 2xx status has. They do not quote
// the reply.
var (
	errNotJSON        = errors.New("the reply is not JSON")
	errWrongShape     = errors.New("the reply has an unexpected shape")
	errReportsFailure = errors.New("the reply reports a failure")
	errUnacknowledged = errors.New("the reply does not acknowledge the write")
)

// judge sets the verdict on the reply of the last attempt. cut is the error that
// ended its body, if one did. All replies are judged here and nowhere else.
func (c *call) judge(ctx context.Context, cut error) {
	last := &c.last
	if last.status/100 != 2 {
		last.failure = tolerant.ReadFailure(last.body)
		last.envelope = tolerant.Envelope{Code: last.failure.Code, Description: last.failure.Description, IDs: last.failure.IDs}
		last.verdict, last.err = c.judgeStatus(), cut
		if ctx.Err() != nil && isTimeout(cut) {
			last.edge = outcome.OnTimeout
		}
	} else if last.verdict, last.err = c.judgeSuccess(); cut != nil {
		// The beginning can prove that the call was applied, and no more.
		effect := outcome.MaybeApplied
		if last.succeeded() || last.effect == outcome.Applied {
			effect = outcome.Applied
		}
		last.verdict, last.err = verdict{edgeOf(cut), effect, cut != errTooLarge}, cut
	}
	if !last.succeeded() && last.repeated {
		last.effect = last.effect.Then(outcome.MaybeApplied)
	}
}

// statuses are those that mean the same for every operation.
var statuses = map[int]verdict{
	http.StatusTemporaryRedirect:   {outcome.OnError, outcome.Refused, false},
	http.StatusPermanentRedirect:   {outcome.OnError, outcome.Refused, false},
	http.StatusBadRequest:          {outcome.OnInvalidData, outcome.Refused, false},
	http.StatusUnauthorized:        {outcome.OnAuthorizationFailure, outcome.Refused, false},
	http.StatusForbidden:           {outcome.OnAuthorizationFailure, outcome.Refused, false},
	http.StatusRequestTimeout:      {outcome.OnTimeout, outcome.MaybeApplied, true},
	http.StatusUnprocessableEntity: {outcome.OnInvalidData, outcome.Refused, false},
	http.StatusTooManyRequests:     {outcome.OnError, outcome.Refused, true},
	http.StatusNotImplemented:      {outcome.OnError, outcome.Refused, false},
	http.StatusGatewayTimeout:      {outcome.OnTimeout, outcome.MaybeApplied, true},
}

// judgeStatus returns the verdict on a reply without a 2xx status.
func (c *call) judgeStatus() verdict {
	status, isEnvelope := c.last.status, c.last.failure.Recognized
	if v, ok := statuses[status]; ok {
		return v
	}
	switch {
	case status == http.StatusServiceUnavailable && (isEnvelope || c.last.header.Get("Retry-After") != ""):
		return verdict{outcome.OnError, outcome.Refused, true}
	case status >= 500:
		// So is a 503 of a proxy, which may follow a write that was applied.
		return verdict{outcome.OnError, outcome.MaybeApplied, true}
	case status >= 400 && isEnvelope && c.Failure != "":
		return verdict{c.Failure, outcome.Refused, false}
	case status >= 400:
		return verdict{outcome.OnError, outcome.Refused, false}
	}
	return verdict{outcome.OnError, outcome.MaybeApplied, false}
}

// The verdicts on a 2xx reply that is no success: something else than the service
// may have sent it, or the service applied the call and its result is unreadable.
var (
	verdictUnproven   = verdict{outcome.OnError, outcome.MaybeApplied, true}
	verdictUnreadable = verdict{outcome.OnError, outcome.Applied, false}
)

// judgeSuccess returns the verdict on a reply with a 2xx status, and the cause if
// it is no success. It reads the envelope, too.
func (c *call) judgeSuccess() (verdict, error) {
	last := &c.last
	reply, ok := tolerant.Split(last.body)
	if !ok {
		return c.judgeBroken()
	}
	envelope := tolerant.EnvelopeOf(reply)
	status, nested := cmp.Or(envelope.Status, reply.Text("statusCode")), ""
	if c.Expect == Acknowledgement {
		value := tolerant.MembersOf(envelope.Value)
		envelope.Transaction = cmp.Or(envelope.Transaction, tolerant.IDsOf(value).Transaction)
		envelope.ConversationID = cmp.Or(value.Text("conversationId"), envelope.ConversationID)
		nested = value.Text("status")
	}
	last.envelope = envelope
	last.failure = failureOf(envelope)
	number, failed := c.failedStatus(status, nested)
	if hasErrors(reply) && (failed || !tolerant.Succeeded(status)) {
		if detailed := tolerant.ReadFailure(last.body); detailed.HasErrors || failed {
			last.failure, failed = detailed, true
		}
	}
	switch {
	case failed:
		return c.judgeReported(cmp.Or(number, http.StatusConflict)), errReportsFailure
	case c.Expect == Value && status == "" && !reply.Has("value"):
		return verdictUnproven, errWrongShape
	case c.Expect == Acknowledgement && envelope.Transaction == "" && !tolerant.Succeeded(status) && !tolerant.Succeeded(nested):
		return verdictUnproven, errUnacknowledged
	}
	return verdict{}, nil
}

// failedStatus reports whether a status in a reply says that the call failed, and
// to which HTTP status that amounts. The status of a write may be nested in its
// value. Where nothing is known of the reply, it may be the status of anything.
func (c *call) failedStatus(status, nested string) (int, bool) {
	if c.Expect == Anything {
		return 0, false
	}
	number, failed := tolerant.Failed(status)
	if failed || nested == "" {
		return number, failed
	}
	return tolerant.Failed(nested)
}

// judgeReported returns the verdict on a failure that a 2xx reply reports and that
// amounts to an HTTP status.
func (c *call) judgeReported(status int) verdict {
	c.last.failure.Recognized = true
	actual := c.last.status
	c.last.status = status
	v := c.judgeStatus()
	c.last.status = actual
	v.transient = false
	return v
}

// judgeBroken returns the verdict on a 2xx reply that is not JSON: the page of a
// proxy, nothing at all, or a reply of the service that was cut short. Only what
// stands before the cut can prove that the call was applied.
func (c *call) judgeBroken() (verdict, error) {
	last := &c.last
	isEmpty := len(bytes.TrimSpace(last.body)) == 0
	if isEmpty && c.Expect == Acknowledgement && (last.status == http.StatusNoContent || last.status == http.StatusResetContent) {
		return verdict{}, nil
	}
	beginning := tolerant.Beginning(last.body)
	envelope := tolerant.EnvelopeOf(beginning)
	last.failure = failureOf(envelope)
	switch {
	case beginning.Has("error"), beginning.Has("errors"): // Their values may be cut off.
	case c.Expect == Anything:
		return verdict{}, nil
	case tolerant.Succeeded(cmp.Or(envelope.Status, beginning.Text("statusCode"))):
		return verdictUnreadable, errNotJSON
	}
	return verdictUnproven, errNotJSON
}

// hasErrors reports whether a reply has a member for errors.
func hasErrors(reply tolerant.Members) bool {
	return reply.Find("error") != nil || reply.Find("errors") != nil
}

// failureOf returns what an envelope says of a failure.
func failureOf(e tolerant.Envelope) tolerant.Failure {
	return tolerant.Failure{Code: e.Code, Description: e.Description, IDs: e.IDs}
}
