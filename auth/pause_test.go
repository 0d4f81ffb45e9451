package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// asksWithin requires that the source is asked again within the pause, and not before.
func asksAfter(t *testing.T, cache *auth.Cache, source *issuer, least, most time.Duration) {
	t.Helper()
	asked := source.asked.Load()
	for began := time.Now(); time.Since(began) <= most; time.Sleep(100 * time.Millisecond) {
		_, _ = cache.Token(t.Context())
		synctest.Wait()
		if source.asked.Load() > asked {
			require.GreaterOrEqual(t, time.Since(began), least)
			return
		}
	}
	require.Fail(t, "the source was not asked", "within %s", most)
}

func TestEndpointThatRecoversWhileTheTokenLivesIsAskedBeforeItExpires(t *testing.T) {
	for name, failure := range map[string]error{
		"down":    errors.New("down"),
		"refused": &auth.ReauthorizationRequiredError{Reason: auth.Revoked},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{life: time.Hour}
				cache := auth.NewCache(source)
				first, err := cache.Token(t.Context())
				require.NoError(t, err)
				source.failWith(failure)
				// It counts as expired up to 75 seconds before its expiry.
				for time.Until(first.Expiry()) > 80*time.Second {
					get(t, cache)
					time.Sleep(time.Second)
					synctest.Wait()
				}
				source.recover()
				for range 300 {
					get(t, cache)
					time.Sleep(time.Second)
				}
			})
		})
	}
}

func TestPauseThatTheEndpointAskedForMayOutlastTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: 8 * time.Minute}
		cache := auth.NewCache(source)
		get(t, cache)
		source.failWith(&auth.TokenEndpointError{Status: 429, RetryAfter: 5 * time.Minute})
		time.Sleep(6 * time.Minute)
		get(t, cache)
		synctest.Wait()
		source.recover()
		time.Sleep(2 * time.Minute)
		_, err := cache.Token(t.Context())
		require.Error(t, err)
		time.Sleep(3 * time.Minute)
		require.Equal(t, "token-3", get(t, cache))
	})
}

func TestOneBadReplyOfTheEndpointCostsAFewSeconds(t *testing.T) {
	for name, reply := range map[string]string{
		"redirect": `302`, "unreadable": `200<html>`, "no such path": `404{"message":"m","trackingId":"1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache := auth.NewCache(standalone(reply, `{"access_token":"abc"}`))
				_, err := cache.Token(t.Context())
				require.Error(t, err)
				time.Sleep(2 * time.Second)
				require.Equal(t, "abc", get(t, cache))
			})
		})
	}
}

func TestRetryEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := new(issuer)
		source.failWith(&auth.TokenEndpointError{Status: 429, RetryAfter: time.Hour})
		cache := auth.NewCache(source)
		_, err := cache.Token(t.Context())
		require.Error(t, err)
		source.recover()
		_, err = cache.Token(t.Context())
		require.Error(t, err)
		cache.Retry()
		require.Equal(t, "token-2", get(t, cache))
	})
}

func TestRetryEndsThePauseInWhichARefusedTokenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := auth.NewCache(&issuer{life: time.Hour})
		refuse := func() {
			token, err := cache.Token(t.Context())
			require.NoError(t, err)
			cache.Invalidate(token)
		}
		refuse()
		refuse()
		require.Equal(t, "token-2", get(t, cache), "kept")
		cache.Retry()
		require.Equal(t, "token-2", get(t, cache), "nobody has refused it since")
		refuse()
		require.Equal(t, "token-3", get(t, cache))
	})
}

func TestPausesAreShortAgainAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		source.failWith(errors.New("down"))
		cache := auth.NewCache(source)
		for range 3600 {
			_, err := cache.Token(t.Context())
			require.Error(t, err)
			time.Sleep(time.Second)
		}
		source.recover()
		time.Sleep(time.Minute)
		token, err := cache.Token(t.Context())
		require.NoError(t, err)
		cache.Accept(token)
		source.failWith(errors.New("down again"))
		cache.Invalidate(token)
		_, err = cache.Token(t.Context())
		require.EqualError(t, err, "down again")
		asksAfter(t, cache, source, time.Second, 2*time.Second)
	})
}

// flaky is a service that refuses each seventh request for no reason, and every token
// that was issued before the last revocation.
type flaky struct {
	cache    *auth.Cache
	requests int
	revoked  map[string]bool
}

// call makes a request with the one replay that a client makes. It reports how often
// the service got a revoked token.
func (f *flaky) call(t *testing.T) (ok bool, withRevoked int) {
	t.Helper()
	for range 2 {
		token, err := f.cache.Token(t.Context())
		require.NoError(t, err)
		f.requests++
		if f.revoked[token.Reveal()] {
			withRevoked++
		}
		if !f.revoked[token.Reveal()] && f.requests%7 != 0 {
			f.cache.Accept(token)
			return true, withRevoked
		}
		f.cache.Invalidate(token)
	}
	return false, withRevoked
}

func TestRevocationIsBelievedThoughTheServiceRefusesGoodTokensNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &flaky{cache: auth.NewCache(&issuer{life: 12 * time.Hour}), revoked: map[string]bool{}}
		for n := range 10_000 {
			if n%1000 == 500 {
				service.revoked[get(t, service.cache)] = true
			}
			ok, withRevoked := service.call(t)
			require.True(t, ok, "call %d", n)
			require.LessOrEqual(t, withRevoked, 1)
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// The renewal of an unchanged token does not help, so refusals now and then do not
// cause one each.
func TestRefusalsNowAndThenDoNotDrainAnEndpointThatReturnsTheSameToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		token := auth.NewToken("same", time.Now().Add(12*time.Hour))
		cache := auth.NewCache(sourceFunc(func(context.Context) (auth.Token, error) {
			asked++
			return token, nil
		}))
		for n := range 36_000 {
			require.Equal(t, "same", get(t, cache))
			if n%7 == 0 {
				cache.Invalidate(token)
			} else {
				cache.Accept(token)
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.Less(t, asked, 200)
	})
}

func TestFirstRefusalIsWorthARenewalHoweverSoonItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := auth.NewCache(&issuer{life: time.Hour})
		for n := 1; n <= 20; n++ {
			token, err := cache.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("token-%d", n), token.Reveal())
			cache.Accept(token)
			cache.Invalidate(token) // revoked since
		}
	})
}

func TestRefusedTokenIsNotKeptForMoreThanAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: 12 * time.Hour}
		cache := auth.NewCache(source)
		last, changed := "", time.Now()
		for range 3600 {
			token, err := cache.Token(t.Context())
			require.NoError(t, err)
			if token.Reveal() != last {
				last, changed = token.Reveal(), time.Now()
			}
			require.LessOrEqual(t, time.Since(changed), 62*time.Second)
			cache.Invalidate(token)
			time.Sleep(time.Second)
		}
	})
}

func TestStoreThatCannotSaveIsNotAskedAtEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Store: &failing{full: true}}
		refreshing := scripted(store, `{"access_token":"access-1","refresh_token":"refresh-1","expires_in":43200}`)
		source, err := refreshing.Open()
		require.NoError(t, err)
		for range 3600 {
			require.Equal(t, "access-1", get(t, source))
			time.Sleep(time.Second)
		}
		require.Less(t, store.updates(), 200) // the pause grows to 1 s to 1 min
		require.Greater(t, store.updates(), 40)
		require.Equal(t, 1, refreshing.Integration.Transport.(*httpmock.MockTransport).GetTotalCallCount())
	})
}

// counting is a store that counts its updates.
type counting struct {
	auth.Store
	mu    sync.Mutex
	count int
}

func (c *counting) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	c.mu.Lock()
	c.count++
	c.mu.Unlock()
	return c.Store.Update(ctx, name, change)
}

func (c *counting) updates() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

func TestRenewalsAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var renewals []auth.Renewal
		source := &issuer{life: time.Hour, delay: 2 * time.Second}
		cache := auth.NewCache(source, auth.WithTimeout(3*time.Second),
			auth.WithRenewalObserver(func(r auth.Renewal) { renewals = append(renewals, r) }))
		token, err := cache.Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, []auth.Renewal{{Duration: 2 * time.Second, Expiry: token.Expiry()}}, renewals)

		failure := errors.New("down")
		source.failWith(failure)
		time.Sleep(50 * time.Minute)
		require.Equal(t, "token-1", get(t, cache))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Len(t, renewals, 2)
		require.Equal(t, auth.Renewal{Duration: 2 * time.Second, Err: failure}, renewals[1])
	})
}

func TestRenewalsOfARegistryAreObservedByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		observed := map[string]error{}
		registry := &auth.Registry{OnRenewal: func(name string, r auth.Renewal) {
			mu.Lock()
			defer mu.Unlock()
			observed[name] = r.Err
		}}
		require.NoError(t, registry.Add(t.Context(), "good", standalone(`{"access_token":"abc"}`)))
		require.NoError(t, registry.Add(t.Context(), "bad", standalone(`401{"error":"invalid_client"}`)))
		require.NoError(t, registry.Authenticate(t.Context(), "good"))
		require.Error(t, registry.Authenticate(t.Context(), "bad"))
		synctest.Wait()
		require.Len(t, observed, 2)
		require.NoError(t, observed["good"])
		require.ErrorIs(t, observed["bad"], auth.ErrReauthorizationRequired)
	})
}
