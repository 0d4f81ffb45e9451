// Package otelengage makes OpenTelemetry spans and metrics of calls to Webex Engage, of
// its event streams, and of token renewals.
//
//	observer, err := otelengage.NewObserver()
//	...
//	cache := auth.NewCache(source, auth.WithRenewalObserver(observer.Renewed))
//	client, err := engage.New(engage.US, cache, engage.WithObserver(observer))
//	receiver, err := stream.NewReceiver(inbox, stream.WithReceiverObserver(observer), ...)
//	worker, err := stream.NewWorker(inbox, stream.WithWorkerObserver(observer))
//
// Spans and metrics follow version 1.43.0 of the semantic conventions where these have a
// name. All other names begin with "engage.".
//
// # Spans
//
// A call has a span of kind internal with the name of the operation. Each attempt has a
// span of kind client in it, with the name of the HTTP method. The attempts of a lookup are
// in the span of the write, and have the operation of the lookup. The attributes are:
//
//	call     engage.operation, engage.version, engage.edge, engage.effect,
//	         engage.attempts, engage.code, error.type
//	attempt  engage.operation, engage.version, engage.effect, engage.trace_ids,
//	         http.request.method, http.request.resend_count,
//	         http.response.status_code, server.address, server.port, url.scheme,
//	         error.type
//
// The attribute url.full of the conventions is left out, because a URL contains ids. The
// client sends no traceparent header. An instrumentation of the transport, such as
// otelhttp in engage.WithMiddleware, sends one, and makes a span within that of the attempt.
//
// Each call of a handler of events has a span of kind consumer with the name "process". It
// begins a trace of its own, because the event may have waited in the inbox for long and
// may be handled several times. It has a link to the span in which the event was received:
// that of the server's instrumentation, such as otelhttp around the receiver, or else the
// one in the traceparent header of the request. An event of package kafka has no link. The
// calls that the handler makes with its context are in the span. The attributes are:
//
//	process  messaging.system, messaging.operation.name, messaging.operation.type,
//	         messaging.message.id, messaging.message.conversation_id,
//	         engage.event.kind, engage.channel, engage.delivery.attempt,
//	         engage.trace_ids, error.type
//
// # Metrics
//
//	engage.client.call.duration     histogram, in seconds: each call, by operation,
//	                                version, edge, effect and error.type
//	engage.client.attempt.duration  histogram, in seconds: each attempt, by operation,
//	                                version, effect, http.request.method,
//	                                http.response.status_code, server.address,
//	                                server.port and error.type
//	engage.auth.renewal.duration    histogram, in seconds: each renewal of a token, by
//	                                error.type
//	engage.stream.received          counter: each event or refused request, by
//	                                engage.result
//	messaging.process.duration      histogram, in seconds: each call of a handler, by
//	                                engage.event.kind, engage.channel and error.type
//	engage.stream.handled           counter: each result of a delivery, by engage.result
//	engage.stream.lag               histogram, in seconds: the time from the receipt of
//	                                an event to each result of it, by engage.result
//	engage.stream.backlog.entries   gauge: the entries that wait or are being handled
//	engage.stream.backlog.age       gauge, in seconds: the age of the oldest of them
//
// The count of a histogram is the number of calls, attempts or renewals.
//
// The values of the attributes of metrics are few and known in advance. There are no ids,
// addresses or names of customers among them. An operation with its version, an edge or a
// channel that the SDK does not know is "_OTHER". The error.type of a handler's error, or of
// a renewal's, is an edge or a word of this package if it knows the error. Otherwise it is
// what the method ErrorType of the error returns, up to 128 bytes, or else the Go type.
//
// Spans and metrics contain no texts of messages, tokens or full URLs. The description of
// the status of a failed call is the text of its error, which contains none of them. That
// of a handler's error is left out.
package otelengage
