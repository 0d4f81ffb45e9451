package main

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// row is a conversation in the list of the desk.
type row struct {
	ID       string
	Status   engagetest.Status
	Channel  channel.Channel
	Customer string
	Name     string
	Subject  string
	Last     string // The newest message as text, cut short.
	Messages int
	Updated  time.Time

	change int // The number of the conversation's last change.
}

// longestPreview is the number of characters of a message that a row shows.
const longestPreview = 80

// newRow returns the row of a conversation. c leaves out a number of its earlier messages.
func newRow(c engagetest.Conversation, earlier int) row {
	r := row{
		ID: c.ID, Status: c.Status, Channel: c.Channel, Customer: c.CustomerAddress, Name: c.CustomerName,
		Subject: c.Subject, Messages: earlier + len(c.Messages), Updated: c.UpdatedAt,
	}
	if added := len(c.Messages); added > 0 {
		m, _ := message.Decode(c.Messages[added-1].Raw)
		r.Last = cut(message.TextOf(m), longestPreview)
	}
	return r
}

// cut returns the first characters of a text. It ends with an ellipsis if there are more.
func cut(text string, characters int) string {
	for i := range text {
		if characters == 0 {
			return text[:i] + "…"
		}
		characters--
	}
	return text
}

// conversations is the list of the desk, the last changed conversation first.
type conversations struct {
	mu      sync.Mutex
	order   *list.List // Of rows.
	places  map[string]*list.Element
	counts  map[engagetest.Status]int
	changes int
}

func newConversations() *conversations {
	return &conversations{
		order: list.New(), places: make(map[string]*list.Element), counts: make(map[engagetest.Status]int),
	}
}

// pause is the shortest time between two updates. Many changes of one conversation within
// it cost as much as one.
const pause = 100 * time.Millisecond

// follow keeps the list up to date until ctx ends. It rings changed after every update.
func (l *conversations) follow(ctx context.Context, server *engagetest.Server, changed *bell) {
	for ids := range server.Changes(ctx) {
		for _, id := range ids {
			l.update(server, id)
		}
		changed.ring()
		if !sleep(ctx, pause) {
			return
		}
	}
}

// update reads a conversation that has changed. It reads only the messages that are new since
// the last time, and the one before them: the row shows it if none is new.
func (l *conversations) update(server *engagetest.Server, id string) {
	earlier := max(l.row(id).Messages-1, 0)
	conversation, ok := server.ConversationSince(id, earlier)
	if earlier > 0 && len(conversation.Messages) == 0 { // A loaded state has a shorter one.
		earlier = 0
		conversation, ok = server.Conversation(id)
	}
	if !ok {
		l.remove(id)
		return
	}
	l.put(newRow(conversation, earlier))
}

// sleep waits, and reports whether ctx goes on.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// put adds a row at the top, or replaces the row with its id and moves it there.
func (l *conversations) put(r row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	r.change = l.changes
	if place, ok := l.places[r.ID]; ok {
		l.counts[place.Value.(row).Status]--
		place.Value = r
		l.order.MoveToFront(place)
	} else {
		l.places[r.ID] = l.order.PushFront(r)
	}
	l.counts[r.Status]++
}

func (l *conversations) remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place, ok := l.places[id]; ok {
		l.counts[place.Value.(row).Status]--
		l.order.Remove(place)
		delete(l.places, id)
	}
}

// page returns up to size rows of a status, beginning with the row number from, and
// whether there are more. The empty status means all.
func (l *conversations) page(status engagetest.Status, from, size int) (rows []row, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for place := l.order.Front(); place != nil; place = place.Next() {
		r := place.Value.(row)
		switch {
		case status != "" && r.Status != status:
		case from > 0:
			from--
		case len(rows) == size:
			return rows, true
		default:
			rows = append(rows, r)
		}
	}
	return rows, false
}

// since returns up to size rows that changed after the change with the number seen, the last
// changed one first. It also returns the number of the last change of all.
func (l *conversations) since(seen, size int) (rows []row, last int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for place := l.order.Front(); place != nil && len(rows) < size; place = place.Next() {
		r := place.Value.(row)
		if r.change <= seen {
			break
		}
		rows = append(rows, r)
	}
	return rows, l.changes
}

// row returns the row of a conversation, or the zero row if there is no such conversation.
func (l *conversations) row(id string) row {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place, ok := l.places[id]; ok {
		return place.Value.(row)
	}
	return row{}
}

// count returns the number of conversations of a status. The empty status means all.
func (l *conversations) count(status engagetest.Status) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if status == "" {
		return l.order.Len()
	}
	return l.counts[status]
}

// tab is a status with the number of its conversations.
type tab struct {
	Status  engagetest.Status
	Title   string
	Count   int
	Current bool
}

// tabs returns the tabs of the list, of which current is open.
func (l *conversations) tabs(current engagetest.Status) []tab {
	l.mu.Lock()
	defer l.mu.Unlock()
	return []tab{
		{"", "All", l.order.Len(), current == ""},
		{engagetest.Queued, "Queued", l.counts[engagetest.Queued], current == engagetest.Queued},
		{engagetest.Active, "Active", l.counts[engagetest.Active], current == engagetest.Active},
		{engagetest.OnHold, "On hold", l.counts[engagetest.OnHold], current == engagetest.OnHold},
		{engagetest.Closed, "Closed", l.counts[engagetest.Closed], current == engagetest.Closed},
	}
}
