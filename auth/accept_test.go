package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// listening is a source that records what the cache reports to it.
type listening struct {
	issuer
	accepted, refused []string
}

func (l *listening) Accept(accepted auth.Token)    { l.accepted = append(l.accepted, accepted.Reveal()) }
func (l *listening) Invalidate(refused auth.Token) { l.refused = append(l.refused, refused.Reveal()) }

func TestSourceLearnsOnceThatATokenWasAccepted(t *testing.T) {
	source := new(listening)
	cache := auth.NewCache(source)
	first, err := cache.Token(t.Context())
	require.NoError(t, err)
	cache.Accept(auth.NewToken("another", time.Time{}))
	require.Empty(t, source.accepted)
	for range 3 {
		cache.Accept(first)
	}
	cache.Invalidate(first)
	cache.Accept(first) // It is no longer the token of the cache.
	second, err := cache.Token(t.Context())
	require.NoError(t, err)
	cache.Accept(first)
	cache.Accept(second)
	require.Equal(t, []string{"token-1", "token-2"}, source.accepted)
}

func TestSourceLearnsOfARefusalOnlyIfTheTokenIsDropped(t *testing.T) {
	source := new(listening)
	cache := auth.NewCache(source)
	first, err := cache.Token(t.Context())
	require.NoError(t, err)
	cache.Invalidate(auth.NewToken("another", time.Time{}))
	require.Empty(t, source.refused)
	cache.Invalidate(first)
	second, err := cache.Token(t.Context())
	require.NoError(t, err)
	cache.Invalidate(second) // It is kept for a pause.
	require.Equal(t, "token-2", get(t, cache))
	require.Equal(t, []string{"token-1"}, source.refused)
}

func TestPauseThatTheEndpointAskedForHoldsThoughTheTokenIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		cache := auth.NewCache(source)
		token, err := cache.Token(t.Context())
		require.NoError(t, err)
		source.failWith(&auth.TokenEndpointError{Status: 429, RetryAfter: 5 * time.Minute})
		time.Sleep(50 * time.Minute)
		require.Equal(t, "token-1", get(t, cache))
		synctest.Wait()
		cache.Invalidate(token)
		for range 4 {
			_, err = cache.Token(t.Context())
			require.ErrorContains(t, err, "HTTP 429")
			time.Sleep(time.Minute)
		}
		require.EqualValues(t, 2, source.asked.Load())
	})
}

func TestRefusalsOfATokenThatTheServiceAlsoAcceptsNeedNoReauthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := new(auth.Registry)
		require.NoError(t, registry.Add(t.Context(), "a", standalone(`{"access_token":"same","expires_in":43200}`)))
		user := registry.Use("a", "worker")
		for range 100 {
			token, err := user.Token(t.Context())
			require.NoError(t, err)
			user.Accept(token)
			user.Invalidate(token)
			get(t, user)
			require.Equal(t, auth.Authorized, state(t, registry, "a"))
			time.Sleep(time.Second)
		}
	})
}

func TestThirdNewTokenThatIsRefusedNeedsReauthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := newHourly()
		source, _ := endpoint.of()
		registry := new(auth.Registry)
		require.NoError(t, registry.Add(t.Context(), "a", source))
		user := registry.Use("a", "worker")
		for _, want := range []auth.State{auth.Authorized, auth.Authorized, auth.ReauthorizationRequired} {
			token, err := user.Token(t.Context())
			require.NoError(t, err)
			user.Invalidate(token)
			get(t, user)
			require.Equal(t, want, state(t, registry, "a"))
			time.Sleep(5 * time.Second) // longer than the pauses before the third
		}
	})
}

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

// A transport of the SDK reports why a proxy refused to connect, and net/http does not.
func TestCacheOfCredentialsSendsByATransportOfTheSDK(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	standard := http.DefaultTransport
	http.DefaultTransport = &http.Transport{Proxy: http.ProxyURL(address)}
	defer func() { http.DefaultTransport = standard }()
	_, err = auth.NewCache(credentials("https://login.example.com/token")).Token(t.Context())
	require.ErrorContains(t, err, "the proxy refused to connect: 407")
}
