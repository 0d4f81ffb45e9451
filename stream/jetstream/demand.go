package jetstream

import (
	"context"
	"sync"
)

// demand counts the callers of Take. Lines wait for it, so that a program
// without takers fetches nothing.
type demand struct {
	mu     sync.Mutex
	takers int
	wanted chan struct{} // closed while there are takers
}

func newDemand() *demand { return &demand{wanted: make(chan struct{})} }

// join adds a taker until the returned function is called.
func (d *demand) join() (leave func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.takers++
	if d.takers == 1 {
		close(d.wanted)
	}
	return d.leave
}

func (d *demand) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.takers--
	if d.takers == 0 {
		d.wanted = make(chan struct{})
	}
}

// wait waits until there is a taker. It returns ctx's error if ctx ends.
func (d *demand) wait(ctx context.Context) error {
	d.mu.Lock()
	wanted := d.wanted
	d.mu.Unlock()
	select {
	case <-wanted:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
