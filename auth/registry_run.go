package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Run renews the tokens of all authorizations by a timer until ctx ends, as [Cache.Run]
// does, those that are added later included. Calls then need not wait, even after a long
// silence. Run skips an authorization while a person has to act, even if its last token is
// usable. It continues after Authorize, Authenticate or a user's call has changed the state.
//
// When ctx ends, Run waits up to a minute for the renewals in progress, which save their
// tokens, and returns the error of ctx. Failures do not end it; Logger gets them. Run calls
// OnTransition on its own goroutines and waits for these calls.
func (r *Registry) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	cancels := make(map[*entry]context.CancelFunc)
	for {
		entries, changed := r.watch()
		for e, name := range entries {
			if cancels[e] == nil {
				entryCtx, cancel := context.WithCancel(ctx)
				cancels[e] = cancel
				running.Go(func() { r.keepFresh(entryCtx, name, e) })
			}
		}
		for e, cancel := range cancels {
			if _, exists := entries[e]; !exists {
				cancel()
				delete(cancels, e)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			for _, cancel := range cancels {
				cancel()
			}
			return ctx.Err()
		}
	}
}

// watch returns the entries with their names, and a channel that is closed when an entry is
// added, replaced or removed.
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
		if e.standing.Load().reason == "" { // else a person has to act
			_, err := e.cache.Token(ctx)
			_ = r.settle(name, e, err) // the cache has logged it
			wait = e.cache.untilNext()
		}
		if sleep(ctx, wait) != nil {
			e.cache.finishInTime(ctx)
			return
		}
	}
}

// Close is like [Cache.Close], for all authorizations. A process that does not use Run calls
// it before it ends. Authorizations that are added later are not closed.
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	caches := slices.Clone(r.replaced)
	for _, e := range r.entries {
		caches = append(caches, e.cache)
	}
	r.mu.Unlock()
	for _, cache := range caches {
		cache.stop()
	}
	for _, cache := range caches {
		if err := cache.finish(ctx); err != nil {
			return err
		}
	}
	return nil
}
