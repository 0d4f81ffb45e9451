package auth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// serviceApp is one at Webex, through transport.
func serviceApp(transport http.RoundTripper) auth.ServiceApp {
	return auth.ServiceApp{
		ApplicationID: "app/1", ClientID: "id", ClientSecret: auth.NewSecret(hidden), OrganizationID: "org", Transport: transport,
	}
}

func TestServiceAppObtainsItsPairAndLivesFromIt(t *testing.T) {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, "https://webexapis.com/v1/applications/app%2F1/token", r.URL.String())
		require.Equal(t, http.MethodPost, r.Method)
		require.Equal(t, "Bearer administrator", r.Header.Get("Authorization"))
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		var body map[string]string
		require.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		require.Equal(t, map[string]string{"clientId": "id", "clientSecret": hidden, "targetOrgId": "org"}, body)
		return httpmock.NewStringResponse(200,
			`{"access_token":"abc","refresh_token":"refresh","expires_in":1209599,"refresh_token_expires_in":7775999,"token_type":"Bearer"}`), nil
	})
	grant, err := serviceApp(transport).Grant(t.Context(), auth.Static("administrator"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(14*24*time.Hour), grant.Token.Expiry(), time.Minute)
	require.WithinDuration(t, time.Now().Add(90*24*time.Hour), grant.RefreshExpiry, time.Minute)
	require.Equal(t, "refresh", grant.RefreshToken.Reveal())

	refreshing := scripted(nil, `{"access_token":"def"}`)
	refreshing.Seed = grant
	source, err := refreshing.Open()
	require.NoError(t, err)
	require.Equal(t, "abc", get(t, source))
	source.Invalidate(grant.Token)
	require.Equal(t, "def", get(t, source))
}

func TestServiceAppIsFoundBelowAnyAddress(t *testing.T) {
	for applications, want := range map[string]string{
		"":                                      "https://webexapis.com/v1/applications/app%2F1/token",
		"https://proxy.example.com":             "https://proxy.example.com/app%2F1/token",
		"https://proxy.example.com/v1/":         "https://proxy.example.com/v1/app%2F1/token",
		"https://proxy.example.com/a%2Fb/?c=d":  "https://proxy.example.com/a%2Fb/app%2F1/token?c=d",
		"https://proxy.example.com/v1?c=d#part": "https://proxy.example.com/v1/app%2F1/token?c=d#part",
	} {
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
			require.Equal(t, want, r.URL.String())
			return httpmock.NewStringResponse(200, `{"access_token":"abc"}`), nil
		})
		app := serviceApp(transport)
		app.ApplicationsURL = applications
		_, err := app.Grant(t.Context(), auth.Static("administrator"))
		require.NoError(t, err)
	}
}

func TestServiceAppErrorsAreTyped(t *testing.T) {
	for body, status := range map[string]int{
		`{"message":"` + hidden + `","errors":[{"description":"x"}],"trackingId":"W_1"}`: 403,
		`<html>` + hidden:        502,
		`{"refresh_token":"r"}`:  200,
		`{"access_token":"a\n"}`: 200,
		``:                       307,
	} {
		transport := replying(status, body, "Location", "https://evil.example")
		_, err := serviceApp(transport).Grant(t.Context(), auth.Static("administrator"))
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, status, failure.Status)
		require.NotContains(t, err.Error(), hidden)
		require.Equal(t, 1, transport.GetTotalCallCount())
	}
	_, err := serviceApp(replying(401, `{"message":"m","trackingId":"W_1"}`)).Grant(t.Context(), auth.Static("administrator"))
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)

	down := httptest.NewServer(nil)
	down.Close()
	app := serviceApp(nil)
	app.ApplicationsURL = down.URL
	_, err = app.Grant(t.Context(), auth.Static("administrator"))
	var failure *auth.TokenEndpointError
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.Temporary())
}

func TestServiceAppNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.ServiceApp{ApplicationID: "..", ApplicationsURL: "http://example.com"}.Grant(t.Context(), auth.Static("a"))
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, field := range []string{"ApplicationID", "ClientID", "ClientSecret", "OrganizationID", "ApplicationsURL"} {
		require.ErrorContains(t, err, field)
	}
}
