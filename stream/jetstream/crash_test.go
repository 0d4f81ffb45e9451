package jetstream_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// The events that runEmbedding puts, each time that it starts.
const (
	putConversations = 4
	putLength        = 10
)

// embeddedConfig configures the inbox of a process that embeds the server.
var embeddedConfig = jetstream.Config{Lines: 4, Lease: 2 * time.Second}

// runEmbedding embeds a server with an inbox in a folder. It puts all events and
// handles them as runWorker does.
func runEmbedding(ctx context.Context, folder string, until breakpoint) error {
	inbox, err := embedded.Open(ctx, embedded.Config{Folder: folder}, embeddedConfig)
	if err != nil {
		return err
	}
	for n := range putLength {
		for c := range putConversations {
			entry, err := stream.NewEntry(payloadOf(c, n))
			if err != nil {
				return err
			}
			if _, err := inbox.Put(ctx, entry); err != nil {
				return err
			}
		}
	}
	return work(ctx, inbox, until)
}

// A process that embeds the server is killed, and the server with it: while a
// handler runs, between it and its acknowledgement, and after that.
func TestAProcessThatIsKilledLosesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	journal := newJournal((&traffic{conversations: putConversations, length: putLength}).events(t))
	inHand, cut := 0, 0 // events not finished at a kill; kills before an acknowledgement
	for _, until := range []breakpoint{{handled, 4}, {acknowledged, 4}, {begun, 4}, {acknowledged, 1}, {handled, 4}} {
		p := start(t.Context(), t, "embedding", folder, until.kind, strconv.Itoa(until.n))
		require.True(t, journal.follow(p), "the process ended before it was killed")
		p.kill()
		inHand += journal.end()
		if until.kind != acknowledged {
			cut++
		}
	}
	last := start(t.Context(), t, "embedding", folder, "", "0")
	journal.progress[len(journal.events)] = func() { require.NoError(t, last.input.Close()) }
	require.False(t, journal.follow(last))
	require.NoError(t, last.command.Wait())
	require.Zero(t, journal.end(), "a process that is not killed finishes its events")

	// Events are left where an acknowledgement failed.
	inbox := open(t, folder, embeddedConfig)
	ctx, cancel := context.WithCancel(t.Context())
	var taking sync.WaitGroup
	taking.Go(func() { journal.finish(ctx, inbox) })
	empty(t, inbox.Inbox)
	cancel()
	taking.Wait()

	require.Len(t, journal.handled, len(journal.events))
	require.Empty(t, journal.again, "handled again after their acknowledgement")
	require.Empty(t, journal.disordered, "handled out of order")
	require.Empty(t, journal.unexpected)
	require.GreaterOrEqual(t, journal.repeated(), cut, "what a kill interrupted is handled again")
	require.LessOrEqual(t, journal.repeated(), inHand+journal.refused)
	require.Empty(t, deadLetters(t, inbox.Inbox))
	t.Logf("%d handled, %d in hand at kills, %d acknowledgements refused, %d handled again",
		len(journal.handled), inHand, journal.refused, journal.repeated())
}

// finish handles the entries that are left, until ctx ends.
func (j *journal) finish(ctx context.Context, inbox stream.Inbox) {
	for {
		delivery, err := inbox.Take(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			continue // a busy server
		}
		j.note(begun, delivery.ID)
		j.note(handled, delivery.ID)
		if delivery.Ack(ctx) == nil {
			j.note(acknowledged, delivery.ID)
		} else {
			j.note(refused, delivery.ID)
		}
	}
}
