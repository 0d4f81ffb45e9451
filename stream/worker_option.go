package stream

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// WorkerOption sets up a [Worker]. An option that cannot be obeyed makes
// [NewWorker] return an error.
type WorkerOption func(*Worker) error

// WithHandlers sets how many handlers run at once. The default is 16.
func WithHandlers(n int) WorkerOption {
	return func(w *Worker) error {
		w.handlers = n
		return positive("WithHandlers", int64(n))
	}
}

// WithMaxAttempts sets at which delivery an event becomes a dead letter if its
// handler fails. The default is 8. Deliveries are counted by the source, so that
// they count on after a restart where the source does (see [Delivery]). One that
// a shutdown or a lost lease cut short is counted, though it has not failed: the
// handler may then have failed less often than n times.
//
// An event that was given out more than twice as often becomes a dead letter
// before its handler is called again: it may be what ends the program each time.
func WithMaxAttempts(n int) WorkerOption {
	return func(w *Worker) error {
		w.maxAttempts = n
		return positive("WithMaxAttempts", int64(n))
	}
}

// WithBackoff sets how long an event waits after its attempt-th try, counted
// from 1. The default is [Backoff] from 1 second to 2 minutes.
func WithBackoff(wait func(attempt int) time.Duration) WorkerOption {
	return func(w *Worker) error {
		if wait == nil {
			return errors.New("stream: WithBackoff: the function is nil")
		}
		w.backoff = wait
		return nil
	}
}

// WithDrain sets how long handlers may finish after Run's context has ended,
// before theirs ends. The default is 30 seconds.
func WithDrain(limit time.Duration) WorkerOption {
	return func(w *Worker) error {
		w.drain = limit
		return positive("WithDrain", int64(limit))
	}
}

// WithDeadLetters has every event reported that is given up, before the source
// is told. If report fails, the event is put back and given up again later.
func WithDeadLetters(report func(context.Context, DeadLetter) error) WorkerOption {
	return func(w *Worker) error {
		if report == nil {
			return errors.New("stream: WithDeadLetters: the function is nil")
		}
		w.deadLetter = report
		return nil
	}
}

// WithWorkerLogger has failed tries, dead letters and trouble with the source
// logged: ids, attempts and the text of the handler's error, and never a
// payload. The default is not to log.
func WithWorkerLogger(logger *slog.Logger) WorkerOption {
	return func(w *Worker) error {
		if logger == nil {
			return errors.New("stream: WithWorkerLogger: the logger is nil")
		}
		w.logger = logger
		return nil
	}
}

// Backoff returns waits that double from base to limit, of which between half
// and all is waited, at random: events that failed together are not tried again
// together.
func Backoff(base, limit time.Duration) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		wait := base
		for n := 1; n < attempt && wait < limit; n++ {
			wait += min(wait, limit-wait) // doubled, and never beyond what fits
		}
		wait = max(0, min(wait, limit))
		return wait - rand.N(wait/2+1)
	}
}
