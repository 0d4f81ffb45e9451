package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/engagesdk/engage-go/internal/errtree"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Worker takes events from a [Source] and runs the handler of their type.
//
// Events of one conversation are handled one after another, in the order of the
// source; different conversations at the same time, as many as
// [WithHandlers] allows. An event whose handler returns nil is acknowledged. One
// whose handler fails or panics is put back and tried again after a back-off,
// with its conversation waiting for it; after too many tries (see
// [WithMaxAttempts]), or at once if the error is [Permanent], it becomes a dead
// letter. An event without a handler is acknowledged and counted. One whose lease
// was lost before its handler failed is left to whoever has it now.
//
// Register handlers with the On methods before [Worker.Run]; one that is
// registered later counts from the next Run. The methods are safe for concurrent
// use.
//
// Make one with [NewWorker]: any other one has no source, and its Run fails.
type Worker struct {
	source      Source
	handlers    int
	maxAttempts int
	backoff     func(attempt int) time.Duration
	drain       time.Duration
	deadLetter  func(context.Context, DeadLetter) error
	logger      *slog.Logger

	mu       sync.Mutex
	byType   map[reflect.Type]handler
	fallback handler
	counts   workerCounts
}

// handler runs the code that was registered for a type of event.
type handler func(context.Context, Event) error

type workerCounts struct {
	handled, ignored, failed, deadLettered, unsettled atomic.Uint64
}

// WorkerCounts says what a [Worker] did so far.
type WorkerCounts struct {
	// Handled events were acknowledged after their handler, Ignored ones without
	// any.
	Handled, Ignored uint64
	// Failed counts tries that did not succeed, DeadLettered events that the
	// source has stored as dead letters.
	Failed, DeadLettered uint64
	// Unsettled counts deliveries that the source could not be told about, and
	// those whose lease was lost before their handler failed: such an event is
	// given out again, and may be handled twice.
	Unsettled uint64
}

var (
	// errNoSource says that a worker has nothing to take from.
	errNoSource = errors.New("stream: the worker has no source")
	// errNeverSettled says that no try of an event came to an end that counts.
	errNeverSettled = errors.New("stream: the event was given out too often and never settled")
	// errNoContext says that a context is nil.
	errNoContext = errors.New("stream: the context is nil")
)

// NewWorker returns a worker without handlers. It fails without a source, and
// on an option that is nil or cannot be obeyed.
func NewWorker(source Source, options ...WorkerOption) (*Worker, error) {
	if nothing.In(source) {
		return nil, errNoSource
	}
	w := &Worker{
		source:      source,
		handlers:    16,
		maxAttempts: 8,
		backoff:     Backoff(time.Second, 2*time.Minute),
		drain:       30 * time.Second,
		logger:      slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		if option == nil {
			return nil, errNilOption
		}
		if err := option(w); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Counts returns what the worker did so far, in all its runs.
func (w *Worker) Counts() WorkerCounts {
	if w == nil {
		return WorkerCounts{}
	}
	return WorkerCounts{
		Handled:      w.counts.handled.Load(),
		Ignored:      w.counts.ignored.Load(),
		Failed:       w.counts.failed.Load(),
		DeadLettered: w.counts.deadLettered.Load(),
		Unsettled:    w.counts.unsettled.Load(),
	}
}

// Run handles events until ctx ends, and then returns nil; or until the source
// is closed, and then returns [ErrClosed]. Other errors of the source are logged
// and tried again after a back-off. It fails at once without a source or a ctx.
//
// When ctx ends no event is taken any more, and the handlers that run may
// finish. Their own contexts end only once [WithDrain]'s time is over. Run
// returns when all of them have returned; what they did not finish is put back.
func (w *Worker) Run(ctx context.Context) error {
	if w == nil || w.source == nil {
		return errNoSource
	}
	if ctx == nil {
		return errNoContext
	}
	// A handler's context outlives ctx, so that it can finish.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(w.drain):
			stop()
		case <-working.Done():
		}
	})()

	r := run{Worker: w, taking: ctx, working: working}
	r.byType, r.fallback = w.registered()
	var group sync.WaitGroup
	var closed atomic.Bool
	for range w.handlers {
		group.Go(func() {
			if r.loop() {
				closed.Store(true)
			}
		})
	}
	group.Wait()
	if closed.Load() && ctx.Err() == nil {
		return ErrClosed
	}
	return nil
}

// run is one Run of a worker.
type run struct {
	*Worker
	// taking ends when no event is to be taken any more, working when handlers
	// are to give up.
	taking, working context.Context
	byType          map[reflect.Type]handler
	fallback        handler
}

// loop handles one event after another until there is none to take. It reports
// whether the source was closed.
func (r run) loop() (closed bool) {
	for failures := 0; r.taking.Err() == nil; {
		delivery, err := r.source.Take(r.taking)
		switch {
		case err == nil:
			failures = 0
			r.handle(delivery)
		case errors.Is(err, ErrClosed):
			return true
		case r.taking.Err() == nil:
			failures++
			r.logger.WarnContext(r.taking, "stream: the source failed", "error", err)
			r.wait(r.backoff(failures))
		}
	}
	return false
}

// wait waits until the time is over or no event is to be taken any more.
func (r run) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.taking.Done():
	}
}

// handle brings one delivery to its end.
func (r run) handle(d Delivery) {
	event, err := d.Event()
	if err != nil {
		r.giveUp(d, err)
		return
	}
	h := r.handlerOf(event)
	if h == nil {
		r.settle(d, &r.counts.ignored, Delivery.Ack)
		return
	}
	// A try that ends the program never fails. Twice the limit, because one that
	// a shutdown or a lost lease cut short is counted and does not fail, either.
	if d.Attempt-r.maxAttempts > r.maxAttempts {
		r.giveUp(d, errNeverSettled)
		return
	}
	switch t := r.call(d, h, event); {
	case t.err == nil:
		r.settle(d, &r.counts.handled, Delivery.Ack)
	case t.lost:
		r.unsettled(d, fmt.Errorf("stream: the lease was lost before the handler failed: %w", t.err))
	case r.working.Err() != nil:
		r.putBack(d, 0) // the handler was not given its time
	default:
		r.fail(d, t)
	}
}

// fail notes a try that did not succeed, and decides whether there is another.
func (r run) fail(d Delivery, t try) {
	r.counts.failed.Add(1)
	if t.permanent || d.Attempt >= r.maxAttempts {
		r.giveUp(d, t.err)
		return
	}
	r.logger.WarnContext(r.working, "stream: a handler failed", "id", d.ID, "attempt", d.Attempt, "error", t.err)
	r.putBack(d, r.backoff(d.Attempt))
}

// putBack has the delivery tried again after delay.
func (r run) putBack(d Delivery, delay time.Duration) {
	r.settle(d, nil, func(d Delivery, ctx context.Context) error { return d.Nak(ctx, delay) })
}

// giveUp makes the delivery a dead letter. One that cannot be reported is put
// back instead, so that it is not lost.
func (r run) giveUp(d Delivery, err error) {
	r.logger.ErrorContext(r.working, "stream: an event is given up", "id", d.ID, "attempts", d.Attempt, "error", err)
	letter := DeadLetter{Entry: d.Entry, Attempts: d.Attempt, Reason: reason(err)}
	if r.deadLetter != nil {
		report := func(ctx context.Context, _ Event) error { return r.deadLetter(ctx, letter) }
		if t := r.call(d, report, nil); t.err != nil {
			r.logger.ErrorContext(r.working, "stream: a dead letter could not be reported", "id", d.ID, "error", t.err)
			r.putBack(d, r.backoff(d.Attempt))
			return
		}
	}
	r.settle(d, &r.counts.deadLettered, func(d Delivery, ctx context.Context) error { return d.Term(ctx, letter.Reason) })
}

// settleTimeout is how long the source may take to settle a delivery.
const settleTimeout = 10 * time.Second

// settle tells the source, even while the worker is being stopped. What it was
// told is counted, if there is a count of it.
func (r run) settle(d Delivery, count *atomic.Uint64, how func(Delivery, context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.working), settleTimeout)
	defer cancel()
	if err := how(d, ctx); err != nil {
		r.unsettled(d, err)
		return
	}
	if count != nil {
		count.Add(1)
	}
}

// unsettled notes that the source knows nothing of what became of a delivery.
func (r run) unsettled(d Delivery, err error) {
	r.counts.unsettled.Add(1)
	r.logger.WarnContext(r.working, "stream: a delivery could not be settled", "id", d.ID, "error", err)
}

// errExited says that a handler ended its goroutine instead of returning.
var errExited = errors.New("stream: the handler did not return")

// try is how a handler ended. Its error is the handler's own, whose methods may
// panic: what it is must be known from the other fields.
type try struct {
	err error
	// permanent says that err is, or wraps, one of [Permanent]'s.
	permanent bool
	// lost says that another taker may have had the delivery before the end. What
	// becomes of the event is no longer this worker's business.
	lost bool
}

// tryOf returns the end of a handler that returned err. It panics if err does.
func tryOf(err error) try {
	err = sound(err)
	_, permanent := errors.AsType[*permanentError](err)
	return try{err: err, permanent: permanent}
}

// PanicError says that a handler panicked. Its text leaves Value out, which may
// hold anything.
type PanicError struct {
	// Value is what the handler panicked with, Stack where.
	Value any
	Stack []byte
}

// Error tells that the handler panicked, and the type of what with.
func (e *PanicError) Error() string {
	if e == nil {
		return "stream: the handler panicked"
	}
	return fmt.Sprintf("stream: the handler panicked with a %T", e.Value)
}

// GoString keeps %#v from showing Value.
func (e *PanicError) GoString() string { return strconv.Quote(e.Error()) }

// call runs h in a goroutine of its own, so that whatever it does ends there,
// and has the delivery's lease extended until it is done. If the lease is lost,
// it ends h's context.
func (r run) call(d Delivery, h handler, event Event) try {
	ctx, cancel := context.WithCancelCause(r.working)
	defer cancel(nil)
	// The delivery is h's until h returns, however long after its context's end.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var lost atomic.Bool
	if d.Lease > 0 {
		go extend(running, d, func(err error) { lost.Store(true); cancel(err) })
	}

	done := make(chan try, 1)
	go func() {
		t := try{err: errExited}
		defer func() {
			if value := recover(); value != nil {
				t = try{err: &PanicError{value, debug.Stack()}}
			}
			done <- t
		}()
		t = tryOf(h(ctx, event))
	}()
	t := <-done
	t.lost = lost.Load()
	return t
}

// extend extends the delivery's lease until ctx ends or the lease is lost. Nobody
// waits for it, because the source may hang.
func extend(ctx context.Context, d Delivery, lost func(error)) {
	interval := max(d.Lease/3, time.Millisecond)
	due := time.NewTicker(interval)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		limited, cancel := context.WithTimeout(ctx, interval)
		err := d.Extend(limited)
		cancel()
		if errors.Is(err, ErrSettled) {
			lost(err) // somebody else may have the event now
			return
		}
	}
}

// sound returns err, or one that tells its type if err holds a nil pointer:
// whoever asked that what it wraps would panic.
func sound(err error) error {
	if errtree.Sound(err) {
		return err
	}
	return safeerror.Hide("stream: the handler failed", err)
}

// reason is what a dead letter says of its error. The text is the handler's own;
// it is cut and made one line, because some sources keep it in a header.
func reason(err error) string {
	const longest = 500
	text := fmt.Sprint(err) // which outlives an error that is a nil pointer
	text = strings.ToValidUTF8(text[:min(len(text), longest)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// permanentError is an error that trying again does not mend.
type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// Permanent marks an error of a handler as one that trying again does not mend:
// the event becomes a dead letter at once. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{sound(err)}
}
