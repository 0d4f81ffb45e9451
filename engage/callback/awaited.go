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
//
// Keep the Awaited for as long as the outcome matters: its URL does not keep it.
// Once it is garbage, the Handler forgets the write and drops its callbacks.
type Awaited struct {
	handler   *Handler
	id        string
	doneCodes []string
	cleanup   runtime.Cleanup

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
// with one of doneCodes means that the state asked for was there already.
//
// It returns an error if the table of pending writes fails. The write must not be
// sent then. If ctx has ended, errors.Is finds its error in that error. After an
// error Expect asks the table to forget the write, which takes two seconds at most.
func (h *Handler) Expect(ctx context.Context, doneCodes []string) (*Awaited, error) {
	id := rand.Text()
	if err := h.pending.Expect(ctx, id); err != nil {
		h.forget(id) // The table may have added it before it failed.
		return nil, tableError(ctx, id, err)
	}
	a := &Awaited{handler: h, id: id, doneCodes: doneCodes, reading: make(chan struct{}, 1)}
	// A table may be on a network, and a cleanup must not block the others. The
	// goroutine ends when the context of the call does.
	a.cleanup = runtime.AddCleanup(a, func(id string) { go h.forget(id) }, id)
	return a, nil
}

// URL returns the callback URL to send the write with.
func (a *Awaited) URL() string { return a.handler.url(a.id) }

// Forget removes the write from the table of pending writes, which takes two
// seconds at most. A wait for its outcome then fails. Forget must not be called
// again.
func (a *Awaited) Forget() {
	a.cleanup.Stop()
	a.handler.forget(a.id)
}

// forget removes the write id from the table. It takes two seconds at most.
func (h *Handler) forget(id string) {
	ctx, cancel := detached(context.Background())
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
		reports, err := a.receive(ctx)
		if err != nil {
			return Outcome{}, tableError(ctx, a.id, err)
		}
		a.note(ctx, reports, transaction, attempts)
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

// receive waits for a report. It returns that report with those that have arrived
// after it, up to the first that decides the outcome by itself. Reports that have
// arrived are returned even if ctx has ended.
func (a *Awaited) receive(ctx context.Context) ([]Report, error) {
	report, err := a.handler.pending.Next(ctx, a.id)
	ok := err == nil
	if !ok && ctx.Err() != nil {
		report, ok = a.takeArrived(ctx)
	}
	var reports []Report
	for ; ok; report, ok = a.takeArrived(ctx) {
		reports = append(reports, report)
		if a.isApplied(report) {
			break
		}
	}
	if len(reports) == 0 {
		return nil, err
	}
	return reports, nil
}

// takeArrived returns the next report if it has arrived.
func (a *Awaited) takeArrived(ctx context.Context) (Report, bool) {
	ctx, cancel := detached(ctx)
	defer cancel()
	report, ok, err := a.handler.pending.Take(ctx, a.id)
	return report, ok && err == nil
}

// note keeps what reports contain, and the outcome once they decide it. It logs
// those that decide nothing. Only the caller that reads reports may call it.
func (a *Awaited) note(ctx context.Context, reports []Report, transaction string, attempts []outcome.Attempt) {
	a.mutex.Lock()
	for _, report := range reports {
		switch {
		case a.isApplied(report):
			a.outcome = &Outcome{report, outcome.Applied}
		case report.Status == Failure:
			a.failures = append(a.failures, report)
		default:
			a.unknown = &report
		}
	}
	if a.outcome == nil {
		a.outcome = decide(a.failures, transaction, attempts)
	}
	a.mutex.Unlock() // The logger is the user's code.
	for _, report := range reports {
		switch {
		case a.outcome != nil && a.outcome.Report == report:
		case report.Status == Failure:
			a.handler.warn(ctx, "callback: a failure decides nothing", report)
		default:
			a.handler.warn(ctx, "callback: a report has an unknown status", report)
		}
	}
}

// isApplied reports whether report says that the state that the write asks for has
// been reached, in whichever transaction.
func (a *Awaited) isApplied(report Report) bool {
	alreadyDone := report.Status == Failure && slices.Contains(a.doneCodes, report.Code)
	return report.Status == Success || alreadyDone
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
// ended with, without secrets.
func tableError(ctx context.Context, id string, err error) error {
	if ctx.Err() != nil {
		return safeerror.Cause(ctx, err)
	}
	return fmt.Errorf("the table of pending writes failed: %w", safeerror.Show(err, id))
}
