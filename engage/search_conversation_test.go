package engage_test

import (
	"net/http"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestTheResultOfASearchDependsOnItsVersion(t *testing.T) {
	const body = `{"status":200,"code":"1000","description":"ok","value":{"conversationId":"C1","aliasId":"A1",
		"conversationExists":"true","status":"On Hold","teamId":"team","userId":"agent","new":"kept"}}`
	server := newStub(t, reply(http.StatusOK, body))
	client := server.client(t)

	v13, err := client.SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	require.Equal(t, outcome.ConversationOnHold, v13.Outcome)
	require.Equal(t, []string{"C1", "A1", "team", "agent", "On Hold"}, []string{v13.ConversationID, v13.AliasID, v13.TeamID, v13.UserID, v13.Status})
	require.Equal(t, []string{"200", "1000", "ok"}, []string{v13.APIStatus, v13.Code, v13.Description})
	require.True(t, v13.Exists)
	require.Contains(t, string(v13.Raw()), `"new":"kept"`)

	v11, err := client.SearchConversation(t.Context(), engage.SearchConversationV11{Address: smsAddress})
	require.NoError(t, err)
	require.Equal(t, "C1", v11.ConversationID)
	require.Empty(t, v11.AliasID+v11.TeamID+v11.UserID)
}

func TestAConversationWithAnIDExistsUnlessTheReplySaysOtherwise(t *testing.T) {
	for members, exists := range map[string]bool{
		``: true, `,"userId":null`: true, `,"chatExist":true`: true, `,"chatExist":false`: false, `,"conversationExists":"false"`: false,
	} {
		server := newStub(t, reply(http.StatusOK, `{"status":"success","value":{"conversationId":"C1","status":"active"`+members+`}}`))
		found, err := server.client(t).SearchConversation(t.Context(), searchRequest)
		require.NoError(t, err)
		require.Equal(t, exists, found.Exists, members)
		require.Equal(t, exists, found.Outcome == outcome.ConversationActive, members)
	}
}

func TestStatusesAreReadInAnyCaseAndWithAnySeparators(t *testing.T) {
	for status, want := range map[string]outcome.Edge{
		"queued": outcome.ConversationInQueue, "In Queue": outcome.ConversationInQueue, "INQUEUE": outcome.ConversationInQueue,
		"active": outcome.ConversationActive, "Picked": outcome.ConversationActive,
		"on hold": outcome.ConversationOnHold, "on_hold": outcome.ConversationOnHold, "ON-HOLD": outcome.ConversationOnHold,
		"Closed": outcome.ConversationClosed,
	} {
		found, err := newStub(t, reply(http.StatusOK, found(status))).client(t).
			SearchConversation(t.Context(), searchRequest)
		require.NoError(t, err)
		require.Equal(t, want, found.Outcome, status)
	}
}

func TestNoConversationIsFoundOnlyIfTheServiceSaysSo(t *testing.T) {
	for _, body := range []string{
		`{"status":"success","value":{"chatExist":false}}`,
		`{"status":"success","value":{"chatExist":"false","conversationId":"C1","status":"closed"}}`,
		`{"status":"success","value":{"chatExist":true,"conversationId":""}}`,
		`{"status":"success","value":{}}`,
		`{"status":"success","value":null}`,
		`{"value":{}}`,
		`{"status":"success"}`,
		`{"status":"success","value":{"customFields":[],"extras":{}}}`,
		`{"status":200,"response":{"chatExist":false}}`,
	} {
		found, err := newStub(t, reply(http.StatusOK, body)).client(t).
			SearchConversation(t.Context(), searchRequest)
		require.NoError(t, err, body)
		require.Equal(t, outcome.NoConversationFound, found.Outcome)
	}
	_, err := newStub(t, reply(http.StatusNotFound, `{"status":"failure"}`)).client(t).
		SearchConversation(t.Context(), searchRequest)
	require.ErrorIs(t, err, outcome.ErrOnError, "a 404 may be a wrong path")
}

func TestAConversationIsFoundAnywhereInTheReply(t *testing.T) {
	for _, body := range []string{
		`{"status":"success","value":{"conversationId":"C1","chatExist":true,"status":"active"}}`,
		`{"status_code":200,"response":{"conversationId":"C1","conversationExists":true,"status":"active"}}`,
		`{"conversationId":"C1","chatExist":true,"status":"active"}`,
		`{"status":"active","value":null,"conversationId":"C1"}`,
	} {
		found, err := newStub(t, reply(http.StatusOK, body)).client(t).
			SearchConversation(t.Context(), searchRequest)
		require.NoError(t, err, body)
		require.Equal(t, outcome.ConversationActive, found.Outcome, body)
		require.Equal(t, "C1", found.ConversationID)
	}
	_, err := newStub(t, reply(http.StatusOK, `{"status":200,"conversationId":"C1"}`)).client(t).
		SearchConversation(t.Context(), searchRequest)
	require.ErrorIs(t, err, outcome.ErrOnInvalidChoice, "the reply has no status")
	for _, body := range []string{
		`{"status":"UP","components":{"db":{"status":"UP"}}}`,
		`{"status":"success","data":{"conversationId":"C1","chatExist":true,"status":"active"}}`,
		`{"status":"success","data":"{\"conversationId\":\"C1\"}"}`,
		`{"status":"success","response":[{"conversationId":"C1","chatExist":true,"status":"active"}]}`,
		`{"status":"success","value":{"conversation":{"conversationId":"C1","status":"active"}}}`,
		`{"status":"success","value":null,"conversations":[{"conversationId":"C1"}]}`,
	} {
		_, err = newStub(t, reply(http.StatusOK, body)).client(t).
			SearchConversation(t.Context(), searchRequest)
		require.ErrorIs(t, err, outcome.ErrOnError, "it does not say that there is none: %s", body)
	}
}

func TestASearchThatFindsAnUnknownStatusIsOnInvalidChoiceWithTheResult(t *testing.T) {
	for _, request := range []engage.SearchConversationRequest{
		engage.SearchConversationV10{Address: smsAddress},
		engage.SearchConversationV11{Address: smsAddress},
		searchRequest,
	} {
		server := newStub(t, reply(http.StatusOK, found("parked-by-robot")))
		result, err := server.client(t).SearchConversation(t.Context(), request)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
		require.Equal(t, outcome.OnInvalidChoice, result.Outcome)
		require.Equal(t, "C1", result.ConversationID)
		require.Equal(t, "parked-by-robot", result.Status)
		require.ErrorContains(t, err, `"parked-by-robot"`)
		require.JSONEq(t, found("parked-by-robot"), string(result.Raw()))
	}
}
