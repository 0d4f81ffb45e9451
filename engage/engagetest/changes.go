package engagetest

import (
	"context"
	"iter"
)

// Changes returns the ids of conversations as they change, for programs that show the
// state of the server. The first list has the ids of all conversations and may be empty.
// Each further list has the conversations that were added or changed since the list
// before, in the order in which they changed. The sequence waits for changes, and ends
// when ctx ends or the server is closed.
//
//	for ids := range server.Changes(ctx) {
//		for _, id := range ids {
//			conversation, ok := server.Conversation(id)
//			…
//		}
//	}
//
// After [Server.Restore] a list also has the ids of conversations that are gone.
func (s *Server) Changes(ctx context.Context) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		w := s.watch()
		defer s.unwatch(w)
		for yield(s.take(w)) {
			select {
			case <-w.signal:
			case <-ctx.Done():
				return
			case <-s.ctx.Done():
				return
			}
		}
	}
}

// watcher collects the ids of the conversations that change. The lock of [Server] guards
// its ids.
type watcher struct {
	ids     []string
	present map[string]bool
	signal  chan struct{} // It has an element if there are ids.
}

// add adds the id of a conversation that has changed.
func (w *watcher) add(id string) {
	if w.present[id] {
		return
	}
	w.present[id] = true
	w.ids = append(w.ids, id)
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// watch returns a watcher that begins with all conversations.
func (s *Server) watch() *watcher {
	w := &watcher{present: make(map[string]bool), signal: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.state.all {
		w.add(c.ID)
	}
	s.state.watchers[w] = true
	return w
}

func (s *Server) unwatch(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.watchers, w)
}

// take returns the ids of a watcher and removes them from it.
func (s *Server) take(w *watcher) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.signal:
	default:
	}
	ids := w.ids
	w.ids = nil
	clear(w.present)
	return ids
}

// changed notes that a conversation was added, changed or removed.
func (s *state) changed(id string) {
	for w := range s.watchers {
		w.add(id)
	}
}
