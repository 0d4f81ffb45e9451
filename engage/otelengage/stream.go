package otelengage

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/stream"
)

// The keys of attributes of streams without a name in the semantic conventions.
const (
	kindKey    = attribute.Key("engage.event.kind")
	channelKey = attribute.Key("engage.channel")
	attemptKey = attribute.Key("engage.delivery.attempt")
	resultKey  = attribute.Key("engage.result")
)

// traceparent is the header of W3C Trace Context.
const traceparent = "traceparent"

// TraceParent implements [stream.Observer]. It returns the trace context of the span in the
// context of request, or else that of the traceparent header.
func (o *Observer) TraceParent(request *http.Request) string {
	ctx := request.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(request.Header))
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparent]
}

// Received implements [stream.Observer]. It counts the result.
func (o *Observer) Received(ctx context.Context, result stream.Result) {
	if o.received.Enabled(ctx) {
		o.received.Add(ctx, 1, o.with(resultKey.String(string(result))))
	}
}

// HandlerStarted implements [stream.Observer]. It starts the span of the handler.
func (o *Observer) HandlerStarted(ctx context.Context, handler stream.HandlerStart) context.Context {
	entry := handler.Entry
	attributes := append(o.handler(handler),
		semconv.MessagingOperationTypeProcess, semconv.MessagingMessageID(valid(entry.ID)),
		semconv.MessagingMessageConversationID(valid(entry.Conversation)), attemptKey.Int(handler.Attempt))
	if entry.TraceID != "" {
		attributes = append(attributes, traceIDsKey.StringSlice([]string{"x-wx-gtrid=" + brief(entry.TraceID)}))
	}
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithNewRoot(),
		trace.WithAttributes(o.attributes...), trace.WithAttributes(attributes...),
	}
	from := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{traceparent: entry.TraceParent})
	if received := trace.SpanContextFromContext(from); received.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: received}))
	}
	ctx, _ = o.tracer.Start(ctx, "process", options...)
	return ctx
}

// HandlerEnded implements [stream.Observer]. It ends the span of the handler and records
// its duration.
func (o *Observer) HandlerEnded(ctx context.Context, handler stream.HandlerEnd) {
	var result []attribute.KeyValue
	if handler.Err != nil {
		result = append(result, semconv.ErrorTypeKey.String(o.handlerError(handler.Err)))
	}
	if o.handlers.Enabled(ctx) {
		o.handlers.Record(ctx, handler.Duration.Seconds(), o.with(append(o.handler(handler.HandlerStart), result...)...))
	}
	span := trace.SpanFromContext(ctx)
	defer span.End()
	span.SetAttributes(result...)
	if handler.Err != nil {
		span.SetStatus(codes.Error, "")
	}
}

// Handled implements [stream.Observer]. It counts the result and records the lag.
func (o *Observer) Handled(ctx context.Context, result stream.Result, lag time.Duration) {
	if !o.handled.Enabled(ctx) {
		return
	}
	attributes := o.with(resultKey.String(string(result)))
	o.handled.Add(ctx, 1, attributes)
	if lag > 0 {
		o.lag.Record(ctx, lag.Seconds(), attributes)
	}
}

// Waiting implements [stream.Observer]. It records the backlog.
func (o *Observer) Waiting(ctx context.Context, backlog stream.Backlog) {
	attributes := o.with()
	o.entries.Record(ctx, int64(backlog.Entries), attributes)
	o.oldest.Record(ctx, backlog.Age().Seconds(), attributes)
}

// channels are those that package channel does not have.
var channels = []channel.Channel{"", stream.RCS, stream.MMS, stream.Instagram, stream.Voice, stream.Push}

// handler returns the attributes that the span and the metric of a handler have.
func (o *Observer) handler(handler stream.HandlerStart) []attribute.KeyValue {
	name := handler.Channel
	if !name.Known() && !slices.Contains(channels, name) {
		name = other
	}
	return append(make([]attribute.KeyValue, 0, 9),
		semconv.MessagingSystemKey.String("webex_engage"), semconv.MessagingOperationName("process"),
		kindKey.String(string(handler.Kind)), channelKey.String(string(name)))
}

// handlerError returns the error.type of a handler's error.
func (o *Observer) handlerError(err error) string {
	if _, ok := errors.AsType[*stream.PanicError](err); ok {
		return "panic"
	}
	return o.errorType(err)
}
