package main

import "sync"

// bell wakes the goroutines that wait for it. The zero value is ready for use.
type bell struct {
	mu   sync.Mutex
	next chan struct{} // The next ring closes it. Nil if none waits.
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

// ring wakes the goroutines that wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
