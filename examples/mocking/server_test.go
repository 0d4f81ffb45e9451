package main

import (
	"testing"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// lost is a fault that applies a write and then loses the reply. A program that sends the
// write again would have each message in the conversation twice.
var lost = engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset}

func TestALostReplyToACreateDoublesNoMessage(t *testing.T) {
	server := engagetest.New(t)
	server.Fail(outcome.CreateConversation, lost)
	client, err := server.Client(options()...)
	require.NoError(t, newService(t, client, err).Answer(t.Context(), question))
	requireAnswer(t, server)
}

func TestALostReplyToAnAppendDoublesNoMessage(t *testing.T) {
	server := engagetest.New(t)
	server.Seed(engagetest.NewConversation(address))
	server.Fail(outcome.AppendMessage, lost)
	client, err := server.Client(options()...)
	require.NoError(t, newService(t, client, err).Answer(t.Context(), question))
	requireAnswer(t, server)
}
