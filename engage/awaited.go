package engage

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/engagesdk/engage-go/outcome"
)

// awaited is a write whose outcome is to be told by callback. A nil one belongs
// to a client without callbacks.
type awaited struct {
	callbacks *Callbacks
	id        string
	operation outcome.Operation
	version   outcome.Version
	target    *target

	// turn holds a value while one caller reads reports for all who wait.
	turn chan struct{}
	// final is the report that tells the outcome, guarded by turn.
	final *Report
	// failed are the transaction ids, in small letters, of the tries that failed,
	// and refused is set once those are all, both guarded by turn until final is
	// there.
	failed  map[string]bool
	refused bool
	// unclear is the newest report with a status that is not known.
	unclear atomic.Pointer[Report]
}

// url is where the outcome is to be told; empty for nowhere.
func (w *awaited) url() string {
	if w == nil {
		return ""
	}
	return w.callbacks.url(w.id)
}

// next takes the next report of a success or a failure. Another status may be
// that of a write that is still under way: it is kept, and what follows is taken.
func (w *awaited) next(ctx context.Context) (Report, error) {
	for {
		report, err := w.callbacks.pending.Next(ctx, w.id)
		if err != nil || report.Status.weight() > 0 {
			return report, err
		}
		w.callbacks.logger.WarnContext(ctx, "engage: a callback tells a status that is not known", report.attrs()...)
		w.unclear.Store(&report)
	}
}

// forget gives up the outcome.
func (w *awaited) forget() { w.callbacks.forget(w.id) }

// forgetUnreachable gives up the outcome once nobody holds a receipt any more
// that could be waited with.
func (w *awaited) forgetUnreachable() {
	runtime.AddCleanup(w, w.callbacks.forget, w.id)
}

// report waits for the report that tells the outcome of the write acknowledged
// as transactionID, of which as many other tries may have been carried out. All
// who wait get the same.
func (w *awaited) report(ctx context.Context, transactionID string, others int) (Report, error) {
	if !w.take(ctx) {
		return Report{}, ctx.Err()
	}
	defer func() { <-w.turn }()
	for w.final == nil {
		report, err := w.next(ctx)
		if err != nil {
			return Report{}, err
		}
		if w.isFinal(report, transactionID, others) {
			w.final = &report
		} else {
			w.callbacks.logger.WarnContext(ctx, "engage: a callback tells the failure of another try", report.attrs()...)
		}
	}
	return *w.final, nil
}

// isFinal reports whether a report tells the outcome. A success does, whichever
// try it is of. The failure of another try than the one acknowledged as
// transactionID does not, unless more tries have failed than there are others.
func (w *awaited) isFinal(report Report, transactionID string, others int) bool {
	if report.Status == ReportSuccess || w.target.isDone(report.Code) {
		return true
	}
	if report.TransactionID == "" {
		return true
	}
	if w.failed == nil {
		w.failed = map[string]bool{}
	}
	w.failed[strings.ToLower(report.TransactionID)] = true
	w.refused = len(w.failed) > others
	return w.refused || strings.EqualFold(report.TransactionID, transactionID)
}

// take takes the turn, unless ctx ends first. A turn that is free is taken even
// then, for the outcome may be there.
func (w *awaited) take(ctx context.Context) bool {
	select {
	case w.turn <- struct{}{}:
		return true
	default:
	}
	select {
	case w.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
