package otelengage_test

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/otelengage"
)

// inMemory is a transport that answers at once, without a network.
type inMemory struct{}

func (inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(found)),
		Body: io.NopCloser(strings.NewReader(found)), Request: r,
	}, nil
}

// search returns a function that makes a call with an observer of these options, or
// without an observer if there are none.
func search(tb testing.TB, options ...otelengage.Option) func() {
	tb.Helper()
	given := []engage.Option{engage.WithTransport(inMemory{})}
	if options != nil {
		observer, err := otelengage.NewObserver(options...)
		require.NoError(tb, err)
		given = append(given, engage.WithObserver(observer))
	}
	client, err := engage.New(engage.US, auth.Static(token), given...)
	require.NoError(tb, err)
	request := engage.SearchConversationV13{Address: address}
	return func() {
		if _, err := client.SearchConversation(tb.Context(), request); err != nil {
			tb.Fatal(err)
		}
	}
}

// off turns spans and metrics off. recorded makes metrics, and the spans that sampler
// chooses, which are discarded when they have ended.
var (
	off      = []otelengage.Option{otelengage.WithTracerProvider(nooptrace.NewTracerProvider()), otelengage.WithMeterProvider(noopmetric.NewMeterProvider())}
	recorded = func(sampler sdktrace.Sampler) []otelengage.Option {
		return []otelengage.Option{
			otelengage.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler))),
			otelengage.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))),
		}
	}
)

// The budgets are for a call with one attempt, beside one of a client without an observer.
// Such a client calls nothing of this package.
func TestTheAllocationsOfAnObserverAreWithinTheirBudget(t *testing.T) {
	// The fewest of many runs, because a pool may be empty in any of them.
	allocations := func(options ...otelengage.Option) float64 {
		call, fewest := search(t, options...), math.Inf(1)
		for range 100 {
			fewest = min(fewest, testing.AllocsPerRun(1, call))
		}
		return fewest
	}
	bare := allocations()
	for name, test := range map[string]struct {
		options []otelengage.Option
		budget  float64
	}{
		"off":       {off, 16},
		"unsampled": {recorded(sdktrace.NeverSample()), 36},
		"recorded":  {recorded(sdktrace.AlwaysSample()), 45},
	} {
		require.LessOrEqual(t, allocations(test.options...)-bare, test.budget, name)
	}
}

// BenchmarkCall compares calls with an observer to those of a bare client, in turns and in
// one run. The metric extra-ns is the time that the observer adds to a call.
func BenchmarkCall(b *testing.B) {
	bare := search(b)
	for name, options := range map[string][]otelengage.Option{
		"off": off, "unsampled": recorded(sdktrace.NeverSample()), "recorded": recorded(sdktrace.AlwaysSample()),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			observed := search(b, options...)
			const turn = 100
			var without, with time.Duration
			for b.Loop() {
				began := time.Now()
				for range turn {
					bare()
				}
				switched := time.Now()
				for range turn {
					observed()
				}
				without, with = without+switched.Sub(began), with+time.Since(switched)
			}
			calls := float64(b.N * turn)
			b.ReportMetric(float64(without.Nanoseconds())/calls, "bare-ns/call")
			b.ReportMetric(float64((with-without).Nanoseconds())/calls, "extra-ns/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}
