package main

import "sync"

// bell wakes everybody who waits for it. The zero value is ready for use.
type bell struct {
	mu   sync.Mutex
	next chan struct{} // The next ring closes it. Nil if nobody waits.
}

// wait returns a channel that the next ring closes.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// ring wakes everybody who waits.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
