package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/stretchr/testify/require"
)

// registration is the client of an identity at server.
func registration(server string) auth.Integration {
	return auth.Integration{
		ClientID: identityClient, ClientSecret: auth.NewSecret(identitySecret), RedirectURL: identityRedirect,
		AuthorizeURL: server + "/v1/authorize", TokenURL: server + "/v1/access_token",
	}
}

func TestIdentityGrantsNothingToStrangers(t *testing.T) {
	server := serve(t, t.TempDir())
	mine, err := registration(server.URL).NewSignIn()
	require.NoError(t, err)
	stolen, err := url.Parse(visit(t, mine.URL()))
	require.NoError(t, err)

	// Somebody else trades the code in, without the verifier.
	theirs, err := registration(server.URL).NewSignIn()
	require.NoError(t, err)
	asked, err := url.Parse(theirs.URL())
	require.NoError(t, err)
	query := stolen.Query()
	query.Set("state", asked.Query().Get("state"))
	_, err = theirs.Finish(t.Context(), identityRedirect+"?"+query.Encode())
	require.ErrorContains(t, err, "invalid_grant")
	_, err = mine.Finish(t.Context(), stolen.String())
	require.ErrorContains(t, err, "invalid_grant", "a code is good for one try")

	wrong := registration(server.URL)
	wrong.ClientSecret = auth.NewSecret("wrong")
	_, err = wrong.Refresh(t.Context(), auth.NewSecret("any"))
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
}

func TestIdentityRedirectsOnlyToItsClient(t *testing.T) {
	server := serve(t, t.TempDir())
	for address, status := range map[string]int{
		"http://localhost/callback":               http.StatusFound,
		"http://localhost:1234/callback":          http.StatusFound,
		"https://localhost/callback":              http.StatusBadRequest,
		"http://localhost/callback?x=1":           http.StatusBadRequest,
		"http://user@localhost/callback":          http.StatusBadRequest,
		"http://evil.example/callback":            http.StatusBadRequest,
		"http://localhost:1234.evil.example/back": http.StatusBadRequest,
		"": http.StatusBadRequest,
	} {
		query := url.Values{"client_id": {identityClient}, "redirect_uri": {address}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/authorize?"+query.Encode(), nil)
		require.NoError(t, err)
		response, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, address)
		if status == http.StatusFound {
			require.Contains(t, response.Header.Get("Location"), "error=invalid_request", "there is no challenge")
		}
	}
}

func TestRefreshTokenThatComesTwiceRevokesAll(t *testing.T) {
	directory := t.TempDir()
	server := serve(t, directory)
	integration := registration(server.URL)
	signIn, err := integration.NewSignIn()
	require.NoError(t, err)
	first, err := signIn.Finish(t.Context(), visit(t, signIn.URL()))
	require.NoError(t, err)
	second, err := integration.Refresh(t.Context(), first.RefreshToken)
	require.NoError(t, err)
	for _, used := range []auth.Secret{first.RefreshToken, second.RefreshToken} {
		_, err = integration.Refresh(t.Context(), used)
		require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
	}
	left := change(t, directory, func(*granted) {})
	require.Empty(t, left.AccessToken+left.RefreshToken)
}
