package engagetest

import (
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
)

// Query selects the conversations of a list. The zero value selects the first hundred.
type Query struct {
	// Status and Channel select conversations. Empty ones select all.
	Status  Status
	Channel channel.Channel
	// Offset is the number of conversations to leave out at the beginning.
	Offset int
	// Limit is the most conversations of the list. Zero means a hundred.
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

// List returns a page of a list of conversations, for programs that show it. Unlike
// [Server.Conversations] it copies only the conversations of the page.
func (s *Server) List(q Query) List {
	list := List{Counts: Counts{make(map[Status]int), make(map[channel.Channel]int)}}
	var newest []*Conversation // At most as many as the page needs.
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.state.all
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Offset, q.Limit = min(max(q.Offset, 0), len(all)), min(q.Limit, len(all))
	for _, c := range slices.Backward(all) {
		list.Counts.ByStatus[c.Status]++
		list.Counts.ByChannel[c.Channel]++
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
	i, _ := slices.BinarySearchFunc(newest, c, func(present, c *Conversation) int {
		if c.UpdatedAt.After(present.UpdatedAt) {
			return 1
		}
		return -1
	})
	if i == limit {
		return newest
	}
	newest = slices.Insert(newest, i, c)
	return newest[:min(len(newest), limit)]
}

// ConversationSince is like [Server.Conversation], but the copy has only the messages
// after the first n. A program that has these already reads only what is new.
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
