package auth_test

import (
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
