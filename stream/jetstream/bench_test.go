package jetstream_test

import (
	"fmt"
	"sync"
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

// BenchmarkPut makes one call after another. The floor is JetStream's own client,
// which stores a message with an id.
func BenchmarkPut(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		js := floor(b)
		data := make([]byte, payload)
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			_, err := js.Publish(b.Context(), "floor.0", data, natsjetstream.WithMsgID(fmt.Sprint(n)))
			require.NoError(b, err)
		}
	})
	for name, sync := range map[string]time.Duration{"inbox": time.Minute, "inbox that syncs": 0} {
		b.Run(name, func(b *testing.B) {
			inbox := benched(b, sync)
			entry := entries(b)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				_, err := inbox.Put(b.Context(), entry(n))
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkTakeAck has 16 takers, as a worker has. The floor is JetStream's own
// client: one consumer that gives each taker one message at a time, in no order.
func BenchmarkTakeAck(b *testing.B) {
	const takers = 16
	b.Run("floor", func(b *testing.B) {
		js := floor(b)
		data := make([]byte, payload)
		for n := range b.N {
			_, err := js.PublishAsync("floor.0", data, natsjetstream.WithMsgID(fmt.Sprint(n)))
			require.NoError(b, err)
			if n%1000 == 999 {
				<-js.PublishAsyncComplete()
			}
		}
		<-js.PublishAsyncComplete()
		consumer, err := js.CreateConsumer(b.Context(), "floor", natsjetstream.ConsumerConfig{AckPolicy: natsjetstream.AckExplicitPolicy})
		require.NoError(b, err)
		b.ReportAllocs()
		b.ResetTimer()
		share(b, takers, func() error {
			message, err := consumer.Next()
			if err != nil {
				return err
			}
			return message.DoubleAck(b.Context())
		})
	})
	b.Run("inbox", func(b *testing.B) {
		inbox := benched(b, time.Minute)
		entry := entries(b)
		var group sync.WaitGroup
		for part := range takers {
			group.Go(func() {
				for n := part; n < b.N; n += takers {
					if _, err := inbox.Put(b.Context(), entry(n)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		b.ReportAllocs()
		b.ResetTimer()
		share(b, takers, func() error {
			delivery, err := inbox.Take(b.Context())
			if err != nil {
				return err
			}
			return delivery.Ack(b.Context())
		})
	})
}

// share calls one b.N times, from several goroutines.
func share(b *testing.B, takers int, one func() error) {
	var group sync.WaitGroup
	for part := range takers {
		group.Go(func() {
			for n := part; n < b.N; n += takers {
				if err := one(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

func benched(b *testing.B, sync time.Duration) *embedded.Inbox {
	inbox, err := embedded.Open(b.Context(), embedded.Config{Folder: b.TempDir(), SyncInterval: sync}, jetstream.Config{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, inbox.Close()) })
	return inbox
}

// floor returns JetStream's own client, with a work queue like an inbox's.
func floor(b *testing.B) natsjetstream.JetStream {
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
