package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestTwoWorkersHandleEverythingInOrder(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Contains(t, out.String(), "sent 300 events twice")
	require.Contains(t, out.String(), "lost 0, out of order 0")
	require.NotContains(t, out.String(), "handled 0 events")
}

func TestItEndsWithItsContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ended, &strings.Builder{}), context.Canceled)
}

func TestTheTallyFindsWhatIsWrong(t *testing.T) {
	tally := newTally()
	event := func(id, text string) stream.MessageEvent {
		return stream.MessageEvent{Header: stream.Header{ID: id}, Text: text}
	}
	require.Error(t, tally.handle(0, event("x", "no number")))
	require.NoError(t, tally.handle(0, event("a", "1")))
	require.NoError(t, tally.handle(1, event("a", "1")))
	var out strings.Builder
	require.Error(t, tally.summarize(&out))
	require.Contains(t, out.String(), "lost 299, out of order 1, given out again after a server stopped 1")
}
