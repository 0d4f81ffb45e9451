package inboxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/stream"
)

// patience is how long a check waits for what must happen.
const patience = 30 * time.Second

// entry returns the n-th entry of a conversation.
func entry(conversation string, n int) stream.Entry {
	return stream.Entry{
		ID:           fmt.Sprintf("%s-%d", conversation, n),
		Conversation: conversation,
		Received:     time.Date(2026, 11, 2, 9, 30, 0, 123e6, time.UTC),
		Data:         fmt.Appendf(nil, `{"tid":"%s-%d"}`, conversation, n),
	}
}

// harness gives the steps of a check, which end the test if they fail.
type harness struct {
	t     *testing.T
	inbox stream.Inbox
}

func open(t *testing.T, setup Setup) harness { return harness{t, setup.Open(t)} }

// put stores an entry that must be new.
func (h harness) put(conversation string, n int) {
	h.t.Helper()
	if h.offer(conversation, n) {
		h.t.Fatalf("entry %d of %s is taken for a copy", n, conversation)
	}
}

// offer puts an entry, and reports whether it is a copy.
func (h harness) offer(conversation string, n int) bool {
	h.t.Helper()
	duplicate, err := h.inbox.Put(h.t.Context(), entry(conversation, n))
	if err != nil {
		h.t.Fatalf("put: %v", err)
	}
	return duplicate
}

// take returns the next delivery, which must come.
func (h harness) take() stream.Delivery {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	delivery, err := h.inbox.Take(ctx)
	if err != nil {
		h.t.Fatalf("take: %v", err)
	}
	return delivery
}

// expect takes the next delivery, which must be the one with id.
func (h harness) expect(id string) stream.Delivery {
	h.t.Helper()
	delivery := h.take()
	if delivery.ID != id {
		h.t.Fatalf("took %s, want %s", delivery.ID, id)
	}
	return delivery
}

func (h harness) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h harness) ack(d stream.Delivery) { h.t.Helper(); h.must(d.Ack(h.t.Context())) }

func (h harness) nak(d stream.Delivery, delay time.Duration) {
	h.t.Helper()
	h.must(d.Nak(h.t.Context(), delay))
}

// nothingElse puts a last entry and takes it: nothing else may come before it.
func (h harness) nothingElse() {
	h.t.Helper()
	h.put("last", 1)
	h.ack(h.expect("last-1"))
}

func entryComesOut(t *testing.T, setup Setup) {
	h := open(t, setup)
	want := entry("a", 1)
	want.TraceID, want.VerifiedBy = "trace-1", "2026-10"
	if _, err := h.inbox.Put(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got := h.take()
	if got.ID != want.ID || got.Conversation != want.Conversation || got.TraceID != want.TraceID ||
		got.VerifiedBy != want.VerifiedBy || !got.Received.Equal(want.Received) || !bytes.Equal(got.Data, want.Data) {
		t.Fatalf("put %+v, took %+v", want, got.Entry)
	}
	if got.Attempt != 1 {
		t.Fatalf("the first attempt has the number %d", got.Attempt)
	}
	h.must(got.Extend(t.Context()))
	h.ack(got)
}

func withoutID(t *testing.T, setup Setup) {
	h := open(t, setup)
	for _, e := range []stream.Entry{{ID: "x"}, {Conversation: "x"}} {
		if _, err := h.inbox.Put(t.Context(), e); !errors.Is(err, stream.ErrNoID) {
			t.Fatalf("put without id or conversation: %v", err)
		}
	}
	h.nothingElse()
}

func takeWaits(t *testing.T, setup Setup) {
	h := open(t, setup)
	taken := make(chan stream.Delivery, 1)
	failed := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		delivery, err := h.inbox.Take(ctx)
		if err != nil {
			failed <- err
			return
		}
		taken <- delivery
	}()
	h.put("a", 1)
	select {
	case delivery := <-taken:
		h.ack(delivery)
	case err := <-failed:
		t.Fatal(err)
	}
}

func obeysContext(t *testing.T, setup Setup) {
	h := open(t, setup)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.inbox.Take(ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("take: %v", err)
	}
	if _, err := h.inbox.Put(ended, entry("a", 1)); !errors.Is(err, context.Canceled) {
		t.Fatalf("put: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := h.inbox.Take(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("take with nothing to take: %v", err)
	}
}

func copiesAreKnown(t *testing.T, setup Setup) {
	h := open(t, setup)
	copies := func(state string) {
		t.Helper()
		if !h.offer("a", 1) {
			t.Fatalf("the copy of an entry that %s is stored", state)
		}
	}
	h.put("a", 1)
	copies("waits")
	delivery := h.take()
	copies("was given out")
	h.nak(delivery, 0)
	copies("was put back")
	h.ack(h.expect("a-1"))
	copies("was acknowledged")

	h.put("b", 1)
	h.must(h.expect("b-1").Term(t.Context(), "no use"))
	if !h.offer("b", 1) {
		t.Fatal("the copy of a dead letter is stored")
	}
	h.nothingElse()
}

func concurrentCopies(t *testing.T, setup Setup) {
	h := open(t, setup)
	const ids, putters = 50, 8
	var stored atomic.Int64
	var group sync.WaitGroup
	for range putters {
		group.Go(func() {
			for n := range ids {
				duplicate, err := h.inbox.Put(t.Context(), entry("a", n))
				if err != nil {
					t.Errorf("put: %v", err)
				}
				if !duplicate {
					stored.Add(1)
				}
			}
		})
	}
	group.Wait()
	if stored.Load() != ids {
		t.Fatalf("%d entries are stored, want %d", stored.Load(), ids)
	}
	for range ids {
		h.ack(h.take())
	}
	h.nothingElse()
}

func inOrder(t *testing.T, setup Setup) {
	h := open(t, setup)
	const entries = 50
	for n := range entries {
		h.put("a", n)
	}
	for n := range entries {
		h.ack(h.expect(fmt.Sprintf("a-%d", n)))
	}
}

// many is how many conversations stand beside one that waits. An inbox may have
// a few of them wait with it.
const many = 64

func firstBlocksSecond(t *testing.T, setup Setup) {
	h := open(t, setup)
	h.put("a", 1)
	h.put("a", 2)
	held := h.expect("a-1")
	for n := range many {
		h.put(fmt.Sprintf("b%d", n), 1)
	}
	for range many / 4 {
		delivery := h.take()
		if delivery.Conversation == "a" {
			t.Fatal("an entry is given out before the one before it was settled")
		}
		h.ack(delivery)
	}
	h.ack(held)
	for range 1 + many - many/4 {
		h.ack(h.take())
	}
}

func nakKeepsOrder(t *testing.T, setup Setup) {
	h := open(t, setup)
	h.put("a", 1)
	h.put("a", 2)
	for attempt := 1; attempt <= 3; attempt++ {
		delivery := h.expect("a-1")
		if delivery.Attempt != attempt {
			t.Fatalf("attempt %d has the number %d", attempt, delivery.Attempt)
		}
		h.nak(delivery, 0)
	}
	h.ack(h.expect("a-1"))
	second := h.expect("a-2")
	if second.Attempt != 1 {
		t.Fatalf("the first attempt of the second entry has the number %d", second.Attempt)
	}
	h.ack(second)
	h.nothingElse()
}

func nakWaits(t *testing.T, setup Setup) {
	h := open(t, setup)
	const delay = 300 * time.Millisecond
	h.put("a", 1)
	h.put("a", 2)
	delivery := h.expect("a-1")
	putBack := time.Now()
	h.nak(delivery, delay)
	again := h.expect("a-1")
	if waited := time.Since(putBack); waited < delay {
		t.Fatalf("an entry that was put back for %v is given out after %v", delay, waited)
	}
	h.ack(again)
	h.ack(h.expect("a-2"))
}

func termGoesOn(t *testing.T, setup Setup) {
	h := open(t, setup)
	h.put("a", 1)
	h.put("a", 2)
	h.must(h.expect("a-1").Term(t.Context(), "no use"))
	h.ack(h.expect("a-2"))
	h.nothingElse()
}

func settledOnce(t *testing.T, setup Setup) {
	h := open(t, setup)
	settle := map[string]func(stream.Delivery) error{
		"ack":  func(d stream.Delivery) error { return d.Ack(t.Context()) },
		"nak":  func(d stream.Delivery) error { return d.Nak(t.Context(), 0) },
		"term": func(d stream.Delivery) error { return d.Term(t.Context(), "no use") },
	}
	for first, one := range settle {
		for second, other := range settle {
			conversation := first + "-" + second
			h.put(conversation, 1)
			delivery := h.take()
			h.must(one(delivery))
			if err := other(delivery); !errors.Is(err, stream.ErrSettled) {
				t.Fatalf("%s after %s: %v", second, first, err)
			}
			if err := delivery.Extend(t.Context()); !errors.Is(err, stream.ErrSettled) {
				t.Fatalf("extend after %s: %v", first, err)
			}
			if first == "nak" {
				h.ack(h.take())
			}
		}
	}
	h.nothingElse()
}

func takersShare(t *testing.T, setup Setup) {
	h := open(t, setup)
	const conversations, entries, takers = 20, 25, 8
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		for n := range entries {
			for c := range conversations {
				if _, err := h.inbox.Put(ctx, entry(fmt.Sprintf("c%d", c), n)); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		}
	})
	var mu sync.Mutex
	next := map[string]int{}
	left := conversations * entries
	for range takers {
		group.Go(func() {
			for {
				delivery, err := h.inbox.Take(ctx)
				if err != nil {
					return // the last entry was taken, which ended ctx
				}
				mu.Lock()
				want := fmt.Sprintf("%s-%d", delivery.Conversation, next[delivery.Conversation])
				if delivery.ID != want {
					t.Errorf("took %s, want %s", delivery.ID, want)
				}
				again := next[delivery.Conversation]%5 == 0 && delivery.Attempt == 1
				if !again {
					next[delivery.Conversation]++
					left--
				}
				last := left == 0
				mu.Unlock()
				settle := delivery.Ack
				if again {
					settle = func(ctx context.Context) error { return delivery.Nak(ctx, 0) }
				}
				if err := settle(t.Context()); err != nil {
					t.Errorf("settle: %v", err)
				}
				if last {
					cancel()
				}
			}
		})
	}
	group.Wait()
	if left != 0 {
		t.Fatalf("%d entries were not given out", left)
	}
}

func unsettledSurvives(t *testing.T, setup Setup) {
	h := open(t, setup)
	for n := range 3 {
		h.put("a", n)
	}
	h.ack(h.expect("a-0"))
	h.expect("a-1") // and the program ends

	h.inbox = setup.Reopen(t, h.inbox)
	h.ack(h.expect("a-1"))
	h.ack(h.expect("a-2"))
	h.nothingElse()
}

func settledStays(t *testing.T, setup Setup) {
	h := open(t, setup)
	for n := range 2 {
		h.put("a", n)
	}
	h.ack(h.expect("a-0"))
	h.must(h.expect("a-1").Term(t.Context(), "no use"))

	h.inbox = setup.Reopen(t, h.inbox)
	for n := range 2 {
		if !h.offer("a", n) {
			t.Fatalf("the copy of entry %d is stored", n)
		}
	}
	h.nothingElse()
}
