package kafka

import (
	"context"
	"iter"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// assigned notes partitions that the group gives to this source.
func (s *Source) assigned(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range ids(partitions) {
		if s.partitions[id] == nil {
			s.partitions[id] = newPartition(id)
		}
	}
	s.regulateAll()
}

// revoked hands partitions over to other members: it waits for what is given
// out, and commits what is settled.
func (s *Source) revoked(_ context.Context, client *kgo.Client, partitions map[string][]int32) {
	s.handOver(s.life, s.owned(partitions))
	if err := client.CommitMarkedOffsets(s.life); err != nil && s.life.Err() == nil {
		s.config.Logger.Warn("kafka: the offsets could not be committed before a rebalance", "error", err)
	}
}

// lost notes that other members may have partitions already. Nothing of them
// can be committed any more.
func (s *Source) lost(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.find(partitions) {
		s.remove(p)
	}
}

// owned returns those of the partitions that the source has.
func (s *Source) owned(partitions map[string][]int32) []*partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(partitions)
}

// find is owned for a caller who has the lock.
func (s *Source) find(partitions map[string][]int32) []*partition {
	var found []*partition
	for id := range ids(partitions) {
		if p := s.partitions[id]; p != nil {
			found = append(found, p)
		}
	}
	return found
}

// ids lists partitions one by one.
func ids(partitions map[string][]int32) iter.Seq[partitionID] {
	return func(yield func(partitionID) bool) {
		for topic, numbers := range partitions {
			for _, number := range numbers {
				if !yield(partitionID{topic, number}) {
					return
				}
			}
		}
	}
}

// committed is told how a commit went.
func (s *Source) committed(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, reply *kmsg.OffsetCommitResponse, err error) {
	if err == nil && reply != nil {
		for _, topic := range reply.Topics {
			for _, partition := range topic.Partitions {
				if err == nil {
					err = kerr.ErrorForCode(partition.ErrorCode)
				}
			}
		}
	}
	if err != nil && s.life.Err() == nil {
		s.config.Logger.Warn("kafka: offsets could not be committed, and will be again", "error", err)
	}
}

// handOver stops giving out what is in the partitions, waits until what is given
// out is settled, but no longer than a lease or until ctx ends, and lets go.
func (s *Source) handOver(ctx context.Context, partitions []*partition) {
	s.mu.Lock()
	for _, p := range partitions {
		p.leave()
		s.drop(p, false)
	}
	s.mu.Unlock()

	s.waitIdle(ctx, partitions)

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range partitions {
		s.remove(p)
	}
}

// waitIdle waits until nothing of the partitions is given out, but no longer
// than a lease or until ctx ends.
func (s *Source) waitIdle(ctx context.Context, partitions []*partition) {
	limit := time.NewTimer(s.config.Lease)
	defer limit.Stop()
	for _, p := range partitions {
		select {
		case <-p.idle:
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// remove lets go of p. Deliveries that are out are over.
func (s *Source) remove(p *partition) {
	if p.gone {
		return
	}
	p.leave()
	s.drop(p, true)
	p.gone = true
	delete(s.partitions, p.id)
	s.held -= len(p.records)
	s.bytes -= p.bytes
	p.records = nil
	s.pause(p, false)
	s.regulateAll()
}
