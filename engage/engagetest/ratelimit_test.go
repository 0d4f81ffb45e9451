package engagetest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

func TestRequestsBeyondTheRateLimitAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork(), engagetest.WithRateLimit(2, time.Hour))
		client, err := s.Client(engage.WithCallOptions(engage.WithRetry(engage.Retry{LongestWait: time.Hour})))
		require.NoError(t, err)
		began := time.Now()
		for _, remaining := range []int{1, 0} {
			found, err := client.SearchConversation(t.Context(), smsSearch)
			require.NoError(t, err)
			limit, ok := found.RateLimit()
			require.True(t, ok)
			require.Equal(t, 2, limit.Limit)
			require.Equal(t, remaining, limit.Remaining)
			require.True(t, limit.Reset.Equal(began.Add(time.Hour)), limit.Reset)
		}
		require.Zero(t, time.Since(began))

		refused := s.post("/conversations", "{"+smsAddress+"}")
		require.Equal(t, http.StatusTooManyRequests, refused.status)
		require.Equal(t, "3600", refused.header.Get("Retry-After"))
		require.Empty(t, s.Conversations())

		found, err := client.SearchConversation(t.Context(), smsSearch)
		require.NoError(t, err)
		require.Len(t, found.Attempts, 2)
		require.Equal(t, time.Hour, time.Since(began), "the client waits for the next period")
	})
}

// A client that waits until the reset is not too early.
func TestTheResetOfTheRateLimitIsNotTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Second / 2)
		s := start(t, engagetest.WithoutNetwork(), engagetest.WithRateLimit(1, time.Minute))
		for range 2 {
			got := s.post("/conversations/search", "{"+smsAddress+"}")
			require.Equal(t, http.StatusOK, got.status)
			reset, err := time.Parse(time.RFC3339, got.header.Get("Rate-Limit-Reset"))
			require.NoError(t, err)
			time.Sleep(time.Until(reset))
		}
	})
}
