package auth_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

func TestTokenReturnsWhatItWasMadeOf(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	token := auth.NewToken("abc", expiry, "read", "write")
	require.Equal(t, "abc", token.Reveal())
	require.Equal(t, expiry, token.Expiry())
	require.Equal(t, []string{"read", "write"}, token.Scopes())
	require.False(t, token.IsZero())
	require.True(t, token.Equal(auth.NewToken("abc", time.Time{})))
	require.False(t, token.Equal(auth.NewToken("abd", expiry)))

	token.Scopes()[0] = "changed"
	require.Equal(t, []string{"read", "write"}, token.Scopes())
}

func TestZeroTokenIsNoToken(t *testing.T) {
	var none auth.Token
	require.True(t, none.IsZero())
	require.True(t, auth.NewToken("", time.Time{}).IsZero())
	require.True(t, none.Equal(auth.NewToken("", time.Time{})))
	require.Empty(t, none.Reveal())
	require.True(t, none.Expiry().IsZero())
	require.Nil(t, none.Scopes())
}

func TestStaticTokenIsGivenUntilItExpires(t *testing.T) {
	token, err := auth.Static("abc").Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "abc", token.Reveal())

	_, err = auth.StaticToken(auth.NewToken("abc", time.Now().Add(-time.Second))).Token(t.Context())
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
	var required *auth.ReauthorizationRequiredError
	require.ErrorAs(t, err, &required)
	require.Equal(t, auth.TokenExpired, required.Reason)
	require.NotContains(t, err.Error(), "abc")
}

// malformed are token values that must never reach a header.
var malformed = map[string]string{
	"line break":    "abc\r\nX-Injected: 1",
	"newline":       "abc\n",
	"space":         "abc def",
	"leading space": " abc",
	"tab":           "abc\tdef",
	"null":          "abc\x00",
	"delete":        "abc\x7f",
	"not ASCII":     "abcé",
	"invalid UTF-8": "abc\xff",
}

func TestMalformedTokenIsRefusedWhereItEnters(t *testing.T) {
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	for name, value := range malformed {
		t.Run(name, func(t *testing.T) {
			token := auth.NewToken(value, time.Time{})
			source := auth.StaticToken(token)

			_, err := source.Token(t.Context())
			require.ErrorContains(t, err, "invalid character")
			require.NotContains(t, err.Error(), "abc")

			_, err = auth.Bind(source, nil, nil)
			require.ErrorIs(t, err, outcome.ErrOnInvalidData)

			_, err = auth.NewCache(always(token)).Token(t.Context())
			require.ErrorContains(t, err, "invalid character")

			r := &http.Request{URL: &url.URL{Scheme: "https", Host: "api.example.com"}, Header: http.Header{}}
			require.ErrorContains(t, hosts.Authorize(r, token), "invalid character")
			require.Empty(t, r.Header)
		})
	}
}
