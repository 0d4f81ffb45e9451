package engage

import (
	"context"
	"fmt"
	"runtime"
	"slices"
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
	// and refused is set once those are all. Both belong to the call until it
	// returns, and then are guarded by turn until final is there.
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
// as transactionID after these tries. All who wait get the same.
func (w *awaited) report(ctx context.Context, transactionID string, made tries) (Report, error) {
	if !w.take(ctx) {
		return Report{}, ctx.Err()
	}
	defer func() { <-w.turn }()
	for w.final == nil {
		report, err := w.next(ctx)
		if err != nil {
			return Report{}, err
		}
		switch {
		case w.isSuccess(report):
			w.final = &report
		case w.fails(report, made), report.TransactionID == "", strings.EqualFold(report.TransactionID, transactionID):
			w.final = new(w.successAfter(ctx, report))
		default:
			w.passOver(ctx, report)
		}
	}
	return *w.final, nil
}

// isSuccess reports whether a report tells that the write was done. Whichever try
// it is of, that is the outcome.
func (w *awaited) isSuccess(report Report) bool {
	return report.Status == ReportSuccess || w.target.isDone(report.Code)
}

// fails takes note of a failure, and reports whether all tries have failed now.
func (w *awaited) fails(report Report, made tries) bool {
	id := strings.ToLower(report.TransactionID)
	switch {
	case slices.Contains(made.refused, id):
		return false // That was known.
	case id == "" && made.open+len(made.refused) > 1:
		return false // It may be of any, and of one that is counted.
	}
	if w.failed == nil {
		w.failed = map[string]bool{}
	}
	w.failed[id] = true
	w.refused = len(w.failed) >= made.open
	return w.refused
}

// successAfter returns a success that was told after a failure by now, or the
// failure.
func (w *awaited) successAfter(ctx context.Context, failure Report) Report {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	for {
		report, err := w.next(ctx)
		switch {
		case err != nil:
			return failure
		case w.isSuccess(report):
			w.passOver(ctx, failure)
			return report
		}
		w.passOver(ctx, report)
	}
}

// passOver logs a failure that does not tell the outcome.
func (w *awaited) passOver(ctx context.Context, report Report) {
	w.callbacks.logger.WarnContext(ctx, "engage: a callback tells the failure of another try", report.attrs()...)
}

// explain puts a status that a callback has told, and that is not known, on the
// error of a write whose outcome has not been told.
func (w *awaited) explain(failure *outcome.Error) {
	if w == nil {
		return
	}
	report := w.unclear.Load()
	if report == nil {
		return
	}
	failure.Edge = outcome.OnInvalidChoice
	failure.Code, failure.Description = report.Code, report.Description
	failure.TraceIDs = withTransaction(failure.TraceIDs, report.TransactionID)
	failure.Err = also(fmt.Errorf("the callback tells the status %.64q, which is not known", report.Status), failure.Err)
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
