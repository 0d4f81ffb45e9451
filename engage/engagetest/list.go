package engagetest

import (
	"maps"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
)

// Query selects the conversations of a list. The zero value selects the first hundred.
type Query struct {
	// Status and Channel select conversations. Empty ones select all.
	Status  Status
	Channel channel.Channel
	// Offset is the number of conversations to leave out at the beginning. A negative one
	// counts as zero.
	Offset int
	// Limit is the most conversations of the list. Zero or less means a hundred.
	Limit int
}

// List is a page of a list of conversations.
type List struct {
	// Conversations are copies, the last updated first. Each has only its newest message.
	Conversations []Conversation
	// Total is the number of conversations that the query selects, on all pages.
	Total int
	// Counts has the number of conversations of each status and of each channel,
	// whatever the query selects.
	Counts Counts
}

// Counts are numbers of conversations. A status or channel without conversations is
// absent.
type Counts struct {
	ByStatus  map[Status]int
	ByChannel map[channel.Channel]int
}

func newCounts() Counts { return Counts{make(map[Status]int), make(map[channel.Channel]int)} }

func (c Counts) clone() Counts { return Counts{maps.Clone(c.ByStatus), maps.Clone(c.ByChannel)} }

// counted is what the counts contain for a conversation.
type counted struct {
	status  Status
	channel channel.Channel
}

// count adds a number to the counts.
func (c Counts) count(what counted, number int) {
	plus(c.ByStatus, what.status, number)
	plus(c.ByChannel, what.channel, number)
}

// plus adds a number to a count, and removes a count of zero.
func plus[Key comparable](counts map[Key]int, key Key, number int) {
	if counts[key] += number; counts[key] == 0 {
		delete(counts, key)
	}
}

// recount brings the counts up to date after a conversation was added, changed or removed.
func (s *state) recount(id string) {
	if before, ok := s.counted[id]; ok {
		s.counts.count(before, -1)
		delete(s.counted, id)
	}
	if c, ok := s.byID[id]; ok {
		now := counted{c.Status, c.Channel}
		s.counts.count(now, 1)
		s.counted[id] = now
	}
}

// List returns a page of a list of conversations, for programs that show it. Unlike
// [Server.Conversations] it copies only the conversations of the page.
func (s *Server) List(q Query) List {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := List{Counts: s.state.counts.clone()}
	all := s.state.all
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Offset, q.Limit = min(max(q.Offset, 0), len(all)), min(q.Limit, len(all))
	var newest []*Conversation // At most as many as the page needs.
	for _, c := range slices.Backward(all) {
		if q.Status != "" && q.Status != c.Status || q.Channel != "" && q.Channel != c.Channel {
			continue
		}
		list.Total++
		newest = insert(newest, c, q.Offset+q.Limit)
	}
	for _, c := range newest[min(q.Offset, len(newest)):] {
		list.Conversations = append(list.Conversations, c.since(len(c.Messages)-1))
	}
	return list
}

// insert inserts a conversation into a list that has the last updated first. It comes after
// those that were updated at the same time. The list keeps its first limit conversations.
func insert(newest []*Conversation, c *Conversation, limit int) []*Conversation {
	if len(newest) == limit && !c.UpdatedAt.After(newest[limit-1].UpdatedAt) {
		return newest
	}
	i, _ := slices.BinarySearchFunc(newest, c, func(present, c *Conversation) int {
		if c.UpdatedAt.After(present.UpdatedAt) {
			return 1
		}
		return -1
	})
	newest = slices.Insert(newest, i, c)
	return newest[:min(len(newest), limit)]
}

// ConversationSince is like [Server.Conversation], but the copy has only the messages
// after the first n, and none if there are not more. A program that has these already
// reads only what is new. A negative n counts as zero.
func (s *Server) ConversationSince(id string, n int) (Conversation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.state.byID[id]
	if !ok {
		return Conversation{}, false
	}
	return found.since(n), true
}

// since returns a copy that has only the messages after the first n.
func (c *Conversation) since(n int) Conversation {
	part := *c
	part.Messages = c.Messages[min(max(n, 0), len(c.Messages)):]
	return part.clone()
}
