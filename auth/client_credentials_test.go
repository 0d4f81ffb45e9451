package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// answering serves the same answer to every request.
func answering(t *testing.T, status int, body string, header ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server
}

// credentials are good ones for a token endpoint at tokenURL.
func credentials(tokenURL string) auth.ClientCredentials {
	return auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret(hidden), TokenURL: tokenURL}
}

// replying is a transport that answers every request the same. With it the
// waits between attempts cost no time in a synctest bubble.
func replying(status int, body string, header ...string) *httpmock.MockTransport {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		response := httpmock.NewStringResponse(status, body)
		for i := 0; i+1 < len(header); i += 2 {
			response.Header.Set(header[i], header[i+1])
		}
		return response, nil
	})
	return transport
}

// refusal returns the error of credentials whose endpoint answers so.
func refusal(t *testing.T, status int, body string, header ...string) *auth.TokenEndpointError {
	t.Helper()
	var failure *auth.TokenEndpointError
	synctest.Test(t, func(t *testing.T) {
		source := credentials("https://api.example.com/oauth/token")
		source.Transport = replying(status, body, header...)
		_, err := source.Token(t.Context())
		require.ErrorAs(t, err, &failure)
	})
	return failure
}

func TestClientCredentialsSendTheDocumentedForm(t *testing.T) {
	var requests []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		requests = append(requests, r)
		_, _ = io.WriteString(w, `{"access_token":"abc","token_type":"Bearer","expires_in":3600,"scope":["a:read","b:write"]}`)
	}))
	defer server.Close()
	source := credentials(server.URL + "/api/v1/oauth/token")
	source.Scopes = []string{"a:read", "b:write"}

	before := time.Now()
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "abc", token.Reveal())
	require.Equal(t, []string{"a:read", "b:write"}, token.Scopes())
	require.WithinRange(t, token.Expiry(), before.Add(time.Hour-time.Second), time.Now().Add(time.Hour))

	require.Len(t, requests, 1)
	require.Equal(t, http.MethodPost, requests[0].Method)
	require.Equal(t, "/api/v1/oauth/token", requests[0].URL.Path)
	require.Equal(t, "application/x-www-form-urlencoded", requests[0].Header.Get("Content-Type"))
	require.Equal(t, "application/json", requests[0].Header.Get("Accept"))
	require.Empty(t, requests[0].Header.Get("Authorization"))
	require.Equal(t, url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {"tenant"},
		"client_secret": {hidden},
		"scope":         {"a:read b:write"},
	}, requests[0].PostForm)
}

func TestClientCredentialsReadEveryKnownReply(t *testing.T) {
	const never = time.Duration(0)
	for name, test := range map[string]struct {
		body   string
		life   time.Duration
		scopes []string
	}{
		"scope array":            {`{"access_token":"abc","scope":["a","b"],"expires_in":60}`, time.Minute, []string{"a", "b"}},
		"scope string":           {`{"access_token":"abc","scope":"a b","expires_in":60}`, time.Minute, []string{"a", "b"}},
		"scope object":           {`{"access_token":"abc","scope":{"a":1},"expires_in":60}`, time.Minute, nil},
		"lifetime string":        {`{"access_token":"abc","expires_in":"60"}`, time.Minute, nil},
		"lifetime fraction":      {`{"access_token":"abc","expires_in":60.9}`, 60*time.Second + 900*time.Millisecond, nil},
		"lifetime half a second": {`{"access_token":"abc","expires_in":0.5}`, time.Second / 2, nil},
		"lifetime huge":          {`{"access_token":"abc","expires_in":1e300}`, 1<<31*time.Second - time.Second, nil},
		"lifetime overflow":      {`{"access_token":"abc","expires_in":1e999}`, 1<<31*time.Second - time.Second, nil},
		"lifetime past int64":    {`{"access_token":"abc","expires_in":99999999999999999999}`, 1<<31*time.Second - time.Second, nil},
		"no lifetime":            {`{"access_token":"abc"}`, never, nil},
		"lifetime zero":          {`{"access_token":"abc","expires_in":0}`, never, nil},
		"lifetime null":          {`{"access_token":"abc","expires_in":null}`, never, nil},
		"lifetime empty":         {`{"access_token":"abc","expires_in":""}`, never, nil},
		"odd other members":      {`{"access_token":"abc","refresh_token":7,"error":"","error_description":3,"x":{}}`, never, nil},
		"error null":             {`{"access_token":"abc","error":null}`, never, nil},
		"lower case type":        {`{"access_token":"abc","token_type":"bearer"}`, never, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, contentType := range []string{"application/json", "text/plain", "text/html", "application/x-www-form-urlencoded", ""} {
				server := answering(t, http.StatusOK, test.body, "Content-Type", contentType)
				token, err := credentials(server.URL).Token(t.Context())
				require.NoError(t, err)
				require.Equal(t, "abc", token.Reveal())
				require.Equal(t, test.scopes, token.Scopes())
				if test.life == never {
					require.True(t, token.Expiry().IsZero())
				} else {
					require.WithinDuration(t, time.Now().Add(test.life), token.Expiry(), 5*time.Second)
				}
			}
		})
	}
}

// x/oauth2 showed the whole body of each 4xx reply, with no code for the shapes
// of Webex and of the contact center, and had no type for an error object on
// 200: "cannot parse json".
func TestBadReplyIsATypedErrorThatRevealsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		status    int
		body      string
		code      string
		temporary bool
		text      string
	}{
		"negative lifetime":   {200, `{"access_token":"BODY","expires_in":-1}`, "", true, "expires_in"},
		"lifetime a word":     {200, `{"access_token":"BODY","expires_in":"BODY"}`, "", true, "expires_in"},
		"lifetime an object":  {200, `{"access_token":"BODY","expires_in":{}}`, "", true, "expires_in"},
		"lifetime NaN":        {200, `{"access_token":"BODY","expires_in":"NaN"}`, "", true, "expires_in"},
		"no token":            {200, `{"token":"BODY"}`, "", true, "no access token"},
		"token a number":      {200, `{"access_token":1}`, "", true, "no access token"},
		"token with newline":  {200, `{"access_token":"BODY\r\nX: 1"}`, "", true, "character"},
		"other token type":    {200, `{"access_token":"BODY","token_type":"mac"}`, "", true, "bearer"},
		"HTML on 200":         {200, `<html>BODY</html>`, "", true, "not a JSON object"},
		"empty on 200":        {200, ``, "", true, "not a JSON object"},
		"null":                {200, `null`, "", true, "not a JSON object"},
		"array":               {200, `["BODY"]`, "", true, "not a JSON object"},
		"truncated":           {200, `{"access_token":"BODY`, "", true, "not a JSON object"},
		"10 MB":               {200, `{"access_token":"` + strings.Repeat("BODY", 10<<18) + `"}`, "", true, "1 MiB"},
		"error code on 200":   {200, `{"error":"invalid_scope","error_description":"BODY"}`, "invalid_scope", false, "HTTP 200, invalid_scope"},
		"error object on 200": {200, `{"error":{"key":"4001","message":["BODY"]},"trackingId":"CC_1"}`, "4001", false, "tracking id CC_1"},
		"error object on 400": {400, `{"error":{"key":"4001","message":["BODY"]},"trackingId":"CC_1"}`, "4001", false, "tracking id CC_1"},
		"Webex error":         {400, `{"message":"BODY","errors":[{"description":"BODY"}],"trackingId":"W_1"}`, "", false, "tracking id W_1"},
		"RFC error":           {400, `{"error":"invalid_request","error_description":"BODY"}`, "invalid_request", false, "invalid_request"},
		"RFC busy":            {400, `{"error":"temporarily_unavailable"}`, "temporarily_unavailable", true, ""},
		"code is a sentence":  {400, `{"error":"BODY is wrong"}`, "", false, ""},
		"HTML 403":            {403, `<html>BODY</html>`, "", true, "HTTP 403"},
		"proxy JSON 403":      {403, `{"blocked":"BODY"}`, "", true, "HTTP 403"},
		"empty 401":           {401, ``, "", true, "HTTP 401"},
		"busy":                {429, `BODY`, "", true, "HTTP 429"},
		"broken":              {500, `{"error":"invalid_request"}`, "invalid_request", true, "HTTP 500"},
		"bad gateway":         {502, `BODY`, "", true, "HTTP 502"},
		"not found":           {404, `{"message":"BODY","trackingId":"W_1"}`, "", false, "HTTP 404"},
	} {
		t.Run(name, func(t *testing.T) {
			failure := refusal(t, test.status, test.body)
			require.Equal(t, test.status, failure.Status)
			require.Equal(t, test.code, failure.Code)
			require.Equal(t, test.temporary, failure.Temporary())
			require.ErrorContains(t, failure, test.text)
			encoded, err := json.Marshal(failure)
			require.NoError(t, err)
			for _, shown := range []string{failure.Error(), fmt.Sprintf("%+v %#v", failure, failure), string(encoded)} {
				require.NotContains(t, shown, "BODY")
				require.NotContains(t, shown, hidden)
				require.NotContains(t, shown, "example.com")
			}
		})
	}
}

func TestRefusedClientHasToBeReauthorized(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
	}{
		{401, `{"error":"invalid_client"}`},
		{400, `{"error":"invalid_client","error_description":"` + hidden + `"}`},
		{400, `{"error":"unauthorized_client"}`},
		{401, `{"message":"Unauthorized","trackingId":"W_1"}`},
	} {
		server := answering(t, test.status, test.body)
		_, err := credentials(server.URL).Token(t.Context())
		require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
		var required *auth.ReauthorizationRequiredError
		require.ErrorAs(t, err, &required)
		require.Equal(t, auth.CredentialsChanged, required.Reason)
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, test.status, failure.Status)
		require.NotContains(t, err.Error(), hidden)
	}
}

func TestEndpointErrorKeepsWhatSupportAndRetryNeed(t *testing.T) {
	failure := refusal(t, 429, `{"message":"slow","trackingId":"BODY_1"}`, "Retry-After", "7", "TrackingId", "HEADER_1")
	require.Equal(t, 7*time.Second, failure.RetryAfter)
	require.Equal(t, "BODY_1", failure.TrackingID)
	require.Equal(t, "slow", failure.Description)

	for header, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-5":                            0,
		"1.5":                           1500 * time.Millisecond,
		"99999999999999":                math.MaxInt64,
		"Fri, 31 Dec 1999 15:04:05 GMT": 0,
		// The clock of a synctest bubble starts with the year 2000.
		"Sat, 01 Jan 2000 01:00:00 GMT": time.Hour,
	} {
		failure := refusal(t, 503, "", "Retry-After", header, "trxid", "T_1")
		require.Equal(t, want, failure.RetryAfter, header)
		require.Equal(t, "T_1", failure.TrackingID)
	}
}

// Auto-detection of x/oauth2 sent the secret in 2 requests where 1 will do.
func TestSecretIsSentOncePerAttempt(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_request"}`)
	}))
	defer server.Close()
	_, err := credentials(server.URL).Token(t.Context())
	require.Error(t, err)
	require.EqualValues(t, 1, asked.Load())
}

func TestSecretDoesNotFollowARedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked atomic.Int32
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		defer elsewhere.Close()
		server := answering(t, status, "", "Location", elsewhere.URL)
		_, err := credentials(server.URL).Token(t.Context())
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, status, failure.Status)
		require.False(t, failure.Temporary())
		require.Zero(t, asked.Load())
	}
}

func TestUnreachableEndpointIsATemporaryErrorWithoutTheURL(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := credentials(server.URL + "/oauth/token?x=" + hidden).Token(t.Context())
	var failure *auth.TokenEndpointError
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.Temporary())
	require.NotContains(t, err.Error(), "/oauth/token")
	require.NotContains(t, err.Error(), hidden)
	var wrapped *url.Error
	require.NotErrorAs(t, err, &wrapped)
}

func TestTokenRequestEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := credentials(server.URL).Token(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestReplyThatBreaksOffKeepsItsStatus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"access_token":"abc"`)
	}))
	defer server.Close()
	_, err := credentials(server.URL).Token(t.Context())
	var failure *auth.TokenEndpointError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, 200, failure.Status)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestClientCredentialsNameEveryFaultAtOnce(t *testing.T) {
	source := auth.ClientCredentials{Scopes: []string{"ok", "two words", ""}, TokenURL: "http://api.example.com/oauth/token"}
	for _, err := range []error{
		source.Validate(),
		func() error { _, err := source.Token(t.Context()); return err }(),
		func() error { _, err := auth.Bind(source, nil, nil); return err }(),
	} {
		require.ErrorIs(t, err, outcome.ErrOnInvalidData)
		for _, text := range []string{"ClientID is empty", "ClientSecret is empty", "Scopes[1]", "Scopes[2]", "TokenURL is neither https"} {
			require.ErrorContains(t, err, text)
		}
	}
	require.ErrorContains(t, auth.ClientCredentials{}.Validate(), "TokenURL is empty")
}

func TestBoundCredentialsAskTheClientsHostThroughItsTransport(t *testing.T) {
	for base, tokenURL := range map[string]string{
		"https://api.example.com/api/v1":        "https://api.example.com/api/v1/oauth/token",
		"https://api.example.com/api/v1/?x=1#y": "https://api.example.com/api/v1/oauth/token",
		"https://api.example.com":               "https://api.example.com/oauth/token",
	} {
		transport := httpmock.NewMockTransport()
		transport.RegisterResponder(http.MethodPost, tokenURL,
			httpmock.NewStringResponder(200, `{"access_token":"abc","expires_in":3600}`))
		endpoint, err := url.Parse(base)
		require.NoError(t, err)

		source := credentials("")
		bound, err := auth.Bind(source, endpoint, transport)
		require.NoError(t, err)
		require.Equal(t, "abc", get(t, bound))
		require.Equal(t, "abc", get(t, bound))
		require.Equal(t, 1, transport.GetTotalCallCount())
		require.Implements(t, (*auth.Invalidator)(nil), bound)
		require.Empty(t, source.TokenURL)
		require.Equal(t, base, endpoint.String())
	}
}

func TestCredentialsKeepTheirOwnURLAndTransportWhenBound(t *testing.T) {
	server := answering(t, 200, `{"access_token":"abc"}`)
	endpoint, err := url.Parse("https://api.example.com")
	require.NoError(t, err)
	source := credentials(server.URL)
	source.Transport = http.DefaultTransport
	bound, err := auth.Bind(source, endpoint, httpmock.NewMockTransport())
	require.NoError(t, err)
	require.Equal(t, "abc", get(t, bound))

	bound, err = auth.Bind(credentials(server.URL), nil, nil)
	require.NoError(t, err)
	require.Equal(t, "abc", get(t, bound))
}

func TestAnswerThatIsNotHTTPIsNotQuoted(t *testing.T) {
	for name, answer := range map[string]string{
		"status": hidden + " 200 OK\r\n\r\n",
		"header": "HTTP/1.1 200 OK\r\n" + hidden + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := http.NewResponseController(w).Hijack()
				if !assert.NoError(t, err) {
					return
				}
				_, _ = io.WriteString(connection, answer)
				assert.NoError(t, connection.Close())
			}))
			defer server.Close()
			_, err := credentials(server.URL).Token(t.Context())
			var failure *auth.TokenEndpointError
			require.ErrorAs(t, err, &failure)
			require.True(t, failure.Temporary())
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), hidden)
		})
	}
}

// transportFunc is a transport made of a function.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransportThatMisbehavesIsAnError(t *testing.T) {
	for name, response := range map[string]*http.Response{"nil": nil, "no body": {StatusCode: 200}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := credentials("https://api.example.com")
				source.Transport = transportFunc(func(*http.Request) (*http.Response, error) { return response, nil })
				_, err := source.Token(t.Context())
				var failure *auth.TokenEndpointError
				require.ErrorAs(t, err, &failure)
			})
		})
	}
}
