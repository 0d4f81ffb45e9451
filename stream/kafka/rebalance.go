package kafka

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// assigned adds partitions that the group has assigned to this source. A record
// that was polled before, when the source had the same partition, must not get
// into the new one: another member may have handled it since.
func (s *Source) assigned(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	if len(partitions) > 0 {
		s.awaitPoll()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range ids(partitions) {
		if s.partitions[id] == nil {
			s.partitions[id] = newPartition(id)
		}
	}
	s.regulateAll()
}

// revoked hands partitions over to other members. Meanwhile the source goes on
// with the others.
func (s *Source) revoked(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	if err := s.handOver(s.life, s.find(partitions)); err != nil && s.life.Err() == nil {
		s.config.Logger.Warn("kafka: the commit before a rebalance failed", "error", err)
	}
}

// lost removes partitions that other members may have already, so that nothing of
// them can be committed.
func (s *Source) lost(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	lost := s.find(partitions)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(lost)
}

// find returns those of the partitions that the source has.
func (s *Source) find(partitions map[string][]int32) (found []*partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range ids(partitions) {
		if p := s.partitions[id]; p != nil {
			found = append(found, p)
		}
	}
	return found
}

// ids iterates over partitions one by one.
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

// all returns all partitions that the source has.
func (s *Source) all() []*partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.partitions))
}

// handOver ends the source's work on partitions: nothing more of them is
// delivered. It waits until their deliveries are settled, at most for a lease or until
// ctx ends, commits, and removes the partitions. It returns the error of the
// commit.
func (s *Source) handOver(ctx context.Context, partitions []*partition) error {
	s.mu.Lock()
	for _, p := range partitions {
		p.leave()
		s.drop(p, false)
	}
	s.mu.Unlock()

	s.awaitDeliveries(ctx, partitions)

	s.mu.Lock()
	for _, p := range partitions {
		s.drop(p, true)
	}
	s.mu.Unlock()

	err := s.commit(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(partitions)
	return err
}

// awaitDeliveries waits until all deliveries of the partitions are settled, at most
// for a lease or until ctx ends.
func (s *Source) awaitDeliveries(ctx context.Context, partitions []*partition) {
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

// remove ends all deliveries of the partitions, and forgets the partitions. The
// caller holds s.mu.
func (s *Source) remove(partitions []*partition) {
	for _, p := range partitions {
		if p.gone {
			continue
		}
		p.leave()
		s.drop(p, true)
		p.gone = true
		delete(s.partitions, p.id)
		s.held -= len(p.records)
		s.bytes -= p.bytes
		p.records = nil
		s.pause(p, false)
	}
	s.regulateAll()
}
