package kafka

import "context"

// maxPoll is the most records that are read at once.
const maxPoll = 500

// waitForRoom waits until another record may be held, and returns how many may.
// It asks for no bytes, because nobody knows how many are read next: a partition
// that has more than its share rests, and must leave the others theirs.
func (s *Source) waitForRoom(ctx context.Context) (int, error) {
	for {
		s.mu.Lock()
		room := min(s.config.MaxRecords-s.held, maxPoll, max(1, s.shareRecords()/2))
		s.mu.Unlock()
		if room > 0 {
			return room, ctx.Err()
		}
		select {
		case <-s.room:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// shareRecords and shareBytes are what one partition may hold before it rests.
func (s *Source) shareRecords() int { return s.config.MaxRecords / max(1, len(s.partitions)) }
func (s *Source) shareBytes() int64 { return s.config.MaxBytes / int64(max(1, len(s.partitions))) }

// checkRoom notes that p holds more or less than before.
func (s *Source) checkRoom(p *partition) {
	select {
	case s.room <- struct{}{}:
	default:
	}
	if p.resting != s.rests(p) {
		s.regulateDue = true
	}
}

// rests reports whether p should rest. It begins when p has its share, and ends
// when p has less than half of it, because beginning and ending cost.
func (s *Source) rests(p *partition) bool {
	records, bytes := s.shareRecords(), s.shareBytes()
	if p.resting {
		return len(p.records) > records/2 || p.bytes > bytes/2
	}
	return len(p.records) >= max(1, records) || p.bytes >= max(1, bytes)
}

// unlock gives the lock back, and then tells the client which partitions are to
// rest, if that has changed.
func (s *Source) unlock() {
	due := s.regulateDue
	s.regulateDue = false
	s.mu.Unlock()
	if due {
		s.regulate()
	}
}

// regulate has its own lock, so that the client is told in the order in which
// it was decided.
func (s *Source) regulate() {
	s.flow.Lock()
	defer s.flow.Unlock()
	rest, wake := map[string][]int32{}, map[string][]int32{}

	s.mu.Lock()
	for _, id := range s.awakened {
		wake[id.topic] = append(wake[id.topic], id.number)
	}
	s.awakened = nil
	for id, p := range s.partitions {
		switch rests := s.rests(p); {
		case rests == p.resting:
		case rests:
			p.resting = true
			rest[id.topic] = append(rest[id.topic], id.number)
		default:
			p.resting = false
			wake[id.topic] = append(wake[id.topic], id.number)
		}
	}
	s.mu.Unlock()

	if len(wake) > 0 {
		s.client.ResumeFetchPartitions(wake)
	}
	if len(rest) > 0 {
		s.client.PauseFetchPartitions(rest)
	}
}
