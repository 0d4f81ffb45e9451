package engage_test

import (
	"net/http"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestRoutesAreValidated(t *testing.T) {
	const (
		segment = "Path has a segment that is empty, consists of dots or is escaped wrongly"
		ids     = "Path must contain each of these once and no others: {conversation}"
	)
	for _, c := range []struct{ method, path, faults string }{
		{"", "/a/{conversation}", "Method must be one of GET, POST, PUT, PATCH, DELETE"},
		{"FETCH", "/a/{conversation}", "Method must be one of GET, POST, PUT, PATCH, DELETE"},
		{"POST", "", "Path does not begin with a slash"},
		{"POST", "ab/{conversation}", "Path does not begin with a slash"},
		{"POST", "/a?x=1/{conversation}", "Path contains a query, a fragment, a backslash or a control character"},
		{"POST", "/a\n/{conversation}", "Path contains a query, a fragment, a backslash or a control character"},
		{"POST", "/../{conversation}", segment},
		{"POST", "/%2e%2e/{conversation}", segment},
		{"POST", "//{conversation}", segment},
		{"POST", "/%zz/{conversation}", segment},
		{"POST", "/a", ids},
		{"POST", "/a/{conversation}/{participant}", ids},
		{"POST", "/{conversation}/{conversation}", ids},
		{"POST", "/{}/{conversation}", "Path has braces without a name; " + ids},
		{"", "/../a", "Method must be one of GET, POST, PUT, PATCH, DELETE; " + segment + "; " + ids},
	} {
		_, err := engage.New(engage.US, auth.Static(token), engage.WithRoute(outcome.AppendMessage, engage.Route{Method: c.method, Path: c.path}))
		require.EqualError(t, err, "engage: WithRoute(AppendMessage): "+c.faults)
	}
	_, err := engage.New(engage.US, auth.Static(token), engage.WithRoute(outcome.SearchConversation, engage.Route{Method: "POST", Path: "/{conversation}"}))
	require.EqualError(t, err, "engage: WithRoute(SearchConversation): Path contains braces, but the call has no ids")
	_, err = engage.New(engage.US, auth.Static(token), engage.WithRoute("Sing", engage.Route{}))
	require.ErrorContains(t, err, "no method")
}

func TestAnUnsafeOperationCannotHaveTheMethodGet(t *testing.T) {
	_, err := engage.New(engage.US, auth.Static(token), engage.WithRoute(outcome.CreateConversation, engage.Route{Method: "GET", Path: "/conversations"}))
	require.ErrorContains(t, err, "repeats a GET")
}

func TestARouteCanBeReplaced(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	client := server.client(t, engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "PUT", Path: "/v2/chats/{conversation}/%7Estate"}))
	_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C 1"})
	require.NoError(t, err)
	require.Equal(t, "PUT", server.seen()[0].method)
	require.Equal(t, "/api/v1/v2/chats/C%201/%7Estate", server.seen()[0].path)
	require.Equal(t, "PUT", client.Routes()[outcome.CloseConversation].Method)
	require.Equal(t, "POST", client.Routes()[outcome.ReopenConversation].Method)

	client = server.client(t, engage.WithRoute(outcome.RemoveParticipant, engage.Route{Method: "PUT", Path: "/agents/{participant}/not/{conversation}"}))
	_, err = client.RemoveParticipant(t.Context(), removeRequest)
	require.NoError(t, err)
	require.Equal(t, "/api/v1/agents/agent-1/not/C1", server.seen()[1].path, "its ids may stand in any order")
}

func TestARouteStaysEscaped(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	for path, want := range map[string]string{
		"/a%2Fb/größe/{conversation}":              "/a%2Fb/gr%C3%B6%C3%9Fe/C%201",
		"/a%2Fb/x y/{conversation}":                "/a%2Fb/x%20y/C%201",
		`/a%2Fb/{x}.json/{conversation}`:           "/a%2Fb/%7Bx%7D.json/C%201",
		"/a%2fb/%7E(x)*!/{conversation}":           "/a%2fb/%7E(x)*!/C%201",
		"/a%2Fb/a:b@c;d=$e,f&g+'h'/{conversation}": "/a%2Fb/a:b@c;d=$e,f&g+'h'/C%201",
	} {
		client := server.client(t, engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "POST", Path: path}))
		_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C 1"})
		require.NoError(t, err, path)
		seen := server.seen()
		require.Equal(t, "/api/v1"+want, seen[len(seen)-1].path, path)
	}
}
