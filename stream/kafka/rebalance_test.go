package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
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

// handled counts what the handlers of all members have handled.
type handled struct {
	mu    sync.Mutex
	times map[string]int
	// next is, for each customer, the number of the message to be handled next.
	// disorder lists messages that were handled before an earlier one.
	next     map[string]int
	disorder []string
}

func newHandled() *handled { return &handled{times: map[string]int{}, next: map[string]int{}} }

// note counts the n-th message of a customer.
func (h *handled) note(customer string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := fmt.Sprintf("%s-%d", customer, n)
	h.times[id]++
	if h.times[id] > 1 {
		return
	}
	if n != h.next[customer] {
		h.disorder = append(h.disorder, fmt.Sprintf("%s after %d", id, h.next[customer]-1))
	}
	h.next[customer] = n + 1
}

func (h *handled) distinct() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.times)
}

// again counts handlings beyond the first.
func (h *handled) again() (times int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.times {
		times += n - 1
	}
	return times
}

// numbered returns the customer and the number of a message.
func numbered(t testing.TB, e stream.MessageEvent) (customer string, n int) {
	_, err := fmt.Sscanf(e.TransactionID, e.Customer+"-%d", &n)
	require.NoError(t, err)
	return e.Customer, n
}

// conversations returns messages of many customers. Those of one customer are in one
// partition.
func conversations(partitions, customers, messages int) []*kgo.Record {
	var all []*kgo.Record
	for n := range messages {
		for c := range customers {
			all = append(all, onto(int32(c%partitions), message(fmt.Sprintf("c%d", c), n)))
		}
	}
	return all
}

// member is a source with a worker that handles its messages.
type member struct {
	source *kafka.Source
	leave  func()
}

// join adds a member to the group.
func join(t *testing.T, cluster *kfake.Cluster, to *handled) member {
	source := open(t, config(cluster))
	worker, err := stream.NewWorker(source)
	require.NoError(t, err)
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		customer, n := numbered(t, e)
		to.note(customer, n)
		return nil
	})
	stop := work(t, worker)
	return member{source, func() {
		stop()
		closed(t, source)
	}}
}

func TestMembersComeAndGoWithoutLoss(t *testing.T) {
	const partitions, customers, messages = 8, 64, 60
	cluster := newCluster(t, partitions)
	all := conversations(partitions, customers, messages)
	third := len(all) / 3
	record := newHandled()

	first := join(t, cluster, record)
	produce(t, cluster, all[:third]...)
	eventually(t, func() bool { return record.distinct() > third/2 })
	second := join(t, cluster, record)
	produce(t, cluster, all[third:2*third]...)
	_, err := cluster.WaitGroupInfo(t.Context(), group, func(g *kfake.GroupInfo) bool {
		return len(g.Members) == 2 && g.Members[0].NumAssigned() == 4 && g.Members[1].NumAssigned() == 4
	})
	require.NoError(t, err)
	eventually(t, func() bool { return first.source.Counts().Partitions == 4 && second.source.Counts().Partitions == 4 })
	produce(t, cluster, all[2*third:]...)
	first.leave()
	eventually(t, func() bool { return record.distinct() == len(all) })
	for p := range int32(partitions) {
		eventually(t, func() bool { return committed(cluster, p) == int64(len(all)/partitions) })
	}
	second.leave()

	require.Empty(t, record.disorder)
	for p := range int32(partitions) {
		require.EqualValues(t, len(all)/partitions, committed(cluster, p))
	}
	a, b := first.source.Counts(), second.source.Counts()
	t.Logf("%d events: %d read by the first member, %d by the second; handled again: %d",
		len(all), a.Read, b.Read, record.again())
}

func TestARollingDeployLosesNothing(t *testing.T) {
	const partitions, customers, messages, generations = 6, 30, 60, 3
	cluster := newCluster(t, partitions)
	all := conversations(partitions, customers, messages)
	record := newHandled()
	chunk := len(all) / (2 * generations)

	var members []member
	for generation := range generations {
		next := []member{join(t, cluster, record), join(t, cluster, record)}
		produce(t, cluster, all[2*generation*chunk:][:chunk]...)
		for _, m := range members {
			m.leave()
		}
		members = next
		produce(t, cluster, all[(2*generation+1)*chunk:][:chunk]...)
	}
	eventually(t, func() bool { return record.distinct() == len(all) })
	for p := range int32(partitions) {
		eventually(t, func() bool { return committed(cluster, p) == int64(len(all)/partitions) })
	}
	for _, m := range members {
		m.leave()
	}
	require.Empty(t, record.disorder)
	t.Logf("%d events, %d generations: each handled, %d handled again", len(all), generations, record.again())
}

func TestAPartitionLeavesOnlyOnceItsDeliveriesAreSettled(t *testing.T) {
	cluster := newCluster(t, 2)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)), onto(1, message("b", 1)), onto(1, message("b", 2)))
	first := open(t, config(cluster))
	out := []stream.Delivery{take(t, first), take(t, first)}

	second := open(t, config(cluster))
	leaving, staying := separate(t, first, out)
	require.NoError(t, staying.Ack(t.Context()))
	next := take(t, first)
	require.Equal(t, staying.Conversation, next.Conversation, "what stays goes on meanwhile")
	require.Zero(t, second.Counts().Partitions)

	require.NoError(t, leaving.Ack(t.Context()))
	taken := take(t, second)
	require.Equal(t, leaving.Conversation, taken.Conversation)
	require.NotEqual(t, leaving.ID, taken.ID, "the first is handled and committed")
}

// separate waits until the partition of one of two deliveries leaves the source:
// that delivery can no longer be extended. A delivery whose lease ran out before
// is taken again.
func separate(t *testing.T, source stream.Source, out []stream.Delivery) (leaving, staying stream.Delivery) {
	eventually(t, func() bool {
		for i, d := range out {
			switch err := d.Extend(t.Context()); {
			case errors.Is(err, stream.ErrSettled):
				out[i] = take(t, source)
			case err != nil:
				leaving, staying = d, out[1-i]
				return true
			}
		}
		return false
	})
	return leaving, staying
}

func TestADeliveryThatIsNotSettledInTimeIsOver(t *testing.T) {
	cluster := newCluster(t, 2)
	produce(t, cluster, onto(0, message("a", 1)), onto(1, message("b", 1)))
	brief := config(cluster)
	brief.Lease = 3 * time.Second
	first := open(t, brief)
	out := []stream.Delivery{take(t, first), take(t, first)}
	second := open(t, config(cluster))
	leaving, staying := separate(t, first, out)
	require.NoError(t, staying.Ack(t.Context()))

	again := take(t, second)
	require.Equal(t, leaving.ID, again.ID)
	require.ErrorIs(t, leaving.Ack(t.Context()), stream.ErrSettled)
	require.NoError(t, again.Ack(t.Context()))
}

func TestADeliveryOfAPartitionThatLeavesDoesNotHoldUpOthers(t *testing.T) {
	cluster := newCluster(t, 2)
	customers := []string{"a", "b"}
	produce(t, cluster, onto(0, message("a", 1)), onto(1, message("b", 1)))
	first := open(t, config(cluster))
	out := []stream.Delivery{take(t, first), take(t, first)}
	second := open(t, config(cluster))
	leaving, staying := separate(t, first, out)
	require.NoError(t, staying.Ack(t.Context()))

	stays := slices.IndexFunc(customers, func(c string) bool { return transactionOf(t, staying.Entry) == c+"-1" })
	produce(t, cluster, onto(int32(stays), message(customers[stays], 2)))
	require.NoError(t, expect(t, first, customers[stays]+"-2").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, int32(stays)) == 2 })
	require.Zero(t, second.Counts().Partitions)
	require.NoError(t, leaving.Ack(t.Context()), "its lease still runs")
}

// heldPoll is a hook that holds up the first poll that returns records.
type heldPoll struct {
	once          sync.Once
	held, release chan struct{}
}

func (h *heldPoll) OnFetchRecordUnbuffered(*kgo.Record, bool) {
	h.once.Do(func() {
		close(h.held)
		<-h.release
	})
}

func TestWhatWasPolledBeforeAPartitionLeftIsNotDeliveredWhenItIsBack(t *testing.T) {
	cluster := newCluster(t, 2)
	produce(t, cluster, onto(0, message("0", 1)), onto(1, message("1", 1)))
	var log lockedBuffer
	c := config(cluster)
	c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	poll := &heldPoll{held: make(chan struct{}), release: make(chan struct{})}
	c.Options = append(c.Options, kgo.WithHooks(poll))
	first := open(t, c)
	<-poll.held

	second := open(t, config(cluster))
	handled := take(t, second)
	require.NoError(t, handled.Ack(t.Context()))
	closed(t, second)
	moved := transactionOf(t, handled.Entry)[:1] // the name of a customer is that of the partition
	eventually(t, func() bool {
		return strings.Contains(log.String(), "new group session begun\" group=desk added=events["+moved+"]")
	})
	close(poll.release)

	produce(t, cluster, onto(0, message("0", 2)), onto(1, message("1", 2)))
	var rest []string
	for range 3 {
		delivery := take(t, first)
		rest = append(rest, transactionOf(t, delivery.Entry))
		require.NoError(t, delivery.Ack(t.Context()))
	}
	require.NotContains(t, rest, moved+"-1")
}

func TestALostPartitionEndsItsDeliveries(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)))
	source := open(t, config(cluster))
	delivery := expect(t, source, "a-1")
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, TopLevel: true, Err: kerr.UnknownMemberID, Count: 1})

	again := takeAfterErrors(t, source)
	require.Equal(t, "a-1", transactionOf(t, again.Entry))
	require.ErrorIs(t, delivery.Ack(t.Context()), stream.ErrSettled)
	require.NoError(t, again.Ack(t.Context()))
	require.NoError(t, expect(t, source, "a-2").Ack(t.Context()))
}

func TestReadingGoesOnAfterTheLossOfAllThatTheSourceMayHold(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)))
	small := config(cluster)
	small.MaxRecords = 1
	source := open(t, small)
	expect(t, source, "a-1")
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, TopLevel: true, Err: kerr.UnknownMemberID, Count: 1})
	again := takeAfterErrors(t, source)
	require.Equal(t, "a-1", transactionOf(t, again.Entry))
	require.NoError(t, again.Ack(t.Context()))
	require.NoError(t, expect(t, source, "a-2").Ack(t.Context()))
}
