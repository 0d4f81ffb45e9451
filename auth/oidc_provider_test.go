//go:build oidc

package auth_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/npmtest"
)

const providerSecret = "secret-of-at-least-32-characters"

// provider starts the server that is installed in directory and returns its
// address and the registered redirect URL.
func provider(t *testing.T, directory, program string) (issuer, redirect string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	redirect = "http://" + free.Addr().String() + "/callback"
	require.NoError(t, free.Close())

	server := exec.Command("node", program, redirect)
	server.Dir = directory
	server.Stderr = os.Stderr
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	lines := bufio.NewReader(stdout)
	for !strings.HasPrefix(issuer, "http://") {
		issuer, err = lines.ReadString('\n')
		require.NoError(t, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the server
	return strings.TrimSpace(issuer), redirect
}

// browser returns a client that keeps cookies and follows redirects, as a
// person's browser does.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar}
}

// page fetches an address and returns the page it leads to.
func page(t *testing.T, response *http.Response, err error) string {
	t.Helper()
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(text))
	return string(text)
}

// This runs against a certified OAuth server that nobody here wrote, oidc-provider for
// Node.js. It needs Node and npm, and so runs only with the build tag oidc, as in
// .ci/run. Then it fails if they are missing.
func TestOIDCProvider(t *testing.T) {
	source, err := filepath.Abs("testdata/oidc-provider")
	require.NoError(t, err)
	directory := npmtest.Install(t, source)
	issuer, redirect := provider(t, directory, filepath.Join(source, "provider.mjs"))
	at := func(client string) auth.Integration {
		return auth.Integration{
			ClientID: client, ClientSecret: auth.NewSecret(providerSecret), BasicAuth: client == "header",
			RedirectURL: redirect, Scopes: []string{"openid", "offline_access", "read"},
			AuthorizeURL: issuer + "/auth", TokenURL: issuer + "/token",
			DeviceURL: issuer + "/device/auth", DeviceTokenURL: issuer + "/token",
		}
	}

	t.Run("client credentials", func(t *testing.T) {
		source := auth.ClientCredentials{
			ClientID: "form", ClientSecret: auth.NewSecret(providerSecret), TokenURL: issuer + "/token", Scopes: []string{"read"},
		}
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(10*time.Minute), token.Expiry(), time.Minute)
		require.Equal(t, []string{"read"}, token.Scopes())

		source.ClientSecret = auth.NewSecret("wrong")
		_, err = source.Token(t.Context())
		require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
	})

	for _, client := range []string{"form", "header"} {
		t.Run("code with PKCE, refresh with rotation, "+client, func(t *testing.T) {
			integration := at(client)
			grant, err := auth.Login{
				Integration: integration,
				Show:        func(string) {},
				Open: func(_ context.Context, address string) error {
					// The scope offline_access needs the person's consent.
					response, err := browser(t).Get(address + "&prompt=consent")
					require.Contains(t, page(t, response, err), "You are signed in.")
					return nil
				},
			}.Run(t.Context())
			require.NoError(t, err)
			require.False(t, grant.RefreshToken.IsZero())

			refreshing := auth.Refreshing{Integration: integration, Name: "person", Store: auth.NewFileStore(t.TempDir())}
			require.NoError(t, refreshing.Authorize(t.Context(), grant))
			source, err := refreshing.Open()
			require.NoError(t, err)
			require.Equal(t, grant.Token.Reveal(), get(t, source))
			source.Invalidate(grant.Token)
			second := get(t, source)
			require.NotEqual(t, grant.Token.Reveal(), second)

			again, err := refreshing.Open()
			require.NoError(t, err)
			require.Equal(t, second, get(t, again), "a second start reuses what is stored")

			// The first refresh token was rotated; using it again revokes all.
			_, err = integration.Refresh(t.Context(), grant.RefreshToken)
			require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
			source.Invalidate(auth.NewToken(second, time.Time{}))
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, second, token.Reveal(), "a refusal right after another is not believed at once")
			again.Invalidate(token)
			_, err = again.Token(t.Context())
			var required *auth.ReauthorizationRequiredError
			require.ErrorAs(t, err, &required)
			require.Equal(t, auth.Revoked, required.Reason)
		})
	}

	t.Run("revocation", func(t *testing.T) {
		integration := at("form")
		integration.Scopes = []string{"openid", "read"}
		signIn, err := integration.NewSignIn()
		require.NoError(t, err)
		person := browser(t)
		var ended string
		person.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), redirect) {
				ended = r.URL.String() // what a person without a loopback pastes
				return http.ErrUseLastResponse
			}
			return nil
		}
		response, err := person.Get(signIn.URL())
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		grant, err := signIn.Finish(t.Context(), ended)
		require.NoError(t, err)

		response, err = http.PostForm(issuer+"/token/revocation", url.Values{
			"client_id": {"form"}, "client_secret": {providerSecret}, "token": {grant.RefreshToken.Reveal()},
		})
		page(t, response, err)
		_, err = integration.Refresh(t.Context(), grant.RefreshToken)
		require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
	})

	t.Run("device", func(t *testing.T) {
		fields := regexp.MustCompile(`name="(xsrf|user_code)" value="([^"]*)"`)
		grant, err := auth.DeviceLogin{
			Integration: at("header"),
			Show: func(code auth.DeviceCode) {
				go func() { // the person, elsewhere
					person := browser(t)
					response, err := person.Get(code.CompleteURL)
					text := page(t, response, err)
					form := url.Values{"user_code": {code.UserCode}, "confirm": {"yes"}}
					for _, field := range fields.FindAllStringSubmatch(text, -1) {
						form.Set(field[1], field[2])
					}
					response, err = person.PostForm(issuer+"/device", form)
					page(t, response, err)
				}()
			},
		}.Run(t.Context())
		require.NoError(t, err)
		require.False(t, grant.RefreshToken.IsZero())
		_, err = at("header").Refresh(t.Context(), grant.RefreshToken)
		require.NoError(t, err)
	})
}
