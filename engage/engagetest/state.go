package engagetest

import (
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
)

// state is all that the service knows. The server's lock guards it.
type state struct {
	all        []*Conversation
	byID       map[string]*Conversation
	byCustomer map[pair][]*Conversation
	byThread   map[thread][]*Conversation
	created    int
	tasks      int

	teams         map[string]Team
	businessHours map[string]BusinessHours

	// ignoreRepeats makes a message whose alias id is already in the
	// conversation vanish instead of being appended again.
	ignoreRepeats bool
}

// pair is what every channel finds its conversations by.
type pair struct {
	channel  channel.Channel
	customer string
	business string
}

// thread finds a live chat whose customer is not named.
type thread struct{ business, id string }

func newState() state {
	return state{
		byID:          make(map[string]*Conversation),
		byCustomer:    make(map[pair][]*Conversation),
		byThread:      make(map[thread][]*Conversation),
		teams:         make(map[string]Team),
		businessHours: make(map[string]BusinessHours),
	}
}

func (c *Conversation) pair() pair {
	return pair{c.Channel, c.CustomerAddress, c.BusinessAddress}
}

func (c *Conversation) thread() thread {
	return thread{c.BusinessAddress, c.ThreadID}
}

// put adds a conversation, giving it an id if it has none, or replaces the one
// with the same id.
func (s *state) put(c *Conversation) {
	if c.ID == "" {
		c.ID = s.newID()
	}
	if old, ok := s.byID[c.ID]; ok {
		s.remove(old)
	}
	s.all = append(s.all, c)
	s.byID[c.ID] = c
	s.byCustomer[c.pair()] = append(s.byCustomer[c.pair()], c)
	if c.Channel == channel.LiveChat && c.ThreadID != "" {
		s.byThread[c.thread()] = append(s.byThread[c.thread()], c)
	}
}

func (s *state) remove(c *Conversation) {
	same := func(other *Conversation) bool { return other == c }
	s.all = slices.DeleteFunc(s.all, same)
	s.byCustomer[c.pair()] = slices.DeleteFunc(s.byCustomer[c.pair()], same)
	s.byThread[c.thread()] = slices.DeleteFunc(s.byThread[c.thread()], same)
	delete(s.byID, c.ID)
}

// newID returns an id that looks like the vendor's and that nobody has seeded.
func (s *state) newID() string {
	for {
		s.created++
		id := fmt.Sprintf("CSR%013d", s.created)
		if _, taken := s.byID[id]; !taken {
			return id
		}
	}
}
