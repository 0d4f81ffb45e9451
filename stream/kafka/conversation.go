package kafka

import (
	"slices"
	"time"
)

// conversation is a line of records of one customer with one business. The first
// is ready, given out, or waits for its delay; those behind it wait for it.
type conversation struct {
	id      string
	records []*record
	// out is the delivery of the first record, delay what it waits for; nil for
	// neither.
	out   *delivery
	delay *time.Timer
	// ready says that the conversation is among those of Source.ready.
	ready bool
}

// join puts r at the end of its conversation.
func (s *Source) join(r *record) {
	id := r.entry.Conversation
	c, ok := s.conversations[id]
	if !ok {
		c = &conversation{id: id}
		s.conversations[id] = c
	}
	c.records = append(c.records, r)
	s.turn(c)
}

// turn makes c ready, if its first record may be given out.
func (s *Source) turn(c *conversation) {
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

// advance takes the first record of c, which is settled or dropped, out of its
// line, and gives the next one its turn.
func (s *Source) advance(c *conversation) {
	c.records[0] = nil
	c.records = c.records[1:]
	s.turn(c)
}

// postpone has the first record of c wait.
func (s *Source) postpone(c *conversation, delay time.Duration) {
	if delay <= 0 {
		s.turn(c)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		s.mu.Lock()
		defer s.unlock()
		if c.delay == timer {
			c.delay = nil
			s.turn(c)
		}
	})
	c.delay = timer
}

// next returns the conversation whose turn it is, and takes it out of those that
// are ready; nil for none.
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

// drop takes the records of p, which leaves, out of their conversations, and
// forgets their ids. Those that are given out stay, unless all is set.
func (s *Source) drop(p *partition, all bool) {
	touched := map[*conversation]bool{} // and whether its first record goes
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
		s.seen.Release(r.entry.ID)
		touched[c] = touched[c] || c.records[0] == r
	}
	for c, first := range touched {
		c.records = slices.DeleteFunc(c.records, func(r *record) bool { return r.dropped })
		if first && c.delay != nil {
			c.delay.Stop()
			c.delay = nil
		}
		s.turn(c)
	}
}
