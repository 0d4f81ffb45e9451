package jetstream_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjetstream "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// patience is how long a test waits for what must happen: half of the time that
// it has left.
func patience(t testing.TB) time.Duration {
	if t, ok := t.(*testing.T); ok {
		if deadline, ok := t.Deadline(); ok {
			return time.Until(deadline) / 2
		}
	}
	return 5 * time.Minute
}

// tick is how often a test looks whether something has happened.
const tick = 10 * time.Millisecond

// quick is an inbox whose leases end soon, for tests in which programs die. It has
// few lines, because a line costs time on a busy machine.
var quick = jetstream.Config{Lease: 2 * time.Second, Lines: 8}

// open opens an inbox with a server of its own, until the test ends.
func open(t testing.TB, folder string, config jetstream.Config) *embedded.Inbox {
	t.Helper()
	inbox, err := embedded.Open(t.Context(), embedded.Config{Folder: folder, SyncInterval: time.Minute}, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inbox.Close()) })
	return inbox
}

// serve starts a server on which several programs can open the inbox.
func serve(t testing.TB) *embedded.Server {
	t.Helper()
	return startServer(t, embedded.Config{})
}

// startServer starts a server with a folder of its own.
func startServer(t testing.TB, config embedded.Config) *embedded.Server {
	t.Helper()
	config.Folder, config.SyncInterval = t.TempDir(), time.Minute
	server, err := embedded.Start(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return server
}

// join opens the inbox of a server, as one of several programs.
func join(t testing.TB, server *embedded.Server, config jetstream.Config) *jetstream.Inbox {
	t.Helper()
	config.Options = append(server.Options(), config.Options...)
	inbox, err := jetstream.Open(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inbox.Close()) })
	return inbox
}

// dial returns JetStream's own client, connected to a server.
func dial(t testing.TB, server *embedded.Server) natsjetstream.JetStream {
	t.Helper()
	connection, err := nats.Connect("", server.Options()...)
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	js, err := natsjetstream.New(connection)
	require.NoError(t, err)
	return js
}

// entry returns the n-th entry of a conversation.
func entry(conversation string, n int) stream.Entry {
	return stream.Entry{
		ID:           fmt.Sprintf("%s-%d", conversation, n),
		Conversation: conversation,
		Received:     time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		Data:         make([]byte, 1<<10),
	}
}

// put stores an entry, which must be new.
func put(t testing.TB, inbox stream.Inbox, conversation string, n int) {
	t.Helper()
	duplicate, err := inbox.Put(t.Context(), entry(conversation, n))
	require.NoError(t, err)
	require.False(t, duplicate)
}

// take returns the next delivery.
func take(t testing.TB, inbox stream.Source) stream.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience(t))
	defer cancel()
	delivery, err := inbox.Take(ctx)
	require.NoError(t, err)
	return delivery
}

// takeAfterTrouble returns the next delivery, and ignores errors that come first.
func takeAfterTrouble(t testing.TB, inbox stream.Source) stream.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience(t))
	defer cancel()
	for {
		delivery, err := inbox.Take(ctx)
		if err == nil {
			return delivery
		}
		require.NoError(t, ctx.Err())
	}
}

// nothing checks that the inbox has no entry: the next one is one that is put
// now.
func nothing(t testing.TB, inbox stream.Inbox) {
	t.Helper()
	put(t, inbox, "last", 1)
	delivery := take(t, inbox)
	require.Equal(t, "last-1", delivery.ID)
	require.NoError(t, delivery.Ack(t.Context()))
}

// empty waits until the inbox has no entry. The servers remove an entry a little
// after it was settled.
func empty(t testing.TB, inbox *jetstream.Inbox) {
	t.Helper()
	require.Eventually(t, func() bool {
		counts, err := inbox.Counts(t.Context())
		return err == nil && counts.Entries == 0
	}, patience(t), tick, "entries are left")
}
