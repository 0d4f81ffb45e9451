package kafka_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// customers returns n messages of n customers, all in one partition.
func customers(n int) (all []*kgo.Record) {
	for c := range n {
		all = append(all, onto(0, message(fmt.Sprintf("c%d", c), 1)))
	}
	return all
}

// metadata is the metadata of the group's commit of partition 0.
func metadata(cluster *kfake.Cluster) string {
	if info := cluster.GroupInfo(group); info != nil {
		return info.Commits[topic][0].Metadata
	}
	return ""
}

func TestWhatIsSettledBehindAnUnsettledRecordIsNotDeliveredAfterARestart(t *testing.T) {
	const records = 3000
	cluster := newCluster(t, 1)
	produce(t, cluster, customers(records)...)
	source := open(t, config(cluster))
	failing := expect(t, source, "c0-1")
	require.NoError(t, failing.Nak(t.Context(), 0))
	for range records {
		delivery := take(t, source)
		if delivery.ID == failing.ID {
			require.NoError(t, delivery.Nak(t.Context(), time.Hour))
			continue
		}
		require.NoError(t, delivery.Ack(t.Context()))
	}
	closed(t, source)
	require.Zero(t, committed(cluster, 0))

	source = open(t, config(cluster))
	again := expect(t, source, "c0-1")
	require.Equal(t, 3, again.Attempt, "the attempts before count")
	require.NoError(t, again.Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == records })
	require.EqualValues(t, records-1, source.Counts().Skipped)
	produce(t, cluster, onto(0, message("c0", 2)))
	require.Equal(t, 1, expect(t, source, "c0-2").Attempt)
}

func TestWhatWasSettledBeforeTheLastIntervalIsNotDeliveredAfterACrash(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, customers(4)...)
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "c0-1").Nak(t.Context(), time.Hour))
	require.NoError(t, expect(t, source, "c1-1").Ack(t.Context()))
	require.NoError(t, expect(t, source, "c2-1").Ack(t.Context()))
	expect(t, source, "c3-1")
	eventually(t, func() bool { return metadata(cluster) == "engage-go/1 1:1 2:s 1:1" })

	// The group no longer knows the member, which loses its partitions at once.
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, TopLevel: true, Err: kerr.UnknownMemberID, Count: 1})
	again := takeAfterErrors(t, source)
	require.Equal(t, "c0-1", transactionOf(t, again.Entry))
	require.Equal(t, 2, again.Attempt)
	require.NoError(t, again.Ack(t.Context()))
	again = expect(t, source, "c3-1")
	require.Equal(t, 2, again.Attempt)
	require.NoError(t, again.Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 4 })
}

// A partition that is read again only in part still has the progress of the rest.
func TestProgressThatIsNotReadAgainYetIsKept(t *testing.T) {
	const records = 100
	cluster := newCluster(t, 1)
	produce(t, cluster, customers(records)...)
	source := open(t, config(cluster))
	unsettled := map[string]bool{"c0-1": true, "c1-1": true, "c2-1": true, "c99-1": true}
	for range records {
		delivery := take(t, source)
		if unsettled[transactionOf(t, delivery.Entry)] {
			require.NoError(t, delivery.Nak(t.Context(), time.Hour))
			continue
		}
		require.NoError(t, delivery.Ack(t.Context()))
	}
	closed(t, source)

	small := config(cluster)
	small.MaxRecords = 2
	source = open(t, small)
	require.NoError(t, expect(t, source, "c0-1").Nak(t.Context(), time.Hour))
	require.NoError(t, expect(t, source, "c1-1").Nak(t.Context(), time.Hour))
	eventually(t, func() bool { return source.Counts().Paused == 1 })
	closed(t, source)

	source = open(t, config(cluster))
	for len(unsettled) > 0 {
		delivery := take(t, source)
		transaction := transactionOf(t, delivery.Entry)
		require.Contains(t, unsettled, transaction)
		delete(unsettled, transaction)
		require.NoError(t, delivery.Ack(t.Context()))
	}
	eventually(t, func() bool { return committed(cluster, 0) == records })
}

// settleEveryOther settles every other record, has the source closed, and returns
// how many records are delivered after that.
func settleEveryOther(t *testing.T, cluster *kfake.Cluster, records int) (again int) {
	produce(t, cluster, customers(records)...)
	source := open(t, config(cluster))
	for n := range records {
		delivery := take(t, source)
		if n%2 == 0 {
			require.NoError(t, delivery.Nak(t.Context(), time.Hour))
			continue
		}
		require.NoError(t, delivery.Ack(t.Context()))
	}
	closed(t, source)

	source = open(t, config(cluster))
	for committed(cluster, 0) < int64(records) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		delivery, err := source.Take(ctx)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			continue
		}
		again++
		require.NoError(t, delivery.Ack(t.Context()))
	}
	return again
}

func TestMetadataThatWouldBeTooLargeLeavesOutTheLastRecords(t *testing.T) {
	const records = 3000
	cluster := newCluster(t, 1)
	var largest int
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		for _, committed := range request.(*kmsg.OffsetCommitRequest).Topics {
			largest = max(largest, len(*committed.Partitions[0].Metadata))
		}
		return nil, nil, false
	})
	again := settleEveryOther(t, cluster, records)
	require.LessOrEqual(t, largest, 4096, "what a broker accepts")
	require.Greater(t, largest, 4000)
	require.Greater(t, again, records/2, "every record that is not settled is delivered")
	require.Less(t, again, records*9/10, "most settled ones at the beginning are not")
}

func TestABrokerThatAcceptsLessMetadataGetsLess(t *testing.T) {
	const records = 200
	cluster := newCluster(t, 1)
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		commit := request.(*kmsg.OffsetCommitRequest)
		reply := commit.ResponseKind().(*kmsg.OffsetCommitResponse)
		refused := false
		for _, topic := range commit.Topics {
			of := kmsg.NewOffsetCommitResponseTopic()
			of.Topic, of.TopicID = topic.Topic, topic.TopicID
			for _, partition := range topic.Partitions {
				one := kmsg.NewOffsetCommitResponseTopicPartition()
				one.Partition = partition.Partition
				if len(*partition.Metadata) > 500 {
					refused, one.ErrorCode = true, kerr.OffsetMetadataTooLarge.Code
				}
				of.Partitions = append(of.Partitions, one)
			}
			reply.Topics = append(reply.Topics, of)
		}
		return reply, nil, refused
	})
	again := settleEveryOther(t, cluster, records)
	require.Greater(t, again, records/2)
	require.Less(t, again, records)
}

func TestMetadataOfOtherProgramsIsIgnored(t *testing.T) {
	for _, metadata := range []string{
		"", "kgo-76b91d358f8d", "engage-go/2 3:s", "engage-go/1", "engage-go/1 :s", "engage-go/1 0:s", "engage-go/1 -3:s",
		"engage-go/1 3", "engage-go/1 3:", "engage-go/1 3:-1", "engage-go/1 3:x 3:s", "engage-go/1 99999999999999999999:s",
	} {
		t.Run(metadata, func(t *testing.T) {
			cluster := newCluster(t, 1)
			produce(t, cluster, customers(3)...)
			commit(t, cluster, metadata)
			source := open(t, config(cluster))
			for n := range 3 {
				delivery := expect(t, source, fmt.Sprintf("c%d-1", n))
				require.Equal(t, 1, delivery.Attempt)
				require.NoError(t, delivery.Ack(t.Context()))
			}
		})
	}
}

// commit stores the offset 0 and metadata for partition 0.
func commit(t *testing.T, cluster *kfake.Cluster, metadata string) {
	partition := kmsg.NewOffsetCommitRequestTopicPartition()
	partition.Metadata = &metadata
	of := kmsg.NewOffsetCommitRequestTopic()
	of.Topic, of.TopicID = topic, cluster.TopicInfo(topic).TopicID
	of.Partitions = append(of.Partitions, partition)
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group = group
	request.Topics = append(request.Topics, of)
	reply, err := request.RequestWith(t.Context(), newClient(t, cluster))
	require.NoError(t, err)
	require.Zero(t, reply.Topics[0].Partitions[0].ErrorCode)
}

// The copy is settled because its original is held, which is settled only later.
func TestAnEventWhoseCopyIsSettledIsStillDeliveredAfterARestart(t *testing.T) {
	cluster := newCluster(t, 2)
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	original := expect(t, source, "a-1")
	produce(t, cluster, onto(1, message("b", 1)), onto(1, message("a", 1)))
	require.NoError(t, expect(t, source, "b-1").Nak(t.Context(), time.Hour))
	eventually(t, func() bool { return source.Counts().Copies == 1 })
	require.NoError(t, original.Nak(t.Context(), time.Hour))
	closed(t, source)

	source = open(t, config(cluster))
	var again []string
	for range 2 {
		again = append(again, transactionOf(t, take(t, source).Entry))
	}
	require.ElementsMatch(t, []string{"a-1", "b-1"}, again)
}
