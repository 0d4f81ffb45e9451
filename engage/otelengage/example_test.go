package otelengage_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/otelengage"
	"github.com/engagesdk/engage-go/stream"
)

// A program sets the global providers of package otel once. The observer of its clients
// then needs no options.
func ExampleNewObserver() {
	observer, err := otelengage.NewObserver()
	if err != nil {
		fmt.Println(err)
		return
	}
	server := engagetest.NewServer() // in place of Webex Engage
	defer server.Close()
	client, err := server.Client(engage.WithObserver(observer))
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{Address: address})
	fmt.Println(found.Outcome, err)
	// Output: noConversationFound <nil>
}

func ExampleWithTracerProvider() {
	exporter := tracetest.NewInMemoryExporter() // in place of one that sends the spans
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	observer, err := otelengage.NewObserver(otelengage.WithTracerProvider(tracers))
	if err != nil {
		fmt.Println(err)
		return
	}
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client(engage.WithObserver(observer))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.SearchConversation(context.Background(), engage.SearchConversationV13{Address: address})
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	fmt.Println(err)
	// Output:
	// client POST
	// internal SearchConversation
	// <nil>
}

func ExampleWithMeterProvider() {
	reader := sdkmetric.NewManualReader() // in place of one that sends the metrics
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	observer, err := otelengage.NewObserver(otelengage.WithMeterProvider(meters))
	if err != nil {
		fmt.Println(err)
		return
	}
	observer.Received(context.Background(), stream.ResultAccepted)
	var metrics metricdata.ResourceMetrics
	err = reader.Collect(context.Background(), &metrics)
	fmt.Println(metrics.ScopeMetrics[0].Metrics[0].Name, err)
	// Output: engage.stream.received <nil>
}

// A process that serves two inboxes has an observer for each.
func ExampleWithAttributes() {
	for _, inbox := range []string{"orders", "returns"} {
		observer, err := otelengage.NewObserver(otelengage.WithAttributes(attribute.String("inbox", inbox)))
		if err != nil {
			fmt.Println(err)
			return
		}
		worker, err := stream.NewWorker(stream.NewMemoryInbox(stream.MemoryLimits{}), stream.WithWorkerObserver(observer))
		fmt.Println(worker != nil, err)
	}
	// Output:
	// true <nil>
	// true <nil>
}

func ExampleObserver_Renewed() {
	observer, err := otelengage.NewObserver(otelengage.WithMeterProvider(noopmetric.NewMeterProvider()))
	if err != nil {
		fmt.Println(err)
		return
	}
	cache := auth.NewCache(auth.Static("token"), auth.WithRenewalObserver(observer.Renewed))
	_, err = cache.Token(context.Background())

	// A registry reports renewals of all its authorizations.
	registry := &auth.Registry{OnRenewal: func(_ string, renewal auth.Renewal) { observer.Renewed(renewal) }}
	fmt.Println(err, len(registry.List()))
	// Output: <nil> 0
}

// The span of a handler has a link to the span in which the event was received.
func ExampleObserver_streams() {
	exporter := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	observer, err := otelengage.NewObserver(otelengage.WithTracerProvider(tracers))
	if err != nil {
		fmt.Println(err)
		return
	}
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithReceiverObserver(observer), stream.WithoutVerification())
	if err != nil {
		fmt.Println(err)
		return
	}
	worker, err := stream.NewWorker(inbox, stream.WithWorkerObserver(observer))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	worker.OnMessage(func(context.Context, stream.MessageEvent) error { cancel(); return nil })

	request := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(event("1")))
	request.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	receiver.ServeHTTP(httptest.NewRecorder(), request)
	err = worker.Run(ctx)
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.SpanKind, span.Name, span.Links[0].SpanContext.TraceID())
	}
	fmt.Println(err)
	// Output:
	// consumer process 4bf92f3577b34da6a3ce929d0e0e4736
	// <nil>
}
