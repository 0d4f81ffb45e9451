package kafka_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

// deadLettersOf returns all dead letters that source yields, without the time at
// which they were stored.
func deadLettersOf(t *testing.T, source *kafka.Source) (all []stream.DeadLetter) {
	for letter, err := range source.DeadLetters(t.Context()) {
		require.NoError(t, err)
		require.False(t, letter.Received.IsZero())
		letter.Received = letter.Received.UTC()
		all = append(all, letter)
	}
	return all
}

func TestDeadLettersAreListed(t *testing.T) {
	cluster := newCluster(t, 1)
	c := config(cluster)
	c.DeadLetterTopic = "given-up"
	require.NoError(t, cluster.CreateTopic(c.DeadLetterTopic, 3, nil))
	source := open(t, c)
	require.Empty(t, deadLettersOf(t, source))

	produce(t, cluster, onto(0, message("a", 1)), onto(0, []byte("poison")))
	first := take(t, source)
	require.NoError(t, first.Nak(t.Context(), 0))
	for range 2 {
		delivery := take(t, source)
		require.NoError(t, delivery.Term(t.Context(), "no use: "+delivery.ID))
	}
	all := deadLettersOf(t, source)
	require.Len(t, all, 2)
	if all[0].ID != first.ID {
		all[0], all[1] = all[1], all[0]
	}
	require.Equal(t, first.ID, all[0].ID)
	require.Equal(t, first.Conversation, all[0].Conversation)
	require.Equal(t, string(message("a", 1)), string(all[0].Data))
	require.Equal(t, 2, all[0].Attempts)
	require.Equal(t, "no use: "+first.ID, all[0].Reason)
	require.Equal(t, "events/0/1", all[1].ID)
	require.Equal(t, "events/0/1", all[1].Conversation)
	require.Equal(t, "poison", string(all[1].Data))
	for range source.DeadLetters(t.Context()) {
		break // a caller may stop
	}
	for range source.RequeueAll(t.Context()) {
		break
	}
}

func TestADeadLetterCanBeRequeued(t *testing.T) {
	cluster := newCluster(t, 4)
	c := config(cluster)
	c.Options = append(c.Options, kgo.InstanceID("desk-1"))
	source := open(t, c)
	produce(t, cluster, onto(2, message("a", 1)))
	delivery := expect(t, source, "a-1")
	require.NoError(t, delivery.Nak(t.Context(), 0))
	require.NoError(t, expect(t, source, "a-1").Term(t.Context(), "no use"))
	require.ErrorIs(t, source.Requeue(t.Context(), "inbound|a-2"), stream.ErrNoDeadLetter)

	require.NoError(t, source.Requeue(t.Context(), delivery.ID))
	again := expect(t, source, "a-1")
	require.Equal(t, 1, again.Attempt)
	require.Equal(t, delivery.Data, again.Data)
	require.NoError(t, again.Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 2) == 2 })
}

func TestAllDeadLettersAreRequeuedOnceEach(t *testing.T) {
	cluster := newCluster(t, 2)
	source := open(t, config(cluster))
	produce(t, cluster, onto(0, message("a", 1)), onto(1, message("b", 1)))
	taken := map[string]int{}
	for range 3 { // the letters of one event are requeued as one
		for range 2 {
			delivery := take(t, source)
			taken[delivery.ID]++
			require.NoError(t, delivery.Term(t.Context(), "no use"))
		}
		requeued := map[string]int{}
		for id, err := range source.RequeueAll(t.Context()) {
			require.NoError(t, err)
			requeued[id]++
		}
		require.Len(t, requeued, 2)
		for id := range taken {
			require.Equal(t, 1, requeued[id])
		}
	}
	for range 2 {
		require.NoError(t, take(t, source).Ack(t.Context()))
	}
	require.EqualValues(t, 8, source.Counts().Read)
}

func TestRequeueingAllReadsTheTopicTwice(t *testing.T) {
	const letters = 20
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	for n := range letters {
		produce(t, cluster, onto(0, message(fmt.Sprint("customer-", n), n)))
	}
	for range letters {
		require.NoError(t, take(t, source).Term(t.Context(), "no use"))
	}
	ctx, cancel := patient(t)
	defer cancel()
	tool, err := kafka.OpenDeadLetterTopic(ctx, config(cluster))
	require.NoError(t, err)
	defer tool.Close()
	var asked atomic.Int64
	cluster.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		asked.Add(1)
		return nil, nil, false
	})
	n := 0
	for _, err := range tool.RequeueAll(ctx) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, letters, n)
	require.EqualValues(t, 4, asked.Load(), "the first and the last offset of each reading")
}

func TestRequeueingAllStopsAtALetterThatFails(t *testing.T) {
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("b", 1)))
	for range 2 {
		require.NoError(t, take(t, source).Term(t.Context(), "no use"))
	}
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
	n := 0
	for id, err := range source.RequeueAll(t.Context()) {
		require.NotEmpty(t, id)
		require.ErrorIs(t, err, kerr.TopicAuthorizationFailed)
		n++
	}
	require.Equal(t, 1, n)
}

func TestADeadLetterWhoseTopicWasMadeAgainIsNotRequeuedAsAnotherEvent(t *testing.T) {
	for name, records := range map[string][][]byte{
		"which is empty":            nil,
		"which has another record":  {message("b", 1), message("b", 2)},
		"which has a single record": {message("b", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, 1)
			c := config(cluster)
			c.DeadLetterTopic = "small"
			require.NoError(t, cluster.CreateTopic(c.DeadLetterTopic, 1, map[string]string{"max.message.bytes": "2000"}))
			noise := make([]byte, 5000) // which cannot be compressed much
			_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
			large := fmt.Appendf(nil, `{"channel":"SMS","oa":"a","da":"500","tid":"a-2","message":"%x"}`, noise)
			produce(t, cluster, onto(0, message("a", 1)), onto(0, large))
			source := open(t, c)
			require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
			delivery := expect(t, source, "a-2")
			require.NoError(t, delivery.Term(t.Context(), "no use"))
			closed(t, source)

			require.NoError(t, cluster.DeleteTopic(topic))
			require.NoError(t, cluster.CreateTopic(topic, 1, nil))
			for _, record := range records {
				produce(t, cluster, onto(0, record))
			}
			ctx, cancel := patient(t)
			defer cancel()
			tool, err := kafka.OpenDeadLetterTopic(ctx, c)
			require.NoError(t, err)
			defer tool.Close()
			require.ErrorContains(t, tool.Requeue(ctx, delivery.ID), "has been deleted")
		})
	}
}

func TestADeletedTopicOfDeadLettersIsAnError(t *testing.T) {
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	require.NoError(t, cluster.DeleteTopic(deadLetters))
	failures := []error{source.Requeue(t.Context(), "any")}
	for _, err := range source.DeadLetters(t.Context()) {
		failures = append(failures, err)
	}
	for _, err := range source.RequeueAll(t.Context()) {
		failures = append(failures, err)
	}
	require.Len(t, failures, 3)
	for _, err := range failures {
		require.ErrorIs(t, err, kerr.UnknownTopicOrPartition)
	}
}

func TestADeadLetterThatIsTooLargeIsRequeuedFromItsTopic(t *testing.T) {
	cluster := newCluster(t, 1)
	c := config(cluster)
	c.DeadLetterTopic = "small"
	require.NoError(t, cluster.CreateTopic(c.DeadLetterTopic, 1, map[string]string{"max.message.bytes": "2000"}))
	noise := make([]byte, 5000) // which cannot be compressed much
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	large := fmt.Appendf(nil, `{"channel":"SMS","oa":"a","da":"500","tid":"a-1","message":"%x"}`, noise)
	produce(t, cluster, onto(0, large), onto(0, message("b", 1)))
	source := open(t, c)
	delivery := expect(t, source, "a-1")
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	require.NoError(t, expect(t, source, "b-1").Ack(t.Context()))
	require.Empty(t, deadLettersOf(t, source)[0].Data)

	require.NoError(t, source.Requeue(t.Context(), delivery.ID))
	again := expect(t, source, "a-1")
	require.Equal(t, string(large), string(again.Data))
	require.NoError(t, again.Ack(t.Context()))

	require.NoError(t, cluster.DeleteRecords(topic, 0, 3))
	require.ErrorContains(t, source.Requeue(t.Context(), delivery.ID), "has been deleted")
}

func TestDeadLettersObeyTheirContextAndEndWithTheSource(t *testing.T) {
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, source.Requeue(ended, "any"), context.Canceled)
	for _, err := range source.DeadLetters(ended) {
		require.ErrorIs(t, err, context.Canceled)
	}
	closed(t, source)
	require.ErrorIs(t, source.Requeue(t.Context(), "any"), stream.ErrClosed)
	for _, err := range source.DeadLetters(t.Context()) {
		require.ErrorIs(t, err, stream.ErrClosed)
	}
}

func TestAToolRequeuesADeadLetterWithoutJoiningTheGroup(t *testing.T) {
	cluster := newCluster(t, 2)
	source := open(t, config(cluster))
	produce(t, cluster, onto(1, message("a", 1)))
	delivery := expect(t, source, "a-1")
	require.NoError(t, delivery.Term(t.Context(), "no use"))

	ctx, cancel := patient(t)
	defer cancel()
	tool, err := kafka.OpenDeadLetterTopic(ctx, config(cluster))
	require.NoError(t, err)
	defer tool.Close()
	var ids []string
	for letter, err := range tool.DeadLetters(ctx) {
		require.NoError(t, err)
		ids = append(ids, letter.ID)
	}
	require.Equal(t, []string{delivery.ID}, ids)
	require.ErrorIs(t, tool.Requeue(ctx, "another"), stream.ErrNoDeadLetter)
	require.NoError(t, tool.Requeue(ctx, delivery.ID))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	require.Len(t, cluster.GroupInfo(group).Members, 1)
	require.Equal(t, 2, source.Counts().Partitions)

	tool.Close()
	tool.Close()
	require.ErrorIs(t, tool.Requeue(t.Context(), delivery.ID), stream.ErrClosed)
}

func TestOpeningTheDeadLetterTopicFailsAsOpeningASource(t *testing.T) {
	cluster := newCluster(t, 1)
	_, err := kafka.OpenDeadLetterTopic(t.Context(), kafka.Config{})
	require.ErrorContains(t, err, "Brokers")
	missing := config(cluster)
	missing.DeadLetterTopic = "nowhere"
	_, err = kafka.OpenDeadLetterTopic(t.Context(), missing)
	require.ErrorContains(t, err, `"nowhere"`)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = kafka.OpenDeadLetterTopic(ended, config(cluster))
	require.ErrorIs(t, err, context.Canceled)
}
