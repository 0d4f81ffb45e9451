package main

import (
	"context"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/stream"
)

func TestTwoWorkersHandleEverythingInOrder(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, &out))
	require.Contains(t, out.String(), "sent 300 events twice")
	require.Contains(t, out.String(), "lost 0, out of order 0")
	require.NotContains(t, out.String(), "handled 0 events")
}

func TestRunEndsWithItsContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ended, nil, io.Discard), context.Canceled)
}

func TestArguments(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.Equal(t, "usage: stream-cluster\n", out.String())
	for _, argument := range []string{"-nope", "bogus"} {
		require.ErrorIs(t, run(t.Context(), []string{argument}, io.Discard), program.ErrMisuse)
	}
}

func TestTheTallyFindsLostAndDisorderedEvents(t *testing.T) {
	tally := newTally()
	event := func(id, text string) stream.MessageEvent {
		return stream.MessageEvent{Header: stream.Header{ID: id}, Text: text}
	}
	require.Error(t, tally.handle(0, event("x", "no number")))
	require.NoError(t, tally.handle(0, event("a", "1")))
	require.NoError(t, tally.handle(1, event("a", "1")))
	var out strings.Builder
	require.Error(t, tally.summarize(&out))
	require.Contains(t, out.String(), "lost 299, out of order 1, delivered again after a server stopped 1")
}
