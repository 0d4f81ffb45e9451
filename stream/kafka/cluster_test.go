package kafka_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

const (
	topic       = "events"
	group       = "desk"
	deadLetters = "desk.dead-letters"
)

// patience returns how long a test waits for what must happen: most of the time
// that is left until the test's deadline.
func patience(t testing.TB) time.Duration {
	if test, ok := t.(*testing.T); ok {
		if deadline, ok := test.Deadline(); ok {
			return time.Until(deadline) * 3 / 4
		}
	}
	return 10 * time.Minute
}

// patient returns a context that ends when the test's patience does.
func patient(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience(t))
}

// TestMain runs the tests, or the worker if a test has started this process as one.
func TestMain(m *testing.M) {
	if broker := os.Getenv(workerBroker); broker != "" {
		os.Exit(runWorker(broker))
	}
	os.Exit(m.Run())
}

// newCluster starts a Kafka cluster in memory. It has the topic of events, with so
// many partitions, and the topic of dead letters.
func newCluster(t testing.TB, partitions int32, options ...kfake.Opt) *kfake.Cluster {
	cluster, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1),
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
		kfake.SeedTopics(partitions, topic),
		kfake.SeedTopics(1, deadLetters),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}),
	}, options...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster
}

// config returns the configuration of a source that notices other members quickly.
func config(cluster *kfake.Cluster) kafka.Config {
	return kafka.Config{
		Brokers:        cluster.ListenAddrs(),
		Topics:         []string{topic},
		Group:          group,
		CommitInterval: 100 * time.Millisecond,
		Options: []kgo.Opt{
			kgo.SessionTimeout(30 * time.Second),
			kgo.HeartbeatInterval(50 * time.Millisecond),
		},
	}
}

// open opens a source, and closes it at the end of the test.
func open(t testing.TB, c kafka.Config) *kafka.Source {
	ctx, cancel := patient(t)
	defer cancel()
	source, err := kafka.Open(ctx, c)
	require.NoError(t, err)
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = source.Close(ended)
	})
	return source
}

// closed closes the source.
func closed(t testing.TB, source *kafka.Source) {
	ctx, cancel := patient(t)
	defer cancel()
	require.NoError(t, source.Close(ctx))
}

// work runs the worker until stop is called or the test ends.
func work(t testing.TB, worker *stream.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return stop
}

// message is the payload of the n-th message of a customer.
func message(customer string, n int) []byte {
	return fmt.Appendf(nil, `{"channel":"SMS","oa":%q,"da":"500","tid":"%s-%d","message":"hello"}`, customer, customer, n)
}

// onto returns a record for a partition of the topic.
func onto(partition int32, value []byte) *kgo.Record {
	return &kgo.Record{Topic: topic, Partition: partition, Value: value}
}

// produce stores records, each in the partition that it names.
func produce(t testing.TB, cluster *kfake.Cluster, records ...*kgo.Record) {
	client := newClient(t, cluster, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	ctx, cancel := patient(t)
	defer cancel()
	require.NoError(t, client.ProduceSync(ctx, records...).FirstErr())
}

func newClient(t testing.TB, cluster *kfake.Cluster, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(cluster.ListenAddrs()...))...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// take returns the next delivery.
func take(t testing.TB, source stream.Source) stream.Delivery {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	delivery, err := source.Take(ctx)
	require.NoError(t, err)
	return delivery
}

// takeAfterErrors returns the next delivery, and ignores the errors of reading
// before it.
func takeAfterErrors(t testing.TB, source stream.Source) stream.Delivery {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	for {
		delivery, err := source.Take(ctx)
		require.NoError(t, ctx.Err())
		if err == nil {
			return delivery
		}
		require.NotErrorIs(t, err, stream.ErrClosed)
	}
}

// expect takes the next delivery, which must have the transaction id.
func expect(t testing.TB, source stream.Source, transaction string) stream.Delivery {
	t.Helper()
	delivery := take(t, source)
	require.Equal(t, transaction, transactionOf(t, delivery.Entry))
	return delivery
}

func transactionOf(t testing.TB, entry stream.Entry) string {
	event, err := entry.Event()
	require.NoError(t, err)
	return event.Head().TransactionID
}

// committed is the offset that the group has committed of a partition; 0 for none.
func committed(cluster *kfake.Cluster, partition int32) int64 {
	if info := cluster.GroupInfo(group); info != nil {
		if commit, ok := info.Commits[topic][partition]; ok {
			return commit.Offset
		}
	}
	return 0
}

// eventually waits until condition holds.
func eventually(t testing.TB, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience(t), 5*time.Millisecond)
}

// letters returns the first n dead letters.
func letters(t testing.TB, cluster *kfake.Cluster, n int) []*kgo.Record {
	t.Helper()
	return lettersIn(t, cluster, deadLetters, n)
}

// lettersIn returns the first n dead letters in another topic.
func lettersIn(t testing.TB, cluster *kfake.Cluster, topic string, n int) []*kgo.Record {
	t.Helper()
	client := newClient(t, cluster, kgo.ConsumeTopics(topic))
	ctx, cancel := patient(t)
	defer cancel()
	var found []*kgo.Record
	for len(found) < n {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		found = append(found, fetches.Records()...)
	}
	require.Len(t, found, n)
	return found
}

func header(record *kgo.Record, key string) string {
	for _, h := range record.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}
