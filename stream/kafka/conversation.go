package kafka

import (
	"slices"
	"time"
)

// conversation is a queue of records of one customer with one business. The first
// is ready, delivered, or waits for its delay. The others wait for the first.
type conversation struct {
	id      string
	records []*record
	// out is the delivery of the first record that is not settled; nil for none.
	out *delivery
	// delay is the timer that the first record waits for; nil for none.
	delay *time.Timer
	// ready reports whether Source.ready contains the conversation.
	ready bool
}

// enqueue puts r at the end of its conversation.
func (s *Source) enqueue(r *record) {
	id := r.entry.Conversation
	c, ok := s.conversations[id]
	if !ok {
		c = &conversation{id: id}
		s.conversations[id] = c
	}
	c.records = append(c.records, r)
	s.schedule(c)
}

// schedule makes c ready if its first record may be delivered.
func (s *Source) schedule(c *conversation) {
	switch {
	case c.out != nil || c.delay != nil:
	case len(c.records) == 0:
		delete(s.conversations, c.id)
	case !c.ready:
		c.ready = true
		s.ready = append(s.ready, c)
		s.wake()
	}
}

// advance removes the first record of c, which is settled, and schedules the next.
func (s *Source) advance(c *conversation) {
	c.records[0] = nil
	c.records = c.records[1:]
	s.schedule(c)
}

// postpone schedules c after delay.
func (s *Source) postpone(c *conversation, delay time.Duration) {
	if delay <= 0 {
		s.schedule(c)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.delay == timer {
			c.delay = nil
			s.schedule(c)
		}
	})
	c.delay = timer
}

// next removes the first conversation from s.ready and returns it, or nil if none is
// ready.
func (s *Source) next() *conversation {
	for len(s.ready) > 0 {
		c := s.ready[0]
		s.ready[0] = nil
		s.ready = s.ready[1:]
		c.ready = false
		if len(c.records) > 0 {
			return c
		}
	}
	return nil
}

// drop removes the unsettled records of p from their conversations, and forgets
// their ids. Records with a delivery stay, unless all is set: then their
// deliveries end.
func (s *Source) drop(p *partition, all bool) {
	touched := map[*conversation]bool{} // true if the first record is dropped
	for _, r := range p.records {
		c := s.conversations[r.entry.Conversation]
		if r.settled || r.dropped || c == nil {
			continue
		}
		if c.out != nil && c.out.record == r {
			if !all {
				continue
			}
			c.out.end()
		}
		r.dropped = true
		if r.claimed {
			s.seen.Release(r.entry.ID)
		}
		touched[c] = touched[c] || c.records[0] == r
	}
	for c, first := range touched {
		c.records = slices.DeleteFunc(c.records, func(r *record) bool { return r.dropped })
		if first && c.delay != nil {
			c.delay.Stop()
			c.delay = nil
		}
		s.schedule(c)
	}
}
