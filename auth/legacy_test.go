package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

func TestLegacyTokenComesAndGoesInAHeader(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodGet, r.Method)
		assert.Equal(t, "/v3.1/authorize", r.URL.Path)
		assert.Equal(t, "a2V5QGRvbWFpbg==", r.Header.Get("X-Credential")) // key@domain
		w.Header().Set("access_token", "abc")
	}))
	defer server.Close()
	legacy := auth.Legacy{
		AuthorizeURL: server.URL + "/v3.1/authorize", APIKey: auth.NewSecret("key"), DomainName: "domain",
		CredentialHeader: "X-Credential", Life: time.Hour,
	}
	token, err := legacy.Token(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry(), time.Minute)

	hosts, err := auth.NewHosts(server.URL)
	require.NoError(t, err)
	r := request(t, server.URL)
	require.NoError(t, hosts.Authorize(r, token))
	require.Equal(t, "abc", r.Header.Get("access_token"))

	legacy.Life = 0
	token, err = legacy.Token(t.Context())
	require.NoError(t, err)
	require.True(t, token.Expiry().IsZero())
}

func TestLegacyErrorsAreTypedAndCostOneRequest(t *testing.T) {
	for status, header := range map[int]string{200: "", 201: "abc", 302: "abc", 401: "", 429: "", 503: ""} {
		transport := replying(status, hidden, "access_token", header, "trxid", "T_1")
		legacy := auth.Legacy{
			AuthorizeURL: "https://api.example.com", APIKey: auth.NewSecret(hidden), DomainName: "d", Transport: transport,
		}
		_, err := legacy.Token(t.Context())
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, status, failure.Status)
		require.Equal(t, "T_1", failure.TrackingID)
		require.NotContains(t, err.Error(), hidden)
		require.Equal(t, status == 401, errors.Is(err, auth.ErrReauthorizationRequired))
		require.Equal(t, 1, transport.GetTotalCallCount())
	}
}

func TestLegacyNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.Legacy{CredentialHeader: "a: b", Life: -1}.Token(t.Context())
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, field := range []string{"AuthorizeURL", "APIKey", "DomainName", "CredentialHeader", "Life"} {
		require.ErrorContains(t, err, field)
	}
}
