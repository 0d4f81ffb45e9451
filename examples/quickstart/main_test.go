package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/stretchr/testify/require"
)

const conversation = `
A customer writes for the first time
  SearchConversation   noConversationFound
  CreateConversation   onConversationCreated

The same customer writes again
  SearchConversation   conversationInQueue
  AppendMessage        onAppendMessageSuccess

An agent joins, answers and leaves
  SearchConversation   conversationInQueue
  AddParticipant       OnAddParticipantSuccess
  SearchConversation   conversationActive
  AppendMessage        onAppendMessageSuccess
  RemoveParticipant    onParticipantRemoved
  UpdateConversation   onConversationUpdatedSuccess

The conversation is closed, twice
  SearchConversation   conversationInQueue
  CloseConversation    onConversationClosed
  CloseConversation    onConversationClosed
    it was closed already, code 4547

The customer comes back
  SearchConversation   conversationClosed
  ReopenConversation   ConversationReopened
  AppendMessage        onAppendMessageSuccess

A request is invalid and is not sent
  AppendMessage        onInvalidData
    ConversationID contains a slash
`

func noTenant(string) string { return "" }

func TestQuickstartInMemory(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, noTenant, &out))
	require.Contains(t, out.String(), "an Engage in memory")
	require.Contains(t, out.String(), conversation)
	require.Contains(t, out.String(), "Messages[0].Attachments[0].URL is empty")
}

func TestQuickstartInTheTenantOfTheEnvironment(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	environment := map[string]string{
		"ENGAGE_BASE_URL": server.URL(), "ENGAGE_CLIENT_ID": server.ClientID(), "ENGAGE_CLIENT_SECRET": server.ClientSecret(),
	}
	var out strings.Builder
	getenv := func(name string) string { return environment[name] }
	require.NoError(t, run(t.Context(), []string{"-business", "100", "-customer", "200"}, getenv, &out))
	require.Contains(t, out.String(), conversation)
	require.Len(t, server.Conversations(), 1)
	require.Len(t, server.Conversations()[0].Messages, 4)
	require.Equal(t, "200", server.Conversations()[0].CustomerAddress)

	environment["ENGAGE_CLIENT_SECRET"] = "wrong"
	err := run(t.Context(), nil, getenv, io.Discard)
	require.ErrorContains(t, err, "onAuthorizationFailure")
	require.NotContains(t, err.Error(), "wrong")
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noTenant, &out), flag.ErrHelp)
	require.Contains(t, out.String(), "usage: quickstart [-agent] [-business] [-customer]\n")
	for _, arguments := range [][]string{{"-nope"}, {"extra", "args"}, {"-agent", "a", "extra"}} {
		require.ErrorIs(t, run(t.Context(), arguments, noTenant, io.Discard), program.ErrMisuse)
	}
}
