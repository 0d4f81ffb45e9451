package auth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

func TestRunSleepsWhileNothingIsDue(t *testing.T) {
	for name, life := range map[string]time.Duration{"known expiry": 12 * time.Hour, "unknown expiry": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int32
				cache := auth.NewCache(&issuer{life: life}, auth.WithClock(func() time.Time {
					reads.Add(1)
					return time.Now()
				}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				require.ErrorIs(t, cache.Run(ctx), context.DeadlineExceeded)
				require.Less(t, reads.Load(), int32(60*10), "it wakes once a minute")
			})
		})
	}
}

func TestCloseWaitsForARenewalUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := auth.NewCache(&issuer{delay: 10 * time.Second})
		renewing := make(chan error, 1)
		go func() {
			_, err := cache.Token(t.Context())
			renewing <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, cache.Close(ctx), context.DeadlineExceeded)
		require.NoError(t, cache.Close(t.Context()))
		require.NoError(t, <-renewing)
	})
}
