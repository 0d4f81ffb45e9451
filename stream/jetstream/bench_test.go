//go:build unix

package jetstream_test

import (
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
			Conversation: fmt.Sprintf("conversation-%d", n%spread),
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
// that delivers one message at a time to each caller, in no order.
func BenchmarkTakeAck(b *testing.B) {
	var floor time.Duration
	b.Run("floor", func(b *testing.B) {
		js := newFloor(b)
		data := make([]byte, payload)
		share(b, func(n int) error {
			_, err := js.Publish(b.Context(), "floor.0", data)
			return err
		})
		consumer, err := js.CreateConsumer(b.Context(), "floor", natsjetstream.ConsumerConfig{AckPolicy: natsjetstream.AckExplicitPolicy})
		require.NoError(b, err)
		floor = share(b, func(int) error {
			message, err := consumer.Next()
			if err != nil {
				return err
			}
			return message.DoubleAck(b.Context())
		})
	})
	b.Run("inbox", func(b *testing.B) {
		inbox, entry := benched(b, time.Minute), entries(b)
		share(b, func(n int) error {
			_, err := inbox.Put(b.Context(), entry(n))
			return err
		})
		perCall := share(b, func(int) error {
			delivery, err := inbox.Take(b.Context())
			if err != nil {
				return err
			}
			return delivery.Ack(b.Context())
		})
		b.ReportMetric(float64(perCall)/float64(floor), "ratio")
	})
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
