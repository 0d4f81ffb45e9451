package engine

import (
	"context"
	"sync"
	"time"
	"weak"
)

// alarm ends tries whose time is up, with one timer for all of them. A timer for
// each, as context.WithTimeout sets, is a good part of what the engine adds to a
// call, and hardly a try lives to see it go off: this one is set anew only when
// it does, or for a try that ends before it would.
//
// The zero value is ready for use.
type alarm struct {
	mutex sync.Mutex
	// flights is a list of the tries under way that have a limit.
	flights *flight
	timer   *time.Timer
	// due is when the timer goes off; zero while it is not set.
	due time.Time
}

// begin puts f under ctx, and under a time limit of its own unless that is 0 or
// ctx ends before it.
func (a *alarm) begin(ctx context.Context, f *flight, limit time.Duration) {
	f.Context, f.cancel = context.WithCancelCause(ctx)
	if limit <= 0 {
		return
	}
	end := time.Now().Add(limit)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		return
	}
	f.limit = end
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if f.next = a.flights; f.next != nil {
		f.next.previous = f
	}
	a.flights = f
	if a.due.IsZero() || end.Before(a.due) {
		a.wind(end)
	}
}

// end releases what begin set up.
func (a *alarm) end(f *flight) {
	f.cancel(nil)
	if f.limit.IsZero() {
		return
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if f.next != nil {
		f.next.previous = f.previous
	}
	if f.previous != nil {
		f.previous.next = f.next
	} else {
		a.flights = f.next
	}
	// Whoever keeps f, as a dial that goes on may, keeps no other flight by it.
	f.next, f.previous = nil, nil
}

// wind sets the timer to due. a.mutex is held.
func (a *alarm) wind(due time.Time) {
	a.due = due
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(due), ringing(weak.Make(a)))
	} else {
		a.timer.Reset(time.Until(due))
	}
}

// ringing returns what the timer calls. It does not keep the alarm, and with it a
// client that everybody has dropped, until the timer goes off: no try is under way
// by then.
func ringing(kept weak.Pointer[alarm]) func() {
	return func() {
		if a := kept.Value(); a != nil {
			a.ring()
		}
	}
}

// ring ends what is due and sets the timer for what is next.
func (a *alarm) ring() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	now := time.Now()
	var next time.Time
	for f := a.flights; f != nil; f = f.next {
		switch {
		case !f.limit.After(now):
			f.cancel(context.DeadlineExceeded)
		case next.IsZero() || f.limit.Before(next):
			next = f.limit
		}
	}
	a.due = time.Time{}
	if !next.IsZero() {
		a.wind(next)
	}
}
