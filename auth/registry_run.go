package auth

import (
	"context"
	"sync"
	"time"
)

// Run keeps the tokens of the authorizations fresh, so that no call has to wait
// for one even after a long silence. It is [Cache.Run] for all of them, those
// that are added or authorized later included, but for those that wait for a
// person, even while their last token lives: nothing is asked for them before
// their state has changed, by Authorize or by a user's call.
//
// Run returns when ctx ends, with its error, or at once if ctx or the registry is
// nil. Failures do not end it: Logger is told of them, and OnTransition of a
// state that changes, from goroutines that Run waits for.
func (r *Registry) Run(ctx context.Context) error {
	switch {
	case r == nil:
		return errNoRegistry
	case ctx == nil:
		return errNoContext
	}
	var kept sync.WaitGroup
	defer kept.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	running := make(map[*entry]context.CancelFunc)
	for {
		entries, changed := r.watch()
		for e, name := range entries {
			if running[e] == nil {
				keeping, end := context.WithCancel(ctx)
				running[e] = end
				kept.Go(func() { r.keepFresh(keeping, name, e) })
			}
		}
		for e, end := range running {
			if _, there := entries[e]; !there {
				end()
				delete(running, e)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watch returns the entries with their names, and what is closed once there are
// others.
func (r *Registry) watch() (map[*entry]string, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	entries := make(map[*entry]string, len(r.entries))
	for name, e := range r.entries {
		entries[e] = name
	}
	return entries, r.changed
}

// keepFresh keeps the token of one entry fresh until ctx ends.
func (r *Registry) keepFresh(ctx context.Context, name string, e *entry) {
	for {
		wait := time.Minute
		if !e.waitsForAPerson() {
			_, err := e.cache.Token(ctx)
			_ = r.settle(name, e, err) // which tells of it, as the cache does
			wait = e.cache.untilNext()
		}
		if sleep(ctx, wait) != nil {
			return
		}
	}
}

// waitsForAPerson reports whether there will be no token before somebody acts.
func (e *entry) waitsForAPerson() bool { return e.standing.Load().reason != "" }
