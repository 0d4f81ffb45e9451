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

	"github.com/engagesdk/engage-go/internal/drift"
	"github.com/engagesdk/engage-go/internal/nothing"
)

// Worker takes events from a [Source] and runs the handler of their type.
//
// The events of a conversation are handled one after another, in the order of the
// source. Events of different conversations are handled at the same time, as many
// as [WithHandlers] allows.
//
// When the handler returns nil, the event is acknowledged. When it returns an
// error or panics, the event is put back and handled again after a back-off. Its
// conversation waits. After [WithMaxAttempts] attempts, or at once if the error is
// [Permanent], the event becomes a dead letter. An event without a handler is
// acknowledged and counted.
//
// The worker extends the lease of a delivery while its handler runs. If the source reports
// that the lease is lost, or does not extend it in time, another worker may get the event.
// The handler's context then ends, and its cause wraps [ErrSettled].
//
// Register handlers with the On methods before [Worker.Run]. A handler that is
// registered later is used from the next Run on. All methods are safe for
// concurrent use.
//
// Make a Worker with [NewWorker].
type Worker struct {
	source      Source
	handlers    int
	maxAttempts int
	backoff     func(attempt int) time.Duration
	drain       time.Duration
	deadLetter  func(context.Context, DeadLetter) error
	logger      *slog.Logger
	drift       *drift.Log
	observer    Observer // or nil
	// changes are made to the header of each event before it is handled.
	changes []func(*Header)

	mu       sync.Mutex
	byType   map[reflect.Type]handler
	fallback handler

	ready  atomic.Int64 // how many Runs are not stopping
	counts map[Result]*atomic.Uint64
}

// handler runs the code that was registered for a type of event.
type handler func(context.Context, Event) error

// WorkerCounts says what a [Worker] did so far.
type WorkerCounts struct {
	// Handled counts the events that were acknowledged after their handler
	// returned nil. Ignored counts those that were acknowledged without a handler.
	Handled, Ignored uint64
	// Failed counts the attempts that failed. DeadLettered counts the events that
	// the source stored as dead letters.
	Failed, DeadLettered uint64
	// Unsettled counts the deliveries that could not be settled, and those whose
	// lease was lost before their handler failed. Such an event is delivered
	// again and may be handled twice.
	Unsettled uint64
}

// NewWorker returns a worker without handlers. It returns an error if source is
// nil or an option is invalid. The error names all invalid options.
func NewWorker(source Source, options ...WorkerOption) (*Worker, error) {
	if nothing.In(source) {
		return nil, errors.New("stream: the worker has no source")
	}
	w := &Worker{
		source:      source,
		handlers:    16,
		maxAttempts: 8,
		backoff:     Backoff(time.Second, 2*time.Minute),
		drain:       30 * time.Second,
		logger:      slog.New(slog.DiscardHandler),
		byType:      map[reflect.Type]handler{},
		counts:      map[Result]*atomic.Uint64{},
	}
	for _, result := range []Result{ResultHandled, ResultIgnored, ResultFailed, ResultDeadLettered, ResultUnsettled} {
		w.counts[result] = new(atomic.Uint64)
	}
	if err := apply(w, options); err != nil {
		return nil, err
	}
	w.drift = drift.New(w.logger)
	return w, nil
}

// Counts returns what the worker did so far, in all its runs.
func (w *Worker) Counts() WorkerCounts {
	return WorkerCounts{
		Handled:      w.counts[ResultHandled].Load(),
		Ignored:      w.counts[ResultIgnored].Load(),
		Failed:       w.counts[ResultFailed].Load(),
		DeadLettered: w.counts[ResultDeadLettered].Load(),
		Unsettled:    w.counts[ResultUnsettled].Load(),
	}
}

// Run handles events until ctx ends, and then returns nil. If the source is closed
// before that, it returns [ErrClosed]. It logs any other error of the source, and
// calls the source again after a back-off.
//
// When ctx ends, Run takes no more events and lets the running handlers finish. If they
// take longer than [WithDrain] says, their contexts end, and the events that they did
// not finish are put back. Run returns when all handlers have returned.
func (w *Worker) Run(ctx context.Context) error {
	// A handler's context outlives ctx, so that the handler can finish.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(w.drain):
			stop()
		case <-working.Done():
		}
	})()
	return w.work(ctx, ctx, working)
}

// work takes events until taking ends. The handlers' contexts end with working. The worker
// is ready until ready ends or work returns.
func (w *Worker) work(ready, taking, working context.Context) error {
	w.ready.Add(1)
	notReady := sync.OnceFunc(func() { w.ready.Add(-1) })
	defer notReady()
	defer context.AfterFunc(ready, notReady)()
	r := run{Worker: w, taking: taking, working: working}
	r.byType, r.fallback = w.registered()
	if source, ok := w.source.(backlogSource); ok && w.observer != nil {
		reporting, stop := context.WithCancel(taking)
		reporter := start(func() error { w.reportBacklog(reporting, source); return nil })
		defer func() { _ = reporter.wait() }()
		defer stop()
	}
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
	if closed.Load() && taking.Err() == nil {
		return ErrClosed
	}
	return nil
}

// run is one Run of a worker.
type run struct {
	*Worker
	taking, working context.Context
	byType          map[reflect.Type]handler
	fallback        handler
}

// loop handles one event after another until taking ends or the source is closed.
// It reports whether the source is closed.
func (r run) loop() (closed bool) {
	for failures := 0; r.taking.Err() == nil; {
		taken, err := r.source.Take(r.taking)
		switch {
		case err == nil:
			failures = 0
			r.handle(newDelivery(taken))
		case errors.Is(err, ErrClosed):
			return true
		case r.taking.Err() == nil:
			failures++
			r.logger.WarnContext(r.taking, "stream: the source failed", "error", err)
			pause(r.taking, r.backoff(failures))
		}
	}
	return false
}

// delivery is a delivery that the worker took.
type delivery struct {
	Delivery
	// leaseEnd is when the lease ends. It is nil without a lease.
	leaseEnd atomic.Pointer[time.Time]
}

func newDelivery(taken Delivery) *delivery {
	d := &delivery{Delivery: taken}
	if d.Lease > 0 {
		d.renewed(time.Now())
	}
	return d
}

// renewed notes that the lease begins at a time.
func (d *delivery) renewed(at time.Time) { d.leaseEnd.Store(new(at.Add(d.Lease))) }

// settleTimeout is how long the source may take for one call that settles a delivery. If
// the delivery has no lease, it limits all of them together.
const settleTimeout = 10 * time.Second

// settleBy returns when the worker stops settling the delivery: at the end of the lease,
// after which the entry may belong to another taker.
func (d *delivery) settleBy() time.Time {
	if end := d.leaseEnd.Load(); end != nil {
		return *end
	}
	return time.Now().Add(settleTimeout)
}

// handle handles and settles one delivery.
func (r run) handle(d *delivery) {
	header, err := d.head()
	if err != nil {
		r.terminate(d, err)
		return
	}
	header.Attempt = d.Attempt
	for _, change := range r.changes {
		change(&header)
	}
	if header.Kind == KindUnknown {
		r.drift.Report(r.working, "stream: the SDK does not know an event", "event", header.Name, "channel", string(header.Channel))
	}
	event := header.event()
	h := r.handlerOf(event)
	if h == nil {
		r.settle(d, ResultIgnored, d.Ack)
		return
	}
	// An attempt that ends the program is never counted as failed, only as a delivery.
	// The limit is doubled, because a shutdown or a lost lease also ends a delivery
	// that did not fail.
	if d.Attempt-r.maxAttempts > r.maxAttempts {
		r.terminate(d, errNeverSettled)
		return
	}
	h = r.observed(h, HandlerStart{d.Entry, header.Kind, header.Channel, d.Attempt})
	switch a := r.call(d, h, event); {
	case a.err == nil:
		r.settle(d, ResultHandled, d.Ack)
	case a.lost:
		r.unsettled(d, fmt.Errorf("stream: the lease was lost before the handler failed: %w", a.err))
	case r.working.Err() != nil:
		r.putBack(d, 0) // the shutdown cut the handler short
	default:
		r.fail(d, a)
	}
}

// errNeverSettled is the reason of a dead letter that was delivered too often although
// its handler never failed. Its handler may be what ends the program.
var errNeverSettled = errors.New("stream: the event was delivered too often and never settled")

// fail counts a failed attempt. It puts the event back, or makes it a dead letter after
// the last attempt.
func (r run) fail(d *delivery, a attempt) {
	r.count(d, ResultFailed)
	if a.permanent || d.Attempt >= r.maxAttempts {
		r.terminate(d, a.err)
		return
	}
	r.logger.WarnContext(r.working, "stream: a handler failed", "id", d.ID, "attempt", d.Attempt, "error", a.err)
	r.putBack(d, r.backoff(d.Attempt))
}

// putBack puts the event back, to be delivered again after delay.
func (r run) putBack(d *delivery, delay time.Duration) {
	r.settle(d, "", func(ctx context.Context) error { return d.Nak(ctx, delay) })
}

// terminate makes the event a dead letter. If [WithDeadLetters]'s function fails,
// the event is put back instead, so that it is not lost.
func (r run) terminate(d *delivery, err error) {
	r.logger.ErrorContext(r.working, "stream: an event becomes a dead letter", "id", d.ID, "attempts", d.Attempt, "error", err)
	letter := DeadLetter{Entry: d.Entry, Attempts: d.Attempt, Reason: reason(err)}
	if r.deadLetter != nil {
		report := func(ctx context.Context, _ Event) error { return r.deadLetter(ctx, letter) }
		if a := r.call(d, report, nil); a.err != nil {
			r.logger.ErrorContext(r.working, "stream: a dead letter could not be reported", "id", d.ID, "error", a.err)
			r.putBack(d, r.backoff(d.Attempt))
			return
		}
	}
	r.settle(d, ResultDeadLettered, func(ctx context.Context) error { return d.Term(ctx, letter.Reason) })
}

// settle settles the delivery with how, even while the worker is stopping. If that
// succeeds, it counts result, unless that is empty. If the source cannot be reached, it
// calls how again until the lease ends.
func (r run) settle(d *delivery, result Result, how func(context.Context) error) {
	wait := Backoff(100*time.Millisecond, 2*time.Second)
	lease, cancel := context.WithDeadline(context.WithoutCancel(r.working), d.settleBy())
	defer cancel()
	for n := 1; ; n++ {
		ctx, cancel := context.WithTimeout(lease, settleTimeout)
		err := how(ctx)
		cancel()
		switch {
		case err == nil && result == "":
			return
		case err == nil:
			r.count(d, result)
			return
		case errors.Is(err, ErrSettled), r.working.Err() != nil, !pause(lease, wait(n)):
			r.unsettled(d, err)
			return
		}
	}
}

// pause waits for d. It returns false as soon as ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// count counts a result of a delivery and reports it to the observer.
func (r run) count(d *delivery, result Result) {
	r.counts[result].Add(1)
	if r.observer != nil {
		r.observer.Handled(r.working, result, since(d.Received))
	}
}

// unsettled counts and logs a delivery that was not settled.
func (r run) unsettled(d *delivery, err error) {
	r.count(d, ResultUnsettled)
	r.logger.WarnContext(r.working, "stream: a delivery could not be settled", "id", d.ID, "error", err)
}

// attempt is the result of one call of a handler.
type attempt struct {
	// err is the handler's error. Its methods may panic.
	err error
	// permanent reports whether err is marked with [Permanent].
	permanent bool
	// lost reports whether the lease was lost before the handler returned. Another
	// taker may then have the event.
	lost bool
}

// call calls h in a goroutine of its own, so that a panic or a runtime.Goexit of h ends
// nothing else. It extends the delivery's lease until h returns. If the lease is lost or
// ends, it cancels h's context.
func (r run) call(d *delivery, h handler, event Event) attempt {
	ctx, cancel := context.WithCancelCause(r.working)
	defer cancel(nil)
	// The lease is extended until h returns, even after its context has ended.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var lost atomic.Bool
	if d.Lease > 0 {
		lose := func(err error) { lost.Store(true); cancel(err) }
		// A timer of its own, because Extend may hang.
		end := time.AfterFunc(time.Until(d.settleBy()), func() { lose(errLeaseEnded) })
		defer end.Stop()
		go extend(running, d, end, lose)
	}

	var a attempt
	done := make(chan error, 1)
	go invoke(ctx, func(ctx context.Context, event Event) error {
		err := h(ctx, event)
		_, a.permanent = errors.AsType[*permanentError](err)
		return err
	}, event, func(err error) { done <- err })
	a.err = <-done
	a.lost = lost.Load()
	return a
}

// invoke calls h, and then done with its error. That is a [*PanicError] if h panicked,
// and errExited if it ended its goroutine.
func invoke(ctx context.Context, h handler, event Event, done func(error)) {
	err := errExited
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{value, debug.Stack()}
		}
		done(err)
	}()
	err = h(ctx, event)
}

// errExited is the error of a handler that ended its goroutine instead of
// returning.
var errExited = errors.New("stream: the handler did not return")

// errLeaseEnded is why a handler's context ends if the lease could not be extended.
var errLeaseEnded = fmt.Errorf("the source did not extend the lease in time: %w", ErrSettled)

// extend extends the delivery's lease until ctx ends, and sets the timer to its end. If the
// lease is lost, it calls lose and returns. Nobody waits for extend, because the source may
// hang.
func extend(ctx context.Context, d *delivery, end *time.Timer, lose func(error)) {
	interval := max(d.Lease/3, time.Millisecond)
	due := time.NewTicker(interval)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		asked := time.Now()
		limited, cancel := context.WithTimeout(ctx, interval)
		err := d.Extend(limited)
		cancel()
		switch {
		case err == nil:
			d.renewed(asked)
			end.Reset(time.Until(d.settleBy()))
		case errors.Is(err, ErrSettled):
			lose(err)
			return
		}
	}
}

// reason returns the text of a dead letter's error. It shortens the text and makes it one
// line, because some sources keep it in a header.
func reason(err error) string {
	const longest = 500
	text := fmt.Sprint(err) // fmt recovers from a panic of err
	text = strings.ToValidUTF8(text[:min(len(text), longest)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// PanicError is the error of a handler that panicked. Its text does not show Value,
// which may hold anything.
type PanicError struct {
	// Value is what the handler panicked with.
	Value any
	// Stack is the stack trace of the panic.
	Stack []byte
}

// Error returns a text with the type of Value.
func (e *PanicError) Error() string {
	return fmt.Sprintf("stream: the handler panicked with a %T", e.Value)
}

// GoString returns the quoted text of Error, so that %#v does not show Value.
func (e *PanicError) GoString() string { return strconv.Quote(e.Error()) }
