package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/examples/internal/admin"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
	"github.com/engagesdk/engage-go/stream/kafka"
)

func unset(string) string { return "" }

// said is what the customer wrote.
const said = "my secret wish"

func payload(n int) []byte {
	return fmt.Appendf(nil, `{"channel":"SMS","oa":"15550199","da":"500","tid":"t-%d","message":%q}`, n, said)
}

// fill makes dead letters of two events, and returns their ids.
func fill(t *testing.T, source stream.Source) (ids []string) {
	t.Helper()
	for n := range 2 {
		delivery, err := source.Take(t.Context())
		require.NoError(t, err)
		require.NoError(t, delivery.Term(t.Context(), fmt.Sprintf("no use\x1b[31m of %d", n)))
		ids = append(ids, delivery.ID)
	}
	return ids
}

func put(t *testing.T, inbox stream.Inbox) {
	t.Helper()
	for n := range 2 {
		entry, err := stream.NewEntry(payload(n))
		require.NoError(t, err)
		_, err = inbox.Put(t.Context(), entry)
		require.NoError(t, err)
	}
}

// The sources of the tests, with two events each, and the flags that reach their letters.
var sources = map[string]func(t *testing.T) (stream.Source, []string){
	"memory": func(t *testing.T) (stream.Source, []string) {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		put(t, inbox)
		path := socket(t)
		stop, err := admin.Serve(path, inbox)
		require.NoError(t, err)
		t.Cleanup(stop)
		return inbox, []string{"-memory", path}
	},
	"nats": func(t *testing.T) (stream.Source, []string) {
		inbox, url := openNATS(t)
		put(t, inbox)
		return inbox, []string{"-nats", url}
	},
	"kafka": func(t *testing.T) (stream.Source, []string) {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "events"), kfake.SeedTopics(1, "desk.dead-letters"))
		require.NoError(t, err)
		t.Cleanup(cluster.Close)
		brokers := cluster.ListenAddrs()
		producer, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
		require.NoError(t, err)
		defer producer.Close()
		for n := range 2 {
			record := &kgo.Record{Topic: "events", Value: payload(n)}
			require.NoError(t, producer.ProduceSync(t.Context(), record).FirstErr())
		}
		source, err := kafka.Open(t.Context(), kafka.Config{Brokers: brokers, Topics: []string{"events"}, Group: "desk"})
		require.NoError(t, err)
		t.Cleanup(func() { _ = source.Close(context.Background()) })
		return source, []string{"-kafka", strings.Join(brokers, ","), "-kafka-topics", "events", "-kafka-group", "desk"}
	},
}

// socket returns a path that is short enough for a socket.
func socket(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "dead")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return filepath.Join(folder, "s")
}

// openNATS starts a server in memory and returns an inbox on it, with the server's URL.
func openNATS(t *testing.T) (*jetstream.Inbox, string) {
	t.Helper()
	servers, err := embedded.StartCluster(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = servers.Close() })
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: servers.URL()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = inbox.Close() })
	return inbox, servers.URL()
}

// call runs the program and returns what it prints.
func call(t *testing.T, flags []string, args ...string) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, run(t.Context(), append(append([]string{}, flags...), args...), unset, &out))
	return out.String()
}

func TestDeadLettersAreListedShownAndRequeued(t *testing.T) {
	for name, open := range sources {
		t.Run(name, func(t *testing.T) {
			source, flags := open(t)
			ids := fill(t, source)

			listed := call(t, flags, "list")
			for n, id := range ids {
				require.Regexp(t, fmt.Sprintf(`(?m)^%s .* 1 +\d\d +no use.*of %d$`, id, n), listed)
			}
			shown := call(t, flags, "show", ids[0])
			require.Contains(t, shown, "event         message sms\n")
			require.Contains(t, shown, "of 0\n")
			for _, printed := range []string{listed, shown} {
				require.NotContains(t, printed, said)
				require.NotContains(t, printed, "\x1b")
			}
			require.Contains(t, call(t, append(flags, "-body"), "show", ids[0]), said)

			require.Equal(t, "would requeue "+ids[1]+"\nNothing is changed. Add -yes to requeue.\n", call(t, flags, "requeue", ids[1]))
			require.Equal(t, listed, call(t, flags, "list"))
			require.Equal(t, "requeued "+ids[1]+"\n", call(t, append(flags, "-yes"), "requeue", ids[1]))
			again, err := source.Take(t.Context())
			require.NoError(t, err)
			require.Equal(t, ids[1], again.ID)
			require.NoError(t, again.Term(t.Context(), "no use"))

			// The event with two letters in Kafka is requeued once.
			lines := strings.Split(strings.TrimSpace(call(t, append(flags, "-all", "-yes"), "requeue")), "\n")
			require.ElementsMatch(t, []string{"requeued " + ids[0], "requeued " + ids[1]}, lines)
			for range ids {
				delivery, err := source.Take(t.Context())
				require.NoError(t, err)
				require.NoError(t, delivery.Ack(t.Context()))
			}
			err = run(t.Context(), append(flags, "show", "another"), unset, io.Discard)
			require.EqualError(t, err, "there is no dead letter with the id another")
		})
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for args, problem := range map[string]string{
		"list":                             "use the flags of one source",
		"-memory a -nats b list":           "use the flags of one source",
		"-memory a -kafka-group desk list": "use the flags of one source",
		"-memory a":                        "the command is list, show or requeue",
		"-memory a delete":                 "the command is list, show or requeue",
		"-memory a list b":                 "list takes no id",
		"-memory a show":                   "show needs an id",
		"-memory a requeue":                "requeue needs an id or -all",
		"-memory a -all requeue b":         "requeue needs an id or -all",
		"-memory a -body list":             "-body is for show",
		"-memory a -yes list":              "-all and -yes are for requeue",
		"-nats-inbox desk list":            "-nats is missing",
		"-memory a list b c":               `unexpected argument "c"`,
	} {
		err := run(t.Context(), strings.Fields(args), unset, io.Discard)
		require.ErrorIs(t, err, program.ErrMisuse, args)
		require.ErrorContains(t, err, problem, args)
	}
	err := run(t.Context(), strings.Fields("-kafka-group desk -kafka-user ann list"), unset, io.Discard)
	for _, field := range []string{"Brokers", "Topics", "SASL.Password"} {
		require.ErrorContains(t, err, field)
	}
	err = run(t.Context(), []string{"-memory", socket(t), "list"}, unset, io.Discard)
	require.ErrorIs(t, err, os.ErrNotExist)
	err = run(t.Context(), []string{"-nats", "nats://127.0.0.1:1", "list"}, unset, io.Discard)
	require.ErrorContains(t, err, "-nats: ")
}

func TestAnErrorDoesNotShowThePasswordOfAURL(t *testing.T) {
	err := run(t.Context(), []string{"-nats", "nats://ann:secret@127.0.0.1:port", "list"}, unset, io.Discard)
	require.ErrorContains(t, err, "-nats: ")
	require.NotContains(t, err.Error(), "secret")
	err = run(t.Context(), []string{"-nats", "nats://ann:secret#1@127.0.0.1", "list"}, unset, io.Discard)
	require.ErrorContains(t, err, "-nats: ")
	require.NotContains(t, err.Error(), "secret")
}

func TestABodyDoesNotControlTheTerminal(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	_, err := inbox.Put(t.Context(), stream.Entry{ID: "e-1", Conversation: "c-1", Data: []byte("no\tJSON\n\x1b[31m\u009b1m Grüße")})
	require.NoError(t, err)
	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	path := socket(t)
	stop, err := admin.Serve(path, inbox)
	require.NoError(t, err)
	t.Cleanup(stop)
	require.Contains(t, call(t, []string{"-memory", path, "-body"}, "show", "e-1"), "\nno\tJSON\n\ufffd[31m\ufffd1m Grüße\n")
}

func TestNoInboxIsCreated(t *testing.T) {
	_, url := openNATS(t)
	for range 2 {
		err := run(t.Context(), []string{"-nats", url, "-nats-inbox", "typo", "list"}, unset, io.Discard)
		require.EqualError(t, err, "-nats-inbox: there is no inbox with the name typo")
	}
}
