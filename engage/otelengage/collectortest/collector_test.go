package collectortest_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/otelengage"
	"github.com/engagesdk/engage-go/stream"
)

// collector is the OTLP receiver of the collector with what it received.
type collector struct {
	traces  consumertest.TracesSink
	metrics consumertest.MetricsSink
	// client sends every request to the collector.
	client *http.Client
}

// newCollector starts a collector on a Unix socket, which needs no port.
func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	socket := filepath.Join(t.TempDir(), "otlp")
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"http": map[string]any{"transport": "unix", "endpoint": socket}},
	}).Unmarshal(config))
	settings := receivertest.NewNopSettings(factory.Type())
	traces, err := factory.CreateTraces(t.Context(), settings, config, &c.traces)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(t.Context(), settings, config, &c.metrics)
	require.NoError(t, err)
	for _, receiver := range []component.Component{traces, metrics} {
		require.NoError(t, receiver.Start(t.Context(), componenttest.NewNopHost()))
		t.Cleanup(func() { require.NoError(t, receiver.Shutdown(context.Background())) })
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c.client = &http.Client{Transport: transport}
	return c
}

// observer returns an observer. Flush sends its spans and metrics to the collector.
func (c *collector) observer(t *testing.T) (observer *otelengage.Observer, flush func()) {
	t.Helper()
	spans, err := otlptracehttp.New(t.Context(), otlptracehttp.WithInsecure(), otlptracehttp.WithHTTPClient(c.client))
	require.NoError(t, err)
	points, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithInsecure(), otlpmetrichttp.WithHTTPClient(c.client))
	require.NoError(t, err)
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(points)))
	observer, err = otelengage.NewObserver(otelengage.WithTracerProvider(tracers), otelengage.WithMeterProvider(meters))
	require.NoError(t, err)
	return observer, func() {
		require.NoError(t, tracers.Shutdown(t.Context()))
		require.NoError(t, meters.Shutdown(t.Context()))
	}
}

// spans lists the spans that the collector received: kind, name and status.
func (c *collector) spans() []string {
	var list []string
	for _, traces := range c.traces.AllTraces() {
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					list = append(list, fmt.Sprint(span.Kind(), " ", span.Name(), " ", span.Status().Code(), " ", span.Links().Len()))
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

// names lists the names of the metrics that the collector received.
func (c *collector) names() []string {
	var list []string
	for _, metrics := range c.metrics.AllMetrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					list = append(list, metric.Name())
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestTheCollectorAcceptsSpansAndMetrics(t *testing.T) {
	c := newCollector(t)
	observer, flush := c.observer(t)

	// The service sends texts that are not UTF-8, which OTLP cannot contain.
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("trxid", "X-\xff")
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprint(w, "{\"code\":\"7\xff\",\"description\":\"no\xff\"}")
	}))
	defer service.Close()
	client, err := engage.New(engage.Endpoint(service.URL), auth.Static("token"), engage.WithObserver(observer))
	require.NoError(t, err)
	defer client.CloseIdleConnections()

	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithReceiverObserver(observer), stream.WithoutVerification())
	require.NoError(t, err)
	worker, err := stream.NewWorker(inbox, stream.WithWorkerObserver(observer), stream.WithMaxAttempts(1))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	worker.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
		defer cancel()
		_, err := client.SearchConversation(ctx, engage.SearchConversationV13{Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}})
		return err
	})
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"channel":"Rtm","event":"MO","userId":"ann","appId":"a","tid":"1","message":"hello"}`))
	request.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	receiver.ServeHTTP(httptest.NewRecorder(), request)
	require.NoError(t, worker.Run(ctx))
	observer.Renewed(auth.Renewal{Duration: time.Second})
	observer.Waiting(t.Context(), stream.Backlog{Entries: 1, Oldest: time.Now()})
	flush()

	require.Equal(t, []string{"Client POST Error 0", "Consumer process Error 1", "Internal SearchConversation Error 0"}, c.spans())
	require.Equal(t, []string{
		"engage.auth.renewal.duration", "engage.client.attempt.duration", "engage.client.call.duration",
		"engage.stream.backlog.age", "engage.stream.backlog.entries", "engage.stream.handled", "engage.stream.lag", "engage.stream.received",
		"messaging.process.duration",
	}, c.names())
}
