package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/engagesdk/engage-go/stream"
)

// tally counts what the workers handle.
type tally struct {
	// half is called when half of the events are handled, and all when all are, while
	// mu is held.
	half, all func()

	mu       sync.Mutex
	handled  map[string]bool
	next     map[string]int // the number of the next message, by customer
	byWorker [workers]int
	again    int   // events that were handled before
	disorder int   // events that came out of order
	stopped  error // of stopping a server
}

func newTally() *tally {
	return &tally{handled: map[string]bool{}, next: map[string]int{}}
}

// handle counts an event that a worker handles.
func (t *tally) handle(worker int, e stream.MessageEvent) error {
	number, err := strconv.Atoi(e.Text)
	if err != nil {
		return stream.Permanent(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.handled[e.ID] {
		t.again++ // the first acknowledgement was lost with a server
		return nil
	}
	if t.next[e.Customer] != number {
		t.disorder++
	}
	t.handled[e.ID] = true
	t.next[e.Customer] = number + 1
	t.byWorker[worker]++
	switch len(t.handled) {
	case customers * messages / 2:
		t.half()
	case customers * messages:
		t.all()
	}
	return nil
}

// summarize prints the counts. It returns an error if an event was lost or out of
// order.
func (t *tally) summarize(out io.Writer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for worker, events := range t.byWorker {
		fmt.Fprintf(out, "worker %d handled %d events\n", worker+1, events)
	}
	lost := customers*messages - len(t.handled)
	fmt.Fprintf(out, "lost %d, out of order %d, delivered again after a server stopped %d\n", lost, t.disorder, t.again)
	if lost+t.disorder > 0 {
		return errors.New("the inbox did not keep its promise")
	}
	return t.stopped
}
