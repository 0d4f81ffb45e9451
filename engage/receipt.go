package engage

import (
	"cmp"
	"context"
	"errors"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// Proof says how a receipt knows of its write.
type Proof string

// The proofs.
const (
	// Acknowledged: the service has taken the write on. It carries writes out
	// after that, so the write may still fail. More is not known.
	Acknowledged Proof = "acknowledged"
	// Confirmed: the service has told the outcome, see [Callbacks].
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
	// nodes). It is empty if no reply was read.
	TransactionID string
	// ConversationID is the conversation that was written to. After a create it
	// is empty if neither acknowledgement nor outcome names it, as the vendor's
	// nodes do not: search for it then.
	ConversationID string

	awaited *awaited
}

// Wait returns the receipt with the outcome of its write, for callers who did
// not wait in the call, see [WithWaitForOutcome]. A receipt that knows the
// outcome is returned as it is. Any number of goroutines may wait, and wait
// again.
//
// The error is an [*outcome.Error] on the operation's failure edge, with the
// service's code and description; on onTimeout if ctx ends first; on
// onInvalidChoice if the outcome is none that the client knows; on onError if
// the table of pending writes fails. It is [ErrNoCallbacks] if the client has no
// callbacks. With an error the receipt is returned as it was.
func (r Receipt) Wait(ctx context.Context) (Receipt, error) {
	if r.Proof != Acknowledged {
		return r, nil
	}
	if r.awaited == nil {
		return r, ErrNoCallbacks
	}
	report, err := r.awaited.report(ctx, r.TransactionID)
	switch {
	case err == nil:
		return r.settle(report)
	case ctx.Err() != nil:
		return r, r.failure(outcome.OnTimeout, outcome.MaybeApplied, engine.Cause(ctx, err))
	}
	return r, r.failure(outcome.OnError, outcome.MaybeApplied, engine.Hide("the table of pending writes failed", err))
}

// settle returns the receipt with the outcome that report tells.
func (r Receipt) settle(report Report) (Receipt, error) {
	settled := r
	settled.Code, settled.Description = report.Code, report.Description
	settled.ConversationID = cmp.Or(report.ConversationID, r.ConversationID)
	settled.AlreadyDone = report.Status == ReportFailure && r.awaited.target.isDone(report.Code)
	switch {
	case report.Status == ReportSuccess, settled.AlreadyDone:
		settled.Proof = Confirmed
		return settled, nil
	case report.Status == ReportFailure:
		return r, settled.failure(r.awaited.target.failure, outcome.Refused, nil)
	}
	return r, settled.failure(outcome.OnInvalidChoice, outcome.MaybeApplied, nil)
}

// failure makes an error of a write that was acknowledged.
func (r Receipt) failure(edge outcome.Edge, effect outcome.Effect, cause error) error {
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
	}
	return failure
}
