package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
)

// Expect says what a reply with a 2xx status must contain to be a success. A reply that
// reports an error never is.
type Expect uint8

const (
	// Value is a status or a value, as the reply to a read has.
	Value Expect = iota
	// Acknowledgement is a transaction id or a known word of success, as the reply
	// to a write has. 204 and 205 acknowledge a write without a body (assumed).
	Acknowledgement
	// Anything is enough: no more is known of the operation.
	Anything
)

// verdict is what an attempt means for its call. The zero value is a success.
type verdict struct {
	edge   outcome.Edge
	effect outcome.Effect
	// transient reports whether another attempt may succeed.
	transient bool
}

func (v verdict) succeeded() bool { return v.edge == "" }

// verdictHeld returns the verdict on an attempt under ctx that the limiter stopped.
func verdictHeld(ctx context.Context) verdict {
	edge := outcome.OnError
	if ctx.Err() != nil {
		edge = outcome.OnTimeout
	}
	return verdict{edge, outcome.NotSent, false}
}

// verdictUnauthorized returns the verdict on an attempt under ctx that got no token, or
// one that the host must not receive. Only a lack of time is transient.
func verdictUnauthorized(ctx context.Context) verdict {
	if ctx.Err() != nil {
		return verdict{outcome.OnTimeout, outcome.NotSent, true}
	}
	return verdict{outcome.OnAuthorizationFailure, outcome.NotSent, false}
}

// verdictUnanswered returns the verdict on an attempt that ended with err in place of a
// reply.
func verdictUnanswered(err error, notSent bool) verdict {
	effect := outcome.MaybeApplied
	if notSent {
		effect = outcome.NotSent
	}
	refusal, isRefusal := errors.AsType[*transport.ProxyError](err)
	return verdict{EdgeOf(err), effect, !isRefusal || !refusal.Permanent()}
}

// isContextError reports whether err is that of a context that ended.
func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// EdgeOf returns onTimeout for the error of a context that ended, and onError for any
// other. Unlike [outcome.EdgeOf] it ignores an [outcome.Error] in err: in an error of the
// user's code, that belongs to another call.
func EdgeOf(err error) outcome.Edge {
	if isContextError(err) {
		return outcome.OnTimeout
	}
	return outcome.OnError
}

// The causes of a failure with a 2xx reply. They do not quote the reply.
var (
	errNotJSON        = errors.New("the reply is not JSON")
	errWrongShape     = errors.New("the reply has an unexpected shape")
	errReportsFailure = errors.New("the reply reports a failure")
	errUnacknowledged = errors.New("the reply does not acknowledge the write")
)

// judge sets the verdict on the reply of the last attempt, and its cause. cut is the
// error that ended its body, if one did. ctx is that of the call: the edge is onTimeout
// if it ended. No other code judges replies, but an operation can refuse a success
// whose value it cannot use.
func (c *call) judge(ctx context.Context, cut error) {
	last := &c.last
	if last.status/100 != 2 {
		last.failure = tolerant.ReadFailure(last.body)
		if cut != nil {
			last.failure.IDs = tolerant.EnvelopeOf(tolerant.Beginning(last.body)).IDs
		}
		last.envelope = tolerant.Envelope{Code: last.failure.Code, Description: last.failure.Description, IDs: last.failure.IDs}
		last.verdict, last.err = c.judgeStatus(last.status, last.failure.Recognized), cut
		if ctx.Err() != nil && isContextError(cut) {
			last.edge = outcome.OnTimeout
		}
	} else {
		last.verdict, last.err = c.judgeSuccess()
		if cut != nil {
			last.verdict, last.err = judgeCut(last.verdict, cut), cut
		}
	}
	if !last.succeeded() && (last.repeated || last.unproven) {
		last.effect = last.effect.Then(outcome.MaybeApplied)
	}
}

// judgeCut returns the verdict on a 2xx reply that cut ended. v is the verdict on its
// beginning, which can prove that the call was applied, and no more.
func judgeCut(v verdict, cut error) verdict {
	effect := outcome.MaybeApplied
	if v.succeeded() || v.effect == outcome.Applied {
		effect = outcome.Applied
	}
	return verdict{EdgeOf(cut), effect, !errors.Is(cut, errTooLarge)}
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

// judgeStatus returns the verdict on a status that is not 2xx, of a reply in an envelope
// of the service or in none.
func (c *call) judgeStatus(status int, isEnvelope bool) verdict {
	if v, ok := statuses[status]; ok {
		return v
	}
	switch {
	case status == http.StatusServiceUnavailable && (isEnvelope || c.last.header.Get("Retry-After") != ""):
		return verdict{outcome.OnError, outcome.Refused, true}
	case status >= 500:
		// A 503 with neither may come from a proxy, after the service applied the call.
		return verdict{outcome.OnError, outcome.MaybeApplied, true}
	case status/100 == 4 && isEnvelope && c.Failure != "":
		return verdict{c.Failure, outcome.Refused, false}
	case status/100 == 4:
		return verdict{outcome.OnError, outcome.Refused, false}
	}
	// Other redirects, and 1xx: nothing says what became of the call.
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
	status, valueStatus := cmp.Or(envelope.Status, reply.Text("statusCode")), ""
	if c.Expect == Acknowledgement {
		value := tolerant.MembersOf(envelope.Value)
		envelope.Transaction = cmp.Or(envelope.Transaction, tolerant.IDsOf(value).Transaction)
		envelope.ConversationID = cmp.Or(value.Text("conversationId"), envelope.ConversationID)
		valueStatus = value.Text("status")
	}
	last.envelope = envelope
	last.failure = failureOf(envelope)
	httpStatus, failed := c.failedStatus(status, valueStatus)
	if hasErrors(reply) && (failed || !tolerant.Succeeded(status)) {
		if detailed := tolerant.ReadFailure(last.body); detailed.HasErrors || failed {
			last.failure, failed = detailed, true
		}
	}
	switch {
	case failed:
		// It amounts to a status, but another attempt would end in the same way.
		v := c.judgeStatus(cmp.Or(httpStatus, http.StatusConflict), true)
		v.transient = false
		return v, errReportsFailure
	case c.Expect == Value && status == "" && !reply.Has("value"):
		return verdictUnproven, errWrongShape
	case c.Expect == Acknowledgement && envelope.Transaction == "" && !tolerant.Succeeded(status) && !tolerant.Succeeded(valueStatus):
		return verdictUnproven, errUnacknowledged
	}
	return verdict{}, nil
}

// failedStatus reports whether the status of a reply, or that in its value, says that
// the call failed, and returns the HTTP status it amounts to. If Anything is expected, a
// status is data, and says nothing of the call.
func (c *call) failedStatus(status, valueStatus string) (httpStatus int, failed bool) {
	if c.Expect == Anything {
		return 0, false
	}
	httpStatus, failed = tolerant.Failed(status)
	if failed || valueStatus == "" {
		return httpStatus, failed
	}
	return tolerant.Failed(valueStatus)
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
	if beginning.Has("error") || beginning.Has("errors") { // Their values may be cut off.
		return verdictUnproven, errNotJSON
	}
	if c.Expect == Anything {
		return verdict{}, nil
	}
	if tolerant.Succeeded(cmp.Or(envelope.Status, beginning.Text("statusCode"))) {
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

// traceHeaders are the headers that contain a trace id, with their keys in
// [http.Header].
var traceHeaders = [...]struct{ name, canonical string }{
	{"trxid", "Trxid"},
	{"TrackingId", "Trackingid"},
}

// traceIDs lists the trace ids of a reply: those of its header, then those of
// its body.
func traceIDs(header http.Header, body tolerant.IDs) []outcome.TraceID {
	var ids []outcome.TraceID
	add := func(name, value string) {
		if value != "" {
			ids = append(ids, outcome.TraceID{Name: name, Value: value})
		}
	}
	for _, h := range traceHeaders {
		if values := header[h.canonical]; len(values) > 0 {
			add(h.name, values[0])
		}
	}
	add("tid", body.Transaction)
	add("trackingId", body.Tracking)
	return ids
}

// secretHeaders are the headers of a reply that may contain a secret.
var secretHeaders = []string{"Set-Cookie", "Set-Cookie2", "Authorization", "Access_token", "Access-Token"}

// PublicHeader returns a copy of the header of a reply without secrets. It returns nil for
// nil.
func PublicHeader(header http.Header) http.Header {
	public := header.Clone()
	maps.DeleteFunc(public, func(name string, _ []string) bool {
		return slices.ContainsFunc(secretHeaders, func(secret string) bool { return strings.EqualFold(name, secret) })
	})
	return public
}
