package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/stretchr/testify/require"
)

func TestOneMessageIsInTheConversationAfterALostReply(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, &out))
	require.Equal(t, `The reply is lost, and the client looks the message up in the transcript
  attempt 1: EOF, maybe applied
  receipt: onAppendMessageSuccess, reconciled
  messages in the conversation: 1

The reply is lost, there are no transcripts, and a callback reports the outcome
  attempt 1: EOF, maybe applied
  receipt: onAppendMessageSuccess, confirmed
  messages in the conversation: 1
`, out.String())
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.Equal(t, "usage: lostreply\n", out.String())
	for _, argument := range []string{"-nope", "junk"} {
		require.ErrorIs(t, run(t.Context(), []string{argument}, io.Discard), program.ErrMisuse)
	}
}
