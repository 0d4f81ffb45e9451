package main

import (
	"context"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
)

const (
	firstPaths = `Search Conversation has no line for conversationOnHold

The customer writes for the first time
  Search Conversation   noConversationFound       Create Conversation
  Create Conversation   onConversationCreated     end: delivered

The customer writes again
  Search Conversation   conversationInQueue       Append Message
  Append Message        onAppendMessageSuccess    end: delivered

The message is empty
  Search Conversation   conversationInQueue       Append Message
  Append Message        onInvalidData             end: return the message to its sender (not sent)
`
	otherPaths = `
An agent has joined the conversation
  Search Conversation   conversationActive        Append Message
  Append Message        onAppendMessageSuccess    end: delivered

The conversation was closed
  Search Conversation   conversationClosed        Re-open Conversation
  Re-open Conversation  ConversationReopened      Append Message
  Append Message        onAppendMessageSuccess    end: delivered

The flow has no line for a conversation on hold
  Search Conversation   conversationOnHold        end: a person decides

The conversation is in an unknown state
  Search Conversation   onInvalidChoice           end: a person decides

The service refuses the message
  Search Conversation   conversationActive        Append Message
  Append Message        onAppendMessageFailure    end: a person decides (refused)

The service does not answer in time
  Search Conversation   conversationActive        Append Message
  Append Message        onTimeout                 end: a person decides (maybe applied)

The service fails
  Search Conversation   onError                   end: try again later

The service refuses the token
  Search Conversation   onAuthorizationFailure    end: alert an administrator (refused)
`
)

func noTenant(string) string { return "" }

func TestEachMessageTakesThePathOfItsEdges(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, noTenant, &out))
	require.Equal(t, "Calling an Engage in memory\n"+firstPaths+otherPaths, out.String())
}

func TestATenantGetsTheMessagesThatNeedNothingPrepared(t *testing.T) {
	server := engagetest.New(t)
	environment := map[string]string{
		tenant.BaseURL: server.URL(), tenant.ClientID: server.ClientID(), tenant.ClientSecret: server.ClientSecret(),
	}
	getenv := func(name string) string { return environment[name] }
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-business", "100", "-customer", "200"}, getenv, &out))
	require.Equal(t, "Calling the tenant of ENGAGE_BASE_URL\n"+firstPaths, out.String())
	require.Len(t, server.Conversations(), 1)
	require.Len(t, server.Conversations()[0].Messages, 2)
	require.Equal(t, "200", server.Conversations()[0].CustomerAddress)
}

func TestEveryMessageWithoutACustomerIsReturned(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-customer", ""}, noTenant, &out))
	path := "  Search Conversation   onInvalidData             end: return the message to its sender (not sent)\n"
	require.Equal(t, len(scenes), strings.Count(out.String(), path))
}

func TestAnInterruptStopsBeforeTheNextMessage(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var out strings.Builder
	require.ErrorIs(t, run(ctx, nil, noTenant, &out), context.Canceled)
	require.NotContains(t, out.String(), "The customer writes")
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noTenant, &out), flag.ErrHelp)
	require.Contains(t, out.String(), "usage: flow [-business] [-customer]\n")
	for _, arguments := range [][]string{{"-nope"}, {"extra"}} {
		require.ErrorIs(t, run(t.Context(), arguments, noTenant, io.Discard), program.ErrMisuse)
	}
}
