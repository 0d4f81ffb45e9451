package otelengage

import (
	"errors"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
)

// scope is the name of the instrumentation.
const scope = "github.com/engagesdk/engage-go/engage/otelengage"

// Observer makes spans and metrics. It implements [engage.Observer] and [stream.Observer],
// and its method Renewed observes renewals of tokens. Clients, receivers and workers can
// share one. Make one with [NewObserver]. It is safe for concurrent use.
type Observer struct {
	tracer     trace.Tracer
	attributes []attribute.KeyValue
	// known are the calls, and edges are the edges, that metrics name.
	known map[engage.CallStart]bool
	edges map[outcome.Edge]bool

	calls, attempts, renewals, handlers, lag metric.Float64Histogram
	received, handled                        metric.Int64Counter
	entries                                  metric.Int64Gauge
	oldest                                   metric.Float64Gauge
}

// Option sets up an [Observer].
type Option func(*config) error

// config is what options set.
type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	attributes []attribute.KeyValue
}

// WithTracerProvider sets the provider of the spans. The default is the global one of
// package otel. That of package trace/noop turns spans off.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelengage: WithTracerProvider: the provider is nil")
		}
		c.tracers = provider
		return nil
	}
}

// WithMeterProvider sets the provider of the metrics. The default is the global one of
// package otel. That of package metric/noop turns metrics off.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelengage: WithMeterProvider: the provider is nil")
		}
		c.meters = provider
		return nil
	}
}

// WithAttributes adds attributes to every span and metric, such as the name of a tenant or
// an inbox. With several inboxes, each worker needs an observer with an attribute of its
// own, since the metrics of their backlogs would replace each other. The values must be few.
func WithAttributes(attributes ...attribute.KeyValue) Option {
	return func(c *config) error {
		c.attributes = append(c.attributes, attributes...)
		return nil
	}
}

// NewObserver returns an observer. It returns an error if an option is invalid, or if the
// provider of metrics refuses an instrument.
func NewObserver(options ...Option) (*Observer, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	var problems []error
	for _, option := range options {
		problems = append(problems, option(&c))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	o := &Observer{
		tracer:     c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		attributes: c.attributes,
		known:      map[engage.CallStart]bool{{Operation: "Ping"}: true},
		edges:      map[outcome.Edge]bool{"": true},
	}
	for _, operation := range engage.Operations() {
		o.known[engage.CallStart{Operation: operation.Name}] = true
		for _, version := range operation.Versions {
			o.known[engage.CallStart{Operation: operation.Name, Version: version}] = true
			for _, edge := range outcome.ForNode(operation.Name, version) {
				o.edges[edge] = true
			}
		}
	}
	return o, o.instruments(c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL)))
}

// The bounds of the buckets of histograms, in seconds. Those of durations are the ones of
// the semantic conventions.
var (
	durations = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60}
	lags      = []float64{0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400}
)

// instruments makes the instruments.
func (o *Observer) instruments(meter metric.Meter) error {
	var problems []error
	histogram := func(name, description string, bounds []float64) metric.Float64Histogram {
		h, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
		problems = append(problems, err)
		return h
	}
	counter := func(name, description string) metric.Int64Counter {
		c, err := meter.Int64Counter(name, metric.WithUnit("{event}"), metric.WithDescription(description))
		problems = append(problems, err)
		return c
	}
	o.calls = histogram("engage.client.call.duration", "Duration of calls to Webex Engage.", durations)
	o.attempts = histogram("engage.client.attempt.duration", "Duration of the attempts of calls to Webex Engage.", durations)
	o.renewals = histogram("engage.auth.renewal.duration", "Duration of token renewals.", durations)
	o.handlers = histogram("messaging.process.duration", "Duration of processing operation.", durations)
	o.lag = histogram("engage.stream.lag", "Time from the receipt of an event to its result.", lags)
	o.received = counter("engage.stream.received", "Events and refused requests that were received.")
	o.handled = counter("engage.stream.handled", "Results of deliveries of events.")
	var err error
	o.entries, err = meter.Int64Gauge("engage.stream.backlog.entries", metric.WithUnit("{entry}"), metric.WithDescription("Entries that wait or are being handled."))
	problems = append(problems, err)
	o.oldest, err = meter.Float64Gauge("engage.stream.backlog.age", metric.WithUnit("s"), metric.WithDescription("Age of the oldest entry."))
	return errors.Join(append(problems, err)...)
}

// with returns attributes after those of [WithAttributes].
func (o *Observer) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	all := slices.Concat(o.attributes, attributes) // NewSet sorts it.
	return metric.WithAttributeSet(attribute.NewSet(all...))
}
