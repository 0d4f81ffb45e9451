package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExactlyOneMessageIsInTheConversation(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
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
