package engage_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// both makes one option of two.
func both(a, b engage.CallOption) []engage.CallOption { return []engage.CallOption{a, b} }

func TestTheTotalTimeoutLimitsAllTriesTogether(t *testing.T) {
	slow := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for _, c := range []struct {
		total, attempt time.Duration
		tries          int
	}{
		{10 * time.Second, time.Minute, 1},
		{10 * time.Second, 4 * time.Second, 3},
		{time.Hour, 4 * time.Second, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(slow)
			client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(transport), engage.WithCallOptions(engage.WithWaits(0, 0)))
			require.NoError(t, err)
			start := time.Now()
			_, err = client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress},
				both(engage.WithTotalTimeout(c.total), engage.WithAttemptTimeout(c.attempt))...)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnTimeout, failure.Edge)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Len(t, failure.Attempts, c.tries)
			require.Equal(t, min(c.total, 4*c.attempt), time.Since(start))
		})
	}
}

func TestAWaitThatTheTotalTimeoutForbidsIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client := clocked(t, engage.WithTotalTimeout(5*time.Second), busy("6"))
		_, err := appendMessage(t.Context(), client)
		require.Zero(t, time.Since(start))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnError, failure.Edge)
		require.Equal(t, 6*time.Second, failure.RetryAfter)
		require.Equal(t, outcome.Refused, failure.Effect)
	})
}

// limiterFunc is a limiter of one's own.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestEveryTryWaitsForTheLimiter(t *testing.T) {
	waits := 0
	server := newStub(t, failing(2, reply(503, ``), reply(200, found("active"))))
	client := server.client(t, engage.WithLimiter(limiterFunc(func(context.Context) error {
		waits++
		require.Len(t, server.seen(), waits-1, "before the try")
		return nil
	})))
	_, err := searchConversation(t.Context(), client)
	require.NoError(t, err)
	require.Equal(t, 3, waits)
}

func TestTheLimitersWaitIsNotPartOfTheTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := limited(t, func(context.Context) error {
			time.Sleep(time.Minute)
			return nil
		}, engage.WithAttemptTimeout(time.Second))
		result, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.NoError(t, err)
		require.Zero(t, result.Attempts[0].Duration)
	})
}

// limited returns a client that may ask a service that answers at once.
func limited(t *testing.T, wait limiterFunc, options ...engage.CallOption) *engage.Client {
	t.Helper()
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.ResponderFromResponse(fine()))
	client, err := engage.New(engage.US, auth.Static(token),
		engage.WithTransport(transport), engage.WithLimiter(wait), engage.WithCallOptions(options...))
	require.NoError(t, err)
	return client
}

func TestALimitersErrorEndsTheCall(t *testing.T) {
	refusal := errors.New("over the limit for " + token)
	_, err := appendMessage(t.Context(), limited(t, func(context.Context) error { return refusal }))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.NotSent, failure.Effect)
	require.ErrorIs(t, err, refusal)
	require.NotContains(t, err.Error(), token)
	require.Len(t, failure.Attempts, 1)

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := appendMessage(ctx, limited(t, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}))
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
	})
}

// deaf is a transport that never answers.
type deaf struct{}

func (deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestEachTryEndsAtItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(deaf{}),
			engage.WithCallOptions(engage.WithAttempts(1), engage.WithReconciliation(false)))
		require.NoError(t, err)
		began := time.Now()
		end := func(ctx context.Context, limit time.Duration) *outcome.Error {
			_, err := appendTo(appendRequest, engage.WithAttemptTimeout(limit))(ctx, client)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnTimeout, failure.Edge)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NotErrorIs(t, err, context.Canceled)
			return failure
		}
		var calling sync.WaitGroup
		for _, seconds := range []time.Duration{10, 2, 5, 2, 20} {
			calling.Go(func() {
				require.Equal(t, seconds*time.Second, end(t.Context(), seconds*time.Second).Attempts[0].Duration)
			})
		}
		calling.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.Equal(t, time.Second, end(ctx, 7*time.Second).Attempts[0].Duration)
		})
		calling.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			require.Equal(t, 3*time.Second, end(ctx, 0).Attempts[0].Duration)
		})
		calling.Wait()
		require.Equal(t, 20*time.Second, time.Since(began))
		require.Equal(t, 4*time.Second, end(t.Context(), 4*time.Second).Attempts[0].Duration)
	})
}

// callerKey is the key of what a caller puts into the context of a call.
type callerKey struct{}

func TestATransportSeesTheCallersContextAndTheLimitOfTheTry(t *testing.T) {
	deadlines := make(chan time.Time, 1)
	client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		deadline, limited := r.Context().Deadline()
		require.True(t, limited)
		require.Equal(t, t.Name(), r.Context().Value(callerKey{}))
		deadlines <- deadline
		require.NoError(t, r.Context().Err())
		return fine(), nil
	})))
	require.NoError(t, err)
	for limit, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, 0: 3 * time.Hour, 9 * time.Hour: 3 * time.Hour} {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), callerKey{}, t.Name()), 3*time.Hour)
		_, err = appendTo(appendRequest, engage.WithAttemptTimeout(limit))(ctx, client)
		cancel()
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(want), <-deadlines, time.Minute)
	}
}
