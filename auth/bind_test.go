package auth_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// tenant is the endpoint of a client.
func tenant(t *testing.T, host string) *url.URL {
	t.Helper()
	endpoint, err := url.Parse("https://" + host + "/engage")
	require.NoError(t, err)
	return endpoint
}

func TestClientBindsTheCacheItIsGiven(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	credentials := server.Credentials()
	for name, source := range map[string]auth.TokenSource{"value": credentials, "pointer": &credentials} {
		t.Run(name, func(t *testing.T) {
			cache := auth.NewCache(source)
			_, err := cache.Token(t.Context())
			require.ErrorIs(t, err, outcome.ErrOnInvalidData, "there is no endpoint yet")

			client, err := engage.New(engage.Endpoint(server.URL()), cache)
			require.NoError(t, err)
			require.NoError(t, search(t.Context(), client), "the failure of before is forgotten")
			token, err := cache.Token(t.Context())
			require.NoError(t, err)

			other, err := engage.New(engage.Endpoint(server.URL()), cache)
			require.NoError(t, err)
			require.NoError(t, search(t.Context(), other))
			shared, err := cache.Token(t.Context())
			require.NoError(t, err)
			require.True(t, token.Equal(shared), "clients of one endpoint share the token")
		})
	}
}

func TestCacheThatIsBoundIsKeptFreshByRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := script(`{"access_token":"first","expires_in":3600}`, `{"access_token":"second","expires_in":3600}`)
		cache := auth.NewCache(credentials(""))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- cache.Run(ctx) }()
		synctest.Wait()

		bound, err := cache.Bind(tenant(t, "one.example.com"), transport)
		require.NoError(t, err)
		require.Same(t, cache, bound)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 1, transport.GetTotalCallCount())
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		require.Equal(t, 2, transport.GetTotalCallCount(), "one cache, not one in another")
		require.Equal(t, "second", get(t, cache))
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestRenewalFromBeforeTheBindingIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, failure := range map[string]error{"token": nil, "error": auth.ErrReauthorizationRequired} {
			slow := bindable{
				sourceFunc: func(context.Context) (auth.Token, error) {
					time.Sleep(time.Second)
					return auth.NewToken("unbound", time.Time{}), failure
				},
				bound: auth.Static("bound"),
			}
			cache := auth.NewCache(slow)
			go func() { _, _ = cache.Token(t.Context()) }()
			synctest.Wait()
			_, err := cache.Bind(tenant(t, "one.example.com"), nil)
			require.NoError(t, err)
			require.Equal(t, "bound", get(t, cache), name)
			time.Sleep(2 * time.Second)
			require.Equal(t, "bound", get(t, cache), name)
		}
	})
}

// bindable is a source that becomes another by its binding.
type bindable struct {
	sourceFunc
	bound auth.TokenSource
}

func (b bindable) Bind(*url.URL, http.RoundTripper) (auth.TokenSource, error) { return b.bound, nil }

func TestCacheBelongsToOneEndpointWhereItsTokenDoes(t *testing.T) {
	apart := credentials("https://login.example.com/token")
	apart.Transport = script(`{"access_token":"abc"}`)
	for name, test := range map[string]struct {
		source auth.TokenSource
		shared bool
	}{
		"client credentials":         {credentials(""), false},
		"anybody's binder":           {bindable{bound: auth.Static("abc")}, false},
		"credentials with their own": {apart, true},
		"static":                     {auth.Static("abc"), true},
		"anybody's source":           {always(auth.NewToken("abc", time.Time{})), true},
	} {
		t.Run(name, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			cache := auth.NewCache(test.source)
			for range 2 {
				_, err := cache.Bind(tenant(t, "one.example.com"), transport)
				require.NoError(t, err)
			}
			_, err := cache.Bind(tenant(t, "two.example.com"), transport)
			if test.shared {
				require.NoError(t, err)
				require.Equal(t, "abc", get(t, cache))
				return
			}
			require.ErrorContains(t, err, "another base URL")
			require.NotContains(t, err.Error(), "example.com")
		})
	}
}

func TestClientsOfOneEndpointShareACacheHoweverItIsSpelled(t *testing.T) {
	for address, same := range map[string]bool{
		"https://api.example.com/v1":      true,
		"https://API.Example.com/v1":      true,
		"https://api.example.com:443/v1":  true,
		"https://api.example.com/v1/":     true,
		"https://api.example.com:8443/v1": false,
		"https://api.example.com/V1":      false,
		"https://api.example.com/":        false,
		"https://api2.example.com/v1":     false,
		"http://api.example.com:443/v1":   false,
	} {
		cache := auth.NewCache(bindable{bound: auth.Static("abc")})
		for i, spelling := range []string{"https://api.example.com/v1", address} {
			endpoint, err := url.Parse(spelling)
			require.NoError(t, err)
			_, err = cache.Bind(endpoint, nil)
			require.Equal(t, i == 0 || same, err == nil, spelling)
		}
	}
}

func TestClientIsNotBuiltWithoutASource(t *testing.T) {
	var none *auth.ClientCredentials
	for name, source := range map[string]auth.TokenSource{
		"cache of nothing":        auth.NewCache(nil),
		"cache of a nil pointer":  auth.NewCache(none),
		"cache of a nil function": auth.NewCache(sourceFunc(nil)),
		"cache in a cache":        auth.NewCache(auth.NewCache(nil)),
		"cache that was not made": &auth.Cache{},
		"x/oauth2":                auth.FromOAuth2(nil),
		"x/oauth2, nil pointer":   auth.FromOAuth2((*tokenless)(nil)),
		"x/oauth2 in a cache":     auth.NewCache(auth.FromOAuth2(nil)),
		"binder of nothing":       auth.NewCache(bindable{}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := engage.New(engage.US, source)
			require.ErrorContains(t, err, "there is no token source")
			_, err = source.Token(t.Context())
			require.Error(t, err)
		})
	}
	_, err := engage.New(engage.US, auth.NewCache(auth.ClientCredentials{}))
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	_, err = engage.New(engage.US, auth.NewCache(auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "abc"}))))
	require.NoError(t, err)
}

func TestClientThatIsNotMadeLeavesTheCacheToAnother(t *testing.T) {
	cache := auth.NewCache(credentials(""))
	_, err := engage.New("https://one.example.com", cache, engage.WithTransport(nil))
	require.Error(t, err)
	_, err = engage.New("https://two.example.com", cache)
	require.NoError(t, err)

	for _, source := range []auth.TokenSource{nil, auth.Static(""), auth.ClientCredentials{}, auth.FromOAuth2(nil)} {
		_, err := engage.New("https://one.example.com", source, engage.WithTransport(nil))
		require.ErrorContains(t, err, "transport")
		require.ErrorContains(t, err, "token source", "whose faults are named all the same")
	}
}

// tokenless is a source of x/oauth2 that cannot be nil.
type tokenless struct{ token oauth2.Token }

func (s *tokenless) Token() (*oauth2.Token, error) { return &s.token, nil }
