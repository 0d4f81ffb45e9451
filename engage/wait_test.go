package engage_test

import (
	"context"
	"errors"
	"io"
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

// clocked returns a client whose service answers at once with one reply after
// the other. It is for use under a fake clock.
func clocked(t *testing.T, options engage.CallOption, replies ...*http.Response) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(atOnce(replies...)), engage.WithCallOptions(options))
	require.NoError(t, err)
	return client
}

// atOnce answers with one reply after the other.
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

func busy(retryAfter string) *http.Response {
	response := httpmock.NewStringResponse(http.StatusServiceUnavailable, `{"code":7}`)
	if retryAfter != "" {
		response.Header.Set("Retry-After", retryAfter)
	}
	return response
}

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
		require.Equal(t, 503, failure.Status, "what the last try was told is kept")
		require.Equal(t, "7", failure.Code)
		require.Equal(t, time.Hour, failure.RetryAfter)
		require.Equal(t, outcome.Refused, failure.Effect)
	})
}

func TestAWaitThatEndsTellsWhatItFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := errors.New("the caller has left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(left) })
		client, err := engage.New(engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: time.Hour, LongestWait: time.Hour})),
			engage.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })))
		require.NoError(t, err)
		_, err = searchConversation(ctx, client)
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
		"unless told otherwise": {engage.WithRetry(engage.Retry{Attempts: 4}), []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		"up to the longest":     {engage.WithRetry(engage.Retry{FirstWait: 3 * time.Second, LongestWait: 11 * time.Second}), []time.Duration{0, 3 * time.Second, 6 * time.Second, 11 * time.Second}},
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

func TestATokenIsReplacedWithoutAWaitAndWithoutATry(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		done     bool
	}{
		"between two tries":  {[]int{503, 401, 503, 200}, true},
		"before three tries": {[]int{401, 503, 503, 503, 200}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var replies []*http.Response
				for _, status := range c.statuses {
					replies = append(replies, httpmock.NewStringResponse(status, acknowledged))
				}
				client, err := engage.New(engage.US, &rotating{}, engage.WithTransport(atOnce(replies...)))
				require.NoError(t, err)
				receipt, err := client.AppendMessage(t.Context(), appendRequest, engage.WithRetry(engage.Retry{Attempts: 3}))
				var attempts []outcome.Attempt
				if c.done {
					require.NoError(t, err)
					attempts = receipt.Attempts
				} else {
					attempts = failureOf(t, err).Attempts
				}
				require.Len(t, attempts, 4)
				for i := range attempts {
					isImmediate := i == 0 || attempts[i-1].Status == http.StatusUnauthorized
					require.Equal(t, isImmediate, attempts[i].Wait == 0, "try %d", i+1)
				}
			})
		})
	}
}
