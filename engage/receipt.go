package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// Proof says how a receipt knows of its write: [Acknowledged], [Confirmed] or
// [Reconciled].
type Proof string

// The proofs.
const (
	// Acknowledged: the service has accepted the write. It applies writes later,
	// so the write may still fail.
	Acknowledged Proof = "acknowledged"
	// Confirmed: the service has reported the outcome. A callback did so, see
	// [WithCallbacks], or a reply that refused the write because the state was
	// there already, see AlreadyDone of [Receipt].
	Confirmed Proof = "confirmed"
	// Reconciled: no reply reported the outcome, and a lookup found the write at
	// the service.
	Reconciled Proof = "reconciled"
)

// ErrNoCallbacks is the error of [Receipt.Wait] if the client has no callbacks,
// so that no outcome will arrive.
var ErrNoCallbacks = errors.New("engage: no outcome will arrive: the client has no callbacks")

// Receipt is the result of a write that succeeded. Its Outcome is final unless Proof is
// [Acknowledged].
type Receipt struct {
	Reply
	// Proof says whether Outcome is final.
	Proof Proof
	// AlreadyDone is true if the state asked for was there before: the service
	// refused the write with a code that says so, see [WithAlreadyDoneCode]. An
	// earlier attempt of the same call may have brought it about.
	AlreadyDone bool
	// TransactionID is the service's id of the write (tid, or TransId in the
	// nodes). It is empty if neither a reply nor a callback contained it.
	TransactionID string
	// ConversationID is the conversation that was written to. After a create it
	// is empty if neither acknowledgement nor outcome contains it, as with the
	// vendor's nodes. Search for the conversation then.
	ConversationID string

	awaited *awaited
	// report is what a callback has reported; the zero value without one.
	report callback.Report
}

// Wait waits for the outcome of the write and returns the receipt with it. It is
// for calls that returned with the acknowledgement, see [WithWaitForOutcome]. A
// receipt that has the outcome is returned as it is. Any number of goroutines may
// wait, and wait again.
//
// The wait ends with ctx. If ctx has no deadline, it also ends after the time set
// by [callback.WithTimeout], which is two minutes by default. An outcome that has
// arrived by then is returned all the same.
//
// With an error, Wait returns the receipt unchanged. The error is [ErrNoCallbacks]
// if the client has no callbacks, or if no client returned the receipt. Any other
// error is an [*outcome.Error], on one of these edges:
//
//   - the operation's failure edge, with the service's code and description, if
//     the write failed;
//   - onTimeout if the wait ended without an outcome;
//   - onInvalidChoice if the wait ended after a callback with an unknown status, with
//     the code and description of that callback; the outcome may still follow;
//   - onError if the table of pending writes failed.
//
// The effect of the last three is maybe applied.
func (r Receipt) Wait(ctx context.Context) (Receipt, error) {
	switch {
	case r.Proof == Confirmed, r.Proof == Reconciled:
		return r, nil
	case r.awaited == nil:
		return r, ErrNoCallbacks
	}
	reported, err := r.awaited.Outcome(ctx, r.TransactionID, r.Attempts)
	if err != nil {
		failure := r.newError(engine.EdgeOf(err), outcome.MaybeApplied)
		failure.Err = fmt.Errorf("acknowledged, and no callback has reported the outcome: %w", err)
		r.awaited.Explain(failure)
		return r, failure
	}
	settled := r.with(reported.Report)
	if reported.Effect != outcome.Applied {
		return r, settled.newError(r.awaited.failureEdge, reported.Effect)
	}
	settled.Proof = Confirmed
	settled.AlreadyDone = reported.Status == callback.Failure
	return settled, nil
}

// with returns the receipt with what report contains besides the status.
func (r Receipt) with(report callback.Report) Receipt {
	r.report = report
	r.Code, r.Description = report.Code, report.Description
	r.ConversationID = cmp.Or(report.ConversationID, r.ConversationID)
	r.TransactionID = cmp.Or(r.TransactionID, report.TransactionID)
	r.TraceIDs = withTransaction(r.TraceIDs, report.TransactionID)
	return r
}

// newError returns an error of the write, which was acknowledged.
func (r Receipt) newError(edge outcome.Edge, effect outcome.Effect) *outcome.Error {
	failure := &outcome.Error{
		Edge:      edge,
		Operation: r.awaited.operation,
		Version:   r.awaited.version,
		Effect:    effect,
		Status:    r.HTTPStatus,
		Code:      r.Code,
		Header:    r.Header(),
		TraceIDs:  r.TraceIDs,
		Attempts:  r.Attempts,
	}
	r.awaited.describe(failure, r.Description)
	return failure
}

// withTransaction returns ids with the transaction id of a report, if it has one
// that is not among them.
func withTransaction(ids []outcome.TraceID, transaction string) []outcome.TraceID {
	if transaction == "" {
		return ids
	}
	return withTraces(ids, []outcome.TraceID{{Name: "tid", Value: transaction}})
}

// withTraces returns ids with those of others that are not among them.
func withTraces(ids, others []outcome.TraceID) []outcome.TraceID {
	for _, id := range others {
		if !slices.Contains(ids, id) {
			ids = append(slices.Clip(ids), id)
		}
	}
	return ids
}
