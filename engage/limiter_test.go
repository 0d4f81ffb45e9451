package engage_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// limiterFunc is a limiter that is a function.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// limited returns a client with a limiter, whose service answers at once.
func limited(t *testing.T, wait limiterFunc, options ...engage.CallOption) *engage.Client {
	t.Helper()
	return over(t, atOnce(fine()), engage.WithLimiter(wait), engage.WithCallOptions(options...))
}

func TestEveryAttemptWaitsForTheLimiter(t *testing.T) {
	waits := 0
	server := newStub(t, inTurn(reply(503, ``), reply(503, ``), reply(200, found("active"))))
	client := server.client(t, engage.WithLimiter(limiterFunc(func(context.Context) error {
		waits++
		require.Len(t, server.seen(), waits-1, "before the attempt")
		return nil
	})))
	_, err := searchConversation(t.Context(), client)
	require.NoError(t, err)
	require.Equal(t, 3, waits)
}

func TestTheWaitForTheLimiterIsNotPartOfTheAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := limited(t, func(context.Context) error {
			time.Sleep(time.Minute)
			return nil
		}, engage.WithRetry(engage.Retry{AttemptTimeout: time.Second}))
		result, err := client.SearchConversation(t.Context(), searchRequest)
		require.NoError(t, err)
		require.Zero(t, result.Attempts[0].Duration)
	})
}

func TestAnErrorOfTheLimiterEndsTheCall(t *testing.T) {
	refusal := errors.New("over the limit of tenant 7")
	_, err := appendMessage(t.Context(), limited(t, func(context.Context) error { return refusal }))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.NotSent, failure.Effect)
	require.ErrorIs(t, err, refusal)
	require.ErrorContains(t, err, "over the limit of tenant 7")
	require.Len(t, failure.Attempts, 1)

	waits := 0
	server := newStub(t, traced(reply(503, ``)))
	_, err = searchConversation(t.Context(), server.client(t, engage.WithLimiter(limiterFunc(func(context.Context) error {
		if waits++; waits > 1 {
			return refusal
		}
		return nil
	}))))
	failure = failureOf(t, err)
	require.ErrorIs(t, err, refusal)
	require.Len(t, failure.Attempts, 2)
	require.Zero(t, failure.Attempts[1].Status, "it is not taken for the attempt before")
	require.Empty(t, failure.Attempts[1].TraceIDs)

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		tokens := 0
		client, err := engage.New(engage.US, sourceFunc(func(context.Context) (auth.Token, error) {
			tokens++
			return auth.NewToken(token, time.Time{}), nil
		}), engage.WithTransport(inMemory{}), engage.WithLimiter(limiterFunc(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})))
		require.NoError(t, err)
		_, err = appendMessage(ctx, client)
		require.Zero(t, tokens, "the attempt does not begin")
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotContains(t, err.Error(), "the limiter returned an error")
		require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
	})
}
