package jetstream_test

import (
	"context"
	"sync"
	"testing"

	"github.com/engagesdk/engage-go/stream"
)

// handlings records which events were handled, by conversation.
type handlings struct {
	events        map[string]position
	conversations int
	length        int

	mu       sync.Mutex
	count    int
	handled  map[int][]int
	progress map[int]chan struct{}
}

func newHandlings(t *testing.T, conversations, length int) *handlings {
	t.Helper()
	return &handlings{
		events:        (&traffic{conversations: conversations, length: length}).events(t),
		conversations: conversations, length: length,
		handled: map[int][]int{}, progress: map[int]chan struct{}{},
	}
}

// reached returns a channel that is closed once a number of events were handled. It
// must be called before the first one is.
func (h *handlings) reached(count int) <-chan struct{} {
	h.progress[count] = make(chan struct{})
	return h.progress[count]
}

func (h *handlings) handle(_ context.Context, e stream.MessageEvent) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	event := h.events[e.ID]
	h.handled[event.conversation] = append(h.handled[event.conversation], event.number)
	h.count++
	if reached, ok := h.progress[h.count]; ok {
		close(reached)
	}
	return nil
}

// counts returns how many events were handled once, how often events were handled
// again, and how many were not handled.
func (h *handlings) counts() (once, again, lost int) {
	times := map[position]int{}
	for conversation, numbers := range h.handled {
		for _, n := range numbers {
			times[position{conversation, n}]++
		}
	}
	for _, n := range times {
		if n == 1 {
			once++
		}
		again += n - 1
	}
	return once, again, len(h.events) - len(times)
}

// inOrder returns what is handled if each event is handled once, in order.
func (h *handlings) inOrder() map[int][]int {
	want := map[int][]int{}
	for c := range h.conversations {
		for n := range h.length {
			want[c] = append(want[c], n)
		}
	}
	return want
}
