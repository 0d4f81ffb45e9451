package main

import (
	"net/http"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/engagetest/mocked"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// mockedService returns a service whose requests httpmock answers. A request without a
// responder fails the test.
func mockedService(t *testing.T, mock *httpmock.MockTransport) Service {
	t.Helper()
	client, err := engage.New(engage.US, auth.Static("token"), append(options(), engage.WithTransport(mock))...)
	return newService(t, client, err)
}

func TestANewCustomerGetsAConversation(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mocked.Register(t, mock, outcome.SearchConversation, mocked.NoConversation())
	mocked.Register(t, mock, outcome.CreateConversation, mocked.Acknowledged("T-1"))
	require.NoError(t, mockedService(t, mock).Answer(t.Context(), question))
	require.Equal(t, 2, mock.GetTotalCallCount())
}

func TestTheStateOfTheConversationDecides(t *testing.T) {
	for _, test := range []struct {
		status   engagetest.Status
		requests int
	}{
		{engagetest.Queued, 2},
		{engagetest.Active, 2},
		{engagetest.OnHold, 2},
		{engagetest.Closed, 3}, // It is re-opened before the append.
	} {
		t.Run(string(test.status), func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			mocked.Register(t, mock, outcome.SearchConversation, mocked.Found(engagetest.Conversation{ID: "CSR1", Status: test.status}))
			mocked.Register(t, mock, outcome.AppendMessage, mocked.Acknowledged("T-2"))
			if test.status == engagetest.Closed {
				mocked.Register(t, mock, outcome.ReopenConversation, mocked.Acknowledged("T-1"))
			}
			require.NoError(t, mockedService(t, mock).Answer(t.Context(), question))
			require.Equal(t, test.requests, mock.GetTotalCallCount())
		})
	}
}

func TestARefusalIsReported(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mocked.Register(t, mock, outcome.SearchConversation, mocked.NoConversation())
	mocked.Register(t, mock, outcome.CreateConversation, mocked.Failure(http.StatusConflict, "", "a conversation is already open at this address"))
	err := mockedService(t, mock).Answer(t.Context(), question)
	require.Equal(t, outcome.OnConversationFailed, outcome.EdgeOf(err))
}

// The default transport of httpmock answers from the state of a server, so the test
// inspects conversations in place of requests.
func TestACustomerWhoComesBackIsAnsweredInTheOldConversation(t *testing.T) {
	server := engagetest.New(t, engagetest.WithoutNetwork())
	closed := engagetest.NewConversation(address)
	closed.Status = engagetest.Closed
	id := server.Seed(closed)
	httpmock.Activate(t)
	mocked.RegisterServer(t, httpmock.DefaultTransport, server)
	client, err := engage.New(engage.US, server.Credentials(), append(options(), engage.WithTransport(http.DefaultTransport))...)
	service := newService(t, client, err)

	require.NoError(t, service.Answer(t.Context(), question))
	requireAnswer(t, server)
	conversation, _ := server.Conversation(id)
	require.Equal(t, engagetest.Queued, conversation.Status)
}
