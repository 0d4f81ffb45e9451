//go:build unix

package jetstream_test

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjetstream "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// payload is the size of an entry's payload.
const payload = 1 << 10

// spread is the number of conversations.
const spread = 1000

func entries(b *testing.B) func(n int) stream.Entry {
	data := make([]byte, payload)
	return func(n int) stream.Entry {
		return stream.Entry{
			ID:           fmt.Sprintf("%s-%d-%d", b.Name(), b.N, n),
			Conversation: fmt.Sprintf("conversation-%d", (n+spread)%spread),
			Received:     time.Unix(0, 0),
			Data:         data,
		}
	}
}

// callers is how many goroutines share the work, as many as a worker has.
const callers = 16

// BenchmarkPut compares an inbox with JetStream's own client, which stores a
// message with an id. The ratio is that of the processor time, servers included.
func BenchmarkPut(b *testing.B) {
	var floor time.Duration
	b.Run("floor", func(b *testing.B) {
		js := newFloor(b)
		data := make([]byte, payload)
		floor = share(b, func(n int) error {
			_, err := js.Publish(b.Context(), "floor.0", data, natsjetstream.WithMsgID(fmt.Sprint(n)))
			return err
		})
	})
	b.Run("inbox", func(b *testing.B) {
		inbox, entry := benched(b, time.Minute), entries(b)
		perCall := share(b, func(n int) error {
			_, err := inbox.Put(b.Context(), entry(n))
			return err
		})
		b.ReportMetric(float64(perCall)/float64(floor), "ratio")
	})
	b.Run("inbox that syncs", func(b *testing.B) {
		inbox, entry := benched(b, 0), entries(b)
		share(b, func(n int) error {
			_, err := inbox.Put(b.Context(), entry(n))
			return err
		})
	})
}

// BenchmarkTakeAck compares an inbox with JetStream's own client: one consumer
// that delivers one message at a time to each caller, in no order. The steps
// between them are written by hand. Each adds what one more promise needs:
//
//   - Lines: a conversation is delivered in order, one entry at a time. Each line
//     is a consumer, with its own work and its own state on the disk.
//   - Records: an entry is settled once, even if two programs hold it. Each
//     settlement stores a message.
//   - Lookups: a settled entry is not delivered again, even if the server crashed
//     before it stored the acknowledgement. Only the ledger knows.
//
// The ratios are those of the processor time to that of the floor, servers included.
// They grow when the machine is busy, because each consumer writes its state
// several times a second. Measured on two cores, quiet and busy: lines 1.5 to 3.3,
// records 1.9 to 4.9, lookups 2.2 to 5.6, and the inbox 1.7 to 8.1.
func BenchmarkTakeAck(b *testing.B) {
	var floor time.Duration
	b.Run("floor", func(b *testing.B) {
		js := newFloor(b)
		lines := newLines(b, js, natsjetstream.ConsumerConfig{}, 1)
		consumer := (<-lines).consumer
		floor = share(b, func(int) error {
			message, err := consumer.Next()
			if err != nil {
				return err
			}
			return message.DoubleAck(b.Context())
		})
	})
	for _, step := range []struct {
		name             string
		records, lookups bool
	}{
		{name: "lines"},
		{name: "lines and records", records: true},
		{name: "lines, records and lookups", records: true, lookups: true},
	} {
		b.Run(step.name, func(b *testing.B) {
			js := newFloor(b)
			ledger, err := js.CreateStream(b.Context(), natsjetstream.StreamConfig{
				Name: "ledger", Subjects: []string{"settled.*"}, MaxMsgsPerSubject: 1, AllowDirect: true,
			})
			require.NoError(b, err)
			lines := newLines(b, js, natsjetstream.ConsumerConfig{MaxAckPending: 1}, 32)
			perCall := share(b, func(n int) error {
				line := <-lines
				message, err := line.consumer.Next()
				if err != nil {
					return err
				}
				settled := fmt.Sprint("settled.", n)
				if step.lookups {
					if _, err := ledger.GetLastMsgForSubject(b.Context(), settled); !errors.Is(err, natsjetstream.ErrMsgNotFound) {
						return fmt.Errorf("lookup: %w", err)
					}
				}
				if step.records {
					if _, err := js.Publish(b.Context(), settled, nil,
						natsjetstream.WithMsgID(message.Reply()), natsjetstream.WithExpectLastSequencePerSubject(0)); err != nil {
						return err
					}
					err = message.Ack() // the record is what counts
				} else {
					err = message.DoubleAck(b.Context())
				}
				if line.left--; line.left > 0 {
					lines <- line
				}
				return err
			})
			b.ReportMetric(float64(perCall)/float64(floor), "ratio")
		})
	}
	b.Run("inbox", func(b *testing.B) {
		inbox, entry := benched(b, time.Minute), entries(b)
		takeAck := func(int) error {
			delivery, err := inbox.Take(b.Context())
			if err != nil {
				return err
			}
			return delivery.Ack(b.Context())
		}
		for n := range spread { // so that all lines have their consumers
			_, err := inbox.Put(b.Context(), entry(-1-n))
			require.NoError(b, err)
		}
		for n := range spread {
			require.NoError(b, takeAck(n))
		}
		share(b, func(n int) error {
			_, err := inbox.Put(b.Context(), entry(n))
			return err
		})
		perCall := share(b, takeAck)
		b.ReportMetric(float64(perCall)/float64(floor), "ratio")
	})
}

// handLine is a consumer of the floor, and how many messages are left for it.
type handLine struct {
	consumer natsjetstream.Consumer
	left     int
}

// newLines stores b.N messages in the floor, and creates a number of consumers that
// have an equal share of them each.
func newLines(b *testing.B, js natsjetstream.JetStream, config natsjetstream.ConsumerConfig, count int) chan *handLine {
	data := make([]byte, payload)
	share(b, func(n int) error {
		_, err := js.Publish(b.Context(), fmt.Sprint("floor.", n%count), data)
		return err
	})
	lines := make(chan *handLine, count)
	for n := range min(count, b.N) {
		config.Durable, config.FilterSubject = fmt.Sprint("line-", n), fmt.Sprint("floor.", n)
		consumer, err := js.CreateConsumer(b.Context(), "floor", config)
		require.NoError(b, err)
		lines <- &handLine{consumer, (b.N - n + count - 1) / count}
	}
	return lines
}

// share calls one with the numbers below b.N, from several goroutines, and
// measures that alone. It returns the processor time of a call.
func share(b *testing.B, one func(n int) error) (perCall time.Duration) {
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuTime(b)
	var group sync.WaitGroup
	for part := range callers {
		group.Go(func() {
			for n := part; n < b.N; n += callers {
				if err := one(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	perCall = (cpuTime(b) - start) / time.Duration(b.N)
	b.ReportMetric(float64(perCall), "cpu-ns/op")
	return perCall
}

func benched(b *testing.B, sync time.Duration) *embedded.Inbox {
	inbox, err := embedded.Open(b.Context(), embedded.Config{Folder: b.TempDir(), SyncInterval: sync}, jetstream.Config{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, inbox.Close()) })
	return inbox
}

// newFloor returns JetStream's own client, with a work queue like an inbox's.
func newFloor(b *testing.B) natsjetstream.JetStream {
	server, err := embedded.Start(b.Context(), embedded.Config{Folder: b.TempDir(), SyncInterval: time.Minute})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, server.Close()) })
	connection, err := nats.Connect("", server.Options()...)
	require.NoError(b, err)
	b.Cleanup(connection.Close)
	js, err := natsjetstream.New(connection)
	require.NoError(b, err)
	_, err = js.CreateStream(b.Context(), natsjetstream.StreamConfig{
		Name: "floor", Subjects: []string{"floor.*"}, Retention: natsjetstream.WorkQueuePolicy, MaxBytes: 1 << 30,
	})
	require.NoError(b, err)
	return js
}

// cpuTime returns the processor time that this process has used, its servers
// included.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
