package engagetest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
)

func (s *session) credentials() url.Values {
	return url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {s.ClientID()},
		"client_secret": {s.ClientSecret()},
	}
}

func (s *session) requestToken(form string) answer {
	s.t.Helper()
	request := s.request(http.MethodPost, "/oauth/token", form)
	request.Header.Del("Authorization")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := s.do(request)
	require.NoError(s.t, err)
	return got
}

func TestTokenReplyIsAsDocumented(t *testing.T) {
	s := start(t)
	got := s.requestToken(s.credentials().Encode())
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "Bearer", got.body["token_type"])
	require.EqualValues(t, 3600, got.body["expires_in"])
	require.IsType(t, []any{}, got.body["scope"])

	token := got.body["access_token"].(string)
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	require.InDelta(t, 3600, claims["exp"].(float64)-claims["iat"].(float64), 0)

	s.token = token
	require.Equal(t, http.StatusOK, s.post("/conversations/search", `{`+smsAddress+`}`).status)
}

func TestEveryTokenIsNew(t *testing.T) {
	s := start(t)
	require.NotEqual(t, s.IssueToken(), s.IssueToken())
}

func TestInvalidRequestsForATokenAreRefused(t *testing.T) {
	s := start(t, engagetest.WithCredentials("me", "mine"))
	for name, test := range map[string]struct {
		change func(url.Values)
		status int
		err    string
	}{
		"wrong secret":  {func(f url.Values) { f.Set("client_secret", "yours") }, 401, "invalid_client"},
		"wrong id":      {func(f url.Values) { f.Set("client_id", "you") }, 401, "invalid_client"},
		"no secret":     {func(f url.Values) { f.Del("client_secret") }, 401, "invalid_client"},
		"other grant":   {func(f url.Values) { f.Set("grant_type", "password") }, 400, "unsupported_grant_type"},
		"no grant type": {func(f url.Values) { f.Del("grant_type") }, 400, "unsupported_grant_type"},
	} {
		t.Run(name, func(t *testing.T) {
			form := s.credentials()
			test.change(form)
			got := s.requestToken(form.Encode())
			require.Equal(t, test.status, got.status)
			require.Equal(t, test.err, got.body["error"])
		})
	}
	t.Run("broken form", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, s.requestToken("%zz").status)
	})
	t.Run("query", func(t *testing.T) {
		request := s.request(http.MethodPost, "/oauth/token?client_id=me", s.credentials().Encode())
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, err := s.do(request)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, got.status)
	})
	t.Run("JSON", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, s.post("/oauth/token", `{"client_id":"me"}`).status)
	})
}

func TestOperationsRefuseInvalidTokens(t *testing.T) {
	s := start(t)
	foreign := start(t).IssueToken()
	for name, authorization := range map[string]string{
		"none":              "",
		"empty":             "Bearer ",
		"not a token":       "Bearer nonsense",
		"other scheme":      "Basic " + s.token,
		"tampered":          "Bearer " + s.token[:len(s.token)-2] + "xx",
		"of another server": "Bearer " + foreign,
	} {
		t.Run(name, func(t *testing.T) {
			request := s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`)
			request.Header.Set("Authorization", authorization)
			got, err := s.do(request)
			require.NoError(t, err)
			require.Equal(t, http.StatusUnauthorized, got.status)
			require.Equal(t, "failure", got.body["status"])
			require.NotEmpty(t, got.header.Get("WWW-Authenticate"))
		})
	}
}

func TestEveryOperationNeedsAToken(t *testing.T) {
	s := start(t)
	s.token = ""
	for _, route := range []string{
		"POST /conversations/search", "POST /conversations/resolve", "POST /conversations",
		"POST /conversations/x/messages", "GET /conversations/x/messages", "PATCH /conversations/x",
		"POST /conversations/x/participants", "DELETE /conversations/x/participants/y",
		"POST /conversations/x/close", "POST /conversations/x/reopen", "POST /conversations/x/hold",
		"POST /conversations/x/transfer", "GET /teams/x/working-hours", "GET /business-hours/x",
	} {
		method, path, _ := strings.Cut(route, " ")
		require.Equal(t, http.StatusUnauthorized, s.send(method, path, "").status, route)
	}
}

func TestTokensExpireByTheServersClock(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s := start(t, engagetest.WithClock(func() time.Time { return now }), engagetest.WithTokenLifetime(90*time.Second))
	require.EqualValues(t, 90, s.requestToken(s.credentials().Encode()).body["expires_in"])

	now = now.Add(89 * time.Second)
	require.Equal(t, http.StatusOK, s.post("/conversations/search", `{`+smsAddress+`}`).status)
	now = now.Add(time.Second)
	require.Equal(t, http.StatusUnauthorized, s.post("/conversations/search", `{`+smsAddress+`}`).status)
}

func TestRevokedTokensAreRefused(t *testing.T) {
	s := start(t)
	s.RevokeTokens()
	require.Equal(t, http.StatusUnauthorized, s.post("/conversations/search", `{`+smsAddress+`}`).status)
	s.token = s.IssueToken()
	require.Equal(t, http.StatusOK, s.post("/conversations/search", `{`+smsAddress+`}`).status)
}

func TestARefusedTokenAlwaysHasTheNameOfAnError(t *testing.T) {
	s := start(t)
	for status, name := range map[int]string{400: "invalid_request", 401: "invalid_client", 429: "invalid_request", 500: "server_error", 503: "server_error"} {
		s.Fail(engagetest.Token, engagetest.Fault{Status: status})
		refused := s.requestToken(s.credentials().Encode())
		require.Equal(t, status, refused.status)
		require.Equal(t, map[string]any{"error": name}, refused.body)
	}
}
