package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// identity is an identity service that grants the code "good" to a client that has
// the verifier of the challenge in address.
func identity(t *testing.T, address *string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := url.Parse(*address)
		assert.NoError(t, err)
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		proven := base64.RawURLEncoding.EncodeToString(sum[:]) == asked.Query().Get("code_challenge")
		if !proven || r.PostFormValue("code") != "good" || r.PostFormValue("redirect_uri") != asked.Query().Get("redirect_uri") ||
			r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("client_secret") != hidden {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"abc","refresh_token":"refresh","expires_in":43199,"refresh_token_expires_in":5183999}`)
	}))
	t.Cleanup(server.Close)
	return server
}

// person is an integration for people, whose tokens come from tokenURL.
func person(tokenURL string) auth.Integration {
	return auth.Integration{
		ClientID: "id", ClientSecret: auth.NewSecret(hidden), TokenURL: tokenURL,
		RedirectURL: "http://localhost:0/callback", Scopes: []string{"cjp:config_read", "cjp:user"},
	}
}

// visit requests an address as a browser does and returns the status.
func visit(t *testing.T, method, address, host string) int {
	t.Helper()
	r, err := http.NewRequest(method, address, nil)
	require.NoError(t, err)
	r.Host = host
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotContains(t, string(page), "good")
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", response.Header.Get("Referrer-Policy"))
	return response.StatusCode
}

// redirect is the address a sign-in at address ends at, with these parameters
// added to the state.
func redirect(t *testing.T, address string, parameters ...string) string {
	t.Helper()
	asked, err := url.Parse(address)
	require.NoError(t, err)
	query := url.Values{"state": {asked.Query().Get("state")}}
	for i := 0; i+1 < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	return asked.Query().Get("redirect_uri") + "?" + query.Encode()
}

func TestPastedRedirectMayHaveSpaceAroundIt(t *testing.T) {
	for _, around := range [][2]string{{"", "\n"}, {"", "\r\n"}, {" ", ""}, {"\t", " \n"}} {
		integration := person("")
		integration.Transport = replying(200, `{"access_token":"abc"}`)
		signIn, err := integration.NewSignIn()
		require.NoError(t, err)
		grant, err := signIn.Finish(t.Context(), around[0]+redirect(t, signIn.URL(), "code", "good")+around[1])
		require.NoError(t, err)
		require.Equal(t, "abc", grant.Token.Reveal())
	}
}

func TestLoginTurnsStrangersAwayAndEndsWithAGrant(t *testing.T) {
	var address string
	server := identity(t, &address)
	visited := make(chan struct{})
	grant, err := auth.Login{
		Integration: person(server.URL),
		Show:        func(shown string) { address = shown },
		Open: func(_ context.Context, opened string) error {
			defer close(visited)
			require.Equal(t, address, opened)
			asked, err := url.Parse(opened)
			require.NoError(t, err)
			require.Equal(t, "webexapis.com", asked.Host)
			require.Equal(t, "/v1/authorize", asked.Path)
			query := asked.Query()
			require.Equal(t, "code", query.Get("response_type"))
			require.Equal(t, "id", query.Get("client_id"))
			require.Equal(t, "S256", query.Get("code_challenge_method"))
			require.Equal(t, "cjp:config_read cjp:user", query.Get("scope"))
			require.GreaterOrEqual(t, len(query.Get("state")), 43)
			require.NotContains(t, opened, hidden)

			good := redirect(t, opened, "code", "good")
			base := query.Get("redirect_uri")
			require.Equal(t, 421, visit(t, http.MethodGet, good, "evil.example"))
			require.Equal(t, 404, visit(t, http.MethodGet, strings.Replace(good, "/callback", "/other", 1), ""))
			require.Equal(t, 405, visit(t, http.MethodPost, good, ""))
			require.Equal(t, 405, visit(t, http.MethodHead, good, ""))
			require.Equal(t, 400, visit(t, http.MethodGet, base, ""))
			require.Equal(t, 400, visit(t, http.MethodGet, base+"?code=good&state=wrong", ""))
			require.Equal(t, 400, visit(t, http.MethodGet, base+"?error=access_denied&state=wrong", ""))
			require.Equal(t, 200, visit(t, http.MethodGet, good, ""))
			return errors.New("an opener's error does not matter")
		},
	}.Run(t.Context())
	require.NoError(t, err)
	<-visited
	require.Equal(t, "abc", grant.Token.Reveal())
	require.Equal(t, "refresh", grant.RefreshToken.Reveal())
	require.WithinDuration(t, time.Now().Add(60*24*time.Hour), grant.RefreshExpiry, time.Minute)
}

func TestLoginEndsWithTheDenial(t *testing.T) {
	for _, parameters := range [][]string{
		{"error", "access_denied", "error_description", hidden},
		{"error", "a sentence with " + hidden},
	} {
		_, err := auth.Login{
			Integration: person(""),
			Show:        func(string) {},
			Open: func(_ context.Context, address string) error {
				require.Equal(t, 400, visit(t, http.MethodGet, redirect(t, address), ""))
				require.Equal(t, 403, visit(t, http.MethodGet, redirect(t, address, parameters...), ""))
				return nil
			},
		}.Run(t.Context())
		var required *auth.ReauthorizationRequiredError
		require.ErrorAs(t, err, &required)
		require.Equal(t, auth.ConsentRequired, required.Reason)
		var denied *auth.SignInError
		require.ErrorAs(t, err, &denied)
		require.NotContains(t, err.Error(), hidden)
	}
}

// Auto-detection of x/oauth2 sent the same code in 2 requests when the endpoint
// answered 503.
func TestCodeIsNeverSentTwice(t *testing.T) {
	for name, status := range map[string]int{"refused": 400, "down": 503} {
		t.Run(name, func(t *testing.T) {
			transport := replying(status, `{"error":"invalid_grant"}`)
			integration := person("https://api.example.com/token")
			integration.Transport = transport
			signIn, err := integration.NewSignIn()
			require.NoError(t, err)
			good := redirect(t, signIn.URL(), "code", "good")
			_, err = signIn.Finish(t.Context(), good)
			var failure *auth.TokenEndpointError
			require.ErrorAs(t, err, &failure)
			_, err = signIn.Finish(t.Context(), good)
			var used *auth.SignInError
			require.ErrorAs(t, err, &used)
			require.Equal(t, 1, transport.GetTotalCallCount())
		})
	}
}

func TestPastedRedirectCompletesASignIn(t *testing.T) {
	var address string
	server := identity(t, &address)
	integration := person(server.URL)
	integration.RedirectURL = "https://app.example.com/callback"
	signIn, err := integration.NewSignIn()
	require.NoError(t, err)
	address = signIn.URL()

	for _, pasted := range []string{"", "no URL \x00", "://", integration.RedirectURL, integration.RedirectURL + "?code=good&state=other", redirect(t, address)} {
		_, err := signIn.Finish(t.Context(), pasted)
		var failure *auth.SignInError
		require.ErrorAs(t, err, &failure)
		require.NotContains(t, err.Error(), "good")
	}
	grant, err := signIn.Finish(t.Context(), redirect(t, address, "code", "good"))
	require.NoError(t, err)
	require.Equal(t, "abc", grant.Token.Reveal())
}

func TestContextThatHasEndedLeavesTheSignInOpen(t *testing.T) {
	integration := person("")
	integration.Transport = replying(200, `{"access_token":"abc","refresh_token":"refresh"}`)
	signIn, err := integration.NewSignIn()
	require.NoError(t, err)
	pasted := redirect(t, signIn.URL(), "code", "good")
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = signIn.Finish(ended, pasted)
	require.ErrorIs(t, err, context.Canceled)
	grant, err := signIn.Finish(t.Context(), pasted)
	require.NoError(t, err)
	require.Equal(t, "refresh", grant.RefreshToken.Reveal())
}

func TestLoginIsNotWaitedForLongerThanItsLimit(t *testing.T) {
	_, err := auth.Login{Integration: person(""), Show: func(string) {}, Limit: time.Millisecond}.Run(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = auth.Login{Integration: person(""), Show: func(string) { cancel() }}.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestGrantThatComesAfterTheLimitIsNotLost(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	integration := person("https://api.example.com/token")
	integration.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		cancel()
		select {
		case <-closed: // the login has ended, and with it the person's page
			return httpmock.NewStringResponse(200, `{"access_token":"abc","refresh_token":"refresh"}`), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	grant, err := auth.Login{
		Integration: integration,
		Show:        func(string) {},
		Open: func(_ context.Context, address string) error {
			defer close(closed)
			_, err := http.Get(redirect(t, address, "code", "good"))
			require.Error(t, err)
			return nil
		},
	}.Run(ctx)
	require.NoError(t, err)
	require.Equal(t, "refresh", grant.RefreshToken.Reveal())
}

func TestLoginListensOnTheRegisteredPortOnly(t *testing.T) {
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = occupied.Close() }()
	integration := person("")
	integration.RedirectURL = fmt.Sprintf("http://localhost:%d/callback", occupied.Addr().(*net.TCPAddr).Port)
	_, err = auth.Login{Integration: integration, Show: func(string) { t.Error("nobody may be invited") }}.Run(t.Context())
	require.ErrorContains(t, err, "cannot wait for the sign-in")

	for _, redirect := range []string{
		"", "http://localhost/callback", "https://localhost:8080/", "http://example.com:8080/",
		"http://0.0.0.0:8080/", "http://LOCALHOST:8080/", "http://user@localhost:8080/", "localhost:8080", "http://[::1",
	} {
		integration.RedirectURL = redirect
		_, err := auth.Login{Integration: integration}.Run(t.Context())
		require.ErrorIs(t, err, outcome.ErrOnInvalidData, redirect)
		require.ErrorContains(t, err, "RedirectURL")
	}
}

func TestSignInNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.Integration{AuthorizeURL: "http://example.com"}.NewSignIn()
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, field := range []string{"ClientID", "ClientSecret", "AuthorizeURL", "RedirectURL"} {
		require.ErrorContains(t, err, field)
	}
}

func TestBrowserMayRequestTheLastPageTwice(t *testing.T) {
	var address string
	server := identity(t, &address)
	grant, err := auth.Login{
		Integration: person(server.URL),
		Show:        func(shown string) { address = shown },
		Open: func(_ context.Context, opened string) error {
			good := redirect(t, opened, "code", "good")
			require.Equal(t, 200, visit(t, http.MethodGet, good, ""))
			require.Equal(t, 200, visit(t, http.MethodGet, good, ""))
			return nil
		},
	}.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "refresh", grant.RefreshToken.Reveal())
}

// A person signs in, and the grant is kept for the sources that live from it.
func ExampleLogin() {
	integration := auth.Integration{
		ClientID:     "C1234",
		ClientSecret: auth.NewSecret("secret"),
		RedirectURL:  "http://localhost:8080/callback",
		Scopes:       []string{"cjp:config_read"},
	}
	login := auth.Login{Integration: integration, Open: auth.OpenBrowser}
	refreshing := auth.Refreshing{Integration: integration, Name: "support", Store: auth.NewFileStore("tokens")}

	_ = func(ctx context.Context) (auth.TokenSource, error) {
		grant, err := login.Run(ctx)
		if err != nil {
			return nil, err
		}
		if err := refreshing.Authorize(ctx, grant); err != nil {
			return nil, err
		}
		return refreshing.Open()
	}
}

func TestSignInCanBeFinishedOnceTheSecretCanBeFetched(t *testing.T) {
	var address string
	integration := person(identity(t, &address).URL)
	integration.ClientSecret = auth.Secret{}
	sealed := errors.New("the vault is sealed")
	integration.FetchSecret = func(context.Context) (auth.Secret, error) {
		err := sealed
		sealed = nil
		return auth.NewSecret(hidden), err
	}
	signIn, err := integration.NewSignIn()
	require.NoError(t, err)
	address = signIn.URL()
	ended := redirect(t, address, "code", "good")

	want := sealed
	_, err = signIn.Finish(t.Context(), ended)
	require.ErrorIs(t, err, want)
	grant, err := signIn.Finish(t.Context(), ended)
	require.NoError(t, err)
	require.Equal(t, "abc", grant.Token.Reveal())
	_, err = signIn.Finish(t.Context(), ended)
	require.ErrorContains(t, err, "used before")
}
