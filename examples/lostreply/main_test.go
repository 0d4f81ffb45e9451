package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/stretchr/testify/require"
)

const printed = `The reply is lost, and the client looks the message up in the transcript
  attempt 1: EOF, maybe applied
  receipt: onAppendMessageSuccess, reconciled
  times that the conversation has the message: 1

The reply is lost, there are no transcripts, and a callback reports the outcome
  attempt 1: EOF, maybe applied
  receipt: onAppendMessageSuccess, confirmed
  times that the conversation has the message: 1
`

func noTenant(string) string { return "" }

func TestOneMessageIsInTheConversationAfterALostReply(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, noTenant, &out))
	require.Equal(t, printed, out.String())
}

func TestTheTenantOfTheEnvironmentHasEachMessageOnce(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	for range 2 {
		var out strings.Builder
		require.NoError(t, run(t.Context(), nil, tenant.Environment(server), &out))
		require.Equal(t, printed, out.String())
	}
	require.Len(t, server.Conversations(), 1)
	require.Len(t, server.Conversations()[0].Messages, 6)
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noTenant, &out), flag.ErrHelp)
	require.Equal(t, "usage: lostreply\n", out.String())
	for _, argument := range []string{"-nope", "junk"} {
		require.ErrorIs(t, run(t.Context(), []string{argument}, noTenant, io.Discard), program.ErrMisuse)
	}
}
