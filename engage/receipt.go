package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// Proof says how a receipt knows of its write.
type Proof string

// The proofs.
const (
	// Acknowledged: the service has taken the write on. It carries writes out
	// after that, so the write may still fail. More is not known.
	Acknowledged Proof = "acknowledged"
	// Confirmed: the service has told the outcome, by callback, see [Callbacks], or
	// by refusing the write because the state was there already, see AlreadyDone of
	// [Receipt].
	Confirmed Proof = "confirmed"
	// Reconciled: no reply told the outcome, and the write was then found at
	// the service.
	Reconciled Proof = "reconciled"
)

// ErrNoCallbacks is what [Receipt.Wait] returns where no outcome will come: the
// client has no callbacks.
var ErrNoCallbacks = errors.New("engage: no outcome will come: the client has no callbacks")

// Receipt is what a write that succeeded returns. Outcome is the edge it ended
// on, as far as Proof knows.
type Receipt struct {
	Reply
	// Proof says whether that is the outcome or only the acknowledgement.
	Proof Proof
	// AlreadyDone tells that the state asked for was there before: the service
	// refused the write with a code that says so, see [WithAlreadyDoneCode]. An
	// earlier try of the same call may have brought it about.
	AlreadyDone bool
	// TransactionID is the service's id of the write (tid, or TransId in the
	// nodes). It is empty if neither a reply nor a callback told it.
	TransactionID string
	// ConversationID is the conversation that was written to. After a create it
	// is empty if neither acknowledgement nor outcome names it, as the vendor's
	// nodes do not: search for it then.
	ConversationID string

	awaited *awaited
}

// errNoContext is the cause where there is nothing to wait under.
var errNoContext = errors.New("the context is nil")

// Wait returns the receipt with the outcome of its write, for callers who did
// not wait in the call, see [WithWaitForOutcome]. A receipt that knows the
// outcome is returned as it is. Any number of goroutines may wait, and wait
// again.
//
// The error is an [*outcome.Error] on the operation's failure edge, with the
// service's code and description; on onTimeout if ctx ends first; on onError if
// the table of pending writes fails; on onInvalidData if ctx is nil. Where the
// wait ends without an outcome, and a callback has told a status that the client
// does not know, it is on onInvalidChoice with what was told; the outcome may
// still follow. The error is [ErrNoCallbacks] if the client has no callbacks, or
// if the receipt is none that a client returned, such as one read from JSON.
// With an error the receipt is returned as it was.
func (r Receipt) Wait(ctx context.Context) (Receipt, error) {
	switch {
	case r.Proof == Confirmed, r.Proof == Reconciled:
		return r, nil
	case r.awaited == nil:
		return r, ErrNoCallbacks
	case ctx == nil:
		return r, r.failure(outcome.OnInvalidData, outcome.MaybeApplied, errNoContext)
	}
	report, err := r.awaited.report(ctx, r.TransactionID, triesOf(r.Attempts))
	if err != nil {
		return r, r.unsettled(ctx, err)
	}
	return r.settle(report)
}

// settle returns the receipt with the outcome that report tells.
func (r Receipt) settle(report Report) (Receipt, error) {
	settled := r.with(report)
	if r.awaited.isSuccess(report) {
		settled.AlreadyDone = report.Status == ReportFailure
		settled.Proof = Confirmed
		return settled, nil
	}
	failure := settled.failure(r.awaited.target.failure, outcome.Refused, nil)
	switch {
	case r.awaited.refused:
		failure.Effect = outcome.Refused // those that were in doubt have failed, too
	case report.TransactionID == "":
		failure.Effect = outcome.MaybeApplied // it may be of any try
	}
	return r, failure
}

// unsettled is the error of a wait under ctx that err ended.
func (r Receipt) unsettled(ctx context.Context, err error) error {
	edge, cause := outcome.OnError, safeerror.Hide("the table of pending writes failed", err)
	if ctx.Err() != nil {
		edge, cause = outcome.OnTimeout, fmt.Errorf("acknowledged, and no callback has told the outcome: %w", safeerror.Cause(ctx, err))
	}
	failure := r.failure(edge, outcome.MaybeApplied, cause)
	r.awaited.explain(failure)
	return failure
}

// with returns the receipt with what report tells beside the status.
func (r Receipt) with(report Report) Receipt {
	r.Code, r.Description = report.Code, report.Description
	r.ConversationID = cmp.Or(report.ConversationID, r.ConversationID)
	r.TransactionID = cmp.Or(r.TransactionID, report.TransactionID)
	r.TraceIDs = withTransaction(r.TraceIDs, report.TransactionID)
	return r
}

// failure makes an error of a write that was acknowledged.
func (r Receipt) failure(edge outcome.Edge, effect outcome.Effect, cause error) *outcome.Error {
	failure := &outcome.Error{
		Edge:        edge,
		Operation:   r.awaited.operation,
		Version:     r.awaited.version,
		Effect:      effect,
		Status:      r.HTTPStatus,
		Code:        r.Code,
		Description: r.Description,
		TraceIDs:    r.TraceIDs,
		Attempts:    r.Attempts,
		Err:         cause,
	}
	for _, attempt := range r.Attempts {
		failure.Effect = failure.Effect.Then(attempt.Effect)
		if attempt.SentAgain {
			failure.Effect = failure.Effect.Then(outcome.MaybeApplied)
		}
	}
	return failure
}
