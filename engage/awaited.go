package engage

import (
	"context"
	"runtime"

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
}

// url is where the outcome is to be told; empty for nowhere.
func (w *awaited) url() string {
	if w == nil {
		return ""
	}
	return w.callbacks.url(w.id)
}

// next takes the next report.
func (w *awaited) next(ctx context.Context) (Report, error) {
	return w.callbacks.pending.Next(ctx, w.id)
}

// forget gives up the outcome.
func (w *awaited) forget() { w.callbacks.pending.Forget(w.id) }

// forgetUnreachable gives up the outcome once nobody holds a receipt any more
// that could be waited with.
func (w *awaited) forgetUnreachable() {
	runtime.AddCleanup(w, w.callbacks.pending.Forget, w.id)
}

// report waits for the report that tells the outcome of the write acknowledged
// as transactionID. All who wait get the same.
func (w *awaited) report(ctx context.Context, transactionID string) (Report, error) {
	if !w.take(ctx) {
		return Report{}, ctx.Err()
	}
	defer func() { <-w.turn }()
	for w.final == nil {
		report, err := w.next(ctx)
		if err != nil {
			return Report{}, err
		}
		if !report.isOfEarlierTry(transactionID) {
			w.final = &report
		}
	}
	return *w.final, nil
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

// isOfEarlierTry reports whether a failure is that of a try before the one that
// was acknowledged as transactionID. A success settles the write, whichever try
// it was.
func (r Report) isOfEarlierTry(transactionID string) bool {
	return r.Status != ReportSuccess && r.TransactionID != "" && transactionID != "" && r.TransactionID != transactionID
}
