package engage_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// event is the message of an event. A program may handle it twice.
var event = message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "event-1"}}

func TestAProgramThatWasKilledAfterAnAppendDoesNotRepeatIt(t *testing.T) {
	server, client, id := engageServer(t)
	server.Fail(outcome.AppendMessage, lostReply)
	request := engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: event}
	_, err := client.AppendMessage(t.Context(), request, lookFirst, noReconciliation)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)

	again, err := server.Client()
	require.NoError(t, err)
	for range 2 {
		receipt, err := again.AppendMessage(t.Context(), request, lookFirst)
		require.NoError(t, err)
		require.Equal(t, engage.Reconciled, receipt.Proof)
		require.Equal(t, outcome.OnAppendMessageSuccess, receipt.Outcome)
		require.Equal(t, id, receipt.ConversationID)
		require.Equal(t, []string{"event-1"}, receipt.MessageAliasIDs)
	}
	require.Equal(t, []string{"hello"}, texts(t, server, id))
	require.Equal(t, 1, sent(server, outcome.AppendMessage))
}

func TestAMessageThatChangesDuringTheCallIsSentAsItWas(t *testing.T) {
	shared := event
	change := limiterFunc(func(context.Context) error { // It runs before the lookup, too.
		shared = message.Text{Direction: "nowhere", Envelope: message.Envelope{AliasID: "event-2"}}
		return nil
	})
	server, client, id := engageServer(t, engage.WithLimiter(change))
	receipt, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: &shared}, lookFirst)
	require.NoError(t, err)
	require.Equal(t, []string{"event-1"}, receipt.MessageAliasIDs)
	require.Equal(t, []string{"hello"}, texts(t, server, id))
	conversation, _ := server.Conversation(id)
	require.Equal(t, "event-1", conversation.Messages[0].AliasID)
}

func TestAProgramThatWasKilledAfterACreateDoesNotRepeatIt(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	require.NoError(t, err)
	for name, request := range map[string]engage.CreateConversationV13{
		"with a message":    {Address: smsAddress, Messages: []message.Message{event}},
		"without a message": {Address: channel.WhatsAppAddress{Business: "+15550100", Customer: "+15550199"}, AliasID: "task-1"},
	} {
		first, err := client.CreateConversation(t.Context(), request, lookFirst)
		require.NoError(t, err, name)
		require.Equal(t, engage.Acknowledged, first.Proof, name)
		second, err := client.CreateConversation(t.Context(), request, lookFirst)
		require.NoError(t, err, name)
		require.Equal(t, engage.Reconciled, second.Proof, name)
		conversation, ok := server.Conversation(second.ConversationID)
		require.True(t, ok, name)
		require.Equal(t, request.Address.Channel(), conversation.Channel, name)
	}
	require.Len(t, server.Conversations(), 2)
	require.Equal(t, 2, sent(server, outcome.CreateConversation))
}

func TestACreateIsNotSentIfAnOpenConversationMayBeIt(t *testing.T) {
	server, client, _ := engageServer(t)
	_, err := client.CreateConversation(t.Context(), engage.CreateConversationV13{Address: smsAddress, Messages: []message.Message{event}}, lookFirst)
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Empty(t, failure.Attempts)
	require.Equal(t, []string{"event-1"}, failure.AliasIDs)
	require.Zero(t, sent(server, outcome.CreateConversation))
}

func TestAClosedConversationDoesNotPreventACreate(t *testing.T) {
	for name, request := range map[string]engage.CreateConversationV13{
		"with a message":    {Address: smsAddress, Messages: []message.Message{event}},
		"without a message": {Address: smsAddress, AliasID: "task-2"},
	} {
		server, client, id := engageServer(t)
		_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
		require.NoError(t, err, name)
		receipt, err := client.CreateConversation(t.Context(), request, lookFirst)
		require.NoError(t, err, name)
		require.Equal(t, engage.Acknowledged, receipt.Proof, name)
		require.NotEqual(t, id, receipt.ConversationID, name)
		require.Len(t, server.Conversations(), 2, name)
	}
}

func TestAWriteWhoseLookupFailsIsNotSent(t *testing.T) {
	request := engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: event}
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		reply(http.StatusTooManyRequests, `{"code":"4290","tid":"T-1"}`)(w, r)
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		edge   outcome.Edge
		status int
		wait   time.Duration
	}{
		"not allowed":         {reply(http.StatusForbidden, `{"code":"4030","tid":"T-1"}`), outcome.OnAuthorizationFailure, 403, 0},
		"too often":           {busy, outcome.OnError, 429, time.Hour},
		"refused by the read": {reply(http.StatusConflict, `{"code":"4090","tid":"T-1"}`), outcome.OnError, 409, 0},
	} {
		server := newStub(t, c.answer)
		_, err := server.client(t).AppendMessage(t.Context(), request, lookFirst)
		failure := failureOf(t, err)
		require.Equal(t, c.edge, failure.Edge, name)
		require.Equal(t, c.status, failure.Status, name)
		require.Equal(t, c.wait, failure.RetryAfter, name)
		require.Equal(t, outcome.AppendMessage, failure.Operation, name)
		require.Empty(t, failure.Attempts, name)
		require.Equal(t, outcome.MaybeApplied, failure.Effect, name)
		require.Equal(t, []outcome.TraceID{{Name: "tid", Value: "T-1"}}, failure.TraceIDs, name)
		require.ErrorContains(t, failure.Err, "FetchTranscript", name)
		require.Empty(t, server.written(), name)
	}

	server := newStub(t, reply(http.StatusOK, `{}`))
	_, err := server.client(t).AppendMessage(endedContext(t), request, lookFirst)
	require.Equal(t, outcome.OnTimeout, failureOf(t, err).Edge)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, server.seen())
}

func TestALookupBeforeSendingNeedsTheAliasIDsOfTheCaller(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, `{}`))
	several := []message.Message{event, hello}
	for _, c := range []struct {
		field string
		call  callFunc
	}{
		{"Message.AliasID", appendTo(appendRequest, lookFirst)},
		{"Messages[1].AliasID", appendTo(engage.AppendMessageV14{ConversationID: "C1", Channel: channel.SMS, Messages: several}, lookFirst)},
		{"Messages[1].AliasID", create(engage.CreateConversationV13{Address: smsAddress, AliasID: "task-1", Messages: several})},
		{"AliasID", create(engage.CreateConversationV13{Address: smsAddress})},
	} {
		_, err := c.call(t.Context(), server.client(t, engage.WithCallOptions(lookFirst)))
		require.Equal(t, outcome.Violations{{Field: c.field, Problem: "is empty, and a lookup before sending needs it"}},
			failureOf(t, err).Violations)
	}
	require.Empty(t, server.seen())
}

func TestALookupBeforeSendingNeedsADifferentAliasIDForEachMessage(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, `{}`))
	other, shouted := event, event
	other.AliasID, shouted.AliasID = "event-2", "EVENT-1"
	several := []message.Message{event, nil, other, nil, shouted}
	for _, call := range []callFunc{
		appendTo(engage.AppendMessageV14{ConversationID: "C1", Channel: channel.SMS, Messages: several}),
		create(engage.CreateConversationV13{Address: smsAddress, Messages: several}),
	} {
		_, err := call(t.Context(), server.client(t, engage.WithCallOptions(lookFirst)))
		require.Equal(t, outcome.Violations{
			{Field: "Messages[1]", Problem: "is nil"}, {Field: "Messages[3]", Problem: "is nil"},
			{Field: "Messages[4].AliasID", Problem: "is that of Messages[0], and a lookup before sending cannot tell the two apart"},
		}, failureOf(t, err).Violations)
	}
	require.Empty(t, server.seen())
}

func TestAConvergentWriteIsNotLookedUp(t *testing.T) {
	server, client, id := engageServer(t, engage.WithCallOptions(lookFirst))
	_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
	require.NoError(t, err)
	require.Zero(t, sent(server, outcome.FetchTranscript)+sent(server, outcome.SearchConversation))
}

// The search names a closed conversation and says that none exists, as is documented.
func TestAClosedConversationThatDoesNotExistDoesNotPreventACreate(t *testing.T) {
	for name, request := range map[string]engage.CreateConversationV13{
		"with a message":    {Address: smsAddress, Messages: []message.Message{event}},
		"without a message": {Address: smsAddress, AliasID: "task-2"},
	} {
		t.Run(name, func(t *testing.T) {
			closed := `{"status":"success","value":{"conversationId":"C-old","chatExist":false,"status":"closed","aliasId":"task-1"}}`
			server := newStub(t, split(searchAndTranscript(closed), reply(202, acknowledged)))
			_, err := server.client(t).CreateConversation(t.Context(), request, lookFirst)
			require.NoError(t, err)
			require.Len(t, server.written(), 1)
		})
	}
}
