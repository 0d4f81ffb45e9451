package jetstream

import (
	"context"
	"sync"
)

// demand tells lines whether anybody waits in Take, so that a program without
// takers fetches nothing.
type demand struct {
	mu     sync.Mutex
	takers int
	wanted chan struct{} // closed while there are takers
}

func newDemand() *demand { return &demand{wanted: make(chan struct{})} }

// join adds a taker until the function that it returns is called.
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

// wait returns when there is a taker, or with ctx's error.
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
