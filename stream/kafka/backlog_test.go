package kafka_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

// backlogOf returns the backlog of a source.
func backlogOf(t *testing.T, source *kafka.Source) stream.Backlog {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	backlog, err := source.Backlog(ctx)
	require.NoError(t, err)
	return backlog
}

func TestTheBacklogIsWhatIsNotSettled(t *testing.T) {
	cluster := newCluster(t, 2)
	stored := time.Now().Add(-time.Hour).Truncate(time.Millisecond).UTC()
	oldest, newer := onto(0, message("a", 1)), onto(1, message("b", 1))
	oldest.Timestamp, newer.Timestamp = stored, stored.Add(time.Minute)
	produce(t, cluster, oldest, newer)
	c := config(cluster)
	c.MaxRecords = 2 // one of each partition, so that some are not read
	source := open(t, c)
	first, second := take(t, source), take(t, source)
	produce(t, cluster, onto(0, message("a", 2)), onto(0, message("a", 3)), onto(1, message("b", 2)))
	require.Equal(t, stream.Backlog{Entries: 5, Oldest: stored}, backlogOf(t, source))

	if first.Received.After(second.Received) {
		first, second = second, first
	}
	require.NoError(t, first.Ack(t.Context()))
	require.Equal(t, 4, backlogOf(t, source).Entries)
	require.NoError(t, second.Ack(t.Context()))
	for range 3 {
		require.NoError(t, take(t, source).Ack(t.Context()))
	}
	require.Equal(t, stream.Backlog{}, backlogOf(t, source))
}

func TestTheBacklogBeginsWithWhatTheGroupHasSettled(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)), onto(0, message("a", 3)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	closed(t, source)
	again := open(t, config(cluster))
	expect(t, again, "a-2")
	require.Equal(t, 2, backlogOf(t, again).Entries)
}

func TestTheBacklogOfAMemberIsThatOfItsPartitions(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)))
	holder := open(t, config(cluster))
	expect(t, holder, "a-1")
	idle := open(t, config(cluster))
	require.Equal(t, 1, backlogOf(t, holder).Entries)
	require.Equal(t, stream.Backlog{}, backlogOf(t, idle))
}

func TestAWorkerIsNotReadyWithoutABroker(t *testing.T) {
	for name, isHeld := range map[string]bool{"with a partition": false, "without one": true} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, 1)
			produce(t, cluster, onto(0, message("a", 1)))
			if isHeld {
				expect(t, open(t, config(cluster)), "a-1") // it has the only partition
			}
			worker, err := stream.NewWorker(open(t, config(cluster)))
			require.NoError(t, err)
			work(t, worker)
			ready := func() int {
				reply := httptest.NewRecorder()
				worker.Ready(10).ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/ready", nil))
				return reply.Code
			}
			eventually(t, func() bool { return ready() == http.StatusOK })
			cluster.Close()
			require.Equal(t, http.StatusServiceUnavailable, ready())
		})
	}
}

func TestTheBacklogObeysItsContextAndEndsWithTheSource(t *testing.T) {
	cluster := newCluster(t, 1)
	source := open(t, config(cluster))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := source.Backlog(ended)
	require.ErrorIs(t, err, context.Canceled)

	address := cluster.ListenAddrs()[0]
	cluster.Close()
	mute, err := net.Listen("tcp", address)
	require.NoError(t, err)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = source.Backlog(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, mute.Close())
	_ = source.Close(ended)
	_, err = source.Backlog(t.Context())
	require.ErrorIs(t, err, stream.ErrClosed)
}
