package stream

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/nothing"
)

// WorkerOption changes a setting of a [Worker]. [NewWorker] returns an error for an
// invalid option.
type WorkerOption func(*Worker) error

// WithHandlers sets how many handlers run at once. The default is 16.
func WithHandlers(n int) WorkerOption {
	return func(w *Worker) error {
		w.handlers = n
		return positive("WithHandlers", int64(n))
	}
}

// WithMaxAttempts sets how many attempts an event has before it becomes a dead
// letter. The default is 8.
//
// The source counts the attempts; see [Delivery]. A durable source goes on counting
// after a restart. A delivery that a shutdown or a lost lease cut short counts as an
// attempt, too.
//
// An event that was delivered more than 2n times becomes a dead letter without another
// call of its handler. The handler may be what ends the program each time.
func WithMaxAttempts(n int) WorkerOption {
	return func(w *Worker) error {
		w.maxAttempts = n
		return positive("WithMaxAttempts", int64(n))
	}
}

// WithBackoff sets how long an event waits after each failed attempt, counted from
// 1. The default is [Backoff] from 1 second to 2 minutes.
func WithBackoff(wait func(attempt int) time.Duration) WorkerOption {
	return func(w *Worker) error {
		if wait == nil {
			return errors.New("stream: WithBackoff: the function is nil")
		}
		w.backoff = wait
		return nil
	}
}

// WithDrain sets how long running handlers may take to finish after the context of
// [Worker.Run] has ended. For [Serve] it limits all steps of stopping together. The default
// is 30 seconds.
func WithDrain(limit time.Duration) WorkerOption {
	return func(w *Worker) error {
		w.drain = limit
		return positive("WithDrain", int64(limit))
	}
}

// WithoutPlus removes the leading plus of phone numbers on SMS, WhatsApp, RCS and MMS. It
// changes Customer and Business before an event is handled. The default is to leave numbers
// as they came. Use it if your payloads spell a number in both ways, so that Engage has two
// conversations with one customer. Which spellings Engage matches is not documented.
func WithoutPlus() WorkerOption {
	return func(w *Worker) error {
		w.changes = append(w.changes, func(h *Header) {
			h.Customer, h.Business = withoutPlus(h.Channel, h.Customer), withoutPlus(h.Channel, h.Business)
		})
		return nil
	}
}

// WithBusinesses says which number or page belongs to which app, on WhatsApp and Messenger.
// There an event names the app only. The option replaces an app in Business before an event
// is handled, so that [Header.Address] returns the address. It leaves an app that is not in
// the map as it is. A number is used as the map has it, unless [WithoutPlus] comes later
// among the options.
func WithBusinesses(byApp map[string]string) WorkerOption {
	byApp = maps.Clone(byApp)
	return func(w *Worker) error {
		w.changes = append(w.changes, func(h *Header) {
			if business := byApp[h.Business]; business != "" && h.namesApp() {
				h.Business, h.hasBusiness = business, true
			}
		})
		return nil
	}
}

// WithCloseChat handles a live chat message whose text is "$$$$CLOSECHAT$$$$" as a
// [ClosedEvent]. Widgets send it when the customer ends the chat (observed). It is assumed
// that webhooks pass it on as a message. So the default is to handle it as a message.
func WithCloseChat() WorkerOption {
	return func(w *Worker) error {
		w.changes = append(w.changes, func(h *Header) {
			if h.Channel == channel.LiveChat && h.Kind == KindMessage && messageText(*h) == "$$$$CLOSECHAT$$$$" {
				h.Kind = KindClosed
			}
		})
		return nil
	}
}

// WithDeadLetters sets a function that is called with each dead letter before the source
// stores it. If report fails, the event is put back and reported again later. So report can
// get a dead letter more than once.
func WithDeadLetters(report func(context.Context, DeadLetter) error) WorkerOption {
	return func(w *Worker) error {
		if report == nil {
			return errors.New("stream: WithDeadLetters: the function is nil")
		}
		w.deadLetter = report
		return nil
	}
}

// WithWorkerLogger sets the logger for failed attempts, dead letters, and errors of
// the source. It logs ids, attempts and the texts of errors, and never a payload.
// The name and the channel of an unknown event are logged the first time, and cut if they
// may be values. The default is not to log.
func WithWorkerLogger(logger *slog.Logger) WorkerOption {
	return func(w *Worker) error {
		if logger == nil {
			return errors.New("stream: WithWorkerLogger: the logger is nil")
		}
		w.logger = logger
		return nil
	}
}

// WithWorkerObserver sets an observer of the events that are handled and of the backlog.
func WithWorkerObserver(observer Observer) WorkerOption {
	return func(w *Worker) error {
		if nothing.In(observer) {
			return errors.New("stream: WithWorkerObserver: the observer is nil")
		}
		w.observer = observer
		return nil
	}
}

// Backoff returns a function for the waits after failed attempts, counted from 1. The
// waits double from base to limit. Each is reduced by up to a half at random, so that
// events that failed together do not come back together.
func Backoff(base, limit time.Duration) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		wait := base
		for n := 1; n < attempt && wait < limit; n++ {
			wait += min(wait, limit-wait) // doubles without overflow
		}
		wait = max(0, min(wait, limit))
		return wait - rand.N(wait/2+1)
	}
}
