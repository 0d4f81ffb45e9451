package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// logTo returns a logger that writes lines of all levels without the time.
func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
}

// The test compares whole lines, so that no payload can be in them.
func TestAWorkerLogsWhatWentWrong(t *testing.T) {
	first := func(err error) func(int) error {
		return func(call int) error {
			if call == 1 {
				return err
			}
			return nil
		}
	}
	always := func(err error) func(int) error { return func(int) error { return err } }
	never := always(nil)
	id := " id=" + idOf(t, string(payload("ann", 1)))
	for name, test := range map[string]struct {
		source         func(stream.Source) stream.Source
		handle, report func(call int) error
		want           []string
	}{
		"nothing": {itself, never, never, nil},
		"a failed attempt": {itself, first(errors.New("not now")), never, []string{
			`level=WARN msg="stream: a handler failed"` + id + ` attempt=1 error="not now"`,
		}},
		"an attempt that panicked": {itself, func(call int) error {
			if call == 1 {
				panic("with the message in it")
			}
			return nil
		}, never, []string{
			`level=WARN msg="stream: a handler failed"` + id + ` attempt=1 error="stream: the handler panicked with a string"`,
		}},
		"an event": {itself, always(stream.Permanent(errors.New("no use"))), never, []string{
			`level=ERROR msg="stream: an event becomes a dead letter"` + id + ` attempts=1 error="no use"`,
		}},
		"the report of a dead letter": {itself, always(stream.Permanent(errors.New("no use"))), first(errors.New("no database")), []string{
			`level=ERROR msg="stream: an event becomes a dead letter"` + id + ` attempts=1 error="no use"`,
			`level=ERROR msg="stream: a dead letter could not be reported"` + id + ` error="no database"`,
			`level=ERROR msg="stream: an event becomes a dead letter"` + id + ` attempts=2 error="no use"`,
		}},
		"the settlement of a delivery": {
			func(inbox stream.Source) stream.Source { return unsettling{inbox, unreachable{}} }, never, never, []string{
				`level=WARN msg="stream: a delivery could not be settled"` + id + ` error="not connected"`,
			},
		},
		"the source": {func(inbox stream.Source) stream.Source { return &flakySource{inbox, 1} }, never, never, []string{
			`level=WARN msg="stream: the source failed" error="not connected"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				reports, calls := 0, 0
				w := newWorkingFrom(t, test.source, stream.WithHandlers(1), stream.WithWorkerLogger(logTo(&log)),
					stream.WithDeadLetters(func(context.Context, stream.DeadLetter) error { reports++; return test.report(reports) }))
				w.OnMessage(func(context.Context, stream.MessageEvent) error { calls++; return test.handle(calls) })
				put(t, w.inbox, payload("ann", 1))
				w.start()
				time.Sleep(time.Hour)
				require.NoError(t, w.stop())
				require.Equal(t, test.want, lines(log.String()))
			})
		})
	}
}

func TestAnUnknownEventIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		w := newWorking(t, stream.WithHandlers(1), stream.WithWorkerLogger(logTo(&log)))
		for _, data := range []string{
			`{"channel":"hologram","event":"beam.me","tid":"1"}`, `{"channel":"hologram","event":"beam.me","tid":"2"}`,
			`{"channel":"hologram","event":"+15550100","tid":"3"}`,
		} {
			put(t, w.inbox, []byte(data))
		}
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.ElementsMatch(t, []string{
			`level=WARN msg="stream: the SDK does not know an event" kind=event name=beam.me channel=hologram`,
			`level=WARN msg="stream: the SDK does not know an event" kind=event name=[cut] channel=hologram`,
		}, lines(log.String()))
	})
}

// lines returns the lines of text without their ends.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		list = append(list, strings.TrimSuffix(line, "\n"))
	}
	return list
}

// logged returns the lines that a receiver logs for a request.
func (r receiving) logged(log *strings.Builder, body string, change func(*http.Request)) []string {
	log.Reset()
	r.post(body, change)
	return lines(log.String())
}

func TestEachVerifiedRequestThatIsRefusedIsLogged(t *testing.T) {
	var log strings.Builder
	r := newReceiving(t, stream.WithReceiverLogger(logTo(&log)))
	traced := func(request *http.Request) { request.Header.Set("X-Wx-Gtrid", "trace-1") }
	require.Empty(t, r.logged(&log, typing, traced))
	require.Empty(t, r.logged(&log, typing, traced), "a duplicate is not refused")
	require.Empty(t, r.logged(&log, "", func(request *http.Request) { request.Method = http.MethodHead }))
	for range 3 {
		require.Equal(t, []string{
			`level=WARN msg="stream: request refused" reason=malformed status=400 requests=1 traceId=trace-1`,
		}, r.logged(&log, "{broken", traced))
	}
	r.inbox.Close()
	for range 3 {
		require.Equal(t, []string{
			`level=WARN msg="stream: the inbox failed" id=` + idOf(t, typing) + ` error="stream: the inbox is closed"`,
			`level=WARN msg="stream: request refused" reason=inbox status=503 requests=1 traceId=trace-1`,
		}, r.logged(&log, typing, traced))
	}
}

func TestAWrongSecretIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := newReceiving(t, stream.WithReceiverLogger(logTo(&log)))
		wrong := func(request *http.Request) {
			request.Header.Set(stream.SignatureHeader, stream.Sign(stream.SHA256, foreign, []byte(typing)))
		}
		line := func(requests int) []string {
			return []string{fmt.Sprintf(
				`level=WARN msg="stream: request refused" reason=signature status=400 requests=%d traceId=""`, requests)}
		}
		require.Equal(t, line(1), r.logged(&log, typing, wrong))
		for range 59 {
			time.Sleep(time.Second)
			require.Empty(t, r.logged(&log, typing, wrong))
		}
		require.Equal(t, []string{`level=WARN msg="stream: request refused" reason=method status=405 requests=1 traceId=""`},
			r.logged(&log, typing, func(request *http.Request) { request.Method = http.MethodPut }), "each reason is logged")
		time.Sleep(time.Second)
		require.Equal(t, line(60), r.logged(&log, typing, wrong))
		require.Empty(t, r.logged(&log, typing, wrong))
		time.Sleep(time.Hour)
		require.Equal(t, line(2), r.logged(&log, typing, wrong))
		require.EqualValues(t, 63, r.Counts().Refused[stream.RefusedSignature], "each request is counted")
	})
}
