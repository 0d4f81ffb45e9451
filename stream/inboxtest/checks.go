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

// entry returns the n-th entry of a conversation.
func entry(conversation string, n int) stream.Entry {
	return stream.Entry{
		ID:           fmt.Sprintf("%s-%d", conversation, n),
		Conversation: conversation,
		Received:     time.Date(2026, 11, 2, 9, 30, 0, 123e6, time.UTC),
		Data:         fmt.Appendf(nil, `{"tid":"%s-%d"}`, conversation, n),
	}
}

// harness runs the steps of a check. A step that fails ends the test.
type harness struct {
	t     *testing.T
	inbox stream.Inbox
}

func open(t *testing.T, setup Setup) harness { return harness{t, setup.Open(t)} }

// patience returns a context that limits the wait for what must happen. It ends shortly
// before the test's deadline, or after five minutes if there is none.
func (h harness) patience() (context.Context, context.CancelFunc) {
	deadline, ok := h.t.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Minute)
	}
	left := time.Until(deadline)
	return context.WithTimeout(h.t.Context(), left-left/10)
}

// put stores an entry that must be new.
func (h harness) put(conversation string, n int) {
	h.t.Helper()
	if h.isDuplicate(conversation, n) {
		h.t.Fatalf("put reports the new entry %d of %s as a duplicate", n, conversation)
	}
}

// isDuplicate puts an entry, and reports whether it is a duplicate.
func (h harness) isDuplicate(conversation string, n int) bool {
	h.t.Helper()
	duplicate, err := h.inbox.Put(h.t.Context(), entry(conversation, n))
	if err != nil {
		h.t.Fatalf("put: %v", err)
	}
	return duplicate
}

// delivery is a delivery that a check took.
type delivery struct {
	stream.Delivery
	// asked is when Take was called. The lease began after that.
	asked time.Time
}

// expired reports whether err says that the delivery ended, and its lease may be the
// reason. The entry is then delivered again.
func (d delivery) expired(err error) bool {
	return errors.Is(err, stream.ErrSettled) && d.Lease > 0 && time.Since(d.asked) >= d.Lease
}

// take returns the next delivery. There must be one.
func (h harness) take() delivery {
	h.t.Helper()
	ctx, cancel := h.patience()
	defer cancel()
	asked := time.Now()
	taken, err := h.inbox.Take(ctx)
	if err != nil {
		h.t.Fatalf("take: %v", err)
	}
	return delivery{taken, asked}
}

// expect takes the next delivery, which must have that id.
func (h harness) expect(id string) delivery {
	h.t.Helper()
	taken := h.take()
	if taken.ID != id {
		h.t.Fatalf("took %s, want %s", taken.ID, id)
	}
	return taken
}

// settle settles a delivery. If its lease has run out, it takes the entry again and
// settles the new delivery. It returns the delivery that was settled.
func (h harness) settle(d delivery, how func(stream.Delivery) error) delivery {
	h.t.Helper()
	err := how(d.Delivery)
	for d.expired(err) {
		d = h.expect(d.ID)
		err = how(d.Delivery)
	}
	if err != nil {
		h.t.Fatalf("settle %s: %v", d.ID, err)
	}
	return d
}

func (h harness) ack(d delivery) {
	h.t.Helper()
	h.settle(d, func(d stream.Delivery) error { return d.Ack(h.t.Context()) })
}

func (h harness) nak(d delivery) delivery {
	h.t.Helper()
	return h.settle(d, func(d stream.Delivery) error { return d.Nak(h.t.Context(), 0) })
}

func (h harness) term(d delivery) {
	h.t.Helper()
	h.settle(d, func(d stream.Delivery) error { return d.Term(h.t.Context(), "no use") })
}

// nothingElse checks that the inbox holds no entry: the next one that it delivers is one
// that nothingElse puts.
func (h harness) nothingElse() {
	h.t.Helper()
	h.put("last", 1)
	h.ack(h.expect("last-1"))
}

func entryComesOut(t *testing.T, setup Setup) {
	h := open(t, setup)
	want := entry("a", 1)
	want.TraceID, want.TraceParent, want.VerifiedBy = "trace-1", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "2026-10"
	if _, err := h.inbox.Put(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got := h.take()
	if got.ID != want.ID || got.Conversation != want.Conversation || got.TraceID != want.TraceID || got.TraceParent != want.TraceParent ||
		got.VerifiedBy != want.VerifiedBy || !got.Received.Equal(want.Received) || !bytes.Equal(got.Data, want.Data) {
		t.Fatalf("put %+v, took %+v", want, got.Entry)
	}
	if got.Attempt != 1 {
		t.Fatalf("the first attempt has the number %d", got.Attempt)
	}
	if err := got.Extend(t.Context()); err != nil && !got.expired(err) {
		t.Fatalf("extend: %v", err)
	}
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
	ctx, cancel := h.patience()
	defer cancel()
	taken := make(chan delivery, 1)
	failed := make(chan error, 1)
	go func() {
		asked := time.Now()
		d, err := h.inbox.Take(ctx)
		if err != nil {
			failed <- err
			return
		}
		taken <- delivery{d, asked}
	}()
	h.put("a", 1)
	select {
	case d := <-taken:
		h.ack(d)
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
		t.Fatalf("take from an empty inbox: %v", err)
	}
}

func duplicatesAreRecognized(t *testing.T, setup Setup) {
	h := open(t, setup)
	requireDuplicate := func(conversation, state string) {
		t.Helper()
		if !h.isDuplicate(conversation, 1) {
			t.Fatalf("the duplicate of an entry that %s is stored", state)
		}
	}
	h.put("a", 1)
	requireDuplicate("a", "waits")
	taken := h.take()
	requireDuplicate("a", "was delivered")
	h.nak(taken)
	requireDuplicate("a", "was put back")
	h.ack(h.expect("a-1"))
	requireDuplicate("a", "was acknowledged")

	h.put("b", 1)
	h.term(h.expect("b-1"))
	requireDuplicate("b", "was terminated")
	h.nothingElse()
}

func concurrentDuplicates(t *testing.T, setup Setup) {
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

// many is how many other conversations there are while one waits. An inbox may make a few
// of them wait, too.
const many = 64

func firstBlocksSecond(t *testing.T, setup Setup) {
	h := open(t, setup)
	h.put("a", 1)
	h.put("a", 2)
	held := h.expect("a-1")
	for n := range many {
		h.put(fmt.Sprintf("b%d", n), 1)
	}
	acknowledged := map[string]bool{}
	acknowledge := func(d delivery) {
		t.Helper()
		switch err := d.Ack(t.Context()); {
		case err == nil:
			acknowledged[d.ID] = true
		case !d.expired(err): // else it is delivered again
			t.Fatalf("ack %s: %v", d.ID, err)
		}
	}
	for holding := true; len(acknowledged) < 2+many; {
		if holding && len(acknowledged) >= many/4 {
			holding = false
			acknowledge(held)
		}
		d := h.take()
		switch {
		case acknowledged[d.ID]:
			t.Fatalf("%s is delivered again after it was acknowledged", d.ID)
		case d.ID == "a-2" && !acknowledged["a-1"]:
			t.Fatal("an entry is delivered before the one before it was settled")
		case d.ID == "a-1" && holding:
			held = d // its lease ran out
		default:
			acknowledge(d)
		}
	}
}

func nakKeepsOrder(t *testing.T, setup Setup) {
	h := open(t, setup)
	h.put("a", 1)
	h.put("a", 2)
	for attempt := 1; attempt <= 3; attempt++ {
		d := h.expect("a-1")
		if d.Attempt != attempt {
			t.Fatalf("attempt %d has the number %d", attempt, d.Attempt)
		}
		attempt = h.nak(d).Attempt
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
	var putBack time.Time
	h.settle(h.expect("a-1"), func(d stream.Delivery) error {
		putBack = time.Now()
		return d.Nak(t.Context(), delay)
	})
	again := h.expect("a-1")
	if waited := time.Since(putBack); waited < delay {
		t.Fatalf("an entry that was put back for %v is delivered after %v", delay, waited)
	}
	h.ack(again)
	h.ack(h.expect("a-2"))
}

func termGoesOn(t *testing.T, setup Setup) {
	h := open(t, setup)
	h.put("a", 1)
	h.put("a", 2)
	h.term(h.expect("a-1"))
	h.ack(h.expect("a-2"))
	h.nothingElse()
}

func settledOnce(t *testing.T, setup Setup) {
	h := open(t, setup)
	ways := map[string]func(stream.Delivery) error{
		"ack":  func(d stream.Delivery) error { return d.Ack(t.Context()) },
		"nak":  func(d stream.Delivery) error { return d.Nak(t.Context(), 0) },
		"term": func(d stream.Delivery) error { return d.Term(t.Context(), "no use") },
	}
	for first, one := range ways {
		for second, other := range ways {
			conversation := first + "-" + second
			h.put(conversation, 1)
			var settled stream.Delivery
			h.settle(h.take(), func(d stream.Delivery) error {
				settled = d
				return one(d)
			})
			if err := other(settled); !errors.Is(err, stream.ErrSettled) {
				t.Fatalf("%s after %s: %v", second, first, err)
			}
			if err := settled.Extend(t.Context()); !errors.Is(err, stream.ErrSettled) {
				t.Fatalf("extend after %s: %v", first, err)
			}
			if first == "nak" {
				h.ack(h.take())
			}
		}
	}
	h.nothingElse()
}

func takersKeepOrder(t *testing.T, setup Setup) {
	h := open(t, setup)
	const conversations, entries, takers = 20, 25, 8
	patience, cancel := h.patience()
	defer cancel()
	ctx, done := context.WithCancel(patience)
	defer done()
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

	// When a lease runs out on a slow machine, two takers have one entry, and one of
	// them may have it after it was settled. Two things hold on any machine: an entry
	// is acknowledged once, and it is delivered only after the acknowledgement of the
	// one before it has begun.
	var mu sync.Mutex
	begun, acknowledged := map[string]bool{}, map[string]bool{}
	take := func() (d delivery, n int, err error) {
		asked := time.Now()
		taken, err := h.inbox.Take(ctx)
		if err != nil {
			return d, 0, err
		}
		d = delivery{taken, asked}
		if _, err := fmt.Sscanf(d.ID, d.Conversation+"-%d", &n); err != nil {
			t.Errorf("took %s of %s", d.ID, d.Conversation)
		}
		mu.Lock()
		defer mu.Unlock()
		if before := fmt.Sprintf("%s-%d", d.Conversation, n-1); n > 0 && !begun[before] {
			t.Errorf("took %s before %s was settled", d.ID, before)
		}
		return d, n, nil
	}
	acknowledge := func(d delivery) {
		mu.Lock()
		begun[d.ID] = true
		mu.Unlock()
		err := d.Ack(t.Context())
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil && !d.expired(err):
			t.Errorf("ack: %v", err)
		case err == nil && acknowledged[d.ID]:
			t.Errorf("%s is acknowledged twice", d.ID)
		case err == nil:
			acknowledged[d.ID] = true
		}
		if len(acknowledged) == conversations*entries {
			done()
		}
	}
	for range takers {
		group.Go(func() {
			for {
				d, n, err := take()
				if err != nil {
					return // everything is acknowledged, or patience is over
				}
				if n%5 != 0 || d.Attempt > 1 {
					acknowledge(d)
				} else if err := d.Nak(t.Context(), 0); err != nil && !d.expired(err) {
					t.Errorf("nak: %v", err)
				}
			}
		})
	}
	group.Wait()
	if missing := conversations*entries - len(acknowledged); missing != 0 {
		t.Fatalf("%d entries were not acknowledged", missing)
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
	h.term(h.expect("a-1"))

	h.inbox = setup.Reopen(t, h.inbox)
	for n := range 2 {
		if !h.isDuplicate("a", n) {
			t.Fatalf("the duplicate of entry %d is stored", n)
		}
	}
	h.nothingElse()
}
