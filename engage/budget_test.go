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

func TestTheContextLimitsAllAttemptsTogether(t *testing.T) {
	slow := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for _, c := range []struct {
		call, attempt time.Duration
		attempts      int
	}{
		{10 * time.Second, time.Minute, 1},
		{10 * time.Second, 4 * time.Second, 3},
		{time.Hour, 4 * time.Second, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(slow)
			client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(transport))
			require.NoError(t, err)
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), c.call)
			defer cancel()
			_, err = client.SearchConversation(ctx, engage.SearchConversationV13{Address: smsAddress},
				engage.WithRetry(engage.Retry{AttemptTimeout: c.attempt, FirstWait: 1, LongestWait: 1}))
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnTimeout, failure.Edge)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Len(t, failure.Attempts, c.attempts)
			require.WithinDuration(t, start.Add(min(c.call, 4*c.attempt)), time.Now(), time.Microsecond)
		})
	}
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
		}, engage.WithRetry(engage.Retry{AttemptTimeout: time.Second}))
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
	refusal := errors.New("over the limit of tenant 7")
	_, err := appendMessage(t.Context(), limited(t, func(context.Context) error { return refusal }))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.NotSent, failure.Effect)
	require.ErrorIs(t, err, refusal)
	require.ErrorContains(t, err, "over the limit of tenant 7")
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
			engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: 1}), engage.WithReconciliation(engage.Reconciliation{Off: true})))
		require.NoError(t, err)
		began := time.Now()
		end := func(ctx context.Context, limit time.Duration) *outcome.Error {
			_, err := appendTo(appendRequest, engage.WithRetry(engage.Retry{AttemptTimeout: limit}))(ctx, client)
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

// patient returns a client that waits for its token as source does, and whose
// service answers at once with one reply after the other.
func patient(t *testing.T, source sourceFunc, replies ...*http.Response) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.US, source, engage.WithTransport(atOnce(replies...)),
		engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: 0, AttemptTimeout: 5 * time.Second})))
	require.NoError(t, err)
	return client
}

// untilTheEnd waits for the end of ctx, and then has no token.
func untilTheEnd(ctx context.Context) (auth.Token, error) {
	<-ctx.Done()
	return auth.Token{}, ctx.Err()
}

func TestTheTimeOfATryIncludesThatOfItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := appendMessage(t.Context(), patient(t, untilTheEnd, fine()))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnTimeout, failure.Edge)
		require.Equal(t, outcome.NotSent, failure.Effect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, context.Canceled)
		require.Len(t, failure.Attempts, 4, "it may be tried again: nothing was sent")
		for _, attempt := range failure.Attempts {
			require.Equal(t, 5*time.Second, attempt.Duration)
			require.Equal(t, outcome.NotSent, attempt.Effect)
		}
	})
	for name, late := range map[string]time.Duration{"a token in time": 3 * time.Second, "a token too late": 6 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := engage.New(engage.US, sourceFunc(func(ctx context.Context) (auth.Token, error) {
					deadline, limited := ctx.Deadline()
					require.True(t, limited)
					require.Equal(t, 5*time.Second, time.Until(deadline))
					time.Sleep(late)
					return auth.NewToken(token, time.Time{}), nil
				}), engage.WithTransport(deaf{}))
				require.NoError(t, err)
				_, err = appendTo(appendRequest, engage.WithRetry(engage.Retry{Attempts: 1, AttemptTimeout: 5 * time.Second}), engage.WithReconciliation(engage.Reconciliation{Off: true}))(t.Context(), client)
				failure := failureOf(t, err)
				require.Equal(t, outcome.OnTimeout, failure.Edge)
				require.Equal(t, max(late, 5*time.Second), failure.Attempts[0].Duration)
				require.Equal(t, late > 5*time.Second, failure.Effect == outcome.NotSent)
			})
		})
	}
}

func TestATokenThatCameTooLateForOneTryServesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := patient(t, func(ctx context.Context) (auth.Token, error) {
			if asked++; asked == 1 {
				return untilTheEnd(ctx)
			}
			return auth.NewToken(token, time.Time{}), nil
		}, fine())
		receipt, err := client.AppendMessage(t.Context(), appendRequest)
		require.NoError(t, err)
		require.Len(t, receipt.Attempts, 2)
		require.ErrorIs(t, receipt.Attempts[0].Err, context.DeadlineExceeded)
	})
}

func TestACallWhoseTimeIsUpBeforeItsTokenCameIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := appendTo(appendRequest)(ctx, patient(t, untilTheEnd, fine()))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnTimeout, failure.Edge)
		require.Equal(t, outcome.NotSent, failure.Effect)
		require.Len(t, failure.Attempts, 1)
		require.Equal(t, 3*time.Second, failure.Attempts[0].Duration)
	})
}

func TestATokenIsReplacedInTheTimeOfATry(t *testing.T) {
	left := errors.New("the caller has left")
	for name, c := range map[string]struct {
		leave time.Duration
		took  time.Duration
		cause error
	}{
		"and for no longer":                {time.Hour, 5 * time.Second, context.DeadlineExceeded},
		"unless the caller leaves earlier": {2 * time.Second, 2 * time.Second, left},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				client := patient(t, func(ctx context.Context) (auth.Token, error) {
					if asked++; asked == 1 {
						return auth.NewToken(token, time.Time{}), nil
					}
					return untilTheEnd(ctx)
				}, httpmock.NewStringResponse(http.StatusUnauthorized, ``))
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(c.leave, func() { cancel(left) })
				start := time.Now()
				_, err := appendMessage(ctx, client)
				require.Equal(t, c.took, time.Since(start))
				failure := failureOf(t, err)
				require.Equal(t, outcome.OnTimeout, failure.Edge)
				require.ErrorIs(t, err, c.cause)
				require.Equal(t, http.StatusUnauthorized, failure.Status)
				require.Equal(t, outcome.Refused, failure.Effect)
				require.Len(t, failure.Attempts, 1)
			})
		})
	}
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
	for limit, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, 0: 15 * time.Second, 9 * time.Hour: 3 * time.Hour} {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), callerKey{}, t.Name()), 3*time.Hour)
		_, err = appendTo(appendRequest, engage.WithRetry(engage.Retry{AttemptTimeout: limit}))(ctx, client)
		cancel()
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(want), <-deadlines, 10*time.Second)
	}
}
