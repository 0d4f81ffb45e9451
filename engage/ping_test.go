package engage_test

import (
	"net/http"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestPingSendsATokenToTheBaseURLOnly(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, "fine"))
	require.NoError(t, server.client(t).Ping(t.Context()))
	seen := server.seen()
	require.Len(t, seen, 1)
	require.Equal(t, []string{"GET", "/api/v1", "", ""}, []string{seen[0].method, seen[0].path, seen[0].query, seen[0].body})
	require.Equal(t, "Bearer "+token, seen[0].header.Get("Authorization"))
}

func TestPingTakesTheAnswerOfTheServiceForASuccess(t *testing.T) {
	for status, want := range map[int]outcome.Edge{
		http.StatusOK:                  "",
		http.StatusNoContent:           "",
		http.StatusNotFound:            "",
		http.StatusMethodNotAllowed:    "",
		http.StatusFound:               outcome.OnError,
		http.StatusBadRequest:          outcome.OnInvalidData,
		http.StatusUnauthorized:        outcome.OnAuthorizationFailure,
		http.StatusForbidden:           outcome.OnAuthorizationFailure,
		http.StatusTooManyRequests:     outcome.OnError,
		http.StatusInternalServerError: outcome.OnError,
	} {
		err := newStub(t, reply(status, "")).client(t).Ping(t.Context())
		require.Equal(t, want, outcome.EdgeOf(err), status)
	}
}

func TestPingIsRetriedAsARead(t *testing.T) {
	server := newStub(t, inTurn(hangUp, reply(http.StatusBadGateway, ""), reply(http.StatusOK, "")))
	require.NoError(t, server.client(t).Ping(t.Context()))
	require.Len(t, server.seen(), 3)
	err := newStub(t, hangUp).client(t).Ping(t.Context(), oneAttempt)
	require.Zero(t, failureOf(t, err).Effect)
	require.ErrorContains(t, err, "engage: Ping: onError")
}

func TestPingOfARouteNeedsASuccess(t *testing.T) {
	server := newStub(t, inTurn(reply(http.StatusOK, "{}"), reply(http.StatusNotFound, "")))
	client := server.client(t, engage.WithPingRoute(engage.Route{Method: http.MethodGet, Path: "/status/me"}))
	require.NoError(t, client.Ping(t.Context()))
	require.Equal(t, "/api/v1/status/me", server.seen()[0].path)
	require.ErrorIs(t, client.Ping(t.Context()), outcome.ErrNotFound)
	for _, route := range []engage.Route{{}, {Method: "GET", Path: "status"}, {Method: "GET", Path: "/{id}"}, {Method: "SING", Path: "/a"}} {
		_, err := engage.New(engage.US, auth.Static(token), engage.WithPingRoute(route))
		require.ErrorContains(t, err, "WithPingRoute")
	}
}

func TestPingNeedsACredentialThatTheTenantKnows(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials())
	require.NoError(t, err)
	require.NoError(t, client.Ping(t.Context()))
	wrong := server.Credentials()
	wrong.ClientSecret = auth.NewSecret("wrong")
	client, err = engage.New(engage.Endpoint(server.URL()), wrong)
	require.NoError(t, err)
	require.ErrorIs(t, client.Ping(t.Context()), outcome.ErrOnAuthorizationFailure)
}

func TestPingRefusesAnInvalidOption(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, ""))
	require.ErrorIs(t, server.client(t).Ping(t.Context(), engage.WithHeader("Cookie", "a")), outcome.ErrOnInvalidData)
	require.Empty(t, server.seen())
}

func TestTokenURLIsBelowTheBaseURL(t *testing.T) {
	for endpoint, want := range map[engage.Endpoint]string{
		engage.US:                      "https://api-us-site-1.imiengage.io/api/v1/oauth/token",
		"https://example.com":          "https://example.com/oauth/token",
		"https://example.com/engage/":  "https://example.com/engage/oauth/token",
		"http://127.0.0.1:8080/api/v1": "http://127.0.0.1:8080/api/v1/oauth/token",
	} {
		got, err := endpoint.TokenURL()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := engage.Endpoint("mars").TokenURL()
	require.ErrorContains(t, err, "neither a region")
}
