package otelengage_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/engage/otelengage"
	"github.com/engagesdk/engage-go/outcome"
)

// telemetry is an observer and what its providers got.
type telemetry struct {
	*otelengage.Observer
	t      *testing.T
	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
	tracer trace.Tracer
}

func newTelemetry(t *testing.T, options ...otelengage.Option) *telemetry {
	t.Helper()
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	observer, err := otelengage.NewObserver(append(options, otelengage.WithTracerProvider(tracers),
		otelengage.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))...)
	require.NoError(t, err)
	return &telemetry{observer, t, spans, reader, tracers.Tracer("test")}
}

// shown is a span as one text of its kind, name, attributes and status.
func shown(span sdktrace.ReadOnlySpan) string {
	text := span.SpanKind().String() + " " + span.Name() + " " + attributes(attribute.NewSet(span.Attributes()...))
	if status := span.Status(); status.Code != codes.Unset {
		text += " " + status.Code.String() + " " + status.Description
	}
	return strings.TrimSpace(text)
}

func attributes(set attribute.Set) string {
	return set.Encoded(attribute.DefaultEncoder())
}

// metrics returns the points of each metric: their attributes, with the count of a
// histogram or the value.
func (x *telemetry) metrics() map[string][]string {
	x.t.Helper()
	var collected metricdata.ResourceMetrics
	require.NoError(x.t, x.reader.Collect(x.t.Context(), &collected))
	points := map[string][]string{}
	for _, scope := range collected.ScopeMetrics {
		require.Equal(x.t, instrumentation.Scope{
			Name: "github.com/engagesdk/engage-go/engage/otelengage", SchemaURL: "https://opentelemetry.io/schemas/1.43.0",
		}, scope.Scope)
		for _, m := range scope.Metrics {
			add := func(set attribute.Set, value any) {
				points[m.Name] = append(points[m.Name], fmt.Sprintf("%v %s", value, attributes(set)))
			}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				require.Equal(x.t, "s", m.Unit)
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Count)
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			}
			slices.Sort(points[m.Name])
		}
	}
	return points
}

const (
	token = "tok-5ecret"
	found = `{"status":"success","value":{"conversationId":"C-private","chatExist":true,"status":"active"}}`
)

var (
	address = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	hello   = message.Text{Direction: message.Inbound, Text: "my card is 4111"}
	quick   = engage.WithRetry(engage.Retry{FirstWait: time.Nanosecond, LongestWait: time.Microsecond})
)

// server answers each request with the next of replies, and all others with the last. A
// reply is a status and a body.
func server(t *testing.T, replies ...string) *httptest.Server {
	t.Helper()
	var count atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status, body, _ := strings.Cut(replies[min(int(count.Add(1)), len(replies))-1], " ")
		code, _ := strconv.Atoi(status)
		w.Header().Set("trxid", "X-1\xff")
		w.WriteHeader(code)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, url string, options ...engage.Option) *engage.Client {
	t.Helper()
	c, err := engage.New(engage.Endpoint(url+"/private"), auth.Static(token), append(options, engage.WithCallOptions(quick))...)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestACallHasASpanAndEachAttemptOneInIt(t *testing.T) {
	s := server(t, `503 {"code":"7"}`, "200 "+found)
	port := s.URL[strings.LastIndex(s.URL, ":")+1:]
	x := newTelemetry(t)
	ctx, parent := x.tracer.Start(t.Context(), "caller")
	_, err := client(t, s.URL, engage.WithObserver(x)).SearchConversation(ctx, engage.SearchConversationV13{Address: address})
	require.NoError(t, err)

	spans := x.spans.Ended()
	require.Len(t, spans, 3)
	const named = "engage.operation=SearchConversation"
	request := func(effect, status, resent, failed string) string {
		return "client POST " + effect + named + `,engage.trace_ids=["trxid=X-1�"],engage.version=1.3` + failed +
			",http.request.method=POST" + resent + ",http.response.status_code=" + status +
			",server.address=127.0.0.1,server.port=" + port + ",url.scheme=http"
	}
	require.Equal(t, []string{
		request("engage.effect=refused,", "503", "", ",error.type=503") + " Error",
		request("", "200", ",http.request.resend_count=1", ""),
		"internal SearchConversation engage.attempts=2,engage.edge=conversationActive," + named + ",engage.version=1.3",
	}, []string{shown(spans[0]), shown(spans[1]), shown(spans[2])})
	require.Equal(t, parent.SpanContext(), spans[2].Parent())
	for _, attempt := range spans[:2] {
		require.Equal(t, spans[2].SpanContext(), attempt.Parent())
	}
	require.Equal(t, map[string][]string{
		"engage.client.call.duration": {"1 engage.edge=conversationActive," + named + ",engage.version=1.3"},
		"engage.client.attempt.duration": {
			"1 engage.effect=refused," + named + ",engage.version=1.3,error.type=503,http.request.method=POST,http.response.status_code=503,server.address=127.0.0.1,server.port=" + port,
			"1 " + named + ",engage.version=1.3,http.request.method=POST,http.response.status_code=200,server.address=127.0.0.1,server.port=" + port,
		},
	}, x.metrics())
}

func TestAFailedCallHasItsErrorInItsSpanAndItsEdgeInTheMetric(t *testing.T) {
	s := server(t, `409 {"code":"4551","description":"no"}`)
	x := newTelemetry(t, otelengage.WithAttributes(attribute.String("tenant", "t1")))
	_, err := client(t, s.URL, engage.WithObserver(x)).AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C-private", Channel: channel.SMS, Message: hello})
	require.Error(t, err)
	spans := x.spans.Ended()
	require.Equal(t, "internal AppendMessage engage.attempts=1,engage.code=4551,engage.edge=onAppendMessageFailure,engage.effect=refused,"+
		"engage.operation=AppendMessage,engage.version=1.3,error.type=onAppendMessageFailure,tenant=t1 Error "+strings.ToValidUTF8(err.Error(), "�"), shown(spans[1]))
	require.Contains(t, shown(spans[0]), "tenant=t1")
	require.Equal(t, []string{"1 engage.edge=onAppendMessageFailure,engage.effect=refused,engage.operation=AppendMessage,engage.version=1.3," +
		"error.type=onAppendMessageFailure,tenant=t1"}, x.metrics()["engage.client.call.duration"])
}

func TestAnAttemptWithoutAReplyHasItsCause(t *testing.T) {
	x := newTelemetry(t)
	refuse := func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("no\xffway") })
	}
	_, err := client(t, "https://engage.example.com", engage.WithObserver(x), engage.WithMiddleware(refuse)).
		SearchConversation(t.Context(), engage.SearchConversationV13{Address: address}, engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	require.Error(t, err)
	require.Equal(t, "client POST engage.effect=maybe applied,engage.operation=SearchConversation,engage.version=1.3,error.type=onError,http.request.method=POST,"+
		"server.address=engage.example.com,server.port=443,url.scheme=https Error no�way", shown(x.spans.Ended()[0]))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The server repeats what it was sent.
func TestNoSpanAndNoMetricHasWhatIsPrivate(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprintf(w, `{"code":"7","description":%q}`, r.Header.Get("Authorization")+" "+r.URL.String()+" "+hello.Text)
	}))
	x := newTelemetry(t)
	c := client(t, s.URL, engage.WithObserver(x))
	request := engage.AppendMessageV13{ConversationID: "C-private", Channel: channel.SMS, Message: hello}
	_, err := c.AppendMessage(t.Context(), request)
	require.Error(t, err)
	s.Close()
	_, err = c.AppendMessage(t.Context(), request)
	require.Error(t, err)
	text := fmt.Sprint(x.metrics())
	for _, span := range x.spans.Ended() {
		text += shown(span)
	}
	for _, private := range []string{token, hello.Text, "C-private", s.URL} {
		require.NotContains(t, text, private)
	}
}

func TestTheAttributesOfMetricsAreKnownInAdvance(t *testing.T) {
	s := server(t, "200 {}")
	x := newTelemetry(t)
	c := client(t, s.URL, engage.WithObserver(x))
	for i := range 3 {
		for _, operation := range []outcome.Operation{outcome.Operation(fmt.Sprint("Sing", i)), outcome.SearchConversation} {
			_, _ = c.Do(t.Context(), engage.Call{
				Operation: operation, Version: outcome.Version(fmt.Sprint(i)), Route: engage.Route{Method: http.MethodGet, Path: "/sing"}, Class: engage.Read,
			})
		}
	}
	require.NoError(t, c.Ping(t.Context()))
	require.ElementsMatch(t, []string{
		"3 engage.operation=_OTHER", "3 engage.edge=onError,engage.operation=_OTHER,error.type=onError", "1 engage.operation=Ping",
	}, x.metrics()["engage.client.call.duration"])
	x.CallEnded(t.Context(), engage.CallEnd{CallStart: engage.CallStart{Operation: outcome.CloseConversation}, Edge: "newEdge", Err: errors.New("x")})
	require.Contains(t, x.metrics()["engage.client.call.duration"], "1 engage.edge=_OTHER,engage.operation=CloseConversation,error.type=_OTHER")
}

func TestRenewalsOfTokensAreMeasured(t *testing.T) {
	x := newTelemetry(t)
	for _, err := range []error{
		nil, &auth.ReauthorizationRequiredError{}, fmt.Errorf("late: %w", context.DeadlineExceeded),
		&outcome.Error{Edge: outcome.OnInvalidData}, errors.New("private"),
	} {
		x.Renewed(auth.Renewal{Duration: time.Second, Err: err})
	}
	require.ElementsMatch(t, []string{
		"1 ", "1 error.type=reauthorization_required", "1 error.type=onTimeout", "1 error.type=onInvalidData", "1 error.type=*errors.errorString",
	}, x.metrics()["engage.auth.renewal.duration"])
}

// typed is an error that names its type.
type typed string

func (typed) Error() string       { return "private" }
func (e typed) ErrorType() string { return string(e) }

func TestTheTypeThatAnErrorNamesIsCutAndValid(t *testing.T) {
	x := newTelemetry(t)
	x.Renewed(auth.Renewal{Err: typed("busy\xff")})
	x.Renewed(auth.Renewal{Err: typed(strings.Repeat("x", 1000))})
	require.ElementsMatch(t, []string{
		"1 error.type=busy\ufffd", "1 error.type=" + strings.Repeat("x", 128),
	}, x.metrics()["engage.auth.renewal.duration"])
}

func TestTheAddressOfAServerIsWithoutBrackets(t *testing.T) {
	x := newTelemetry(t)
	for _, host := range []string{"[::1]", "[::1]:443"} {
		start := engage.AttemptStart{Method: http.MethodGet, Scheme: "https", Host: host}
		x.AttemptEnded(x.AttemptStarted(t.Context(), start), engage.AttemptEnd{AttemptStart: start})
	}
	require.Equal(t, []string{
		"2 engage.operation=_OTHER,http.request.method=GET,server.address=::1,server.port=443",
	}, x.metrics()["engage.client.attempt.duration"])
}

func TestAnInvalidOptionIsAnError(t *testing.T) {
	_, err := otelengage.NewObserver(otelengage.WithTracerProvider(nil), otelengage.WithMeterProvider(nil))
	require.EqualError(t, err, "otelengage: WithTracerProvider: the provider is nil\notelengage: WithMeterProvider: the provider is nil")
}
