package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// clock is a time that only its owner moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// numbered is a source whose tokens live for an hour by clock.
func numbered(clock *clock, fail *error) auth.TokenSource {
	source := new(issuer)
	return sourceFunc(func(ctx context.Context) (auth.Token, error) {
		token, err := source.Token(ctx)
		return auth.NewToken(token.Reveal(), clock.Now().Add(time.Hour)), errors.Join(err, *fail)
	})
}

func TestCacheDecidesByTheClockItIsGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail error
		began := time.Now()
		clock := &clock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
		cache := auth.NewCache(numbered(clock, &fail), auth.WithClock(nil), auth.WithClock(clock.Now))
		require.Equal(t, "token-1", get(t, cache))

		clock.advance(40 * time.Minute)
		require.Equal(t, "token-1", get(t, cache), "fresh")
		synctest.Wait()
		require.Equal(t, "token-1", get(t, cache), "and nothing was asked for")

		clock.advance(10 * time.Minute)
		require.Equal(t, "token-1", get(t, cache), "stale")
		synctest.Wait()
		require.Equal(t, "token-2", get(t, cache))

		fail = errors.New("down")
		clock.advance(time.Hour)
		_, err := cache.Token(t.Context())
		require.EqualError(t, err, "down", "expired")
		fail = nil
		_, err = cache.Token(t.Context())
		require.EqualError(t, err, "down", "the pause has not passed")
		clock.advance(5 * time.Minute)
		require.Equal(t, "token-4", get(t, cache))
		require.Equal(t, began, time.Now(), "all in no time")
	})
}

func TestTokenThatHasExpiredByTheClockIsRefused(t *testing.T) {
	clock := &clock{now: time.Now().Add(2 * time.Hour)}
	_, err := auth.NewCache(always(auth.NewToken("abc", time.Now().Add(time.Hour))), auth.WithClock(clock.Now)).Token(t.Context())
	require.ErrorContains(t, err, "expired")
}

func TestStoredTokenIsJudgedByTheClock(t *testing.T) {
	store := new(auth.MemoryStore)
	before, err := scripted(store, `{"access_token":"old","expires_in":3600}`).Open()
	require.NoError(t, err)
	require.Equal(t, "old", get(t, before))

	clock := &clock{now: time.Now().Add(time.Hour)}
	after, err := scripted(store, `{"access_token":"new","expires_in":7200}`).Open(auth.WithClock(clock.Now))
	require.NoError(t, err)
	require.Equal(t, "new", get(t, after))
}

// slept is now, had the machine slept for that long before: its wall clock has
// gone on, its monotonic clock has not. There is no other way to make such a time.
func slept(t *testing.T, now time.Time, period time.Duration) time.Time {
	woken := now
	*(*uint64)(unsafe.Pointer(&woken)) += uint64(period/time.Second) << 30
	require.Zero(t, woken.Sub(now))
	require.Equal(t, period, woken.Round(0).Sub(now.Round(0)))
	return woken
}

func TestTokenThatExpiredWhileTheMachineSleptIsReplacedThoughItWasNotSaved(t *testing.T) {
	for name, full := range map[string]bool{"saved": false, "not saved": true} {
		t.Run(name, func(t *testing.T) {
			var asleep atomic.Int64
			source, err := scripted(&failing{full: full},
				`{"access_token":"access-1","refresh_token":"refresh-1","expires_in":3600}`,
				`{"access_token":"access-2","refresh_token":"refresh-2","expires_in":36000}`,
			).Open(auth.WithClock(func() time.Time { return slept(t, time.Now(), time.Duration(asleep.Load())) }))
			require.NoError(t, err)
			require.Equal(t, "access-1", get(t, source))
			asleep.Store(int64(2 * time.Hour))
			require.Equal(t, "access-2", get(t, source))
		})
	}
}

func TestTokenThatComesAtTheLastMomentIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A clock that takes its time lets the source bring its token before the
		// limit and the cache look at it after.
		var slow atomic.Bool
		now := func() time.Time {
			if slow.Load() {
				time.Sleep(2 * time.Second)
			}
			return time.Now()
		}
		source := new(issuer)
		cache := auth.NewCache(sourceFunc(func(ctx context.Context) (auth.Token, error) {
			token, err := source.Token(ctx)
			if token.Reveal() == "token-1" {
				time.Sleep(27 * time.Second)
				slow.Store(true)
			}
			return token, err
		}), auth.WithClock(now))
		token, err := cache.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "token-1", token.Reveal())
		slow.Store(false)
		cache.Invalidate(token)
		require.Equal(t, "token-2", get(t, cache))
	})
}

func TestRunLooksAtTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail error
		clock := &clock{now: time.Now()}
		cache := auth.NewCache(numbered(clock, &fail), auth.WithClock(clock.Now))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = cache.Run(ctx) }()
		synctest.Wait()
		clock.advance(50 * time.Minute)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, "token-2", get(t, cache))
	})
}
