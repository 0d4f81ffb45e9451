package stream

import (
	"context"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
)

// Observer receives what a [Receiver] and a [Worker] do and measure, for traces and
// metrics. Set it with [WithReceiverObserver] and [WithWorkerObserver].
//
// The methods are called while an event is received or handled. They must return quickly
// and be safe for concurrent use.
type Observer interface {
	// TraceParent is called for each request with events, once it is verified. It returns
	// the TraceParent of their entries, such as the trace context in the header of
	// request. It returns the empty text for none.
	TraceParent(request *http.Request) string
	// Received is called with ResultAccepted, ResultDuplicate or ResultFiltered for
	// each event that a receiver received, and with Result(refusal) for each
	// request that it refused.
	Received(ctx context.Context, result Result)
	// HandlerStarted is called before a handler. It returns the context of the handler,
	// such as one with a span, which must be derived from ctx.
	HandlerStarted(ctx context.Context, handler HandlerStart) context.Context
	// HandlerEnded is called with that context after the handler has returned or panicked.
	HandlerEnded(ctx context.Context, handler HandlerEnd)
	// Handled is called with each result of a delivery. Lag is the time since the
	// event was received. It is 0 if that is unknown, or if the clock of the receiver is
	// ahead.
	Handled(ctx context.Context, result Result, lag time.Duration)
	// Waiting is called every 10 seconds by each [Worker.Run], if the source has a
	// Backlog method. It is not called when that method fails.
	Waiting(ctx context.Context, backlog Backlog)
}

// HandlerStart describes a handler that is about to be called.
type HandlerStart struct {
	// Entry is the entry of the event.
	Entry Entry
	// Kind and Channel are those of the event.
	Kind    Kind
	Channel channel.Channel
	// Attempt counts how often the entry was delivered, this time included.
	Attempt int
}

// HandlerEnd describes a handler that has returned or panicked.
type HandlerEnd struct {
	HandlerStart
	// Duration is how long the handler took.
	Duration time.Duration
	// Err is the error of the handler: nil if it succeeded, and a [*PanicError] if it
	// panicked.
	Err error
}

// observed returns a handler that calls h between HandlerStarted and HandlerEnded. It returns
// a panic of h as an error.
func (r run) observed(h handler, start HandlerStart) handler {
	if r.observer == nil {
		return h
	}
	return func(ctx context.Context, event Event) (err error) {
		ctx = r.observer.HandlerStarted(ctx, start)
		began := time.Now()
		invoke(ctx, h, event, func(ended error) {
			err = ended
			r.observer.HandlerEnded(ctx, HandlerEnd{start, time.Since(began), err})
		})
		return err
	}
}

// Result is what became of an event or a request. [ReceiverCounts] and [WorkerCounts]
// count the same results.
type Result string

// The results of receiving an event. For a refused request the result is the text of its
// [Refusal].
const (
	ResultAccepted  Result = "accepted"
	ResultDuplicate Result = "duplicate"
	ResultFiltered  Result = "filtered"
)

// The results of handling an event. When the last attempt fails, the event has two:
// ResultFailed, and ResultDeadLettered once the source has stored it.
const (
	ResultHandled      Result = "handled"
	ResultIgnored      Result = "ignored"
	ResultFailed       Result = "failed"
	ResultDeadLettered Result = "dead-lettered"
	ResultUnsettled    Result = "unsettled"
)

// Backlog describes the entries that a source holds.
type Backlog struct {
	// Entries is how many entries wait or are being handled.
	Entries int
	// Oldest is when the oldest of them was received. It is zero if there is none, or if
	// the source does not know.
	Oldest time.Time
}

// Age returns how long ago the oldest entry was received. It returns 0 if Oldest is zero, or
// if the clock of the receiver is ahead.
func (b Backlog) Age() time.Duration { return since(b.Oldest) }

// since returns the time since an event was received. It is 0 if that is unknown or, by the
// clock of this program, yet to come.
func since(received time.Time) time.Duration {
	if received.IsZero() {
		return 0
	}
	return max(0, time.Since(received))
}

// backlogSource is a source that knows its backlog. Backlog returns an error if the source
// cannot be reached.
type backlogSource interface {
	Backlog(ctx context.Context) (Backlog, error)
}

// reportEvery is how often a worker reports the backlog to its observer.
const reportEvery = 10 * time.Second

// reportBacklog reports the backlog of source until ctx ends.
func (w *Worker) reportBacklog(ctx context.Context, source backlogSource) {
	due := time.NewTicker(reportEvery)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		if backlog, err := source.Backlog(ctx); err == nil {
			w.observer.Waiting(ctx, backlog)
		}
	}
}

// readyTimeout is how long a source may take to return its backlog for a readiness
// probe.
const readyTimeout = 2 * time.Second

// Ready returns a handler for readiness probes. It answers 200 while the worker runs,
// its source can be reached, and the source holds at most limit entries. Otherwise it
// answers 503 with the reason. A limit of 0 or less is no limit.
//
// A worker that is stopping is not ready, although its handlers still run: a load balancer
// should send its events elsewhere. Serve the handler from another server than that of
// [Serve], which accepts no requests then.
//
// The source is checked only if it has a method Backlog(context.Context) ([Backlog], error),
// as [MemoryInbox] and those of the nested modules have. It has 2 seconds to answer.
func (w *Worker) Ready(limit int) http.Handler {
	return http.HandlerFunc(func(reply http.ResponseWriter, request *http.Request) {
		if problem := w.notReady(request.Context(), limit); problem != "" {
			http.Error(reply, problem, http.StatusServiceUnavailable)
		}
	})
}

// notReady returns why the worker is not ready, or the empty text.
func (w *Worker) notReady(ctx context.Context, limit int) string {
	if w.ready.Load() == 0 {
		return "the worker does not run, or is stopping"
	}
	source, ok := w.source.(backlogSource)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	switch backlog, err := source.Backlog(ctx); {
	case err != nil:
		return "the source cannot be reached"
	case limit > 0 && backlog.Entries > limit:
		return "the backlog is above the limit"
	}
	return ""
}
