package engage_test

import (
	"context"
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
	client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(transport), engage.WithCallOptions(options))
	require.NoError(t, err)
	return client
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
		_, err := appendMessage(ctx, clocked(t, engage.WithWaits(0, time.Hour), busy("3600")))
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

func TestAReceiptCannotBeWaitedForWithoutAContext(t *testing.T) {
	_, receipt := oneWrite(t, newCallbacks(t))
	var never context.Context
	same, err := receipt.Wait(never)
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect, "the write was sent")
	require.Equal(t, receipt.Receipt, same)

	_, err = engage.Receipt{Proof: engage.Acknowledged}.Wait(t.Context())
	require.ErrorIs(t, err, engage.ErrNoCallbacks, "a client did not return it")
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
			_, err := appendMessage(t.Context(), clocked(t, engage.WithWaits(0, 10*time.Second), busy(c.header(start)), fine()))
			require.NoError(t, err)
			require.InDelta(t, c.want, time.Since(start), float64(time.Millisecond))
		})
	}
}

func TestWaitsAreRandomWithinADoublingBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		different := map[time.Duration]bool{}
		for range 50 {
			_, err := searchConversation(t.Context(), clocked(t, engage.WithAttempts(4), busy("")))
			attempts := failureOf(t, err).Attempts
			require.Len(t, attempts, 4)
			for i, bound := range []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
				require.LessOrEqual(t, attempts[i].Wait, bound)
				different[attempts[i].Wait] = true
			}
		}
		require.Greater(t, len(different), 100, "jitter")
	})
}
