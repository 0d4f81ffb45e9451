package engagetest

import (
	"context"
	"iter"
	"slices"
)

// Changes returns the ids of conversations as they change, for programs that show the
// state of the server. The first list has the ids of all conversations and may be empty.
// Each further list has the conversations that were added or changed since the list
// before, each once, in the order in which they first changed. The sequence waits for
// changes, and ends when ctx ends or the server is closed.
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
			if !s.waitFor(ctx, w.signal) {
				return
			}
		}
	}
}

// RequestChanges returns requests as they arrive and change, for programs that show them.
// The first list has the requests of [Server.Requests] and may be empty. Each further list
// has copies of those that arrived since the list before, or that got a reply or an
// effect. It leaves out those that the server no longer keeps. The sequence waits for
// changes, and ends when ctx ends or the server is closed.
func (s *Server) RequestChanges(ctx context.Context) iter.Seq[[]Request] {
	return func(yield func([]Request) bool) {
		w := s.log.watch()
		defer s.log.unwatch(w)
		for yield(s.log.take(w)) {
			if !s.waitFor(ctx, w.signal) {
				return
			}
		}
	}
}

// waitFor waits for a signal. It returns false if ctx ends or the server is closed.
func (s *Server) waitFor(ctx context.Context, signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return false
}

// watcher collects the ids of what changes. The lock of what it watches guards its ids.
type watcher[ID comparable] struct {
	ids     []ID
	present map[ID]bool
	signal  chan struct{} // It has an element if there are ids.
}

func newWatcher[ID comparable]() *watcher[ID] {
	return &watcher[ID]{present: make(map[ID]bool), signal: make(chan struct{}, 1)}
}

// add adds the id of something that has changed.
func (w *watcher[ID]) add(id ID) {
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

// take returns the ids and removes them.
func (w *watcher[ID]) take() []ID {
	select {
	case <-w.signal:
	default:
	}
	ids := w.ids
	w.ids = nil
	clear(w.present)
	return ids
}

// watch returns a watcher that begins with all conversations.
func (s *Server) watch() *watcher[string] {
	w := newWatcher[string]()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.state.all {
		w.add(c.ID)
	}
	s.state.watchers[w] = true
	return w
}

func (s *Server) unwatch(w *watcher[string]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.watchers, w)
}

// take returns the ids of a watcher and removes them from it.
func (s *Server) take(w *watcher[string]) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.take()
}

// changed notes that a conversation was added, changed or removed.
func (s *state) changed(id string) {
	s.recount(id)
	for w := range s.watchers {
		w.add(id)
	}
}

// watch returns a watcher that begins with all requests.
func (l *requestLog) watch() *watcher[int] {
	w := newWatcher[int]()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.requests {
		w.add(r.Number)
	}
	if l.watchers == nil {
		l.watchers = make(map[*watcher[int]]bool)
	}
	l.watchers[w] = true
	return w
}

func (l *requestLog) unwatch(w *watcher[int]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watchers, w)
}

// take returns copies of the requests of a watcher that are kept, and removes them from it.
func (l *requestLog) take(w *watcher[int]) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var changed []Request
	for _, number := range w.take() {
		if r := l.kept(number); r != nil {
			changed = append(changed, r.clone())
		}
	}
	return changed
}

// changed notes that a request was added or changed. If a watcher has many numbers that
// nobody takes, it forgets those of requests that have been dropped.
func (l *requestLog) changed(r *Request) {
	for w := range l.watchers {
		if len(w.ids) >= 2*maxRecordedRequests {
			w.ids = slices.DeleteFunc(w.ids, func(number int) bool {
				dropped := l.kept(number) == nil
				if dropped {
					delete(w.present, number)
				}
				return dropped
			})
		}
		w.add(r.Number)
	}
}

// kept returns the request with that number, or nil if it has been dropped.
func (l *requestLog) kept(number int) *Request {
	if len(l.requests) == 0 || number < l.requests[0].Number {
		return nil
	}
	return l.requests[number-l.requests[0].Number]
}
