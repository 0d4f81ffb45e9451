package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

func TestHostsNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.NewHosts(
		"https://ok.example.com",
		"http://api.example.com",
		"https://user:hunter2@api.example.com",
		"",
		"://",
		"https://",
		"ftp://127.0.0.1",
		"http://localhost.example.com",
		"http://127.0.0.1.example.com",
		"http://LOCALHOST",
		"http://localhost.",
		"http://[::ffff:127.0.0.1]",
	)
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, text := range []string{
		"urls[1] is neither https", "urls[2] holds user information", "urls[3] is empty",
		"urls[4] is not a URL", "urls[5] has no host", "urls[6] is neither https",
		"urls[7] is neither https", "urls[8] is neither https",
		"urls[9] is neither https", "urls[10] is neither https", "urls[11] is neither https",
	} {
		require.ErrorContains(t, err, text)
	}
	require.NotContains(t, err.Error(), "urls[0]")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestTokenGoesOnlyToItsHosts(t *testing.T) {
	hosts, err := auth.NewHosts("https://API.example.com/api/v1?x=1", "https://other.example.com:8443",
		"http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "https://\u00c4pfel.example.com")
	require.NoError(t, err)
	for _, test := range []struct {
		url  string
		goes bool
	}{
		{"https://api.example.com/conversations", true},
		{"https://api.example.com:443/", true},
		{"HTTPS://Api.Example.COM/", true},
		{"https://other.example.com:8443/", true},
		{"http://127.0.0.1:8080/", true},
		{"http://[::1]:8080/", true},
		{"http://localhost/", true},
		{"http://localhost:80/", true},
		{"https://\u00c4pfel.EXAMPLE.com/", true},
		{"http://LOCALHOST/", false},
		{"HTTP://LocalHost/", false},
		{"http://localhost./", false},
		{"http://api.example.com/", false},
		{"http://api.example.com:443/", false},
		{"https://api.example.com:8443/", false},
		{"https://other.example.com/", false},
		{"https://api.example.com.evil.example/", false},
		{"https://evil-api.example.com/", false},
		{"https://example.com/", false},
		{"https://api.example.com./", false},
		{"https://api.example.com@evil.example/", false},
		{"https://evil.example/?https://api.example.com", false},
		{"https://127.0.0.1:8080/", false},
		{"http://127.0.0.1/", false},
		{"http://127.0.0.2:8080/", false},
		{"https://loca\u017fhost/", false}, // folds to an s in Unicode
		{"/relative", false},
		{"", false},
	} {
		t.Run(test.url, func(t *testing.T) {
			r := request(t, test.url)
			err := hosts.Authorize(r, auth.NewToken("abc", time.Time{}))
			if test.goes {
				require.NoError(t, err)
				require.Equal(t, "Bearer abc", r.Header.Get("Authorization"))
				return
			}
			var refused *auth.HostError
			require.ErrorAs(t, err, &refused)
			require.NotContains(t, err.Error(), "abc")
			require.Empty(t, r.Header)
		})
	}
}

func request(t *testing.T, target string) *http.Request {
	t.Helper()
	parsed, err := url.Parse(target)
	require.NoError(t, err)
	return &http.Request{URL: parsed, Header: http.Header{}}
}

func TestAuthorizeReplacesWhatARequestCarries(t *testing.T) {
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	r := request(t, "https://api.example.com")
	r.Header.Set("Authorization", "Bearer old")
	require.NoError(t, hosts.Authorize(r, auth.NewToken("new", time.Time{})))
	require.Equal(t, []string{"Bearer new"}, r.Header["Authorization"])
}

// Webex Connect ignores a key beside an Authorization.
func TestAuthorizeLeavesOneAuthorization(t *testing.T) {
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	key, err := auth.ConnectServiceKey{Key: auth.NewSecret("key")}.Open()
	require.NoError(t, err)
	keyed, err := key.Token(t.Context())
	require.NoError(t, err)
	legacy, err := auth.Legacy{
		AuthorizeURL: "https://api.example.com", APIKey: auth.NewSecret("key"), DomainName: "d",
		Transport: replying(200, "", "access_token", "legacy"),
	}.Token(t.Context())
	require.NoError(t, err)
	bearer := auth.NewToken("bearer", time.Time{})

	r := request(t, "https://api.example.com")
	r.Header.Set("Accept", "application/json")
	for _, test := range []struct {
		token auth.Token
		want  http.Header
	}{
		{bearer, http.Header{"Authorization": {"Bearer bearer"}}},
		{keyed, http.Header{"Key": {"key"}}},
		{legacy, http.Header{"Access_token": {"legacy"}}},
		{bearer, http.Header{"Authorization": {"Bearer bearer"}}},
	} {
		require.NoError(t, hosts.Authorize(r, test.token))
		test.want.Set("Accept", "application/json")
		require.Equal(t, test.want, r.Header)
	}
}

func TestAuthorizeRefusesWhatCannotBeSent(t *testing.T) {
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	good := auth.NewToken("abc", time.Time{})

	require.EqualError(t, hosts.Authorize(request(t, "https://api.example.com"), auth.Token{}), "auth: there is no token")
	expired := auth.NewToken("abc", time.Unix(0, 0))
	require.EqualError(t, hosts.Authorize(request(t, "https://api.example.com"), expired), "auth: the token has expired")
	var elsewhere *auth.HostError
	require.ErrorAs(t, auth.Hosts{}.Authorize(request(t, "https://api.example.com"), good), &elsewhere)
	require.Equal(t, "api.example.com", elsewhere.Host)
	require.NoError(t, hosts.Authorize(&http.Request{URL: request(t, "https://api.example.com").URL}, good))
}

func TestAuthorizeAllocatesNothing(t *testing.T) {
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	r := request(t, "https://api.example.com:443/conversations")
	token := auth.NewToken("abc", time.Now().Add(time.Hour))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := hosts.Authorize(r, token); err != nil {
			t.Error(err)
		}
	}))
}

// x/oauth2's transport gave the token to the host of a redirect.
func TestTokenDoesNotFollowARedirect(t *testing.T) {
	var leaked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	api := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer api.Close()
	hosts, err := auth.NewHosts(api.URL)
	require.NoError(t, err)

	client := &http.Client{Transport: authorizing{hosts, auth.NewToken("abc", time.Time{})}}
	_, err = client.Get(api.URL)
	var refused *auth.HostError
	require.ErrorAs(t, err, &refused)
	require.Empty(t, leaked)
}

// authorizing is a transport that authorizes every request it sees.
type authorizing struct {
	hosts auth.Hosts
	token auth.Token
}

func (a authorizing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if err := a.hosts.Authorize(r, a.token); err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(r)
}
