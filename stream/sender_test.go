package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// answers is a transport that returns one answer after another: a status or an error. It
// repeats the last one. A duration stands for an answer that never comes.
type answers struct {
	list     []any
	requests []*http.Request
	bodies   []string
}

func (a *answers) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	a.requests, a.bodies = append(a.requests, request), append(a.bodies, string(body))
	answer := a.list[min(len(a.requests), len(a.list))-1]
	switch answer := answer.(type) {
	case error:
		return nil, answer
	case time.Duration:
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	return &http.Response{
		StatusCode: answer.(int), Header: http.Header{"Location": {"https://elsewhere.example.com"}},
		Body: io.NopCloser(strings.NewReader("thanks")), Request: request,
	}, nil
}

func send(t *testing.T, transport *answers, options ...stream.SenderOption) ([]outcome.Attempt, error) {
	t.Helper()
	sender, err := stream.NewSender("https://receiver.example.com/hook?key=very-secret", append(options, stream.WithTransport(transport))...)
	require.NoError(t, err)
	return sender.Send(t.Context(), []byte(typing))
}

func TestASenderPostsAsAnOutboundWebhookDoes(t *testing.T) {
	transport := &answers{list: []any{200}}
	attempts, err := send(t, transport, stream.WithSigning(stream.SHA512, current),
		stream.WithAuthorization(func(r *http.Request) { r.SetBasicAuth("ann", "pass") }))
	require.NoError(t, err)
	require.Len(t, attempts, 1)
	require.Equal(t, http.StatusOK, attempts[0].Status)
	request := transport.requests[0]
	require.Equal(t, http.MethodPost, request.Method)
	require.Equal(t, "application/json", request.Header.Get("Content-Type"))
	require.Equal(t, stream.Sign(stream.SHA512, current, []byte(typing)), request.Header.Get("x-hub-signature"))
	require.NotEmpty(t, request.Header.Get("Authorization"))
	require.Equal(t, []string{typing}, transport.bodies)
}

// notRepeated is the vendor's list of the statuses after which it sends nothing again.
var notRepeated = []int{
	202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308,
	400, 402, 404, 405, 406, 407, 408, 409, 410, 411, 414, 415, 416, 418, 505,
}

func TestASenderRepeatsByTheDocumentedRules(t *testing.T) {
	for status := 201; status < 600; status++ {
		synctest.Test(t, func(t *testing.T) {
			transport := &answers{list: []any{status}}
			started := time.Now()
			attempts, err := send(t, transport)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnError, failure.Edge)
			require.Equal(t, status, failure.Status)
			require.Equal(t, attempts, failure.Attempts)
			if slices.Contains(notRepeated, status) {
				require.Len(t, attempts, 1, status)
				return
			}
			require.Len(t, attempts, 4, status)
			require.Equal(t, 3*time.Minute, time.Since(started))
			require.Equal(t, []string{typing, typing, typing, typing}, transport.bodies)
		})
	}
	require.Len(t, notRepeated, 32)
}

func TestASenderWaitsAsScheduled(t *testing.T) {
	for _, test := range []struct {
		schedule []time.Duration
		want     time.Duration
	}{
		{stream.FixedSchedule(), 3 * time.Minute},
		{stream.ExponentialSchedule(), 3*time.Minute + 30*time.Second},
		{nil, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			started := time.Now()
			attempts, err := send(t, &answers{list: []any{503}}, stream.WithSchedule(test.schedule...))
			require.Error(t, err)
			require.Equal(t, test.want, time.Since(started))
			require.Len(t, attempts, len(test.schedule)+1)
			for i, wait := range test.schedule {
				require.Equal(t, wait, attempts[i+1].Wait)
			}
		})
	}
}

func TestASenderSendsAgainUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, err := send(t, &answers{list: []any{time.Hour, errors.New("reset"), 503, 200}})
		require.NoError(t, err)
		require.Len(t, attempts, 4)
		require.Equal(t, 10*time.Second, attempts[0].Duration)
		require.ErrorIs(t, attempts[0].Err, context.DeadlineExceeded)
	})
}

func TestTheErrorOfASenderSaysWhatMayHaveBeenApplied(t *testing.T) {
	for name, test := range map[string]struct {
		answers []any
		edge    outcome.Edge
		effect  outcome.Effect
	}{
		"refused":              {[]any{400}, outcome.OnError, outcome.Refused},
		"maybe, then refused":  {[]any{500, 400}, outcome.OnError, outcome.MaybeApplied},
		"no answer":            {[]any{errors.New("reset")}, outcome.OnError, outcome.MaybeApplied},
		"out of time":          {[]any{time.Hour}, outcome.OnTimeout, outcome.MaybeApplied},
		"out of its own time":  {[]any{timeUp{}}, outcome.OnTimeout, outcome.MaybeApplied},
		"in time after all":    {[]any{timeUp{}, 503}, outcome.OnError, outcome.MaybeApplied},
		"a redirect, 307":      {[]any{307}, outcome.OnError, outcome.Refused},
		"a redirect, 308":      {[]any{308}, outcome.OnError, outcome.Refused},
		"another redirect":     {[]any{302}, outcome.OnError, outcome.MaybeApplied},
		"request timeout":      {[]any{408}, outcome.OnError, outcome.MaybeApplied},
		"not implemented":      {[]any{501}, outcome.OnError, outcome.Refused},
		"busy":                 {[]any{503}, outcome.OnError, outcome.MaybeApplied},
		"another 2xx than 200": {[]any{202}, outcome.OnError, outcome.MaybeApplied},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := send(t, &answers{list: test.answers}, stream.WithSigning(stream.SHA256, current))
				failure := failureOf(t, err)
				require.Equal(t, test.edge, failure.Edge)
				require.Equal(t, test.effect, failure.Effect)
				shown := fmt.Sprintf("%v %+v %#v", err, err, err)
				for _, secret := range []string{"very-secret", "hub-secret", "receiver.example.com", "abcUserId", "sha256="} {
					require.NotContains(t, shown, secret)
				}
			})
		})
	}
}

// timeUp is a timeout of the transport.
type timeUp struct{}

func (timeUp) Error() string { return "very-secret" }

func (timeUp) Timeout() bool { return true }

func TestAHandshakeThatTakesTooLongIsATimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // it does not answer
	require.NoError(t, err)
	defer listener.Close()
	sender, err := stream.NewSender("https://"+listener.Addr().String(), stream.WithSchedule(),
		stream.WithTransport(&http.Transport{TLSHandshakeTimeout: 50 * time.Millisecond}))
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), []byte(typing))
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	failure := failureOf(t, err)
	require.Equal(t, outcome.NotSent, failure.Effect)
}

// failureOf returns err, which must be an outcome.Error.
func failureOf(t *testing.T, err error) *outcome.Error {
	t.Helper()
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	return failure
}

// said is an error that fmt prints even in an unexported field.
type said string

func (s said) Error() string { return string(s) }

func TestTheErrorOfASenderHoldsNoSecret(t *testing.T) {
	const secret = "S3CRET"
	reason := errors.New("the caller has gone away")
	for name, failure := range map[string]error{
		"transport":    said("cannot reach https://receiver.example.com/hook?key=" + secret),
		"URL":          &url.Error{Op: "Post", URL: "https://receiver.example.com/" + secret, Err: said(secret)},
		"quoted reply": fmt.Errorf("bad Content-Length %q", secret),
	} {
		t.Run(name, func(t *testing.T) {
			attempts, err := send(t, &answers{list: []any{failure}}, stream.WithSchedule(0))
			failed := failureOf(t, err)
			require.Equal(t, outcome.OnError, failed.Edge)
			require.ErrorContains(t, failed.Err, "the exchange failed")
			require.Len(t, attempts, 2)
			encoded, encodingErr := json.Marshal([]any{err, attempts})
			require.NoError(t, encodingErr)
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "error", err, "attempts", attempts)
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "error", err, "attempts", attempts)
			shown := fmt.Sprintf("%v %+v %#v %v %+v %#v %v %#v", err, err, err, attempts, attempts, attempts, failed.Err, failed.Err)
			for _, part := range []string{secret, "receiver.example.com", "PANIC", "panicked"} {
				require.NotContains(t, shown+string(encoded)+log.String(), part)
			}

			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(reason)
			sender, err := stream.NewSender("https://receiver.example.com", stream.WithTransport(&answers{list: []any{failure}}))
			require.NoError(t, err)
			_, err = sender.Send(ctx, []byte(typing))
			require.ErrorIs(t, err, outcome.ErrOnTimeout)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, reason)
			require.ErrorIs(t, sender.Probe(ctx), context.Canceled)
		})
	}
	reached := said(secret)
	_, err := send(t, &answers{list: []any{reached}}, stream.WithSchedule())
	require.ErrorIs(t, err, reached)
}

func TestTheErrorOfASenderDoesNotQuoteTheReply(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: S3CRET\r\n\r\n")
		_ = connection.Close()
	}))
	defer server.Close()
	sender, err := stream.NewSender(server.URL, stream.WithSchedule())
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), []byte(typing))
	require.ErrorIs(t, err, outcome.ErrOnError)
	require.ErrorContains(t, err, "the exchange failed")
	cause := errors.Unwrap(err)
	require.NotContains(t, fmt.Sprintf("%v %#v %v %#v", err, err, cause, cause), "S3CRET")
}

func TestASenderIsPrintedWithoutItsURL(t *testing.T) {
	sender, err := stream.NewSender("https://receiver.example.com/hook?key=very-secret", stream.WithSigning(stream.SHA256, current))
	require.NoError(t, err)
	type holder struct {
		sender stream.Sender
		inner  *stream.Sender
	}
	for _, value := range []any{sender, *sender, holder{*sender, sender}, &holder{*sender, sender}, []any{sender}, (*stream.Sender)(nil)} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "sender", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "sender", value)
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		shown := log.String() + string(encoded)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown += fmt.Sprintf(verb, value)
		}
		for _, part := range []string{"receiver.example.com", "very-secret", fmt.Sprintf("%x", "very-secret"), "hub-secret"} {
			require.NotContains(t, shown, part)
		}
	}
	require.Equal(t, "stream.Sender stream.Sender", fmt.Sprintf("%v %#v", sender, sender))
	var log bytes.Buffer
	logTo(&log).Info("m", "sender", sender)
	require.Equal(t, "level=INFO msg=m sender=stream.Sender\n", log.String())
}

func TestASenderWithoutAConnectionHasSentNothing(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	sender, err := stream.NewSender(server.URL, stream.WithSchedule(0))
	require.NoError(t, err)
	attempts, err := sender.Send(t.Context(), []byte(typing))
	failure := failureOf(t, err)
	require.Len(t, attempts, 2)
	require.Equal(t, outcome.NotSent, failure.Effect)
}

func TestARequestWithoutAnAnswerMayHaveBeenApplied(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler) // and the connection breaks off
	}))
	defer server.Close()
	sender, err := stream.NewSender(server.URL, stream.WithSchedule())
	require.NoError(t, err)
	attempts, err := sender.Send(t.Context(), []byte(typing))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, attempts, 1)
	require.Equal(t, outcome.MaybeApplied, attempts[0].Effect)
}

func TestASenderDoesNotReadOnAfterASwitchOfProtocols(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			t.Cleanup(func() { connection.Close() })
			_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		}
	}))
	defer server.Close()
	sender, err := stream.NewSender(server.URL, stream.WithSchedule())
	require.NoError(t, err)
	attempts, err := sender.Send(t.Context(), []byte(typing))
	require.ErrorIs(t, err, outcome.ErrOnError)
	require.Len(t, attempts, 1)
	require.Equal(t, http.StatusSwitchingProtocols, attempts[0].Status)
	require.Equal(t, outcome.MaybeApplied, attempts[0].Effect)
}

func TestASenderFollowsNoRedirect(t *testing.T) {
	for _, location := range []string{"https://elsewhere.example.com", "http://[", "%zz", ""} {
		var posts atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			posts.Add(1)
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}))
		defer server.Close()
		sender, err := stream.NewSender(server.URL, stream.WithSchedule(0, 0, 0))
		require.NoError(t, err)
		attempts, err := sender.Send(t.Context(), []byte(typing))
		require.ErrorContains(t, err, "answered 307", location)
		require.Len(t, attempts, 1, location)
		require.Equal(t, http.StatusTemporaryRedirect, attempts[0].Status, location)
		require.EqualValues(t, 1, posts.Load(), location)
	}
}

// returning is a transport that returns a response and no error.
type returning struct{ response *http.Response }

func (r returning) RoundTrip(*http.Request) (*http.Response, error) { return r.response, nil }

func TestATransportMayReturnNoResponseOrNoBody(t *testing.T) {
	sender, err := stream.NewSender("https://receiver.example.com", stream.WithTransport(returning{}), stream.WithSchedule())
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), []byte(typing))
	require.ErrorIs(t, err, outcome.ErrOnError)
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)

	bodiless := returning{&http.Response{StatusCode: http.StatusOK}}
	sender, err = stream.NewSender("https://receiver.example.com", stream.WithTransport(bodiless))
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), []byte(typing))
	require.NoError(t, err)
}

func TestASenderUsesItsConnectionAgain(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("thanks ", 500))
	}))
	var connections atomic.Int64
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	sender, err := stream.NewSender(server.URL)
	require.NoError(t, err)
	for range 3 {
		_, err = sender.Send(t.Context(), []byte(typing))
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, connections.Load())
}

func TestWhatIsRefusedBeforeItIsSentIsNotSent(t *testing.T) {
	var taken atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken.Add(1) }))
	defer server.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := stream.WithAuthorization(func(r *http.Request) { r.Header.Set("X-Key", "very\nsecret") })
	silent := stream.WithTransport(&answers{list: []any{200}})
	for name, test := range map[string]struct {
		ctx     context.Context
		options []stream.SenderOption
		edge    outcome.Edge
	}{
		"the context has ended":                   {ended, nil, outcome.OnTimeout},
		"the context has ended, of any transport": {ended, []stream.SenderOption{silent}, outcome.OnTimeout},
		"a header is refused":                     {t.Context(), []stream.SenderOption{refused}, outcome.OnError},
		"a header is refused, of a transport of one's own": {
			t.Context(), []stream.SenderOption{refused, stream.WithTransport(new(http.Transport))}, outcome.OnError,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sender, err := stream.NewSender(server.URL, append(test.options, stream.WithSchedule())...)
			require.NoError(t, err)
			attempts, err := sender.Send(test.ctx, []byte(typing))
			failure := failureOf(t, err)
			require.Equal(t, test.edge, failure.Edge)
			require.Equal(t, outcome.NotSent, failure.Effect)
			require.Len(t, attempts, 1)
			require.Equal(t, outcome.NotSent, attempts[0].Effect)
			require.NotContains(t, fmt.Sprintf("%v %#v", err, err), "secret")
		})
	}
	require.Zero(t, taken.Load())
}

func TestASenderEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, err := stream.NewSender("https://receiver.example.com", stream.WithTransport(&answers{list: []any{503}}))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		started := time.Now()
		attempts, err := sender.Send(ctx, []byte(typing))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.Len(t, attempts, 2)
		require.Equal(t, 90*time.Second, time.Since(started))
	})
}

func TestASenderSendsOnlyObjects(t *testing.T) {
	transport := &answers{list: []any{200}}
	sender, err := stream.NewSender("https://receiver.example.com", stream.WithTransport(transport))
	require.NoError(t, err)
	for _, data := range []string{"", "null", "[]", "{", `"a"`} {
		_, err := sender.Send(t.Context(), []byte(data))
		require.ErrorIs(t, err, outcome.ErrOnInvalidData, data)
	}
	require.Empty(t, transport.requests)
}

func TestAProbeMustBeAnswered200(t *testing.T) {
	r := newReceiving(t)
	server := httptest.NewServer(r)
	defer server.Close()
	sender, err := stream.NewSender(server.URL)
	require.NoError(t, err)
	require.NoError(t, sender.Probe(t.Context()))
	require.EqualValues(t, 1, r.Counts().Probes)

	sender, err = stream.NewSender("https://receiver.example.com", stream.WithTransport(&answers{list: []any{204}}))
	require.NoError(t, err)
	require.ErrorContains(t, sender.Probe(t.Context()), "answered 204")
}

func TestInvalidSettingsOfASenderAreErrors(t *testing.T) {
	for _, url := range []string{"", "receiver.example.com", "http://receiver.example.com", "ftp://localhost", "https://user:very-secret@receiver.example.com", "https://a b/%zz"} {
		_, err := stream.NewSender(url)
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "receiver")
	}
	for _, url := range []string{"https://receiver.example.com", "http://localhost:8080/hook", "http://127.0.0.1", "http://[::1]:9"} {
		_, err := stream.NewSender(url)
		require.NoError(t, err, url)
	}
	for name, option := range map[string]stream.SenderOption{
		"schedule": stream.WithSchedule(-1), "timeout": stream.WithAttemptTimeout(0), "secret": stream.WithSigning(stream.SHA256, stream.Secret{}),
		"algorithm": stream.WithSigning("sha1", current), "authorization": stream.WithAuthorization(nil), "transport": stream.WithTransport(nil),
	} {
		_, err := stream.NewSender("https://receiver.example.com", option)
		require.Error(t, err, name)
	}
	_, err := stream.NewSender("https://receiver.example.com", nil)
	require.Error(t, err)
}
