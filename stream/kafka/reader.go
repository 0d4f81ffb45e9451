package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
)

// read polls the client until ctx ends.
func (s *Source) read(ctx context.Context) {
	failures := 0
	for {
		room, err := s.waitForRoom(ctx)
		if err != nil {
			return
		}
		fetches := s.poll(ctx, room)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		if !s.noteErrors(fetches) {
			failures = 0
			continue
		}
		failures++
		wait := time.NewTimer(stream.Backoff(readBase, readLimit)(failures))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
	}
}

// poll waits for at most limit records, and puts them into their partitions. It
// also returns, with nothing, when awaitPoll interrupts it.
func (s *Source) poll(ctx context.Context, limit int) kgo.Fetches {
	defer s.client.AllowRebalance() // in case Config.Options block rebalances

	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	polled := make(chan struct{})
	defer close(polled)
	s.mu.Lock()
	s.interrupt, s.polled = interrupt, polled
	s.mu.Unlock()

	fetches := s.client.PollRecords(ctx, limit)
	if ctx.Err() != nil && fetches.Empty() {
		return nil
	}
	fetches.EachPartition(s.hold)
	return fetches
}

// awaitPoll returns when the records of all polls that have begun before are in
// their partitions, or were discarded.
func (s *Source) awaitPoll() {
	s.mu.Lock()
	interrupt, polled := s.interrupt, s.polled
	s.mu.Unlock()
	if polled != nil {
		interrupt()
		<-polled
	}
}

// How long the source waits after reading has failed. The client itself retries
// what may soon succeed, so that other errors are likely to last.
const (
	readBase  = 100 * time.Millisecond
	readLimit = 5 * time.Second
)

// noteErrors keeps the last error of the fetches for a taker, and reports whether
// there is one.
func (s *Source) noteErrors(fetches kgo.Fetches) (failed bool) {
	var replaced []string
	for _, e := range fetches.Errors() {
		failed = true
		s.config.Logger.Warn("kafka: reading failed", "topic", e.Topic, "partition", e.Partition, "error", e.Err)
		s.mu.Lock()
		s.readErr = fmt.Errorf("kafka: reading failed: %w", e.Err)
		s.wake()
		s.mu.Unlock()
		if errors.Is(e.Err, kerr.UnknownTopicID) && !slices.Contains(replaced, e.Topic) {
			replaced = append(replaced, e.Topic)
		}
	}
	s.subscribeAgain(replaced)
	return failed
}

// subscribeAgain subscribes to topics that were deleted, in case they are created
// again. The client itself would go on asking for the deleted ones. What the source
// holds of them is lost, because nothing of them can be committed.
func (s *Source) subscribeAgain(topics []string) {
	if len(topics) == 0 {
		return
	}
	s.mu.Lock()
	var deleted []*partition
	for id, p := range s.partitions {
		if slices.Contains(topics, id.topic) {
			deleted = append(deleted, p)
			s.counts.Expired += uint64(p.unsettled())
		}
	}
	s.remove(deleted)
	s.mu.Unlock()
	s.config.Logger.Error("kafka: topics were deleted, and their events that were not handled are lost", "topics", topics)
	s.client.PurgeTopicsFromConsuming(topics...)
	s.client.AddConsumeTopics(topics...)
}

// hold decodes records and puts them into their partition and conversations.
func (s *Source) hold(fetched kgo.FetchTopicPartition) {
	if len(fetched.Records) == 0 {
		return
	}
	records := make([]*record, len(fetched.Records))
	for i, r := range fetched.Records {
		records[i] = newRecord(r)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[partitionID{fetched.Topic, fetched.Partition}]
	if p == nil || p.leaving {
		return // the member that has the partition next reads them again
	}
	s.noteExpired(p, fetched.LogStartOffset)
	p.next = records[len(records)-1].kafka.Offset + 1
	for _, r := range records {
		s.counts.Read++
		r.attempts = p.known.attemptsOf(r.kafka.Offset)
		tombstone := r.kafka.Value == nil && !r.deadLetter
		if r.attempts == settled || tombstone {
			s.counts.Skipped++
			if len(p.records) == 0 {
				p.epoch = r.kafka.LeaderEpoch
			}
			continue
		}
		size := int64(len(r.kafka.Value))
		r.partition = p
		p.records = append(p.records, r)
		p.bytes += size
		s.bytes += size
		s.held++
		r.claimed = s.seen.Claim(r.entry.ID)
		if r.claimed || r.deadLetter {
			s.enqueue(r)
			continue
		}
		// The original was handled, or is held and not committed: dropping
		// the copy loses nothing.
		s.counts.Copies++
		s.settle(r)
	}
	s.regulate(p)
}

// noteExpired counts records that were deleted before they were read: those
// between what the group has and what the broker still has.
func (s *Source) noteExpired(p *partition, logStart int64) {
	expected := p.next
	if expected < 0 || logStart <= expected {
		return
	}
	s.counts.Expired += uint64(logStart - expected)
	s.config.Logger.Error("kafka: records were deleted before they were read", "topic", p.id.topic,
		"partition", p.id.number, "from", expected, "to", logStart)
}
