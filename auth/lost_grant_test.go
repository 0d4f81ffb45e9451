package auth_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// traded follows a script and notes the refresh tokens that are sent.
func traded(sent *[]string, bodies ...string) http.RoundTripper {
	replies := script(bodies...)
	return transportFunc(func(r *http.Request) (*http.Response, error) {
		response, err := replies.RoundTrip(r)
		*sent = append(*sent, r.PostFormValue("refresh_token"))
		return response, err
	})
}

func TestGrantIsNotLostThoughItsLifetimeCannotBeRead(t *testing.T) {
	for _, lifetime := range []string{`"2026-11-23T10:00:00Z"`, `-1`, `"soon"`, `{}`, `"NaN"`} {
		t.Run(lifetime, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []string
				store := new(auth.MemoryStore)
				refreshing := scripted(store)
				refreshing.Integration.Transport = traded(&sent,
					`{"access_token":"access-1","refresh_token":"refresh-1","expires_in":`+lifetime+`}`,
					`{"access_token":"access-2","refresh_token":"refresh-2","expires_in":3600}`)
				source, err := refreshing.Open()
				require.NoError(t, err)
				token, err := source.Token(t.Context())
				require.NoError(t, err)
				require.Equal(t, "access-1", token.Reveal())
				require.True(t, token.Expiry().IsZero(), "which is not known")
				require.Contains(t, kept(t, store, "a"), "refresh-1")

				time.Sleep(100 * 24 * time.Hour)
				require.Equal(t, "access-1", get(t, source), "it is used until it is refused")
				source.Invalidate(token)
				require.Equal(t, "access-2", get(t, source))
				require.Equal(t, []string{"refresh-0", "refresh-1"}, sent)
			})
		})
	}
}

func TestGrantOfASignInIsNotLostThoughItsLifetimeCannotBeRead(t *testing.T) {
	const reply = `{"access_token":"abc","refresh_token":"refresh","expires_in":"soon"}`
	integration := person("")
	integration.Transport = replying(200, reply)
	signIn, err := integration.NewSignIn()
	require.NoError(t, err)
	for name, ask := range map[string]func() (auth.Grant, error){
		"sign-in": func() (auth.Grant, error) {
			return signIn.Finish(t.Context(), redirect(t, signIn.URL(), "code", "good"))
		},
		"Service App": func() (auth.Grant, error) {
			return serviceApp(replying(200, reply)).Grant(t.Context(), auth.Static("administrator"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			grant, err := ask()
			require.NoError(t, err)
			require.Equal(t, "abc", grant.Token.Reveal())
			require.True(t, grant.Token.Expiry().IsZero())
			require.Equal(t, "refresh", grant.RefreshToken.Reveal())
		})
	}
}

func TestRefreshTokenIsNotLostThoughTheAccessTokenIsNotUsable(t *testing.T) {
	for name, test := range map[string]struct{ reply, problem string }{
		"another type": {`{"access_token":"BODY","refresh_token":"refresh-1","token_type":"mac"}`, "not a bearer token"},
		"none":         {`{"refresh_token":"refresh-1"}`, "no access token"},
		"malformed":    {`{"access_token":"BODY\n","refresh_token":"refresh-1"}`, "character"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []string
				store := &failing{full: true}
				refreshing := scripted(store)
				refreshing.Integration.Transport = traded(&sent, test.reply,
					strings.ReplaceAll(test.reply, "refresh-1", "refresh-2"),
					`{"access_token":"access-3","refresh_token":"refresh-3","expires_in":3600}`)
				source, err := refreshing.Open()
				require.NoError(t, err)
				for _, saved := range []bool{false, true} {
					_, err = source.Token(t.Context())
					var failure *auth.TokenEndpointError
					require.ErrorAs(t, err, &failure)
					require.ErrorContains(t, err, test.problem)
					require.NotErrorIs(t, err, auth.ErrReauthorizationRequired)
					require.NotContains(t, err.Error(), "refresh-")
					require.Equal(t, saved, strings.Contains(kept(t, &store.MemoryStore, "a"), "refresh-2"))
					store.full = false
					time.Sleep(5 * time.Minute)
				}
				require.Equal(t, "access-3", get(t, source))
				require.Equal(t, []string{"refresh-0", "refresh-1", "refresh-2"}, sent)
			})
		})
	}
}

func TestRefreshTokenOfANewGrantIsNotLostThoughTheAccessTokenIsNotUsable(t *testing.T) {
	for name, ask := range map[string]func(t *testing.T, reply string) (auth.Grant, error){
		"Service App": func(t *testing.T, reply string) (auth.Grant, error) {
			return serviceApp(replying(200, reply)).Grant(t.Context(), auth.Static("administrator"))
		},
		"sign-in": func(t *testing.T, reply string) (auth.Grant, error) {
			integration := person("")
			integration.Transport = replying(200, reply)
			signIn, err := integration.NewSignIn()
			require.NoError(t, err)
			return signIn.Finish(t.Context(), redirect(t, signIn.URL(), "code", "good"))
		},
		"device login": func(t *testing.T, reply string) (auth.Grant, error) {
			login, polled := deviceLogin(t, started, httpmock.NewStringResponder(200, reply), refused)
			grant, err := login.Run(t.Context())
			require.Len(t, *polled, 1, "the code has been taken")
			return grant, err
		},
	} {
		for problem, reply := range map[string]string{
			"character": `{"access_token":"a b","refresh_token":"refresh"}`,
			"odd_error": `{"error":"odd_error","refresh_token":"refresh"}`,
		} {
			t.Run(name+", "+problem, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					grant, err := ask(t, reply)
					require.ErrorContains(t, err, problem)
					require.Equal(t, "refresh", grant.RefreshToken.Reveal())
					require.True(t, grant.Token.IsZero())
				})
			})
		}
	}
}

func TestReplyWithoutWhatWasAskedForIsFoundByItsTrackingID(t *testing.T) {
	for name, ask := range map[string]func(http.RoundTripper) error{
		"Service App": func(transport http.RoundTripper) error {
			_, err := serviceApp(transport).Grant(t.Context(), auth.Static("administrator"))
			return err
		},
		"device login": func(transport http.RoundTripper) error {
			integration := person("")
			integration.Transport = transport
			_, err := auth.DeviceLogin{Integration: integration, Show: func(auth.DeviceCode) {}}.Run(t.Context())
			return err
		},
		"refresh": func(transport http.RoundTripper) error {
			integration := person("")
			integration.Transport = transport
			_, err := integration.Refresh(t.Context(), auth.NewSecret("refresh"))
			return err
		},
	} {
		for body, id := range map[string]string{`{}`: "HEADER_1", `{"trackingId":"BODY_1"}`: "BODY_1"} {
			t.Run(name+", "+id, func(t *testing.T) {
				failure, ok := errors.AsType[*auth.TokenEndpointError](ask(replying(201, body, "TrackingId", "HEADER_1")))
				require.True(t, ok)
				require.Equal(t, 201, failure.Status)
				require.Equal(t, id, failure.TrackingID)
			})
		}
	}
}

func TestGrantOfALargeReplyIsNotLost(t *testing.T) {
	for name, reply := range map[string]string{
		"escaped in HTML": `{"access_token":"` + strings.Repeat("<", 1000<<10) + `","refresh_token":"refresh-1","expires_in":3600}`,
		"escaped in JSON": `{"access_token":"abc","refresh_token":"refresh-1","scope":"` + strings.Repeat("\u2028", 330<<10) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []string
				integration := person("https://api.example.com/token")
				integration.Transport = traded(&sent, reply, `400{"error":"invalid_grant"}`)
				grant, err := integration.Refresh(t.Context(), auth.NewSecret("refresh-0"))
				require.Equal(t, []string{"refresh-0"}, sent)
				require.Equal(t, "refresh-1", grant.RefreshToken.Reveal())
				require.NoError(t, err)
			})
		})
	}
}

func TestRefreshThatHadSuccessIsNotRepeated(t *testing.T) {
	brokenOff := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(io.MultiReader(
		strings.NewReader(`{"access_token":"abc",`), failingReader{}))}
	for name, transport := range map[string]http.RoundTripper{
		"no JSON":         replying(200, `<html>`),
		"no content":      replying(204, ``),
		"no token":        replying(201, `{}`),
		"breaks off":      transportFunc(func(*http.Request) (*http.Response, error) { return brokenOff, nil }),
		"no bearer token": replying(200, `{"access_token":"abc","token_type":"mac"}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				integration := person("https://api.example.com/token")
				integration.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
					requests++
					return transport.RoundTrip(r)
				})
				_, err := integration.Refresh(t.Context(), auth.NewSecret("refresh"))
				var failure *auth.TokenEndpointError
				require.ErrorAs(t, err, &failure)
				require.Equal(t, 1, requests)
			})
		})
	}
}

// failingReader is a body that breaks off.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestTokenBesideAMessageIsNoRefusal(t *testing.T) {
	integration := person("https://api.example.com/token")
	integration.Transport = replying(200,
		`{"access_token":"abc","refresh_token":"rotated","expires_in":3600,"message":"success","trackingId":"W_1"}`)
	grant, err := integration.Refresh(t.Context(), auth.NewSecret("refresh"))
	require.NoError(t, err)
	require.Equal(t, "abc", grant.Token.Reveal())
	require.Equal(t, "rotated", grant.RefreshToken.Reveal())
}
