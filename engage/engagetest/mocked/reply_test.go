package mocked_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/engagetest/mocked"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

func TestRepliesAreReadAsWhatTheySay(t *testing.T) {
	mock := httpmock.NewMockTransport()
	client := newClient(t, mock)
	ctx := t.Context()

	mocked.Register(t, mock, outcome.SearchConversation, mocked.Found(engagetest.Conversation{
		ID: "C-1", Status: engagetest.OnHold, AliasID: "task-1", TeamID: "sales", UserID: "ann",
	}))
	found, err := client.SearchConversation(ctx, search)
	require.NoError(t, err)
	require.Equal(t, outcome.ConversationOnHold, found.Outcome)
	require.Equal(t, []string{"C-1", "task-1", "sales", "ann"}, []string{found.ConversationID, found.AliasID, found.TeamID, found.UserID})

	mocked.Register(t, mock, outcome.CreateConversation, mocked.Acknowledged("T-1"))
	created, err := client.CreateConversation(ctx, create)
	require.NoError(t, err)
	require.Equal(t, "T-1", created.TransactionID)
	require.Empty(t, created.ConversationID)

	mocked.Register(t, mock, outcome.CreateConversation, mocked.Created("T-2", "C-2"))
	created, err = client.CreateConversation(ctx, create)
	require.NoError(t, err)
	require.Equal(t, "T-2", created.TransactionID)
	require.Equal(t, "C-2", created.ConversationID)

	mocked.Register(t, mock, outcome.FetchTranscript, mocked.Transcript(7, hello))
	page, err := client.FetchTranscript(ctx, transcript)
	require.NoError(t, err)
	require.Equal(t, 7, page.CountOfRecords)
	require.Equal(t, []message.Message{hello}, page.Messages)

	mocked.Register(t, mock, outcome.FetchTranscript, mocked.Transcript(0))
	page, err = client.FetchTranscript(ctx, transcript)
	require.NoError(t, err)
	require.Empty(t, page.Messages)

	mocked.Register(t, mock, outcome.CloseConversation, mocked.Failure(http.StatusConflict, "4547", "already closed"))
	closed, err := client.CloseConversation(ctx, closeIt)
	require.NoError(t, err)
	require.True(t, closed.AlreadyDone)

	mocked.Register(t, mock, outcome.UpdateConversation, mocked.Failure(http.StatusNotFound, "", "no such conversation"))
	_, err = client.UpdateConversation(ctx, update)
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnConversationUpdatedFailure, failure.Edge)
	require.Equal(t, []string{"404", "no such conversation"}, []string{failure.Code, failure.Description})

	mocked.Register(t, mock, outcome.BusinessHours, mocked.Value(map[string]string{"slot": "holiday"}))
	hours, err := client.Do(ctx, engage.Call{
		Operation: outcome.BusinessHours, Class: engage.Read,
		Route: engage.Route{Method: http.MethodGet, Path: "/business-hours/H1"},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"status":"success","code":"200","description":"success","value":{"slot":"holiday"}}`, string(hours.Raw()))
}

// TestRepliesAreLikeThoseOfTheServer compares each reply with that of the server in the
// same state. Only texts that both choose freely may differ.
func TestRepliesAreLikeThoseOfTheServer(t *testing.T) {
	conversation := seeded()
	conversation.Status = engagetest.Active
	conversation.UserID = "ann"
	plain := engagetest.WithRefusalsAllowed()
	for _, test := range []struct {
		name      string
		option    engagetest.Option
		path      string
		body      string
		responder httpmock.Responder
	}{
		{"a conversation", plain, "/conversations/search", `{"channel":"sms","customerAddress":"+15550199","bizAddress":"+15550100"}`, mocked.Found(conversation)},
		{"no conversation", plain, "/conversations/search", `{"channel":"sms","customerAddress":"1","bizAddress":"2"}`, mocked.NoConversation()},
		{"an acknowledgement with an id", engagetest.WithConversationIDs(), "/conversations/CSR%201/close", `{}`, mocked.Created("T-1", id)},
		{"an acknowledgement", plain, "/conversations/CSR%201/close", `{}`, mocked.Acknowledged("T-1")},
		{"a failure", plain, "/conversations/CSR%201/reopen", `{}`, mocked.Failure(http.StatusConflict, "", "")},
		{"an empty transcript", plain, "/conversations/CSR%201/messages", "", mocked.Transcript(0)},
		{"a refused token", plain, "/oauth/token", "grant_type=client_credentials", mocked.TokenRefused(http.StatusUnauthorized, "invalid_client", "")},
		{"a token", plain, "/oauth/token", "grant_type=client_credentials&client_id=tenant&client_secret=tenant-secret", mocked.Token("token")},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := engagetest.New(t, engagetest.WithoutNetwork(), engagetest.WithRefusalsAllowed(), test.option)
			server.Seed(conversation)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+test.path, strings.NewReader(test.body))
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+server.IssueToken())
			request.Header.Set("Content-Type", "application/json")
			switch {
			case test.body == "":
				request.Method = http.MethodGet
			case !strings.HasPrefix(test.body, "{"):
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			theirs, err := server.HTTPClient().Do(request)
			require.NoError(t, err)
			ours, err := test.responder(request)
			require.NoError(t, err)
			require.Equal(t, theirs.StatusCode, ours.StatusCode)
			require.Equal(t, theirs.Header.Get("Content-Type"), ours.Header.Get("Content-Type"))
			require.Equal(t, formOf(t, theirs), formOf(t, ours))
		})
	}
}

// formOf returns the members of a reply. The texts that a service chooses freely are
// left out.
func formOf(t *testing.T, response *http.Response) map[string]any {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(body, &members))
	for _, name := range []string{"tid", "description", "access_token", "scope", "error_description"} {
		delete(members, name)
	}
	return members
}
