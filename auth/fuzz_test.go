package auth_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

func FuzzTokenReply(f *testing.F) {
	f.Add(200, "application/json", `{"access_token":"abc","expires_in":3600,"scope":["a"]}`)
	f.Add(200, "text/plain", `access_token=abc&expires_in=1`)
	f.Add(400, "application/json", `{"error":{"key":"1","message":["x"]},"trackingId":"1"}`)
	f.Add(403, "text/html", `<html>`)
	f.Add(200, "", `{"access_token":"a","expires_in":"-0"}`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		synctest.Test(t, func(t *testing.T) {
			source := credentials("https://api.example.com")
			source.Transport = replying(status, body, "Content-Type", contentType)
			token, err := source.Token(t.Context())
			if err == nil {
				require.False(t, token.IsZero())
				require.NotContains(t, token.Reveal(), "\n")
				return
			}
			require.True(t, token.IsZero())
			require.NotContains(t, err.Error(), hidden)
			require.Less(t, len(err.Error()), 1000)
		})
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(`{"version":1,"accessToken":"a","refreshToken":"b","client":"c","seeds":["d"]}`)
	f.Add(`{"version":2}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, text string) {
		synctest.Test(t, func(t *testing.T) {
			store := new(auth.MemoryStore)
			put(t, store, "a", text)
			source, err := scripted(store, `{"access_token":"abc","refresh_token":"r"}`).Open()
			require.NoError(t, err)
			token, err := source.Token(t.Context())
			require.Equal(t, err != nil, token.IsZero())
			if err != nil {
				require.Equal(t, text, kept(t, store, "a"))
			}
		})
	})
}

func FuzzRedirect(f *testing.F) {
	f.Add("http://localhost:8080/callback?code=a&state=b")
	f.Add("?error=access_denied")
	f.Add("://%zz")
	f.Fuzz(func(t *testing.T, redirect string) {
		integration := person("")
		integration.Transport = replying(200, `{"access_token":"abc"}`)
		signIn, err := integration.NewSignIn()
		require.NoError(t, err)
		_, err = signIn.Finish(t.Context(), redirect)
		var failure *auth.SignInError
		require.ErrorAs(t, err, &failure, "nobody can guess the state")
	})
}
