package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/engagesdk/engage-go/stream"
)

// Backlog returns how many records of the source's partitions are not settled. It asks
// the brokers how many of them the source has not read yet. The sum over all members is
// the backlog of the group.
//
// Entries can be too high. Until a record is read, it counts even if an earlier member
// settled it, and so does the marker of a transaction.
//
// Oldest is the timestamp of the first unsettled record that the source holds. It is zero
// if the source holds none, even if some are not read yet.
//
// The error is [stream.ErrClosed], ctx's error, or that of the brokers. Backlog returns
// when ctx ends, even if no broker answers.
func (s *Source) Backlog(ctx context.Context) (stream.Backlog, error) {
	type answer struct {
		backlog stream.Backlog
		err     error
	}
	answered := make(chan answer, 1)
	s.mu.Lock()
	err := s.ended(ctx)
	if err == nil {
		s.running.Go(func() {
			backlog, err := s.backlog(ctx)
			answered <- answer{backlog, err}
		})
	}
	s.mu.Unlock()
	if err != nil {
		return stream.Backlog{}, err
	}
	// The client ignores ctx while it connects.
	select {
	case a := <-answered:
		return a.backlog, a.err
	case <-ctx.Done():
		return stream.Backlog{}, ctx.Err()
	}
}

// backlog is Backlog without the promise to return when ctx ends.
func (s *Source) backlog(ctx context.Context) (stream.Backlog, error) {
	backlog, next := s.unsettled()
	if len(next) == 0 {
		if err := s.client.Ping(ctx); err != nil {
			return stream.Backlog{}, fmt.Errorf("kafka: no broker answers: %w", err)
		}
		return backlog, nil
	}
	for topic, offsets := range next {
		unread, err := s.unread(ctx, topic, offsets)
		if err != nil {
			return stream.Backlog{}, err
		}
		backlog.Entries += unread
	}
	return backlog, nil
}

// unsettled returns what the source holds, and the offset of the next record to read, or
// -1, of each partition of each topic.
func (s *Source) unsettled() (held stream.Backlog, next map[string]map[int32]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next = map[string]map[int32]int64{}
	for id, p := range s.partitions {
		if next[id.topic] == nil {
			next[id.topic] = map[int32]int64{}
		}
		next[id.topic][id.number] = p.next
		held.Entries += p.unsettled()
		if len(p.records) == 0 {
			continue
		}
		// The first record is not settled, and the others were stored after it.
		stored := p.records[0].entry.Received
		if held.Oldest.IsZero() || stored.Before(held.Oldest) {
			held.Oldest = stored
		}
	}
	return held, next
}

// unread returns how many records of a topic are not read yet. A partition without a next
// offset is read from its beginning.
func (s *Source) unread(ctx context.Context, topic string, next map[int32]int64) (n int, err error) {
	partitions := slices.Collect(maps.Keys(next))
	first, end, err := offsetsOf(ctx, s.client, topic, partitions)
	if err != nil {
		return 0, err
	}
	for number, offset := range next {
		n += int(max(0, end[number]-max(offset, first[number])))
	}
	return n, nil
}
