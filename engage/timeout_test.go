package engage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// deaf is a transport that never answers.
var deaf roundTrip = func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestTheContextLimitsAllAttemptsTogether(t *testing.T) {
	for _, c := range []struct {
		call, attempt time.Duration
		attempts      int
	}{
		{10 * time.Second, time.Minute, 1},
		{10 * time.Second, 4 * time.Second, 3},
		{time.Hour, 4 * time.Second, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := over(t, deaf, engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: c.attempt, FirstWait: 1, LongestWait: 1})))
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), c.call)
			defer cancel()
			_, err := searchConversation(ctx, client)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnTimeout, failure.Edge)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Len(t, failure.Attempts, c.attempts)
			require.WithinDuration(t, start.Add(min(c.call, 4*c.attempt)), time.Now(), time.Microsecond)
		})
	}
}

func TestAReadThatTimedOutIsRetriedAndAnUnsafeWriteIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			if requests++; requests <= 2 {
				return deaf(r)
			}
			return fine(), nil
		}))
		_, err := searchConversation(t.Context(), client)
		require.NoError(t, err)
		require.Equal(t, 3, requests)

		requests = 0
		_, err = appendTo(appendRequest, noReconciliation)(t.Context(), client)
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
		require.Equal(t, 1, requests)
	})
}

func TestEachAttemptEndsAtItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := over(t, deaf, engage.WithCallOptions(oneAttempt, noReconciliation))
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

func TestAContextThatEndsIsOnTimeout(t *testing.T) {
	each(t, func(t *testing.T, c call) {
		ctx, cancel := context.WithCancelCause(t.Context())
		server := newStub(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel(errors.New("the caller gave up"))
			<-r.Context().Done()
		})
		got, err := c.do(ctx, server.client(t))
		require.Equal(t, outcome.OnTimeout, got)
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.Canceled)

		expired, cancelExpired := context.WithDeadline(t.Context(), time.Now())
		defer cancelExpired()
		got, err = c.do(expired, server.client(t))
		require.Equal(t, outcome.OnTimeout, got)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
		require.Len(t, server.seen(), 1, "after its deadline a call sends nothing")
	})
}

// unread is a body that sends nothing before its context ends.
type unread struct{ context.Context }

func (u unread) Read([]byte) (int, error) {
	<-u.Done()
	return 0, u.Err()
}

func TestAContextThatEndsWhileAFailureIsReadIsOnTimeout(t *testing.T) {
	left := errors.New("the caller gave up")
	for status, want := range map[int]struct {
		edge   outcome.Edge
		effect outcome.Effect
	}{
		http.StatusInternalServerError: {outcome.OnError, outcome.MaybeApplied},
		http.StatusConflict:            {outcome.OnError, outcome.Refused},
		http.StatusForbidden:           {outcome.OnAuthorizationFailure, outcome.Refused},
	} {
		for name, c := range map[string]struct {
			leave time.Duration
			edge  outcome.Edge
			cause error
		}{
			"the call":    {time.Second, outcome.OnTimeout, left},
			"the attempt": {time.Hour, want.edge, context.DeadlineExceeded},
		} {
			t.Run(fmt.Sprintf("%d, %s", status, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Body: io.NopCloser(unread{r.Context()}), ContentLength: -1}, nil
					}))
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(c.leave, func() { cancel(left) })
					_, err := appendTo(appendRequest, oneAttempt, noReconciliation)(ctx, client)
					failure := failureOf(t, err)
					require.Equal(t, c.edge, failure.Edge)
					require.ErrorIs(t, err, c.cause)
					require.Equal(t, status, failure.Status)
					require.Equal(t, want.effect, failure.Effect)
				})
			})
		}
	}
}
