package otelengage

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
)

// The keys of attributes without a name in the semantic conventions.
const (
	operationKey = attribute.Key("engage.operation")
	versionKey   = attribute.Key("engage.version")
	edgeKey      = attribute.Key("engage.edge")
	effectKey    = attribute.Key("engage.effect")
	attemptsKey  = attribute.Key("engage.attempts")
	codeKey      = attribute.Key("engage.code")
	traceIDsKey  = attribute.Key("engage.trace_ids")
)

// other is the value of an attribute that is not known in advance.
const other = "_OTHER"

// longest is how many bytes of a text that is not this SDK's an attribute has at most.
const longest = 128

// CallStarted implements [engage.Observer]. It starts the span of the call.
func (o *Observer) CallStarted(ctx context.Context, call engage.CallStart) context.Context {
	ctx, _ = o.tracer.Start(ctx, valid(string(call.Operation)), trace.WithSpanKind(trace.SpanKindInternal),
		trace.WithAttributes(o.attributes...),
		trace.WithAttributes(name(call)...))
	return ctx
}

// CallEnded implements [engage.Observer]. It ends the span of the call and records its
// duration.
func (o *Observer) CallEnded(ctx context.Context, call engage.CallEnd) {
	if o.calls.Enabled(ctx) {
		o.calls.Record(ctx, call.Duration.Seconds(), o.with(append(o.call(call.CallStart), o.result(call)...)...))
	}
	span := trace.SpanFromContext(ctx)
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(append(o.result(call), attemptsKey.Int(call.Attempts))...)
	if call.Err == nil {
		return
	}
	span.SetStatus(codes.Error, valid(call.Err.Error()))
	if failure, ok := errors.AsType[*outcome.Error](call.Err); ok && failure.Code != "" {
		span.SetAttributes(codeKey.String(brief(failure.Code)))
	}
}

// AttemptStarted implements [engage.Observer]. It starts the span of the attempt.
func (o *Observer) AttemptStarted(ctx context.Context, attempt engage.AttemptStart) context.Context {
	attributes := append(append(name(attempt.CallStart), request(attempt)...), semconv.URLScheme(attempt.Scheme))
	if attempt.Number > 1 {
		attributes = append(attributes, semconv.HTTPRequestResendCount(attempt.Number-1))
	}
	ctx, _ = o.tracer.Start(ctx, attempt.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(o.attributes...), trace.WithAttributes(attributes...))
	return ctx
}

// AttemptEnded implements [engage.Observer]. It ends the span of the attempt and records
// its duration.
func (o *Observer) AttemptEnded(ctx context.Context, attempt engage.AttemptEnd) {
	var result []attribute.KeyValue
	if attempt.Status != 0 {
		result = append(result, semconv.HTTPResponseStatusCode(attempt.Status))
	}
	if attempt.Edge != "" {
		result = append(result, semconv.ErrorTypeKey.String(o.errorOf(attempt)))
	}
	if attempt.Effect != 0 {
		result = append(result, effectKey.String(attempt.Effect.String()))
	}
	if o.attempts.Enabled(ctx) {
		attributes := append(append(o.call(attempt.CallStart), request(attempt.AttemptStart)...), result...)
		o.attempts.Record(ctx, attempt.Duration.Seconds(), o.with(attributes...))
	}
	span := trace.SpanFromContext(ctx)
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(result...)
	if len(attempt.TraceIDs) > 0 {
		ids := make([]string, len(attempt.TraceIDs))
		for i, id := range attempt.TraceIDs {
			ids[i] = id.Name + "=" + brief(id.Value)
		}
		span.SetAttributes(traceIDsKey.StringSlice(ids))
	}
	switch {
	case attempt.Err != nil:
		span.SetStatus(codes.Error, valid(attempt.Err.Error()))
	case attempt.Edge != "":
		span.SetStatus(codes.Error, "")
	}
}

// Renewed records the duration of a renewal of a token. It is for
// [auth.WithRenewalObserver], and for the OnRenewal of an [auth.Registry].
func (o *Observer) Renewed(renewal auth.Renewal) {
	ctx := context.Background()
	if !o.renewals.Enabled(ctx) {
		return
	}
	var attributes []attribute.KeyValue
	if renewal.Err != nil {
		attributes = append(attributes, semconv.ErrorTypeKey.String(o.errorType(renewal.Err)))
	}
	o.renewals.Record(ctx, renewal.Duration.Seconds(), o.with(attributes...))
}

// name returns the attributes of spans that name a call.
func name(call engage.CallStart) []attribute.KeyValue {
	const most = 9 // of a span or a metric of a call
	attributes := append(make([]attribute.KeyValue, 0, most), operationKey.String(valid(string(call.Operation))))
	if call.Version == "" {
		return attributes
	}
	return append(attributes, versionKey.String(valid(string(call.Version))))
}

// call returns the attributes of metrics that name a call.
func (o *Observer) call(call engage.CallStart) []attribute.KeyValue {
	if !o.known[call] {
		call = engage.CallStart{Operation: other}
	}
	return name(call)
}

// result returns the attributes of the result of a call.
func (o *Observer) result(call engage.CallEnd) []attribute.KeyValue {
	const most = 4
	attributes := make([]attribute.KeyValue, 0, most)
	edge := o.edge(call.Edge)
	if edge != "" {
		attributes = append(attributes, edgeKey.String(edge))
	}
	if call.Err != nil {
		attributes = append(attributes, semconv.ErrorTypeKey.String(edge))
	}
	if call.Effect != 0 {
		attributes = append(attributes, effectKey.String(call.Effect.String()))
	}
	return attributes
}

// request returns the attributes of the request of an attempt.
func request(attempt engage.AttemptStart) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(attempt.Host)
	if err != nil { // It has no port. An IPv6 address is in brackets.
		host, port = strings.Trim(attempt.Host, "[]"), map[string]string{"http": "80", "https": "443"}[attempt.Scheme]
	}
	number, _ := strconv.Atoi(port)
	return []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(attempt.Method), semconv.ServerAddress(host), semconv.ServerPort(number),
	}
}

// errorOf returns the error.type of an attempt that failed: a status of 400 or above, or
// else the edge.
func (o *Observer) errorOf(attempt engage.AttemptEnd) string {
	if attempt.Status >= 400 {
		return strconv.Itoa(attempt.Status)
	}
	return o.edge(attempt.Edge)
}

// edge returns an edge, or _OTHER if the SDK does not know it.
func (o *Observer) edge(edge outcome.Edge) string {
	if !o.edges[edge] {
		return other
	}
	return string(edge)
}

// errorType returns the error.type of an error: the edge of a call, a word for errors that
// it knows, or else that of the semantic conventions: what the method ErrorType of the error
// returns, or its type.
func (o *Observer) errorType(err error) string {
	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		return o.edge(failure.Edge)
	}
	switch {
	case errors.Is(err, auth.ErrReauthorizationRequired):
		return "reauthorization_required"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return string(outcome.OnTimeout)
	}
	return brief(semconv.ErrorType(err).Value.AsString())
}

// brief returns the beginning of a text that is not this SDK's.
func brief(text string) string { return valid(text[:min(len(text), longest)]) }

// valid returns text as valid UTF-8. An exporter would drop a whole batch of spans because
// of one text that is not.
func valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }
