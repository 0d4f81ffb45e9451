package kafka

import "context"

// maxPoll is how many records one poll returns at most.
const maxPoll = 500

// waitForRoom waits until the source may hold another record, and returns how
// many it may poll. It ignores bytes, because the size of the next records is not
// known: a partition that holds more than its share of bytes is paused.
func (s *Source) waitForRoom(ctx context.Context) (int, error) {
	for {
		s.mu.Lock()
		room := min(s.config.MaxRecords-s.held, maxPoll, max(1, s.shareOfRecords()/2))
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

// shareOfRecords and shareOfBytes are how much one partition may hold before it
// is paused.
func (s *Source) shareOfRecords() int { return s.config.MaxRecords / max(1, len(s.partitions)) }
func (s *Source) shareOfBytes() int64 { return s.config.MaxBytes / int64(max(1, len(s.partitions))) }

// regulate pauses p when it holds its share, and resumes it when it holds less
// than half of that: each change costs something. The caller holds s.mu and calls
// regulate whenever p holds more or less than before.
func (s *Source) regulate(p *partition) {
	select {
	case s.room <- struct{}{}:
	default:
	}
	records, bytes := s.shareOfRecords(), s.shareOfBytes()
	full := len(p.records) >= max(1, records) || p.bytes >= max(1, bytes)
	if p.paused {
		full = len(p.records) > records/2 || p.bytes > bytes/2
	}
	s.pause(p, full)
}

// regulateAll calls regulate for all partitions, because their share has changed.
func (s *Source) regulateAll() {
	for _, p := range s.partitions {
		s.regulate(p)
	}
}

// pause stops the client from fetching p, or lets it fetch again.
func (s *Source) pause(p *partition, paused bool) {
	if p.paused == paused {
		return
	}
	p.paused = paused
	id := map[string][]int32{p.id.topic: {p.id.number}}
	if paused {
		s.client.PauseFetchPartitions(id)
	} else {
		s.client.ResumeFetchPartitions(id)
	}
}
