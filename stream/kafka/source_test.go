package kafka_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

func TestARecordBecomesAnEntry(t *testing.T) {
	cluster := newCluster(t, 1)
	at := time.Date(2026, 11, 2, 9, 30, 0, 123e6, time.UTC)
	payload := []byte(`{"channel":"SMS","oa":"+1555","da":"500","tid":"t-1","message":"hello","x-wx-gtrid":"trace-1"}`)
	produce(t, cluster, &kgo.Record{Topic: topic, Value: payload, Timestamp: at})
	source := open(t, config(cluster))

	delivery := take(t, source)
	want, err := stream.NewEntry(payload)
	require.NoError(t, err)
	want.Received = at
	require.Equal(t, want, delivery.Entry)
	require.Equal(t, 1, delivery.Attempt)
	require.NoError(t, delivery.Extend(t.Context()))
	require.NoError(t, delivery.Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 1 })
}

func TestTheCommittedOffsetIsThatOfTheFirstRecordThatIsNotSettled(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("b", 1)), onto(0, message("c", 1)), onto(0, message("d", 1)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	require.NoError(t, expect(t, source, "b-1").Nak(t.Context(), time.Hour))
	require.NoError(t, expect(t, source, "c-1").Ack(t.Context()))
	closed(t, source)
	require.EqualValues(t, 1, committed(cluster, 0), "the second is not settled")

	source = open(t, config(cluster))
	for _, transaction := range []string{"b-1", "d-1"} {
		require.NoError(t, expect(t, source, transaction).Ack(t.Context()))
	}
	closed(t, source)
	require.EqualValues(t, 4, committed(cluster, 0))
	require.EqualValues(t, 1, source.Counts().Skipped)
}

func TestNothingIsCommittedBeforeItIsHandled(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	expect(t, source, "a-1")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, source.Close(ended), context.Canceled, "the group cannot be left in no time")
	require.Zero(t, committed(cluster, 0))
}

func TestAClosedSourceGivesNothingOut(t *testing.T) {
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	failed := make(chan error)
	go func() {
		_, err := source.Take(context.Background())
		failed <- err
	}()
	closed(t, source)
	require.ErrorIs(t, <-failed, stream.ErrClosed)
	_, err := source.Take(t.Context())
	require.ErrorIs(t, err, stream.ErrClosed)
	closed(t, source)
}

func TestClosingEndsEverything(t *testing.T) {
	cluster := newCluster(t, 4)
	produce(t, cluster, conversations(4, 20, 5)...)
	source := open(t, config(cluster))
	require.NoError(t, take(t, source).Nak(t.Context(), time.Hour))
	require.NotEmpty(t, goroutines(t))
	closed(t, source)
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Empty(c, goroutines(t)) }, patience(t), 5*time.Millisecond)
}

// goroutines returns the stacks of the goroutines of sources and Kafka clients.
func goroutines(t testing.TB) []string {
	var all strings.Builder
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&all, 2))
	var theirs []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, "/stream/kafka.") || strings.Contains(stack, "/pkg/kgo.") {
			theirs = append(theirs, stack)
		}
	}
	return theirs
}

func TestClosingWaitsForWhatIsDelivered(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	delivery := take(t, source)
	done := make(chan error)
	go func() { done <- source.Close(context.Background()) }()
	eventually(t, func() bool { // the source is being closed
		_, err := source.Take(context.Background())
		return err == stream.ErrClosed
	})
	require.NoError(t, delivery.Ack(t.Context()))
	require.NoError(t, <-done)
	require.EqualValues(t, 1, committed(cluster, 0))
	require.ErrorIs(t, delivery.Ack(t.Context()), stream.ErrSettled)
}

func TestALeaseThatRunsOutPutsTheEntryBack(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)))
	brief := config(cluster)
	brief.Lease = 50 * time.Millisecond
	source := open(t, brief)

	abandoned := expect(t, source, "a-1")
	again := expect(t, source, "a-1")
	require.Equal(t, 2, again.Attempt)
	require.ErrorIs(t, abandoned.Ack(t.Context()), stream.ErrSettled)
	require.ErrorIs(t, abandoned.Extend(t.Context()), stream.ErrSettled)
}

func TestACopyIsDroppedWhereverItComes(t *testing.T) {
	cluster := newCluster(t, 2)
	withContext := []byte(`{"channel":"SMS","oa":"a","da":"500","tid":"a-1","dataIntegration":{"context":{"flowId":"7"}}}`)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, withContext), onto(1, message("a", 1)), onto(0, message("b", 1)))
	source := open(t, config(cluster))

	seen := map[string]int{}
	for range 2 {
		delivery := take(t, source)
		seen[delivery.ID]++
		require.NoError(t, delivery.Ack(t.Context()))
	}
	require.Len(t, seen, 2)
	produce(t, cluster, onto(1, message("a", 1)), onto(1, message("c", 1)))
	require.NoError(t, expect(t, source, "c-1").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 3 && committed(cluster, 1) == 3 })
	require.EqualValues(t, 3, source.Counts().Copies)
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	cluster := newCluster(t, 1)
	const limit, records = 10, 200
	var all []*kgo.Record
	for n := range records {
		all = append(all, onto(0, message(fmt.Sprintf("c%d", n), 1)))
	}
	produce(t, cluster, all...)
	small := config(cluster)
	small.MaxRecords = limit
	source := open(t, small)

	eventually(t, func() bool { return source.Counts().Paused == 1 })
	for range records {
		require.LessOrEqual(t, source.Counts().Records, limit)
		require.NoError(t, take(t, source).Ack(t.Context()))
	}
	eventually(t, func() bool { return committed(cluster, 0) == records })
	require.Equal(t, kafka.Counts{Read: records, Partitions: 1}, source.Counts())
}

func TestBytesAreBounded(t *testing.T) {
	cluster := newCluster(t, 1)
	const records = 50
	var all []*kgo.Record
	for n := range records {
		all = append(all, onto(0, message(fmt.Sprintf("c%d", n), 1)))
	}
	produce(t, cluster, all...)
	size := int64(len(all[records-1].Value))
	small := config(cluster)
	small.MaxBytes = 1 // each record alone is more, and must be read all the same
	small.MaxRecords = 4
	source := open(t, small)
	for range records {
		delivery := take(t, source)
		require.LessOrEqual(t, source.Counts().Bytes, 2*size, "not more than is read at once")
		require.NoError(t, delivery.Ack(t.Context()))
	}
}

func TestAStuckConversationDoesNotStopOtherPartitions(t *testing.T) {
	cluster := newCluster(t, 2)
	const records = 100
	var all []*kgo.Record
	for n := range records {
		all = append(all, onto(0, message("stuck", n)), onto(1, message(fmt.Sprintf("c%d", n), 1)))
	}
	produce(t, cluster, all...)
	small := config(cluster)
	small.MaxRecords = 20
	source := open(t, small)

	var stuck stream.Delivery
	for n := 0; n < records; {
		delivery := take(t, source)
		if transactionOf(t, delivery.Entry) == "stuck-0" {
			stuck = delivery
			continue
		}
		require.NoError(t, delivery.Ack(t.Context()))
		n++
	}
	require.Zero(t, committed(cluster, 0))
	require.NoError(t, stuck.Ack(t.Context()))
	for n := 1; n < records; n++ {
		require.NoError(t, expect(t, source, fmt.Sprintf("stuck-%d", n)).Ack(t.Context()))
	}
	eventually(t, func() bool { return committed(cluster, 0) == records && committed(cluster, 1) == records })
}

// One fetch of a partition may exceed the limit for all of them.
func TestAStuckConversationOfManyBytesDoesNotStopOtherPartitions(t *testing.T) {
	cluster := newCluster(t, 2)
	small := config(cluster)
	small.MaxBytes = 10 << 10
	var stuck []*kgo.Record
	for n := range 100 {
		stuck = append(stuck, onto(0, append(message("stuck", n), bytes.Repeat([]byte(" "), 1<<10)...)))
	}
	produce(t, cluster, stuck...)
	source := open(t, small)
	require.NoError(t, expect(t, source, "stuck-0").Nak(t.Context(), time.Hour))
	eventually(t, func() bool { return source.Counts().Paused == 1 })
	require.Greater(t, source.Counts().Bytes, small.MaxBytes)

	produce(t, cluster, onto(1, message("a", 1)))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
}

func TestADelayHoldsUpOneConversation(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)), onto(0, message("b", 1)), onto(0, message("b", 2)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Nak(t.Context(), time.Hour))
	require.NoError(t, expect(t, source, "b-1").Ack(t.Context()))
	require.NoError(t, expect(t, source, "b-2").Ack(t.Context()))
	closed(t, source)
	require.Zero(t, committed(cluster, 0))

	source = open(t, config(cluster))
	require.Equal(t, 2, expect(t, source, "a-1").Attempt, "the attempt before counts")
}

func TestTakeObeysItsContext(t *testing.T) {
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := source.Take(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	produce(t, cluster, onto(0, message("a", 1)))
	_, err = source.Take(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	expect(t, source, "a-1")
}

func TestRecordsThatWereDeletedUnreadAreCounted(t *testing.T) {
	cluster := newCluster(t, 1)
	var all []*kgo.Record
	for n := range 10 {
		all = append(all, onto(0, message("a", n)))
	}
	produce(t, cluster, all...)
	require.NoError(t, cluster.DeleteRecords(topic, 0, 2))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-2").Ack(t.Context()))
	closed(t, source)
	require.Zero(t, source.Counts().Expired, "a new group has nothing to miss")

	require.NoError(t, cluster.DeleteRecords(topic, 0, 7))
	source = open(t, config(cluster))
	expect(t, source, "a-7")
	require.EqualValues(t, 4, source.Counts().Expired)
}
