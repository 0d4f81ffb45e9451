package jetstream_test

import (
	"context"
	"errors"
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

func TestCopiesAreKnownAfterRestarts(t *testing.T) {
	t.Parallel()
	const ids = 20
	folder, config := t.TempDir(), jetstream.Config{Lines: 4}
	handled := map[string]int{}
	for range 3 {
		inbox, err := embedded.Open(t.Context(), embedded.Config{Folder: folder}, config)
		require.NoError(t, err)
		for n := range ids {
			_, err := inbox.Put(t.Context(), entry(fmt.Sprintf("c%d", n%5), n))
			require.NoError(t, err)
		}
		for range ids / 3 {
			delivery := take(t, inbox)
			require.NoError(t, delivery.Ack(t.Context()))
			handled[delivery.ID]++
		}
		require.NoError(t, inbox.Close())
	}
	inbox := open(t, folder, config)
	for range ids - 3*(ids/3) {
		delivery := take(t, inbox)
		require.NoError(t, delivery.Ack(t.Context()))
		handled[delivery.ID]++
	}
	nothing(t, inbox)
	require.Len(t, handled, ids)
	for id, times := range handled {
		require.Equal(t, 1, times, id)
	}
}

func TestAnInboxGoesOnWhenItsServerIsBack(t *testing.T) {
	t.Parallel()
	config := embedded.Config{Folder: t.TempDir(), Listen: freeAddress(t)}
	server, err := embedded.Start(t.Context(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: config.Listen, Lease: 4 * time.Second})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	put(t, inbox, "a", 1)
	put(t, inbox, "a", 2)
	held := take(t, inbox)

	require.NoError(t, server.Close())
	err = held.Ack(t.Context())
	require.Error(t, err)
	require.NotErrorIs(t, err, stream.ErrSettled, "it may still be settled")
	requireNoServer(t, inbox)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = inbox.Take(short)
	require.ErrorIs(t, err, context.DeadlineExceeded, "it waits for the server")

	server, err = embedded.Start(t.Context(), config)
	require.NoError(t, err)
	put(t, inbox, "a", 3)
	for n := range 3 {
		delivery := take(t, inbox)
		require.Equal(t, fmt.Sprintf("a-%d", n+1), delivery.ID)
		require.NoError(t, delivery.Ack(t.Context()))
	}
}

// A handler that has done its work is not called again because of an outage that
// is shorter than the rest of its lease.
func TestADeliveryIsSettledAfterAnOutage(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(stream.Delivery) error{
		"ack":    func(d stream.Delivery) error { return d.Ack(t.Context()) },
		"term":   func(d stream.Delivery) error { return d.Term(t.Context(), "no use") },
		"nak":    func(d stream.Delivery) error { return d.Nak(t.Context(), time.Hour) },
		"extend": func(d stream.Delivery) error { return d.Extend(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := embedded.Config{Folder: t.TempDir(), Listen: freeAddress(t)}
			server, err := embedded.Start(t.Context(), config)
			require.NoError(t, err)
			inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: config.Listen, Lease: time.Hour, Lines: 1})
			require.NoError(t, err)
			defer func() { require.NoError(t, inbox.Close()) }()
			put(t, inbox, "a", 1)
			delivery := take(t, inbox)

			require.NoError(t, server.Close())
			requireNoServer(t, inbox)
			settled := make(chan error, 1)
			go func() { settled <- settle(delivery) }()
			requireNoServer(t, inbox)
			server, err = embedded.Start(t.Context(), config)
			require.NoError(t, err)
			defer func() { require.NoError(t, server.Close()) }()
			require.NoError(t, <-settled)
			if name == "ack" || name == "term" {
				nothing(t, inbox)
			}
		})
	}
}

// requireNoServer checks, for a moment, that a program cannot reach the servers.
func requireNoServer(t *testing.T, inbox stream.Inbox) {
	t.Helper()
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := inbox.Put(short, entry("other", 1))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// A worker that is stopped puts back what it did not finish. The lease is long,
// so the test fails if the entries wait for it.
func TestEntriesInHandAreDeliveredAtOnceAfterAnOrderlyRestart(t *testing.T) {
	t.Parallel()
	const conversations, handlers = 12, 4
	folder := t.TempDir()
	config := jetstream.Config{Lease: time.Hour, Lines: 2 * handlers}
	inbox, err := embedded.Open(t.Context(), embedded.Config{Folder: folder}, config)
	require.NoError(t, err)
	for c := range conversations {
		e, err := stream.NewEntry(payloadOf(c, 0))
		require.NoError(t, err)
		_, err = inbox.Put(t.Context(), e)
		require.NoError(t, err)
	}
	worker, err := stream.NewWorker(inbox, stream.WithHandlers(handlers), stream.WithDrain(time.Millisecond))
	require.NoError(t, err)
	begun := make(chan string, handlers)
	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error {
		begun <- e.ID
		<-ctx.Done()
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- worker.Run(ctx) }()
	attempts := map[string]int{}
	for range handlers {
		attempts[<-begun] = 2
	}
	cancel()
	require.NoError(t, <-ran)
	require.NoError(t, inbox.Close())

	again := open(t, folder, config)
	for range conversations {
		delivery := take(t, again)
		require.Equal(t, max(1, attempts[delivery.ID]), delivery.Attempt, delivery.ID)
		require.NoError(t, delivery.Ack(t.Context()))
	}
	nothing(t, again)
}

// An entry that was fetched for a taker who has gone is not in hand.
func TestAFetchedEntryIsDeliveredAtOnceAfterAnOrderlyRestart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := jetstream.Config{Lease: time.Hour, Lines: 1}
	server, err := embedded.Start(t.Context(), embedded.Config{Folder: folder})
	require.NoError(t, err)
	inbox := join(t, server, config)
	fetchUntaken(t, server, inbox)
	require.NoError(t, inbox.Close())
	require.NoError(t, server.Close())

	again := open(t, folder, config)
	require.Equal(t, "a-1", take(t, again).ID)
}

func TestAnInboxWhoseStreamsAreGoneSaysSo(t *testing.T) {
	t.Parallel()
	server := serve(t)
	inbox := join(t, server, jetstream.Config{Lines: 1})
	require.NoError(t, dial(t, server).DeleteStream(t.Context(), "engage-inbox"))
	ctx, cancel := context.WithTimeout(t.Context(), patience(t))
	defer cancel()
	_, err := inbox.Take(ctx)
	require.ErrorContains(t, err, "stream not found")
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = inbox.Put(ctx, entry("a", 1))
	require.ErrorIs(t, err, natsjetstream.ErrNoStreamResponse)
}

// However long a lookup in the ledger takes, it counts as no attempt.
func TestAnEntryThatCannotBeLookedUpWaitsUncounted(t *testing.T) {
	t.Parallel()
	server := serve(t)
	inbox := join(t, server, jetstream.Config{Lines: 1, Lease: quick.Lease})
	put(t, inbox, "a", 1)
	js := dial(t, server)
	ledger, err := js.Stream(t.Context(), "engage-inbox-ledger")
	require.NoError(t, err)
	require.NoError(t, js.DeleteStream(t.Context(), "engage-inbox-ledger"))
	// This is longer than the servers wait for an entry unless they are asked to.
	outage, cancel := context.WithTimeout(t.Context(), 3*quick.Lease)
	defer cancel()
	for outage.Err() == nil {
		_, err := inbox.Take(outage)
		require.Error(t, err)
	}
	_, err = js.CreateStream(t.Context(), ledger.CachedInfo().Config)
	require.NoError(t, err)
	delivery := takeAfterTrouble(t, inbox)
	require.Equal(t, "a-1", delivery.ID)
	require.Equal(t, 1, delivery.Attempt)
	require.NoError(t, delivery.Ack(t.Context()))
	nothing(t, inbox)
}

// One of three servers stops and starts again; then another one stops. All the
// time entries are put twice.
func TestAClusterLosesNothingWithoutOneOfItsServers(t *testing.T) {
	t.Parallel()
	const conversations, length = 12, 25
	servers, err := embedded.StartCluster(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	config := jetstream.Config{URL: servers.URL(), Replicas: 3, Lines: 6, Lease: 2 * time.Second}
	programs := make([]*jetstream.Inbox, 2)
	for n := range programs {
		programs[n], err = jetstream.Open(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, programs[n].Close()) })
		config.Replicas = 0 // as the inbox has
	}
	requireReplicas(t, servers.URL(), 3)

	const all = conversations * length
	record := newRecord(all)
	reached := map[int]chan struct{}{}
	for _, acks := range []int{all / 4, all / 2, all * 3 / 4} {
		reached[acks] = make(chan struct{})
		record.progress[acks] = func() { close(reached[acks]) }
	}
	for n, inbox := range programs {
		record.handle(t, inbox, n, 4)
	}
	putting := make(chan error, 1)
	go func() { putting <- putAll(t.Context(), programs, conversations, length) }()

	<-reached[all/4]
	require.NoError(t, servers.Stop(0))
	<-reached[all/2]
	require.NoError(t, servers.Start(t.Context(), 0))
	<-reached[all*3/4]
	require.NoError(t, servers.Stop(1))

	require.NoError(t, <-putting)
	record.wait(t, programs[0])
}

func TestReplicasCanBeAddedWhileAnInboxIsOpen(t *testing.T) {
	t.Parallel()
	servers, err := embedded.StartCluster(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	join := func(replicas int) *jetstream.Inbox {
		inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: servers.URL(), Lines: 2, Replicas: replicas})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, inbox.Close()) })
		return inbox
	}
	early := join(0)
	put(t, early, "a", 1)
	require.NoError(t, take(t, early).Ack(t.Context()))
	join(3)
	requireReplicas(t, servers.URL(), 3)

	duplicate, err := early.Put(t.Context(), entry("a", 1))
	require.NoError(t, err)
	require.True(t, duplicate)
	put(t, early, "a", 2)
	require.NoError(t, takeAfterTrouble(t, early).Ack(t.Context()))
	nothing(t, early)
}

// requireReplicas checks how many servers store each stream of the inbox.
func requireReplicas(t testing.TB, url string, want int) {
	t.Helper()
	connection, err := nats.Connect(url)
	require.NoError(t, err)
	defer connection.Close()
	js, err := natsjetstream.New(connection)
	require.NoError(t, err)
	for _, name := range []string{"engage-inbox", "engage-inbox-ledger", "engage-inbox-dead"} {
		kept, err := js.Stream(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, kept.CachedInfo().Config.Replicas, name)
	}
}

// putAll repeats the put of each entry until it is stored, as a sender does, and
// then puts it once more.
func putAll(ctx context.Context, programs []*jetstream.Inbox, conversations, length int) error {
	for n := range length {
		for c := range conversations {
			inbox := programs[(n+c)%len(programs)]
			for copies := 0; copies < 2; {
				limited, cancel := context.WithTimeout(ctx, time.Second)
				_, err := inbox.Put(limited, entry(fmt.Sprintf("c%d", c), n))
				cancel()
				switch {
				case errors.Is(err, stream.ErrFull), ctx.Err() != nil:
					return err
				case err == nil:
					copies++
				}
			}
		}
	}
	return nil
}
