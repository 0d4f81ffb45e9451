//go:build unix

package jetstream_test

import (
	"errors"
	"fmt"
	"slices"
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

// BenchmarkPut compares an inbox with JetStream's own client, which stores a message with
// an id. The step between them is written by hand: it looks the id up first, because the
// server forgets the id of a settled entry. The ratios are those of the processor time to
// that of the floor, servers included. The ratio by-hand is that to the step.
func BenchmarkPut(b *testing.B) {
	var floor, byHand time.Duration
	b.Run("floor", func(b *testing.B) {
		js := newFloor(b)
		data := make([]byte, payload)
		floor = share(b, func(n int) error {
			_, err := js.Publish(b.Context(), "floor.0", data, natsjetstream.WithMsgID(fmt.Sprint(n)))
			return err
		})
	})
	b.Run("lookups", func(b *testing.B) {
		js := newFloor(b)
		ledger, data := newLedger(b, js), make([]byte, payload)
		byHand = share(b, func(n int) error {
			if err := ledger.lookup(b, n); err != nil {
				return err
			}
			_, err := js.Publish(b.Context(), "floor.0", data, natsjetstream.WithMsgID(fmt.Sprint(n)))
			return err
		})
		b.ReportMetric(float64(byHand)/float64(floor), "ratio")
	})
	b.Run("inbox", func(b *testing.B) {
		inbox, entry := benched(b, time.Minute), entries(b)
		perCall := share(b, func(n int) error {
			_, err := inbox.Put(b.Context(), entry(n))
			return err
		})
		b.ReportMetric(float64(perCall)/float64(floor), "ratio")
		b.ReportMetric(float64(perCall)/float64(byHand), "by-hand")
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
// The ratios are those of the processor time to that of the floor, servers included. The
// ratio by-hand is that to the last of the steps, which keeps the promises of an inbox. The
// ratios grow when the machine is busy, because each consumer writes its state several times
// a second. Measured on two cores, quiet and busy: lines 1.5 to 3.3, records 1.9 to 4.9,
// lookups 2.2 to 5.6, and the inbox 1.6 to 4.6.
func BenchmarkTakeAck(b *testing.B) {
	var floor, byHand time.Duration
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
			ledger := newLedger(b, js)
			lines := newLines(b, js, natsjetstream.ConsumerConfig{MaxAckPending: 1}, 32)
			byHand = share(b, func(n int) error {
				line := <-lines
				message, err := line.consumer.Next()
				if err != nil {
					return err
				}
				if step.lookups {
					if err := ledger.lookup(b, n); err != nil {
						return err
					}
				}
				if step.records {
					if _, err := js.Publish(b.Context(), settledSubject(n), nil,
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
			b.ReportMetric(float64(byHand)/float64(floor), "ratio")
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
		b.ReportMetric(float64(perCall)/float64(byHand), "by-hand")
	})
}

// round is how many calls a round of BenchmarkRatios makes of each kind.
const round = 4000

// BenchmarkRatios reports the ratios of BenchmarkPut and the last one of BenchmarkTakeAck.
// It measures in turn, so that a busy machine slows down all alike, and reports the medians
// of the rounds. The entries of a round are put and then taken.
func BenchmarkRatios(b *testing.B) {
	js, inbox, entry := newFloor(b), benched(b, time.Minute), entries(b)
	consumer, err := js.CreateConsumer(b.Context(), "floor", natsjetstream.ConsumerConfig{Durable: "floor", FilterSubject: "floor.0"})
	require.NoError(b, err)
	data := make([]byte, payload)
	ledger := newLedger(b, js)
	var puts, takes, hands []float64
	first := 0
	for b.Loop() {
		end := first + round
		leastPut := spend(b, first, end, func(n int) error {
			_, err := js.Publish(b.Context(), "floor.0", data, natsjetstream.WithMsgID(fmt.Sprint(n)))
			return err
		})
		hand := spend(b, first, end, func(n int) error {
			if err := ledger.lookup(b, n); err != nil {
				return err
			}
			_, err := js.Publish(b.Context(), "floor.1", data, natsjetstream.WithMsgID(fmt.Sprint("h", n)))
			return err
		})
		put := spend(b, first, end, func(n int) error {
			_, err := inbox.Put(b.Context(), entry(n))
			return err
		})
		leastTake := spend(b, first, end, func(int) error {
			message, err := consumer.Next()
			if err != nil {
				return err
			}
			return message.DoubleAck(b.Context())
		})
		take := spend(b, first, end, func(int) error {
			delivery, err := inbox.Take(b.Context())
			if err != nil {
				return err
			}
			return delivery.Ack(b.Context())
		})
		puts = append(puts, float64(put)/float64(leastPut))
		hands = append(hands, float64(put)/float64(hand))
		takes = append(takes, float64(take)/float64(leastTake))
		first = end
	}
	b.ReportMetric(median(puts), "put-ratio")
	b.ReportMetric(median(hands), "put-by-hand")
	b.ReportMetric(median(takes), "take-ratio")
	b.ReportMetric(0, "ns/op") // of all of them together
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// ledger records what is settled, as an inbox does.
type ledger struct{ natsjetstream.Stream }

func newLedger(b *testing.B, js natsjetstream.JetStream) ledger {
	stream, err := js.CreateStream(b.Context(), natsjetstream.StreamConfig{
		Name: "ledger", Subjects: []string{"settled.*"}, MaxMsgsPerSubject: 1, AllowDirect: true,
	})
	require.NoError(b, err)
	return ledger{stream}
}

func settledSubject(n int) string { return fmt.Sprint("settled.", n) }

// lookup returns an error if the message with a number is settled.
func (l ledger) lookup(b *testing.B, n int) error {
	if _, err := l.GetLastMsgForSubject(b.Context(), settledSubject(n)); !errors.Is(err, natsjetstream.ErrMsgNotFound) {
		return fmt.Errorf("lookup: %w", err)
	}
	return nil
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
	perCall = spend(b, 0, b.N, one)
	b.ReportMetric(float64(perCall), "cpu-ns/op")
	return perCall
}

// spend calls one with the numbers from first to below end, from several goroutines. It
// returns the processor time of a call.
func spend(b *testing.B, first, end int, one func(n int) error) (perCall time.Duration) {
	start := cpuTime(b)
	var group sync.WaitGroup
	for part := range callers {
		group.Go(func() {
			for n := first + part; n < end; n += callers {
				if err := one(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return (cpuTime(b) - start) / time.Duration(end-first)
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
