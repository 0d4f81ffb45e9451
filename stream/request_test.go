package stream_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestContentTypesOfJSONAreAccepted(t *testing.T) {
	for _, value := range []string{"application/json", "Application/JSON; charset=utf-8", "application/vnd.webex+json", "text/json", ""} {
		require.Equal(t, http.StatusOK, newReceiving(t).post(typing, contentType(value)).StatusCode, value)
	}
	silent := func(r *http.Request) { r.Header.Del("Content-Type") }
	require.Equal(t, http.StatusOK, newReceiving(t).post(typing, silent).StatusCode)
	every := newReceiving(t, stream.WithAnyContentType())
	require.Equal(t, http.StatusOK, every.post(typing, contentType("text/plain")).StatusCode)
	for _, value := range []string{"identity", "Identity", "IDENTITY", "identity, Identity", ""} {
		require.Equal(t, http.StatusOK, newReceiving(t).post(typing, encoding(value)).StatusCode, value)
	}
}

func TestEveryAuthorizationIsEnforced(t *testing.T) {
	r := newReceiving(t,
		stream.WithBasic("ann", stream.NewSecret("pass").Named("new"), stream.NewSecret("word").Named("old")),
		stream.WithAPIKey("X-Api-Key", stream.NewSecret("key")))
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"both":           {func(r *http.Request) { r.SetBasicAuth("ann", "pass"); r.Header.Set("X-Api-Key", "key") }, 200},
		"older password": {func(r *http.Request) { r.SetBasicAuth("ann", "word"); r.Header.Set("X-Api-Key", "key") }, 200},
		"neither":        {nil, 400},
		"no key":         {func(r *http.Request) { r.SetBasicAuth("ann", "pass") }, 400},
		"empty key":      {func(r *http.Request) { r.SetBasicAuth("ann", "pass"); r.Header.Set("X-Api-Key", "") }, 400},
		"doubled key": {func(r *http.Request) {
			r.SetBasicAuth("ann", "pass")
			r.Header["X-Api-Key"] = []string{"key", "key"}
		}, 400},
		"no basic":       {func(r *http.Request) { r.Header.Set("X-Api-Key", "key") }, 400},
		"wrong user":     {func(r *http.Request) { r.SetBasicAuth("bob", "pass"); r.Header.Set("X-Api-Key", "key") }, 400},
		"wrong password": {func(r *http.Request) { r.SetBasicAuth("ann", "passw"); r.Header.Set("X-Api-Key", "key") }, 400},
	} {
		require.Equal(t, test.status, r.post(typing, test.change).StatusCode, name)
	}

	bearer := newReceiving(t, stream.WithBearer(stream.NewSecret("token")))
	for value, status := range map[string]int{
		"Bearer token": 200, "bearer token": 200, "Bearer tokens": 400, "Bearer": 400, "Basic token": 400, "token": 400, "": 400,
	} {
		reply := bearer.post(typing, func(r *http.Request) { r.Header.Set("Authorization", value) })
		require.Equal(t, status, reply.StatusCode, value)
	}
}

func TestOneAuthorizationIsEnough(t *testing.T) {
	basic := func(password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth("ann", password) }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	key := stream.NewSecret("key")
	for name, test := range map[string]struct {
		option      stream.ReceiverOption
		right, none func(*http.Request)
	}{
		"basic":                {stream.WithBasic("ann", key), basic("key"), basic("quay")},
		"bearer":               {stream.WithBearer(key), header("Authorization", "Bearer key"), header("Authorization", "Bearer quay")},
		"key":                  {stream.WithAPIKey("X-Api-Key", key), header("X-Api-Key", "key"), header("X-Api-Key", "quay")},
		"key in small letters": {stream.WithAPIKey("x-api-key", key), header("X-Api-Key", "key"), header("X-Api-Key", "quay")},
		"key in capitals":      {stream.WithAPIKey("X-API-KEY", key), header("x-api-key", "key"), header("x-api-key", "quay")},
	} {
		t.Run(name, func(t *testing.T) {
			inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
			receiver, err := stream.NewReceiver(inbox, test.option)
			require.NoError(t, err)
			r := receiving{receiver, inbox}
			requireRefused(t, r, r.post(typing, test.none), stream.RefusedAuthorization)
			require.Equal(t, http.StatusOK, r.post(typing, test.right).StatusCode)
			require.EqualValues(t, 1, r.Counts().Accepted)
		})
	}
}

func TestAnAuthorizationThatNoRequestCanHaveIsInvalid(t *testing.T) {
	secret := func(value string) stream.Secret { return stream.NewSecret(value).Named("new") }
	for name, option := range map[string]stream.ReceiverOption{
		"a colon in a header's name":          stream.WithAPIKey("X-Key:", secret("very-secret")),
		"a space before it":                   stream.WithAPIKey(" X-Key", secret("very-secret")),
		"a letter that no header has":         stream.WithAPIKey("X-Schlüssel", secret("very-secret")),
		"a header that the server takes":      stream.WithAPIKey("host", secret("very-secret")),
		"a key with the end of a line":        stream.WithAPIKey("X-Key", secret("very-secret\n")),
		"a key within blanks":                 stream.WithAPIKey("X-Key", secret("very-secret\t")),
		"a second key with a zero":            stream.WithAPIKey("X-Key", secret("key"), secret("very-\x00secret")),
		"a token with the end of a line":      stream.WithBearer(secret("very-secret\r\n")),
		"a token behind a blank":              stream.WithBearer(secret(" very-secret")),
		"a colon in a user":                   stream.WithBasic("ann:very-secret", secret("word")),
		"a user with the end of a line":       stream.WithBasic("ann\n", secret("very-secret")),
		"a password with the end of a line":   stream.WithBasic("ann", secret("very-secret\n")),
		"a password with a control character": stream.WithBasic("ann", secret("very-secret\x7f")),
	} {
		_, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}), option)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret\n", name)
		require.NotContains(t, err.Error(), "very", name)
	}
}

func TestAnUnusualAuthorizationIsAccepted(t *testing.T) {
	for name, test := range map[string]struct {
		option stream.ReceiverOption
		change func(*http.Request)
	}{
		"a password with blanks around it": {
			stream.WithBasic("", stream.NewSecret(" pass:word ")), func(r *http.Request) { r.SetBasicAuth("", " pass:word ") },
		},
		"a key of other letters": {
			stream.WithAPIKey("x_key.1~", stream.NewSecret("schlüs sel")), func(r *http.Request) { r.Header.Set("x_key.1~", "schlüs sel") },
		},
		"a token with a blank": {
			stream.WithBearer(stream.NewSecret("to ken")), func(r *http.Request) { r.Header.Set("Authorization", "Bearer to ken") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusOK, newReceiving(t, test.option).post(typing, test.change).StatusCode)
		})
	}
}
