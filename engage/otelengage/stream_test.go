package otelengage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/otelengage"
	"github.com/engagesdk/engage-go/stream"
)

// event returns the payload of a message.
func event(id string) string {
	return fmt.Sprintf(`{"channel":"Rtm","event":"MO","userId":"ann","appId":"a","tid":%q,"message":"my card is 4111","x-wx-gtrid":"G-1"}`, id)
}

// webhook is a receiver and a worker with one observer.
type webhook struct {
	*telemetry
	receiver *stream.Receiver
	worker   *stream.Worker
}

func newWebhook(t *testing.T, options ...otelengage.Option) webhook {
	t.Helper()
	x := newTelemetry(t, options...)
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithoutVerification(), stream.WithReceiverObserver(x))
	require.NoError(t, err)
	worker, err := stream.NewWorker(inbox, stream.WithWorkerObserver(x), stream.WithHandlers(1), stream.WithMaxAttempts(3),
		stream.WithBackoff(func(int) time.Duration { return time.Second }))
	require.NoError(t, err)
	return webhook{x, receiver, worker}
}

// post sends a payload to the receiver under ctx, with a traceparent unless that is empty.
func (w webhook) post(ctx context.Context, body, traceparent string) {
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	if traceparent != "" {
		request.Header.Set("Traceparent", traceparent)
	}
	w.receiver.ServeHTTP(httptest.NewRecorder(), request)
}

// work runs the worker for a time.
func (w webhook) work(d time.Duration) {
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	require.NoError(w.t, w.worker.Run(ctx))
}

func TestTheSpanOfAHandlerHasALinkToTheReceiptOfTheEvent(t *testing.T) {
	const sender = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, test := range map[string]struct {
		traceparent string
		hasSpan     bool
		want        string // the link of the handler; empty for that of the server's span
	}{
		"of the server":        {"", true, ""},
		"of the server first":  {sender, true, ""},
		"of the sender":        {sender, false, "4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7"},
		"without any":          {"", false, "none"},
		"with a malformed one": {"00-4bf9-01", false, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWebhook(t)
				ctx := t.Context()
				want := test.want
				if test.hasSpan {
					var span trace.Span
					ctx, span = w.tracer.Start(ctx, "server")
					want = span.SpanContext().TraceID().String() + " " + span.SpanContext().SpanID().String()
				}
				w.worker.OnMessage(func(context.Context, stream.MessageEvent) error { return nil })
				w.post(ctx, event("1"), test.traceparent)
				w.work(time.Minute)
				span := w.spans.Ended()[0]
				require.False(t, span.Parent().IsValid(), "it is a trace of its own")
				require.Equal(t, want, linkOf(span))
			})
		})
	}
}

func linkOf(span sdktrace.ReadOnlySpan) string {
	if len(span.Links()) == 0 {
		return "none"
	}
	to := span.Links()[0].SpanContext
	return to.TraceID().String() + " " + to.SpanID().String()
}

func TestTheCallsOfAHandlerBelongToItsSpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWebhook(t)
		reply := func(http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(found)), Request: r}, nil
			})
		}
		c := client(t, "https://engage.example.com", engage.WithObserver(w), engage.WithMiddleware(reply))
		w.worker.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
			_, err := c.SearchConversation(ctx, engage.SearchConversationV13{Address: address})
			return err
		})
		w.post(t.Context(), event("1"), "")
		main, end := w.tracer.Start(t.Context(), "main")
		ctx, cancel := context.WithTimeout(main, time.Minute)
		defer cancel()
		require.NoError(t, w.worker.Run(ctx))
		end.End()
		spans := w.spans.Ended()
		require.Len(t, spans, 4)
		attempt, call, handler := spans[0], spans[1], spans[2]
		require.Equal(t, call.SpanContext(), attempt.Parent())
		require.Equal(t, handler.SpanContext(), call.Parent())
		require.False(t, handler.Parent().IsValid(), "also if Run is called in a span")
	})
}

func TestAHandlerHasASpanForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWebhook(t)
		calls := 0
		w.worker.OnMessage(func(context.Context, stream.MessageEvent) error {
			switch calls++; calls {
			case 1:
				return errors.New("private")
			case 2:
				panic("private")
			}
			return nil
		})
		w.post(t.Context(), event("1"), "")
		w.work(time.Minute)
		spans := w.spans.Ended()
		require.Len(t, spans, 3)
		for i, end := range []string{",error.type=*errors.errorString", ",error.type=panic", ""} {
			text := shown(spans[i])
			prefix := fmt.Sprintf("consumer process engage.channel=livechat,engage.delivery.attempt=%d,engage.event.kind=message,engage.trace_ids=[\"x-wx-gtrid=G-1\"]%s,messaging.message.conversation_id=", i+1, end)
			require.True(t, strings.HasPrefix(text, prefix), text)
			require.Contains(t, text, ",messaging.operation.name=process,messaging.operation.type=process,messaging.system=webex_engage")
			require.Equal(t, end != "", strings.HasSuffix(text, " Error"))
			require.NotContains(t, text, "private")
		}
		const handler = "1 engage.channel=livechat,engage.event.kind=message,%smessaging.operation.name=process,messaging.system=webex_engage"
		metrics := w.metrics()
		require.Equal(t, []string{
			fmt.Sprintf(handler, "error.type=*errors.errorString,"), fmt.Sprintf(handler, "error.type=panic,"), fmt.Sprintf(handler, ""),
		}, metrics["messaging.process.duration"])
		require.Equal(t, []string{"1 engage.result=accepted"}, metrics["engage.stream.received"])
		require.Equal(t, []string{"1 engage.result=handled", "2 engage.result=failed"}, metrics["engage.stream.handled"])
		require.Equal(t, []string{"1 engage.result=failed", "1 engage.result=handled"}, metrics["engage.stream.lag"], "the first failed at once")
	})
}

func TestWhatAReceiverRefusesIsCounted(t *testing.T) {
	w := newWebhook(t)
	for _, body := range []string{event("1"), event("1"), "{broken", "{broken"} {
		w.post(t.Context(), body, "")
	}
	require.Equal(t, []string{
		"1 engage.result=accepted", "1 engage.result=duplicate", "2 engage.result=malformed",
	}, w.metrics()["engage.stream.received"])
}

func TestTheBacklogIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWebhook(t)
		w.worker.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error { <-ctx.Done(); return ctx.Err() })
		for _, id := range []string{"1", "2"} {
			w.post(t.Context(), event(id), "")
		}
		w.work(11 * time.Second)
		metrics := w.metrics()
		require.Equal(t, []string{"2 "}, metrics["engage.stream.backlog.entries"])
		require.Equal(t, []string{"10 "}, metrics["engage.stream.backlog.age"])
	})
}

func TestAnUnknownChannelIsOneValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWebhook(t)
		w.worker.OnUnknown(func(context.Context, stream.UnknownEvent) error { return nil })
		for i := range 3 {
			w.post(t.Context(), fmt.Sprintf(`{"channel":"private %d","event":"BEAM","tid":"%d"}`, i, i), "")
		}
		w.work(time.Minute)
		require.Equal(t, []string{
			"3 engage.channel=_OTHER,engage.event.kind=unknown,messaging.operation.name=process,messaging.system=webex_engage",
		}, w.metrics()["messaging.process.duration"])
		for _, span := range w.spans.Ended() {
			require.NotContains(t, shown(span), "private")
		}
	})
}
