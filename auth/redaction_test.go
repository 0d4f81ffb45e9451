package auth_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

const hidden = "s3cr3t-value"

// wrapper reaches secrets the way fmt cannot ask them for their methods.
type wrapper struct {
	Shown  any
	secret auth.Secret
	token  auth.Token
	inner  struct{ credentials auth.ClientCredentials }
	list   []auth.Secret
	byName map[string]auth.Token
	source auth.TokenSource
	cache  *auth.Cache
}

// everything holds each type of the package that has a secret in it.
func everything(t *testing.T) map[string]any {
	t.Helper()
	secret := auth.NewSecret(hidden)
	token := auth.NewToken(hidden, time.Now().Add(time.Hour), "scope")
	credentials := auth.ClientCredentials{ClientID: "id", ClientSecret: secret}
	w := wrapper{
		Shown: token, secret: secret, token: token, list: []auth.Secret{secret},
		byName: map[string]auth.Token{"a": token}, source: auth.StaticToken(token),
		cache: auth.NewCache(auth.StaticToken(token)),
	}
	w.inner.credentials = credentials
	grant := auth.Grant{Token: token, RefreshToken: secret}
	integration := person("")
	refreshing := auth.Refreshing{Integration: integration, Name: "a", Seed: grant}
	source, err := refreshing.Open()
	require.NoError(t, err)
	get(t, source)
	require.NoError(t, source.Close(t.Context())) // no renewal is to change it while it is printed
	unsaved, err := scripted(&failing{full: true}, `{"access_token":"`+hidden+`","refresh_token":"`+hidden+`"}`).Open()
	require.NoError(t, err)
	require.Equal(t, hidden, get(t, unsaved))
	require.NoError(t, unsaved.Close(t.Context()))
	signIn, err := integration.NewSignIn()
	require.NoError(t, err)
	key, err := auth.ConnectServiceKey{Key: secret}.Open()
	require.NoError(t, err)
	get(t, key)
	memory := new(auth.MemoryStore)
	put(t, memory, "a", hidden)
	registry := &auth.Registry{Store: memory}
	require.NoError(t, registry.Add(t.Context(), "b", integration))
	require.NoError(t, registry.Authorize(t.Context(), "b", grant))
	named := registry.Use("b", "user")
	get(t, named)
	require.NoError(t, registry.Close(t.Context()))
	return map[string]any{
		"grant":              grant,
		"integration":        integration,
		"refreshing":         refreshing,
		"refreshing source":  source,
		"unsaved source":     unsaved,
		"sign-in":            signIn,
		"login":              auth.Login{Integration: integration},
		"device login":       auth.DeviceLogin{Integration: integration},
		"service app":        auth.ServiceApp{ClientSecret: secret},
		"connect key":        auth.ConnectServiceKey{Key: secret},
		"connect key source": key,
		"connect JWT":        auth.ConnectJWT{Secret: secret},
		"legacy":             auth.Legacy{APIKey: secret},
		"store":              memory,
		"registry":           registry,
		"named source":       named,
		"secret":             secret,
		"pointer to secret":  &secret,
		"token":              token,
		"pointer to token":   &token,
		"client credentials": credentials,
		"static source":      auth.Static(hidden),
		"nested":             w,
		"pointer to nested":  &w,
		"slice":              []any{secret, token, credentials},
	}
}

// With x/oauth2, %v and slog print the access token, the refresh token and the
// client secret.
func TestNothingShowsASecret(t *testing.T) {
	for name, value := range everything(t) {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%X", "%d", "%10.2v"} {
				shown := fmt.Sprintf(verb, value)
				require.NotContains(t, shown, hidden, verb)
				require.NotContains(t, shown, fmt.Sprintf("%x", hidden), verb)
				require.NotContains(t, shown, fmt.Sprintf("%X", hidden), verb)
			}
			var text, jsonLog bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("m", "value", value)
			slog.New(slog.NewJSONHandler(&jsonLog, nil)).Info("m", "value", value)
			require.NotContains(t, text.String(), hidden)
			require.NotContains(t, jsonLog.String(), hidden)
			if encoded, err := json.Marshal(value); err == nil {
				require.NotContains(t, string(encoded), hidden)
			}
			if encoded, err := xml.Marshal(value); err == nil {
				require.NotContains(t, string(encoded), hidden)
			}
		})
	}
}

func TestSecretsShowAsRedacted(t *testing.T) {
	for _, value := range []any{auth.NewSecret(hidden), auth.NewToken(hidden, time.Time{})} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%d"} {
			require.Equal(t, "REDACTED", fmt.Sprintf(verb, value), verb)
		}
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, `"REDACTED"`, string(encoded))
	}
}

func TestSecretIsReadFromConfigurationButNotFromItsOwnRedaction(t *testing.T) {
	var config struct{ Secret auth.Secret }
	require.NoError(t, json.Unmarshal([]byte(`{"Secret":"`+hidden+`"}`), &config))
	require.Equal(t, hidden, config.Secret.Reveal())

	written, err := json.Marshal(config)
	require.NoError(t, err)
	require.ErrorContains(t, json.Unmarshal(written, &config), "redacted")
}

func TestSecretsCompareByValue(t *testing.T) {
	require.True(t, auth.NewSecret(hidden).Equal(auth.NewSecret(hidden)))
	require.False(t, auth.NewSecret(hidden).Equal(auth.NewSecret("other")))
	require.True(t, auth.Secret{}.Equal(auth.NewSecret("")))
	require.True(t, auth.Secret{}.IsZero())
	require.Empty(t, auth.Secret{}.Reveal())
}
