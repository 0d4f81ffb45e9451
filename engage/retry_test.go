package engage_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestAnUnsafeWriteThatMayHaveBeenAppliedIsNotRepeated(t *testing.T) {
	for name, fault := range map[string]http.HandlerFunc{
		"reply lost": hangUp,
		"500":        reply(500, ``), "502 HTML": reply(502, `<html>`), "504": reply(504, ``), "408": reply(408, ``),
	} {
		server := newStub(t, inTurn(fault, reply(200, acknowledged)))
		_, err := appendMessage(t.Context(), server.client(t))
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect, name)
		require.Len(t, server.written(), 1, name)
	}
}

func TestAnUnsafeWriteThatWasRefusedOrNotSentIsRepeated(t *testing.T) {
	for name, refusal := range map[string]http.HandlerFunc{
		"429":                    reply(429, ``),
		"503 in an envelope":     reply(503, `{"status":"failure","code":"5030"}`),
		"503 with a Retry-After": retryAfter(reply(503, `<html>`)),
		"429 with a Retry-After": retryAfter(reply(429, ``)),
	} {
		server := newStub(t, inTurn(refusal, refusal, reply(200, acknowledged)))
		_, err := appendMessage(t.Context(), server.client(t))
		require.NoError(t, err, name)
		require.Len(t, server.seen(), 3, name)
	}

	address := "http://" + closedPort(t) + "/api/v1"
	client, err := engage.New(engage.Endpoint(address), auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: 0, Attempts: 3})))
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.NotSent, failure.Effect)
	require.Len(t, failure.Attempts, 3)
	for _, attempt := range failure.Attempts {
		require.Equal(t, outcome.NotSent, attempt.Effect)
		require.Error(t, attempt.Err)
	}
	var refused *net.OpError
	require.ErrorAs(t, err, &refused)
}

func TestReadsAndConvergentWritesAreRetried(t *testing.T) {
	for name, fault := range map[string]http.HandlerFunc{
		"reply lost": hangUp, "500": reply(500, ``), "502 HTML": reply(502, `<html>`), "503": reply(503, ``),
		"504": reply(504, ``), "408": reply(408, ``), "429": reply(429, ``), "200 HTML": reply(200, `<html>`),
		"another object": reply(200, `{"hello":"world"}`),
		"cut short":      cutShort(100, `{"tid":"T-1"}`),
		"reset in its body": func(w http.ResponseWriter, r *http.Request) {
			cutShort(100, `{"tid":`)(w, r)
			w.(http.Flusher).Flush()
			hangUp(w, r)
		},
	} {
		server := newStub(t, inTurn(fault, fault, reply(200, found("active"))))
		got, err := searchConversation(t.Context(), server.client(t))
		require.NoError(t, err, name)
		require.Equal(t, outcome.ConversationActive, got)
		require.Len(t, server.seen(), 3)

		server = newStub(t, inTurn(fault, fault, reply(200, acknowledged)))
		_, err = closeConversation(t.Context(), server.client(t))
		require.NoError(t, err, name)
	}
}

func TestAPermanentFailureIsNotRetried(t *testing.T) {
	for _, status := range []int{301, 307, 400, 403, 404, 409, 422, 501} {
		server := newStub(t, reply(status, `{"code":1}`))
		_, err := searchConversation(t.Context(), server.client(t))
		require.Error(t, err)
		require.Len(t, server.seen(), 1, "status %d", status)
	}
}

func TestRetryLimitsTheAttempts(t *testing.T) {
	server := newStub(t, reply(503, ``))
	_, err := searchConversation(t.Context(), server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))))
	require.Len(t, failureOf(t, err).Attempts, 1)

	server = newStub(t, inTurn(reply(500, ``), reply(200, acknowledged)))
	_, err = appendMessage(t.Context(), server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}))))
	require.NoError(t, err)

	server = newStub(t, reply(500, ``))
	_, err = searchConversation(t.Context(), server.client(t, engage.WithCallOptions(twoAttempts)))
	require.Len(t, failureOf(t, err).Attempts, 2)
	require.Len(t, server.seen(), 2)
}

func TestTheEffectOfAnEarlierAttemptStays(t *testing.T) {
	for name, refusal := range map[string]http.HandlerFunc{
		"refused by its status":   reply(409, `{"code":1}`),
		"refused with status 200": reply(200, `{"status":"failure","code":"7","tid":"T-2"}`),
	} {
		server := newStub(t, inTurn(hangUp, refusal))
		_, err := appendTo(appendRequest, engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}), noReconciliation)(t.Context(), server.client(t))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnAppendMessageFailure, failure.Edge, name)
		require.Equal(t, outcome.MaybeApplied, failure.Effect, name)
		require.Len(t, failure.Attempts, 2, name)
		require.Equal(t, outcome.Refused, failure.Attempts[1].Effect, name)
	}
}

func TestARetryAfterAboveTheLongestWaitEndsTheCall(t *testing.T) {
	past := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	for header, again := range map[string]bool{
		"86400": false, "9300000000": false, "99999999999999999999": false,
		"Fri, 31 Dec 9999 23:59:59 GMT": false,
		"0":                             true, "-5": true, "NaN": true, "Inf": true, "1e300": true, "soon": true, "": true, past: true, "0.001": true,
	} {
		server := newStub(t, inTurn(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			reply(429, ``)(w, r)
		}, reply(200, acknowledged)))
		_, err := appendMessage(t.Context(), server.client(t))
		if again {
			require.NoError(t, err, header)
			continue
		}
		failure := failureOf(t, err)
		require.Greater(t, failure.RetryAfter, time.Second, header)
		require.Len(t, failure.Attempts, 1, header)
		require.ErrorContains(t, err, "LongestWait, which is 1", header)
	}
}

// The reply is not read to its end, and the error says that, too.
func TestARetryAfterOfADamagedReplyCountsAsWell(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.Header().Set("Content-Length", "100")
		reply(429, `{`)(w, r)
	})
	_, err := appendMessage(t.Context(), server.client(t))
	require.Len(t, failureOf(t, err).Attempts, 1)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "above LongestWait")
}

func TestAWaitBeyondTheDeadlineEndsTheCallAtOnce(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		reply(503, ``)(w, r)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := appendMessage(ctx, server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Hour}))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, 503, failure.Status)
	require.Equal(t, time.Minute, failure.RetryAfter)
	require.NoError(t, ctx.Err(), "it ended before the deadline")
}

func TestAWaitThatLastsUntilTheDeadlineEndsTheCallAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 7 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		start := time.Now()
		_, err := appendMessage(ctx, clocked(t, engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: wait}), busy("7")))
		require.Equal(t, outcome.OnError, failureOf(t, err).Edge)
		require.Zero(t, time.Since(start))
	})
}

// clocked returns a client over [atOnce], for use under a fake clock.
func clocked(t *testing.T, option engage.CallOption, replies ...*http.Response) *engage.Client {
	t.Helper()
	return over(t, atOnce(replies...), engage.WithCallOptions(option))
}

// atOnce is a transport that answers each request at once with the next of replies,
// and all others with the last.
func atOnce(replies ...*http.Response) http.RoundTripper {
	var responder httpmock.Responder
	for _, reply := range replies {
		next := httpmock.ResponderFromResponse(reply)
		if responder != nil {
			next = responder.Then(next)
		}
		responder = next
	}
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(responder)
	return transport
}

// busy is a refusal with a reason to try again.
func busy(retryAfter string) *http.Response {
	response := httpmock.NewStringResponse(http.StatusServiceUnavailable, `{"code":7}`)
	if retryAfter != "" {
		response.Header.Set("Retry-After", retryAfter)
	}
	return response
}

// fine is the reply to a search.
func fine() *http.Response { return httpmock.NewStringResponse(http.StatusOK, found("active")) }

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		_, err := appendMessage(ctx, clocked(t, engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Hour}), busy("3600")))
		require.Equal(t, time.Minute, time.Since(start))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnTimeout, failure.Edge)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 503, failure.Status, "the reply to the last attempt stays")
		require.Equal(t, "7", failure.Code)
		require.Equal(t, time.Hour, failure.RetryAfter)
		require.Equal(t, outcome.Refused, failure.Effect)
	})
}

func TestTheErrorOfAnInterruptedWaitContainsTheFailureBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := errors.New("the caller gave up")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(left) })
		client := over(t, roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }),
			engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: time.Hour, LongestWait: time.Hour})))
		_, err := searchConversation(ctx, client)
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, left)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorContains(t, err, "while waiting to try again after: unexpected EOF")
	})
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		header func(now time.Time) string
		want   time.Duration
	}{
		{func(time.Time) string { return "7" }, 7 * time.Second},
		{func(time.Time) string { return " 7 " }, 7 * time.Second},
		{func(time.Time) string { return "1.5" }, 1500 * time.Millisecond},
		{func(time.Time) string { return "10" }, 10 * time.Second}, // the longest
		{func(now time.Time) string { return now.Add(9 * time.Second).UTC().Format(http.TimeFormat) }, 9 * time.Second},
		{func(now time.Time) string { return now.Add(9 * time.Second).UTC().Format(time.RFC850) }, 9 * time.Second},
		{func(now time.Time) string { return now.Add(9 * time.Second).UTC().Format(time.ANSIC) }, 9 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := appendMessage(t.Context(), clocked(t, engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: 10 * time.Second}), busy(c.header(start)), fine()))
			require.NoError(t, err)
			require.InDelta(t, c.want, time.Since(start), float64(time.Millisecond))
		})
	}
}

func TestWaitsAreRandomWithinADoublingBound(t *testing.T) {
	for name, c := range map[string]struct {
		option engage.CallOption
		bounds []time.Duration
	}{
		"by default":        {engage.WithRetry(engage.Retry{Attempts: 4}), []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		"up to the longest": {engage.WithRetry(engage.Retry{FirstWait: 3 * time.Second, LongestWait: 11 * time.Second}), []time.Duration{0, 3 * time.Second, 6 * time.Second, 11 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				different := map[time.Duration]bool{}
				longest := make([]time.Duration, len(c.bounds))
				for range 50 {
					_, err := searchConversation(t.Context(), clocked(t, c.option, busy("")))
					attempts := failureOf(t, err).Attempts
					require.Len(t, attempts, len(c.bounds))
					for i, bound := range c.bounds {
						require.LessOrEqual(t, attempts[i].Wait, bound)
						longest[i] = max(longest[i], attempts[i].Wait)
						different[attempts[i].Wait] = true
					}
				}
				for i, bound := range c.bounds[1:] {
					require.Greater(t, longest[i+1], c.bounds[i], "of those up to %s", bound)
				}
				require.Greater(t, len(different), 100, "jitter")
			})
		})
	}
}

func TestNoWaitIsLongerThanTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		for range 20 {
			_, err := appendMessage(t.Context(), clocked(t, engage.WithRetry(engage.Retry{FirstWait: 10 * time.Second, LongestWait: 10 * time.Second}), busy("8")))
			for _, attempt := range failureOf(t, err).Attempts[1:] {
				require.GreaterOrEqual(t, attempt.Wait, 8*time.Second, "the service asked for it")
				require.LessOrEqual(t, attempt.Wait, 10*time.Second)
				waits[attempt.Wait] = true
			}
		}
		require.Greater(t, len(waits), 1, "jitter")
	})
}

func TestTheLongestPossibleWaitIsNoOverflow(t *testing.T) {
	server := newStub(t, reply(http.StatusServiceUnavailable, ``))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := server.client(t).SearchConversation(ctx, searchRequest,
		engage.WithRetry(engage.Retry{FirstWait: math.MaxInt64, LongestWait: math.MaxInt64}))
	require.Len(t, failureOf(t, err).Attempts, 1, "the wait would be longer than the call")
}
