package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjetstream "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

func TestAFullInboxRefusesUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]jetstream.Config{
		"entries": {MaxEntries: 3},
		"bytes":   {MaxBytes: 3 * 1400},
	} {
		t.Run(name, func(t *testing.T) {
			inbox := open(t, t.TempDir(), config)
			for n := range 3 {
				put(t, inbox, "a", n)
			}
			_, err := inbox.Put(t.Context(), entry("a", 3))
			require.ErrorIs(t, err, stream.ErrFull)
			duplicate, err := inbox.Put(t.Context(), entry("a", 0))
			require.NoError(t, err, "a copy needs no room")
			require.True(t, duplicate)

			require.NoError(t, take(t, inbox).Ack(t.Context()))
			require.Equal(t, "a-1", take(t, inbox).ID) // the server has the acknowledgement
			put(t, inbox, "a", 3)
		})
	}
}

func TestAnEntryThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{})
	large := entry("a", 1)
	large.Data = make([]byte, 9<<20)
	_, err := inbox.Put(t.Context(), large)
	require.ErrorIs(t, err, nats.ErrMaxPayload)
	large.Data = large.Data[:4<<20] // what a receiver takes
	_, err = inbox.Put(t.Context(), large)
	require.NoError(t, err)
	require.Len(t, take(t, inbox).Data, 4<<20)
}

func TestALeaseThatRunsOutGivesTheEntryToAnother(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), quick)
	put(t, inbox, "a", 1)
	put(t, inbox, "a", 2)
	late := take(t, inbox)
	require.Equal(t, quick.Lease, late.Lease)

	again := take(t, inbox)
	require.Equal(t, late.ID, again.ID)
	require.Equal(t, 2, again.Attempt)
	for name, settle := range map[string]error{
		"ack":    late.Ack(t.Context()),
		"nak":    late.Nak(t.Context(), 0),
		"term":   late.Term(t.Context(), "no use"),
		"extend": late.Extend(t.Context()),
	} {
		require.ErrorIs(t, settle, stream.ErrSettled, name)
	}
	for again.ID == late.ID { // on a busy machine its lease may run out as well
		_ = again.Ack(t.Context())
		again = take(t, inbox)
	}
	require.Equal(t, "a-2", again.ID)
}

func TestALeaseThatIsExtendedDoesNotRunOut(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), quick)
	put(t, inbox, "a", 1)
	delivery := take(t, inbox)
	ctx, cancel := context.WithTimeout(t.Context(), 2*quick.Lease)
	defer cancel()
	renew := time.NewTicker(quick.Lease / 8)
	defer renew.Stop()
	for ctx.Err() == nil {
		select {
		case <-renew.C:
			require.NoError(t, delivery.Extend(t.Context()))
		case <-ctx.Done():
		}
	}
	require.NoError(t, delivery.Ack(t.Context()))
	nothing(t, inbox)
}

// The program that writes into the ledger first settles the entry, even if two
// programs hold it.
func TestAnEntryIsSettledByOneOfTwoPrograms(t *testing.T) {
	t.Parallel()
	patient := jetstream.Config{Lease: time.Minute, Lines: 1}
	for name, start := range map[string]func(t *testing.T) (*jetstream.Inbox, natsjetstream.JetStream){
		"of a server": func(t *testing.T) (*jetstream.Inbox, natsjetstream.JetStream) {
			server := serve(t)
			return join(t, server, patient), dial(t, server)
		},
		"of a cluster": func(t *testing.T) (*jetstream.Inbox, natsjetstream.JetStream) {
			servers, err := embedded.StartCluster(t.Context(), t.TempDir())
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, servers.Close()) })
			config := patient
			config.URL, config.Replicas = servers.URL(), 3
			inbox, err := jetstream.Open(t.Context(), config)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, inbox.Close()) })
			connection, err := nats.Connect(servers.URL())
			require.NoError(t, err)
			t.Cleanup(connection.Close)
			js, err := natsjetstream.New(connection)
			require.NoError(t, err)
			return inbox, js
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inbox, js := start(t)
			put(t, inbox, "a", 1)
			put(t, inbox, "a", 2)
			first := take(t, inbox)
			resetLeases(t, js)
			second := takeAfterTrouble(t, inbox)
			require.Equal(t, first.ID, second.ID)
			require.NoError(t, first.Ack(t.Context()))
			require.ErrorIs(t, second.Ack(t.Context()), stream.ErrSettled)
			third := take(t, inbox)
			require.Equal(t, "a-2", third.ID)
			require.NoError(t, third.Ack(t.Context()))
			nothing(t, inbox)
		})
	}
}

// resetLeases makes the server forget which entries are delivered, as the failure
// of a server can.
func resetLeases(t testing.TB, js natsjetstream.JetStream) {
	t.Helper()
	consumers, err := js.Stream(t.Context(), "engage-inbox")
	require.NoError(t, err)
	names := consumers.ConsumerNames(t.Context())
	for name := range names.Name() {
		require.NoError(t, consumers.DeleteConsumer(t.Context(), name))
	}
	require.NoError(t, names.Err())
}

// Another program can get an entry that one holds for its next taker, if a server
// fails.
func TestAnEntryIsNotDeliveredIfItWasSettledWhileItWaitedForATaker(t *testing.T) {
	t.Parallel()
	server := serve(t)
	config := jetstream.Config{Lines: 1, Lease: time.Hour}
	busy, free := join(t, server, config), join(t, server, config)
	fetchUntaken(t, server, busy)
	resetLeases(t, dial(t, server))
	delivery := take(t, free)
	require.Equal(t, "a-1", delivery.ID)
	require.NoError(t, delivery.Ack(t.Context()))
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := free.Take(short)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the entry is settled")
	require.NoError(t, free.Close())
	nothing(t, busy)
}

func TestProgramsShareAnInboxInOrder(t *testing.T) {
	t.Parallel()
	const conversations, length = 16, 20
	server := serve(t)
	inboxes := []*jetstream.Inbox{join(t, server, quick), join(t, server, quick), join(t, server, quick)}
	for n := range length {
		for c := range conversations {
			put(t, inboxes[n%len(inboxes)], fmt.Sprintf("c%d", c), n)
		}
	}
	record := newRecord(conversations * length)
	for program, inbox := range inboxes {
		record.handle(t, inbox, program, 4)
	}
	record.wait(t, inboxes[0])
	require.Len(t, record.programs, len(inboxes), "a program got no entry")
}

// idle returns two programs that have an inbox of one line open. The first was
// sent an entry after its taker had gone.
func idle(t *testing.T, lease time.Duration) (busy, free *jetstream.Inbox) {
	t.Helper()
	server := serve(t)
	config := jetstream.Config{Lines: 1, Lease: lease}
	busy, free = join(t, server, config), join(t, server, config)
	fetchUntaken(t, server, busy)
	return busy, free
}

// fetchUntaken has a program fetch an entry after its taker has gone.
func fetchUntaken(t *testing.T, server *embedded.Server, inbox *jetstream.Inbox) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	taken := make(chan error)
	go func() {
		_, err := inbox.Take(ctx)
		taken <- err
	}()
	requireConsumer(t, server, "no entry was requested", func(info *natsjetstream.ConsumerInfo) bool { return info.NumWaiting == 1 })
	cancel()
	require.ErrorIs(t, <-taken, context.Canceled)
	put(t, inbox, "a", 1)
	requireConsumer(t, server, "the entry was not sent", func(info *natsjetstream.ConsumerInfo) bool { return info.NumAckPending == 1 })
}

// requireConsumer waits until the server reports something of the first line's
// consumer.
func requireConsumer(t *testing.T, server *embedded.Server, otherwise string, reports func(*natsjetstream.ConsumerInfo) bool) {
	t.Helper()
	js := dial(t, server)
	require.Eventually(t, func() bool {
		consumer, err := js.Consumer(t.Context(), "engage-inbox", "line-0")
		return err == nil && reports(consumer.CachedInfo())
	}, patience(t), time.Millisecond, otherwise)
}

func TestAnEntryThatNobodyTookIsGivenBackUncounted(t *testing.T) {
	t.Parallel()
	_, free := idle(t, quick.Lease)
	delivery := take(t, free)
	require.Equal(t, 1, delivery.Attempt)
	require.NoError(t, delivery.Nak(t.Context(), 0))
	require.Equal(t, 2, take(t, free).Attempt)
}

func TestAnEntryThatNobodyTookIsGivenBackOnClose(t *testing.T) {
	t.Parallel()
	busy, free := idle(t, time.Hour)
	require.NoError(t, busy.Close())
	delivery := take(t, free)
	require.LessOrEqual(t, delivery.Attempt, 2, "the server counts an entry that was on its way")
	require.NoError(t, delivery.Ack(t.Context()))
	nothing(t, free)
}

func TestACopyOfAWaitingEntryIsDroppedWhenItsTurnComes(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{CopyWindow: 100 * time.Millisecond})
	put(t, inbox, "a", 1)
	require.Eventually(t, func() bool {
		duplicate, err := inbox.Put(t.Context(), entry("a", 1))
		return err == nil && !duplicate
	}, patience(t), tick, "the window does not end")
	put(t, inbox, "a", 2)
	counts, err := inbox.Counts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, counts.Entries)

	for _, id := range []string{"a-1", "a-2"} {
		delivery := take(t, inbox)
		require.Equal(t, id, delivery.ID)
		require.Equal(t, 1, delivery.Attempt)
		require.NoError(t, delivery.Ack(t.Context()))
	}
	nothing(t, inbox)
}

func TestAnIDIsForgottenWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{CopyWindow: 100 * time.Millisecond, RememberFor: 3 * time.Second})
	put(t, inbox, "a", 1)
	require.NoError(t, take(t, inbox).Ack(t.Context()))
	duplicate, err := inbox.Put(t.Context(), entry("a", 1))
	require.NoError(t, err)
	require.True(t, duplicate)
	require.Eventually(t, func() bool {
		duplicate, err := inbox.Put(t.Context(), entry("a", 1))
		return err == nil && !duplicate
	}, patience(t), tick)
	require.Equal(t, "a-1", take(t, inbox).ID)
}

func TestTheLinesAndTheLeaseStay(t *testing.T) {
	t.Parallel()
	server := serve(t)
	join(t, server, jetstream.Config{Lines: 3, Lease: time.Second})
	put(t, join(t, server, jetstream.Config{}), "a", 1)
	require.Equal(t, time.Second, take(t, join(t, server, jetstream.Config{})).Lease)
	for name, test := range map[string]struct {
		config jetstream.Config
		want   string
	}{
		"lines": {jetstream.Config{Lines: 4, MaxEntries: 7}, "the inbox has 3 lines, which cannot be changed to 4"},
		"lease": {jetstream.Config{Lease: time.Minute, MaxEntries: 7}, "the inbox has a lease of 1s, which cannot be changed to 1m0s"},
	} {
		test.config.Options = server.Options()
		_, err := jetstream.Open(t.Context(), test.config)
		require.ErrorContains(t, err, test.want, name)
		require.NotEqualValues(t, 7, settingsOf(t, server)["engage-inbox"].MaxMsgs, "nothing is changed")
	}
}

// settingsOf returns how a server stores an inbox, by the names of its streams.
func settingsOf(t *testing.T, server *embedded.Server) map[string]natsjetstream.StreamConfig {
	t.Helper()
	settings := map[string]natsjetstream.StreamConfig{}
	streams := dial(t, server).ListStreams(t.Context())
	for info := range streams.Info() {
		settings[info.Config.Name] = info.Config
	}
	require.NoError(t, streams.Err())
	return settings
}

// A tool that lists dead letters must not delete any.
func TestAProgramThatAsksForNothingChangesNothing(t *testing.T) {
	t.Parallel()
	server := serve(t)
	config := jetstream.Config{
		Lines: 2, Lease: time.Minute, MaxEntries: 50, MaxBytes: 1 << 20,
		RememberFor: time.Hour, Remembered: 500, CopyWindow: time.Minute, MaxDeadLetters: 200_000,
	}
	join(t, server, config)
	settings := settingsOf(t, server)
	require.Len(t, settings, 3)
	join(t, server, jetstream.Config{})
	require.Equal(t, settings, settingsOf(t, server))
	join(t, server, config)
	require.Equal(t, settings, settingsOf(t, server))
}

func TestAProgramChangesWhatItAsksFor(t *testing.T) {
	t.Parallel()
	server := serve(t)
	join(t, server, jetstream.Config{Lines: 2})
	join(t, server, jetstream.Config{
		MaxEntries: 50, MaxBytes: 1 << 20, RememberFor: time.Minute, Remembered: 500, CopyWindow: 2 * time.Hour, MaxDeadLetters: 60,
	})
	settings := settingsOf(t, server)
	entries, ledger, dead := settings["engage-inbox"], settings["engage-inbox-ledger"], settings["engage-inbox-dead"]
	require.EqualValues(t, 50, entries.MaxMsgs)
	require.EqualValues(t, 1<<20, entries.MaxBytes)
	require.Equal(t, 2*time.Hour, entries.Duplicates)
	require.Equal(t, time.Minute, ledger.MaxAge)
	require.Equal(t, time.Minute, ledger.Duplicates, "it cannot be longer")
	require.EqualValues(t, 500+2, ledger.MaxMsgs)
	require.EqualValues(t, 60, dead.MaxMsgs)
	require.EqualValues(t, 1<<20, dead.MaxBytes)
}

func TestANameOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	server := serve(t)
	_, err := dial(t, server).CreateStream(t.Context(), natsjetstream.StreamConfig{Name: "orders"})
	require.NoError(t, err)
	_, err = jetstream.Open(t.Context(), jetstream.Config{Name: "orders", Options: server.Options()})
	require.ErrorContains(t, err, "not an inbox's")
}

func TestOpenSaysAllThatIsWrong(t *testing.T) {
	_, err := jetstream.Open(t.Context(), jetstream.Config{
		URL: "nats://user:hunter2@a.example", Name: "a.b", Lines: -1, Replicas: 2, Lease: time.Millisecond,
		MaxEntries: -1, MaxBytes: -1, RememberFor: -1, Remembered: -1, CopyWindow: -1, MaxDeadLetters: -1,
	})
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	fields := make([]string, len(failure.Violations))
	for n, violation := range failure.Violations {
		fields[n] = violation.Field
	}
	require.Equal(t, []string{"URL", "Name", "Lines", "Replicas", "Lease", "RememberFor", "CopyWindow",
		"MaxEntries", "MaxBytes", "Remembered", "MaxDeadLetters"}, fields)
	require.NotContains(t, err.Error(), "hunter2")

	err = jetstream.Config{URL: "nats://user:hunter2@[bad"}.Validate()
	require.ErrorContains(t, err, "URL is not a list of URLs")
	require.NotContains(t, err.Error(), "hunter2")
	require.NoError(t, jetstream.Config{}.Validate())
}

func TestAServersURLMayLackItsScheme(t *testing.T) {
	for _, servers := range []string{
		"127.0.0.1:4222", "localhost:4222", "a.example", "[::1]:4222", "tls://a.example", "nats://a.example:4222, b.example:4222",
	} {
		require.NoError(t, jetstream.Config{URL: servers}.Validate(), servers)
	}
	for _, servers := range []string{
		"user:hunter2@127.0.0.1:4222", "hunter2@127.0.0.1:4222", "hunter2@a.example", "a.example, user:hunter2@b.example",
	} {
		err := jetstream.Config{URL: servers}.Validate()
		require.ErrorContains(t, err, "URL holds credentials")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestOpenFailsWhereThereIsNoServer(t *testing.T) {
	t.Parallel()
	_, err := jetstream.Open(t.Context(), jetstream.Config{URL: "nats://127.0.0.1:1"})
	require.ErrorIs(t, err, nats.ErrNoServers)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = jetstream.Open(ended, jetstream.Config{URL: "nats://127.0.0.1:1"})
	require.Error(t, err)

	server := serve(t)
	_, err = jetstream.Open(t.Context(), jetstream.Config{Replicas: 3, Options: server.Options()})
	require.ErrorContains(t, err, "replicas")
}

func TestACloseEndsEverything(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{})
	put(t, inbox, "a", 1)
	delivery := take(t, inbox)
	waiting := make(chan error)
	go func() {
		_, err := inbox.Take(t.Context())
		waiting <- err
	}()
	require.NoError(t, inbox.Close())
	require.ErrorIs(t, <-waiting, stream.ErrClosed)
	require.NoError(t, inbox.Close())

	_, err := inbox.Put(t.Context(), entry("a", 2))
	require.ErrorIs(t, err, stream.ErrClosed)
	_, err = inbox.Take(t.Context())
	require.ErrorIs(t, err, stream.ErrClosed)
	_, err = inbox.Counts(t.Context())
	require.ErrorIs(t, err, stream.ErrClosed)
	_, err = inbox.Backlog(t.Context())
	require.ErrorIs(t, err, stream.ErrClosed)
	require.ErrorIs(t, inbox.Requeue(t.Context(), "a-1"), stream.ErrClosed)
	require.ErrorIs(t, delivery.Ack(t.Context()), stream.ErrClosed)
	for _, err := range inbox.DeadLetters(t.Context()) {
		require.ErrorIs(t, err, stream.ErrClosed)
	}
}

func TestEveryCallObeysItsContext(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{})
	put(t, inbox, "a", 1)
	delivery := take(t, inbox)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range callsOf(inbox.Inbox, delivery) {
		require.ErrorIs(t, call(ended), context.Canceled, name)
	}
	require.NoError(t, delivery.Ack(t.Context()), "none of them settled the delivery")
}

func FuzzAnEntryComesOutAsItWentIn(f *testing.F) {
	f.Add("id", "conversation", "trace", "2026-10", []byte(`{}`))
	f.Add("line\r\nend", " space ", "\xff\xfe", `"quoted\`, []byte{})
	f.Add(strings.Repeat("ü", 999), "*.>", "\x00", "", []byte("\r\n"))
	inbox := open(f, f.TempDir(), jetstream.Config{Lines: 1})
	f.Fuzz(func(t *testing.T, id, conversation, trace, secret string, data []byte) {
		want := stream.Entry{
			ID: id, Conversation: conversation, TraceID: trace, VerifiedBy: secret,
			Received: time.Unix(1_793_000_000, 123_000_000).UTC(), Data: data,
		}
		duplicate, err := inbox.Put(t.Context(), want)
		if id == "" || conversation == "" {
			require.ErrorIs(t, err, stream.ErrNoID)
			return
		}
		require.NoError(t, err)
		if duplicate {
			return
		}
		got := take(t, inbox)
		if len(data) == 0 {
			want.Data, got.Data = nil, nil
		}
		require.Equal(t, want, got.Entry)
		require.NoError(t, got.Ack(t.Context()))
	})
}

// callsOf returns the calls that take a context.
func callsOf(inbox *jetstream.Inbox, delivery stream.Delivery) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"put":     func(ctx context.Context) error { _, err := inbox.Put(ctx, entry("a", 2)); return err },
		"take":    func(ctx context.Context) error { _, err := inbox.Take(ctx); return err },
		"ack":     func(ctx context.Context) error { return delivery.Ack(ctx) },
		"nak":     func(ctx context.Context) error { return delivery.Nak(ctx, 0) },
		"term":    func(ctx context.Context) error { return delivery.Term(ctx, "no use") },
		"extend":  func(ctx context.Context) error { return delivery.Extend(ctx) },
		"counts":  func(ctx context.Context) error { _, err := inbox.Counts(ctx); return err },
		"backlog": func(ctx context.Context) error { _, err := inbox.Backlog(ctx); return err },
		"requeue": func(ctx context.Context) error { return inbox.Requeue(ctx, "a-1") },
		"dead letters": func(ctx context.Context) error {
			for _, err := range inbox.DeadLetters(ctx) {
				return err
			}
			return nil
		},
	}
}
