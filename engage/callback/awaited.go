package callback

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// Awaited is a write whose outcome a [Handler] awaits. Clients of package engage
// use it; other programs need it only to await the callbacks of requests that
// they send themselves. It is safe for concurrent use.
type Awaited struct {
	handler *Handler
	id      string
	done    []string
	cleanup runtime.Cleanup

	// reading holds a value while one caller reads reports for all that wait.
	reading chan struct{}

	// mutex guards what the reports contain.
	mutex   sync.Mutex
	outcome *Outcome
	// failures are the reports of failures, in the order of their arrival.
	failures []Report
	// unknown is the newest report whose status is neither success nor failure.
	unknown *Report
}

// Outcome is the outcome of a write: the [Report] that decides it, and its effect.
type Outcome struct {
	Report
	// Effect is Applied if the write succeeded, or failed only because the state
	// asked for was there already. After any other failure it is Refused, or
	// MaybeApplied if another attempt of the write may have been applied.
	Effect outcome.Effect
}

// Expect prepares for the outcome of a write that is about to be sent. A failure
// with one of the codes in done means that the state asked for was there already.
//
// It returns an error if the table of pending writes fails. The write must not be
// sent then. If ctx has ended, errors.Is finds its error in that error.
func (h *Handler) Expect(ctx context.Context, done []string) (*Awaited, error) {
	id := rand.Text()
	if err := h.pending.Expect(ctx, id); err != nil {
		return nil, tableError(ctx, id, err)
	}
	a := &Awaited{handler: h, id: id, done: done, reading: make(chan struct{}, 1)}
	a.cleanup = runtime.AddCleanup(a, h.forget, id)
	return a, nil
}

// URL returns the callback URL to send the write with.
func (a *Awaited) URL() string { return a.handler.url(a.id) }

// Forget removes the write from the table of pending writes. Nobody may wait for
// its outcome any more, and Forget must not be called again. An Awaited that is
// garbage is forgotten too.
func (a *Awaited) Forget() {
	a.cleanup.Stop()
	a.handler.forget(a.id)
}

// forget removes the write id from the table.
func (h *Handler) forget(id string) {
	ctx, cancel := bounded(context.Background())
	defer cancel()
	h.pending.Forget(ctx, id)
}

// Outcome waits for the outcome of the write. The write was sent in attempts and
// acknowledged as transaction, which is empty if no reply named a transaction.
// The package documentation says what decides the outcome. All callers get the
// same one. A wait starts no goroutine.
//
// The wait ends with ctx. If ctx has no deadline, it also ends after the time set
// by [WithTimeout]. An outcome that has arrived by then is returned all the same;
// otherwise errors.Is finds the error of the context in the error. Any other
// error is that of the table of pending writes.
func (a *Awaited) Outcome(ctx context.Context, transaction string, attempts []outcome.Attempt) (Outcome, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.handler.timeout)
		defer cancel()
	}
	if !a.startReading(ctx) {
		return Outcome{}, safeerror.Cause(ctx, ctx.Err())
	}
	defer func() { <-a.reading }()
	for a.outcome == nil {
		reports, err := a.arrived(ctx)
		if err != nil {
			return Outcome{}, tableError(ctx, a.id, err)
		}
		a.read(ctx, reports, transaction, attempts)
	}
	return *a.outcome, nil
}

// startReading makes the caller the one that reads reports, unless ctx ends
// first. If nobody reads, it succeeds even after the end of ctx.
func (a *Awaited) startReading(ctx context.Context) bool {
	select {
	case a.reading <- struct{}{}:
		return true
	default:
	}
	select {
	case a.reading <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// arrived waits for a report. It returns it with those that have arrived after it,
// up to the first that decides the outcome by itself.
func (a *Awaited) arrived(ctx context.Context) ([]Report, error) {
	report, err := a.next(ctx)
	if err != nil {
		return nil, err
	}
	reports := []Report{report}
	for !a.isApplied(report) {
		var ok bool
		if report, ok = a.take(ctx); !ok {
			break
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// next waits for the next report. One that has arrived is returned even if ctx
// has ended.
func (a *Awaited) next(ctx context.Context) (Report, error) {
	report, err := a.handler.pending.Next(ctx, a.id)
	if err != nil && ctx.Err() != nil {
		if report, ok := a.take(ctx); ok {
			return report, nil
		}
	}
	return report, err
}

// take returns the next report if it has arrived.
func (a *Awaited) take(ctx context.Context) (Report, bool) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	report, ok, err := a.handler.pending.Take(ctx, a.id)
	return report, ok && err == nil
}

// read takes note of reports, and of the outcome once they decide it. It logs
// those that decide nothing.
func (a *Awaited) read(ctx context.Context, reports []Report, transaction string, attempts []outcome.Attempt) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for _, report := range reports {
		switch {
		case a.isApplied(report):
			a.outcome = &Outcome{report, outcome.Applied}
		case report.Status == Failure:
			a.failures = append(a.failures, report)
		default:
			a.unknown = &report
			a.handler.warn(ctx, "callback: a report has an unknown status", report)
		}
	}
	if a.outcome == nil {
		a.outcome = decide(a.failures, transaction, attempts)
	}
	for _, report := range reports {
		isOutcome := a.outcome != nil && a.outcome.Report == report
		if report.Status == Failure && !isOutcome {
			a.handler.warn(ctx, "callback: a failure decides nothing", report)
		}
	}
}

// isApplied reports whether the state that the write asks for has been reached,
// in whichever transaction.
func (a *Awaited) isApplied(report Report) bool {
	return report.Status == Success || report.Code != "" && slices.Contains(a.done, report.Code)
}

// Explain adds what callbacks have reported to failure, the error of a write
// without an outcome: the transaction ids as trace ids, and the newest unknown
// status with its code and description. An unknown status puts the failure on
// onInvalidChoice.
func (a *Awaited) Explain(failure *outcome.Error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	reports := a.failures
	if a.unknown != nil {
		reports = append(slices.Clip(reports), *a.unknown)
		failure.Edge = outcome.OnInvalidChoice
		failure.Code, failure.Description = a.unknown.Code, a.unknown.Description
		unknown := fmt.Errorf("a callback reports the unknown status %.64q", a.unknown.Status)
		if failure.Err != nil {
			unknown = fmt.Errorf("%w; %w", unknown, failure.Err)
		}
		failure.Err = unknown
	}
	for _, report := range reports {
		id := outcome.TraceID{Name: "tid", Value: report.TransactionID}
		if id.Value != "" && !slices.Contains(failure.TraceIDs, id) {
			failure.TraceIDs = append(slices.Clip(failure.TraceIDs), id)
		}
	}
}

// tableError returns the error of the table that a call for the write id under ctx
// ended with, in a form that can be shown.
func tableError(ctx context.Context, id string, err error) error {
	if ctx.Err() != nil {
		return safeerror.Cause(ctx, err)
	}
	return fmt.Errorf("the table of pending writes failed: %w", safeerror.Show(err, id))
}
