package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/stretchr/testify/require"
)

// The number of the business.
const number = "+15550100"

// An SMS to that number, and the address of its conversation.
var (
	question = SMS{ID: "sms-1", Customer: "+15550199", Text: "Are you open?"}
	address  = channel.SMSAddress{Business: number, Customer: question.Customer}
)

// requireAnswer fails the test unless the only conversation of server contains the question
// and one answer.
func requireAnswer(t *testing.T, server *engagetest.Server) {
	t.Helper()
	conversations := server.Conversations()
	require.Len(t, conversations, 1)
	require.Equal(t, address, conversations[0].Address())
	var texts []string
	for _, m := range conversations[0].Messages {
		texts = append(texts, string(m.Direction)+": "+m.Text)
	}
	require.Equal(t, []string{"inbound: " + question.Text, "outbound: " + answer}, texts)
}

// newService returns a service with a client that is ready.
func newService(t *testing.T, client *engage.Client, err error) Service {
	t.Helper()
	require.NoError(t, err)
	return Service{Client: client, Number: number}
}

func TestTheProgramShowsOneConversation(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, &out))
	require.Equal(t, `+15550199, queued
  inbound   Are you open?
  outbound  Thank you. We are back at eight and will write to you then.
  inbound   When do you open?
  outbound  Thank you. We are back at eight and will write to you then.
  inbound   Hello?
  outbound  Thank you. We are back at eight and will write to you then.
`, out.String())
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.Equal(t, "usage: mocking\n", out.String())
	for _, argument := range []string{"-nope", "junk"} {
		require.ErrorIs(t, run(t.Context(), []string{argument}, io.Discard), program.ErrMisuse)
	}
}
