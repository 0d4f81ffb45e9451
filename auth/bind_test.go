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

func TestEachClientGetsACacheOfTheCredentialsThatAreSharedByAll(t *testing.T) {
	one, two := engagetest.NewServer(), engagetest.NewServer()
	defer one.Close()
	defer two.Close()
	cache := auth.NewCache(one.Credentials())
	for _, server := range []*engagetest.Server{one, two, one} {
		shared := auth.NewCache(server.Credentials())
		client, err := engage.New(engage.Endpoint(server.URL()), shared)
		require.NoError(t, err)
		require.NoError(t, search(t.Context(), client))
		_, err = shared.Token(t.Context())
		require.ErrorIs(t, err, outcome.ErrOnInvalidData, "the caller's cache is unchanged")

		_, err = engage.New(engage.Endpoint(server.URL()), cache)
		require.NoError(t, err)
	}
}

func TestCacheOfCredentialsWithATokenURLIsTheClientsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := script(`{"access_token":"first","expires_in":3600}`, `{"access_token":"second","expires_in":3600}`)
		source := credentials("https://login.example.com/token")
		source.Transport = transport
		cache := auth.NewCache(source)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- cache.Run(ctx) }()
		synctest.Wait()
		for range 2 {
			bound, err := auth.Bind(cache, tenant(t, "one.example.com"), httpmock.NewMockTransport())
			require.NoError(t, err)
			require.Same(t, cache, bound)
			require.Equal(t, "first", get(t, bound))
		}
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		require.Equal(t, 2, transport.GetTotalCallCount(), "one cache, not one in another")
		require.Equal(t, "second", get(t, cache))
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestCacheKeepsItsOptionsWhenItIsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := auth.NewCache(credentials(""), auth.WithTimeout(5*time.Second))
		bound, err := auth.Bind(cache, tenant(t, "one.example.com"), transportFunc(hang))
		require.NoError(t, err)
		require.NotSame(t, cache, bound)
		_, err = bound.Token(t.Context())
		require.ErrorContains(t, err, "no token within 5s")
		time.Sleep(time.Minute)
	})
}

func TestCacheOfACacheIsBoundIfTheSourceInsideDependsOnTheClient(t *testing.T) {
	cache := auth.NewCache(auth.NewCache(auth.Static("abc")))
	bound, err := auth.Bind(cache, tenant(t, "one.example.com"), httpmock.NewMockTransport())
	require.NoError(t, err)
	require.Same(t, cache, bound)

	bound, err = auth.Bind(auth.NewCache(auth.NewCache(credentials(""))), tenant(t, "one.example.com"), script(`{"access_token":"first"}`))
	require.NoError(t, err)
	require.Equal(t, "first", get(t, bound))
}

func TestRunOfACacheThatOnlyAClientCanCompleteEnds(t *testing.T) {
	require.ErrorIs(t, auth.NewCache(credentials("")).Run(t.Context()), outcome.ErrOnInvalidData)
	require.Error(t, auth.NewCache(nil).Run(t.Context()))
}

func TestSourceOfOAuth2GivenToAClientIsCached(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	asked := 0
	valid := server.IssueToken()
	source := auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) {
		asked++
		return &oauth2.Token{AccessToken: valid, Expiry: time.Now().Add(time.Hour)}, nil
	}))
	client, err := engage.New(engage.Endpoint(server.URL()), source)
	require.NoError(t, err)
	for range 50 {
		require.NoError(t, search(t.Context(), client))
	}
	require.Equal(t, 1, asked)
}

// wrapped counts how often its own Token is called.
type wrapped struct {
	auth.ClientCredentials
	calls *int
}

func (w wrapped) Token(ctx context.Context) (auth.Token, error) {
	*w.calls++
	return w.ClientCredentials.Token(ctx)
}

// completed is a wrapped that a client completes.
type completed struct {
	auth.TokenSource
	wrapped
}

func (c completed) Token(ctx context.Context) (auth.Token, error) {
	*c.calls++
	return c.TokenSource.Token(ctx)
}

func (c completed) Bind(endpoint *url.URL, transport http.RoundTripper) (auth.TokenSource, error) {
	inner, err := auth.Bind(c.ClientCredentials, endpoint, transport)
	return completed{inner, c.wrapped}, err
}

func TestTokenOfATypeThatEmbedsASourceIsCalled(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	calls := 0
	source := wrapped{standaloneAt(server), &calls}
	client, err := engage.New(engage.Endpoint(server.URL()), source)
	require.NoError(t, err)
	require.NoError(t, search(t.Context(), client))
	require.Equal(t, 1, calls)

	source.TokenURL = ""
	client, err = engage.New(engage.Endpoint(server.URL()), source)
	require.NoError(t, err)
	require.ErrorContains(t, search(t.Context(), client), "TokenURL is empty", "no client completes it")

	client, err = engage.New(engage.Endpoint(server.URL()), completed{wrapped: source})
	require.NoError(t, err)
	require.NoError(t, search(t.Context(), client))
	require.Equal(t, 3, calls)
}

func TestClientIsNotBuiltWithoutASource(t *testing.T) {
	for name, source := range map[string]auth.TokenSource{
		"cache of nothing":        auth.NewCache(nil),
		"cache of a nil pointer":  auth.NewCache((*auth.ClientCredentials)(nil)),
		"cache of a nil function": auth.NewCache(sourceFunc(nil)),
		"cache in a cache":        auth.NewCache(auth.NewCache(nil)),
		"cache that was not made": &auth.Cache{},
		"x/oauth2":                auth.FromOAuth2(nil),
		"x/oauth2, nil pointer":   auth.FromOAuth2((*tokenless)(nil)),
		"x/oauth2 in a cache":     auth.NewCache(auth.FromOAuth2(nil)),
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

func TestClientNamesTheFaultsOfItsSourceBesideOthers(t *testing.T) {
	for _, source := range []auth.TokenSource{nil, auth.Static(""), auth.ClientCredentials{}, auth.FromOAuth2(nil)} {
		_, err := engage.New("https://one.example.com", source, engage.WithTransport(nil))
		require.ErrorContains(t, err, "transport")
		require.ErrorContains(t, err, "token source", "whose faults are named all the same")
	}
}

// tokenless is a source of x/oauth2 that cannot be nil.
type tokenless struct{ token oauth2.Token }

func (s *tokenless) Token() (*oauth2.Token, error) { return &s.token, nil }

// Each token works before it is revoked, so each refusal is worth a renewal.
func TestClientReplacesEachTokenThatIsRevoked(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials())
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, search(t.Context(), client))
		server.RevokeTokens()
	}
}
