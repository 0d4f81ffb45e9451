package kafka_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
)

// BenchmarkRead measures how long it takes to read and commit a record. It compares
// a source with loops that use the client alone, with and without decoding. Each
// pass reads all records in a new group, after the group has been joined.
func BenchmarkRead(b *testing.B) {
	const records = 20_000
	cluster := newCluster(b, 4)
	produce(b, cluster, conversations(4, 1000, records/1000)...)
	decoded := func(r *kgo.Record) {
		_, err := stream.NewEntry(r.Value)
		require.NoError(b, err)
	}
	groups := 0
	for _, way := range []struct {
		name string
		pass pass
	}{
		{"poll", pollingPass(b, cluster, func(*kgo.Record) {})},
		{"poll and decode", pollingPass(b, cluster, decoded)},
		{"take and ack", takingPass(b, cluster)},
	} {
		b.Run(way.name, func(b *testing.B) { passes(b, records, &groups, way.pass) })
	}
}

// pass opens a reader of the group. It returns a function that reads a number of
// records, and one that closes the reader.
type pass func(group string) (read func(records int), end func())

// passes measures passes, each in a new group. groups counts all groups.
func passes(b *testing.B, records int, groups *int, begin pass) {
	b.ReportAllocs()
	passed := 0
	for b.Loop() {
		b.StopTimer()
		passed++
		*groups++
		read, end := begin(fmt.Sprintf("group-%d", *groups))
		b.StartTimer()
		read(records - 1)
		b.StopTimer()
		end()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(passed*(records-1)), "ns/record")
}

// pollingPass reads with the client alone. It reads the first record before the
// clock runs, so that the group has been joined by then.
func pollingPass(b *testing.B, cluster *kfake.Cluster, use func(*kgo.Record)) pass {
	return func(group string) (func(int), func()) {
		client := newClient(b, cluster, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.AutoCommitMarks(),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()))
		poll := func(most int) (read int) {
			client.PollRecords(context.Background(), most).EachRecord(func(r *kgo.Record) {
				use(r)
				client.MarkCommitRecords(r)
				read++
			})
			return read
		}
		poll(1)
		return func(records int) {
			for records > 0 {
				records -= poll(500)
			}
		}, client.Close
	}
}

func takingPass(b *testing.B, cluster *kfake.Cluster) pass {
	return func(group string) (func(int), func()) {
		c := config(cluster)
		c.Group, c.DeadLetterTopic, c.Options = group, deadLetters, nil
		source := open(b, c)
		one := func() {
			delivery, err := source.Take(context.Background())
			require.NoError(b, err)
			require.NoError(b, delivery.Ack(context.Background()))
		}
		one()
		return func(records int) {
			for range records {
				one()
			}
		}, func() { closed(b, source) }
	}
}
