package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// sourceFunc is a source made of a function.
type sourceFunc func(context.Context) (auth.Token, error)

func (f sourceFunc) Token(ctx context.Context) (auth.Token, error) { return f(ctx) }

// always is a source of one token.
func always(token auth.Token) auth.TokenSource {
	return sourceFunc(func(context.Context) (auth.Token, error) { return token, nil })
}

// issuer is a source that numbers its tokens and can be slow or out of order.
type issuer struct {
	life  time.Duration // 0: unknown expiry
	delay time.Duration
	fail  atomic.Pointer[error]
	asked atomic.Int32
}

func (i *issuer) Token(ctx context.Context) (auth.Token, error) {
	number := i.asked.Add(1)
	select {
	case <-time.After(i.delay):
	case <-ctx.Done():
		return auth.Token{}, ctx.Err()
	}
	if failure := i.fail.Load(); failure != nil {
		return auth.Token{}, *failure
	}
	var expiry time.Time
	if i.life > 0 {
		expiry = time.Now().Add(i.life)
	}
	return auth.NewToken(fmt.Sprintf("token-%d", number), expiry), nil
}

func (i *issuer) failWith(err error) { i.fail.Store(&err) }
func (i *issuer) recover()           { i.fail.Store(nil) }

// get returns the value of the source's token.
func get(t *testing.T, source auth.TokenSource) string {
	t.Helper()
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	return token.Reveal()
}

func TestFreshTokenIsGivenWithoutAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		cache := auth.NewCache(source)
		for range 40 {
			require.Equal(t, "token-1", get(t, cache))
			time.Sleep(time.Minute)
		}
		require.EqualValues(t, 1, source.asked.Load())
	})
}

func TestTokenOfUnknownExpiryIsKeptUntilRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		cache := auth.NewCache(source)
		token, err := cache.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(1000 * time.Hour)
		require.Equal(t, "token-1", get(t, cache))
		cache.Invalidate(token)
		require.Equal(t, "token-2", get(t, cache))
	})
}

// The number to keep: 1000 callers of a stale token cause 1 refresh.
func TestStaleTokenIsGivenWhileOneRenewalRunsInTheBackground(t *testing.T) {
	for life, window := range map[time.Duration]time.Duration{
		20 * time.Minute: 5 * time.Minute,
		time.Hour:        15 * time.Minute,
		12 * time.Hour:   time.Hour,
	} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{life: life, delay: 10 * time.Second}
				cache := auth.NewCache(source)
				get(t, cache)
				// The window is longer by up to a quarter, at random.
				time.Sleep(life - window*5/4 - time.Minute)
				require.Equal(t, "token-1", get(t, cache))
				synctest.Wait()
				require.EqualValues(t, 1, source.asked.Load())

				time.Sleep(window/4 + 2*time.Minute)
				asked := time.Now()
				var callers sync.WaitGroup
				for range 1000 {
					callers.Go(func() { require.Equal(t, "token-1", get(t, cache)) })
				}
				callers.Wait()
				require.Equal(t, asked, time.Now(), "nobody waited")
				synctest.Wait()
				require.EqualValues(t, 2, source.asked.Load())

				time.Sleep(11 * time.Second)
				require.Equal(t, "token-2", get(t, cache))
			})
		})
	}
}

func TestExpiredTokenIsNeverGiven(t *testing.T) {
	for _, life := range []time.Duration{time.Second, time.Minute, time.Hour, 12 * time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{life: life}
				cache := auth.NewCache(source)
				token, err := cache.Token(t.Context())
				require.NoError(t, err)
				source.failWith(errors.New("down"))
				for range 200 {
					time.Sleep(life / 100)
					given, err := cache.Token(t.Context())
					if err == nil {
						require.True(t, time.Now().Before(given.Expiry()))
					}
					if time.Now().After(token.Expiry()) {
						require.EqualError(t, err, "down")
					}
				}
			})
		})
	}
}

func TestShortLivedTokenDoesNotCauseAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: 8 * time.Second}
		cache := auth.NewCache(source)
		for range 800 {
			get(t, cache)
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, source.asked.Load(), int32(80/4+1))
	})
}

// x/oauth2 with 20 callers and a failing endpoint made 20 requests, one after
// another, in 2.02 s.
func TestCallersShareOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{delay: 100 * time.Millisecond}
		source.failWith(errors.New("down"))
		cache := auth.NewCache(source)
		began := time.Now()
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				_, err := cache.Token(t.Context())
				require.EqualError(t, err, "down")
			})
		}
		callers.Wait()
		require.EqualValues(t, 1, source.asked.Load())
		require.Equal(t, 100*time.Millisecond, time.Since(began))
	})
}

func TestFailureIsRememberedForAGrowingPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		source.failWith(errors.New("down"))
		cache := auth.NewCache(source)
		for range 24 * 3600 {
			_, err := cache.Token(t.Context())
			require.EqualError(t, err, "down")
			time.Sleep(time.Second)
		}
		// The pause is 1 s to 1 min, once it has grown.
		require.Less(t, source.asked.Load(), int32(4000))
		require.Greater(t, source.asked.Load(), int32(24*60))

		source.recover()
		time.Sleep(5 * time.Minute)
		get(t, cache)
		asked := source.asked.Load()
		get(t, cache)
		require.Equal(t, asked, source.asked.Load())
	})
}

func TestPauseIsAsLongAsTheEndpointAskedForUpToFiveMinutes(t *testing.T) {
	for requested, kept := range map[time.Duration]time.Duration{
		2 * time.Minute: 2 * time.Minute,
		time.Hour:       5 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			source := &issuer{}
			source.failWith(&auth.TokenEndpointError{Status: 429, RetryAfter: requested})
			cache := auth.NewCache(source)
			_, err := cache.Token(t.Context())
			require.Error(t, err)
			source.recover()
			time.Sleep(kept - time.Second)
			_, err = cache.Token(t.Context())
			require.Error(t, err)
			time.Sleep(time.Second)
			require.Equal(t, "token-2", get(t, cache))
		})
	}
}

func TestHopelessRenewalIsNotRepeatedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		source.failWith(&auth.ReauthorizationRequiredError{Reason: auth.CredentialsChanged})
		cache := auth.NewCache(source)
		for range 60 {
			_, err := cache.Token(t.Context())
			require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
			time.Sleep(time.Second)
		}
		require.EqualValues(t, 1, source.asked.Load())
	})
}

func TestFailedBackgroundRenewalKeepsTheTokenAndIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		source := &issuer{life: time.Hour}
		cache := auth.NewCache(source, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		get(t, cache)
		source.failWith(errors.New("down"))
		time.Sleep(50 * time.Minute)
		require.Equal(t, "token-1", get(t, cache))
		synctest.Wait()
		require.EqualValues(t, 2, source.asked.Load())
		require.Contains(t, log.String(), "error=down")
		require.NotContains(t, log.String(), "token-1")

		source.recover()
		time.Sleep(3 * time.Second)
		require.Equal(t, "token-1", get(t, cache))
		synctest.Wait()
		require.Equal(t, "token-3", get(t, cache))
	})
}

// x/oauth2 with a 100 ms deadline and a 600 ms refresh returned after 600 ms.
func TestWaiterLeavesByItsOwnContextAndTheRenewalGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{delay: 600 * time.Millisecond}
		cache := auth.NewCache(source)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		patient := make(chan auth.Token)
		go func() {
			token, err := cache.Token(ctx)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 50*time.Millisecond, time.Since(began))
			assert.True(t, token.IsZero())
		}()
		synctest.Wait()
		go func() {
			token, err := cache.Token(t.Context())
			assert.NoError(t, err)
			patient <- token
		}()
		require.Equal(t, "token-1", (<-patient).Reveal())
		require.Equal(t, 600*time.Millisecond, time.Since(began))
		require.EqualValues(t, 1, source.asked.Load())
	})
}

// x/oauth2 whose constructor's context had ended made 0 requests: every later
// refresh failed at once.
func TestRenewalOutlivesTheContextThatStartedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, delay: time.Second}
		cache := auth.NewCache(source)
		get(t, cache)
		time.Sleep(50 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := cache.Token(ctx)
		require.NoError(t, err)
		cancel()
		time.Sleep(2 * time.Second)
		require.Equal(t, "token-2", get(t, cache))
	})
}

func TestEndedContextGetsNoToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	source := &issuer{}
	_, err := auth.NewCache(source).Token(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, source.asked.Load())
}

func TestRenewalHasItsOwnTimeLimitAndItsLateTokenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := sourceFunc(func(context.Context) (auth.Token, error) {
			<-release
			return auth.NewToken("late", time.Time{}), nil
		})
		cache := auth.NewCache(deaf, auth.WithTimeout(10*time.Second), auth.WithTimeout(0), auth.WithTimeout(-1))
		began := time.Now()
		_, err := cache.Token(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "10s")
		require.Equal(t, 10*time.Second, time.Since(began))
		close(release)
		synctest.Wait()
		require.Equal(t, "late", get(t, cache))
	})
}

func TestSourceThatMisbehavesIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		source auth.TokenSource
		text   string
	}{
		"panic":         {sourceFunc(func(context.Context) (auth.Token, error) { panic(hidden) }), "auth: the token source panicked (string)"},
		"nil panic":     {sourceFunc(func(context.Context) (auth.Token, error) { panic(nil) }), "auth: the token source panicked (*runtime.PanicNilError)"},
		"goexit":        {sourceFunc(func(context.Context) (auth.Token, error) { runtime.Goexit(); panic("not reached") }), "auth: the token source panicked (<nil>)"},
		"no token":      {always(auth.Token{}), "auth: there is no token"},
		"expired token": {always(auth.NewToken("abc", time.Now().Add(-time.Hour))), "auth: the token has expired"},
		"no source":     {nil, "auth: there is no token source"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auth.NewCache(test.source).Token(t.Context())
			require.EqualError(t, err, test.text)
		})
	}
}

// The number to keep: 50 refusals of one token cause 1 refresh.
func TestConcurrentRefusalsCauseOneRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, delay: time.Second}
		cache := auth.NewCache(source)
		refused, err := cache.Token(t.Context())
		require.NoError(t, err)
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				cache.Invalidate(refused)
				require.Equal(t, "token-2", get(t, cache))
				cache.Invalidate(refused) // which is no longer the current one
				require.Equal(t, "token-2", get(t, cache))
			})
		}
		callers.Wait()
		require.EqualValues(t, 2, source.asked.Load())
	})
}

func TestRefusalReachesASourceThatWantsToKnow(t *testing.T) {
	keys, err := auth.ConnectServiceKey{Key: auth.NewSecret("one"), Secondary: auth.NewSecret("two")}.Open()
	require.NoError(t, err)
	cache := auth.NewCache(keys)
	refused, err := cache.Token(t.Context())
	require.NoError(t, err)
	cache.Invalidate(auth.NewToken("another", time.Time{}))
	require.Equal(t, "one", get(t, cache))
	cache.Invalidate(refused)
	require.Equal(t, "two", get(t, cache))
}

// A Webex token that is refreshed early may come back unchanged.
func TestUnchangedTokenAfterRenewalIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		token := auth.NewToken("same", time.Now().Add(time.Hour))
		cache := auth.NewCache(sourceFunc(func(context.Context) (auth.Token, error) {
			asked++
			return token, nil
		}))
		for time.Now().Before(token.Expiry()) {
			require.Equal(t, "same", get(t, cache))
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		// Each renewal is due after half of what is left of the last 15 to 18.75 minutes.
		require.Less(t, asked, 20)
		require.Greater(t, asked, 5)
		_, err := cache.Token(t.Context())
		require.ErrorContains(t, err, "expired")
	})
}

func TestTokenThatComesBackAfterItsRefusalIsKeptForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		token := auth.NewToken("same", time.Now().Add(100*time.Hour))
		cache := auth.NewCache(sourceFunc(func(context.Context) (auth.Token, error) {
			asked++
			return token, nil
		}))
		for range 3600 {
			require.Equal(t, "same", get(t, cache))
			cache.Invalidate(token)
			time.Sleep(time.Second)
		}
		require.Less(t, asked, 200) // the pause grows to 1 s to 1 min
	})
}

func TestServiceThatRefusesEveryTokenDoesNotDrainTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		cache := auth.NewCache(source)
		for range 3600 {
			token, err := cache.Token(t.Context())
			require.NoError(t, err)
			cache.Invalidate(token)
			time.Sleep(time.Second)
		}
		require.Less(t, source.asked.Load(), int32(200)) // the pause grows to 1 s to 1 min
	})
}

func TestRunKeepsTheTokenFreshWithoutCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, delay: time.Second}
		cache := auth.NewCache(source)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- cache.Run(ctx) }()
		time.Sleep(10 * time.Hour)
		asked := source.asked.Load()
		require.InDelta(t, 13, asked, 2) // once in about 40 to 45 minutes

		began := time.Now()
		get(t, cache)
		require.Equal(t, began, time.Now())

		source.failWith(errors.New("down"))
		time.Sleep(10 * time.Hour)
		source.recover()
		time.Sleep(6 * time.Minute)
		began = time.Now()
		get(t, cache)
		require.Equal(t, began, time.Now())
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestRunReplacesARefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		cache := auth.NewCache(source)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = cache.Run(ctx) }()
		synctest.Wait()
		token, err := cache.Token(t.Context())
		require.NoError(t, err)
		cache.Invalidate(token)
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, 2, source.asked.Load())
	})
}

// breaking is a context that panics when it is asked for its end.
type breaking struct{ context.Context }

func (breaking) Err() error { panic("a context of somebody else") }

// A panic in a handler of net/http is caught, and the cache is used again.
func TestPanicOfACallerLeavesTheCacheUsable(t *testing.T) {
	cache := auth.NewCache(auth.Static("abc"))
	require.Panics(t, func() { _, _ = cache.Token(breaking{t.Context()}) })
	require.Equal(t, "abc", get(t, cache))
	cache.Invalidate(auth.NewToken("abc", time.Time{}))

	var asked atomic.Int32
	cache = auth.NewCache(auth.Static("abc"), auth.WithClock(func() time.Time {
		if asked.Add(1) == 2 {
			panic("a clock of somebody else")
		}
		return time.Now()
	}))
	require.Panics(t, func() { _, _ = cache.Token(t.Context()) })
	require.Equal(t, "abc", get(t, cache))
}
