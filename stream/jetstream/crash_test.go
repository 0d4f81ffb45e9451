package jetstream_test

import (
	"context"
	"os"
	"path/filepath"
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

// A server that is killed may have stored that an entry was acknowledged, and not
// yet that it was removed.
func TestAnAcknowledgedEntryIsRemovedAfterACrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stays, forgotten bool
		left             int
	}{
		"and the program stays":       {stays: true},
		"and the program ends":        {},
		"unless no record settles it": {forgotten: true, left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := embedded.Config{Folder: t.TempDir(), Listen: freeAddress(t), SyncInterval: time.Minute}
			server, err := embedded.Start(t.Context(), config)
			require.NoError(t, err)
			defer func() { require.NoError(t, server.Close()) }()
			restart := func(meanwhile func()) {
				require.NoError(t, server.Close())
				meanwhile()
				server, err = embedded.Start(t.Context(), config)
				require.NoError(t, err)
			}
			join := func() *jetstream.Inbox {
				inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: config.Listen, Lines: 1, Lease: 4 * time.Second})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, inbox.Close()) })
				return inbox
			}
			// The server stores here which entries the inbox has, and elsewhere which
			// ones were acknowledged.
			messages := filepath.Join(config.Folder, "jetstream", "$G", "streams", "engage-inbox", "msgs")
			before := t.TempDir()

			inbox := join()
			requireEntries := func(want int) {
				t.Helper()
				require.Eventually(t, func() bool {
					backlog, err := inbox.Backlog(t.Context())
					return err == nil && backlog.Entries == want
				}, patience(t), tick, "%d entries", want)
			}
			put(t, inbox, "a", 1)
			put(t, inbox, "a", 2)
			restart(func() { require.NoError(t, os.CopyFS(before, os.DirFS(messages))) })
			require.NoError(t, take(t, inbox).Ack(t.Context()))
			take(t, inbox) // the server has removed the first
			if !test.stays {
				require.NoError(t, inbox.Close())
			}
			restart(func() {
				require.NoError(t, os.RemoveAll(messages))
				require.NoError(t, os.CopyFS(messages, os.DirFS(before)))
			})
			if !test.stays {
				inbox = join()
			}
			if test.forgotten {
				ledger, err := dial(t, server).Stream(t.Context(), "engage-inbox-ledger")
				require.NoError(t, err)
				require.NoError(t, ledger.Purge(t.Context()))
			}
			requireEntries(2)
			delivery := take(t, inbox)
			require.Equal(t, "a-2", delivery.ID)
			require.NoError(t, delivery.Ack(t.Context()))
			requireEntries(test.left)
		})
	}
}
