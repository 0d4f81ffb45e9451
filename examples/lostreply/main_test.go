package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/stretchr/testify/require"
)

func TestExactlyOneMessageIsInTheConversation(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, &out))
	require.Equal(t, `The reply is lost; the client looks for the message
  try 1: EOF, maybe applied
  receipt: onAppendMessageSuccess, reconciled
  messages in the conversation: 1

The reply is lost, and there are no transcripts; the service calls back
  try 1: EOF, maybe applied
  receipt: onAppendMessageSuccess, confirmed
  messages in the conversation: 1
`, out.String())
}

func TestArguments(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.Equal(t, "usage: lostreply\n", out.String())
	for _, argument := range []string{"-nope", "junk"} {
		require.ErrorIs(t, run(t.Context(), []string{argument}, io.Discard), program.ErrMisuse)
	}
}
