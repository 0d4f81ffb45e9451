package kafka_test

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

func TestABrokerGoesAndComesBack(t *testing.T) {
	dir := kfake.DataDir(t.TempDir())
	cluster := newCluster(t, 1, dir)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 1 })
	held := expect(t, source, "a-2")

	_, port, err := net.SplitHostPort(cluster.ListenAddrs()[0])
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	cluster.Close()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = source.Take(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, held.Ack(t.Context()), "what was handled is handled")

	cluster = newCluster(t, 1, dir, kfake.Ports(number))
	produce(t, cluster, onto(0, message("a", 3)))
	last := takeAfterErrors(t, source)
	require.Equal(t, "a-3", transactionOf(t, last.Entry))
	require.NoError(t, last.Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 3 })
}

func TestClosingObeysItsContextWithoutABroker(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	cluster.Close()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, source.Close(short), context.DeadlineExceeded)
}

func TestOpeningFails(t *testing.T) {
	cluster := newCluster(t, 1)
	t.Run("if nobody listens", func(t *testing.T) {
		c := config(cluster)
		c.Brokers = []string{"127.0.0.1:1"}
		ctx, cancel := patient(t)
		defer cancel()
		_, err := kafka.Open(ctx, c)
		require.ErrorContains(t, err, "no broker answers")
	})
	t.Run("and obeys its context if nobody answers", func(t *testing.T) {
		mute, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer mute.Close()
		c := config(cluster)
		c.Brokers = []string{mute.Addr().String()}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = kafka.Open(ctx, c)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("if the context has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := kafka.Open(ctx, config(cluster))
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("and names every topic that is missing", func(t *testing.T) {
		c := config(cluster)
		c.Topics = []string{topic, "nowhere"}
		c.DeadLetterTopic = "nowhere-either"
		_, err := kafka.Open(t.Context(), c)
		require.ErrorIs(t, err, kerr.UnknownTopicOrPartition)
		require.ErrorContains(t, err, `"nowhere"`)
		require.ErrorContains(t, err, `"nowhere-either"`)
		require.NotContains(t, err.Error(), `"events"`)
	})
}

func TestTakeReturnsTheErrorOfReading(t *testing.T) {
	cluster := newCluster(t, 1)
	denied := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic,
		Err: kerr.TopicAuthorizationFailed, Count: -1})
	source := open(t, config(cluster))
	ctx, cancel := patient(t)
	defer cancel()
	_, err := source.Take(ctx)
	require.ErrorIs(t, err, kerr.TopicAuthorizationFailed)

	denied.Remove()
	produce(t, cluster, onto(0, message("a", 1)))
	require.NoError(t, takeAfterErrors(t, source).Ack(t.Context()))
}

func TestATopicThatIsDeletedAndMadeAgainIsRead(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)), onto(0, message("a", 3)))
	c := config(cluster)
	c.Options = append(c.Options, kgo.MetadataMinAge(10*time.Millisecond))
	source := open(t, c)
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 1 })
	held := expect(t, source, "a-2")

	require.NoError(t, cluster.DeleteTopic(topic))
	require.NoError(t, cluster.CreateTopic(topic, 2, nil))
	produce(t, cluster, onto(0, message("b", 1)), onto(1, message("c", 1)))
	var taken []string
	for range 2 {
		delivery := takeAfterErrors(t, source)
		taken = append(taken, transactionOf(t, delivery.Entry))
		require.NoError(t, delivery.Ack(t.Context()))
	}
	require.ElementsMatch(t, []string{"b-1", "c-1"}, taken)
	require.ErrorIs(t, held.Ack(t.Context()), stream.ErrSettled)
	require.EqualValues(t, 2, source.Counts().Expired)
	eventually(t, func() bool { return committed(cluster, 0) == 1 && committed(cluster, 1) == 1 })
}
