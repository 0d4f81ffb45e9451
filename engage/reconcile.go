package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/retry"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// failedWrite is a write that ended in an error. It may have been applied all the
// same. This can settle it:
//
//   - A callback, because it comes to a URL that only this call has.
//   - A lookup that finds the alias ids of its messages, or of the conversation.
//   - A lookup that finds nothing, but only after the settle time. Until then the
//     request may be on its way through a gateway, or in a queue of the service,
//     which applies writes after it has acknowledged them. If no settle time is
//     set, nothing proves that a write was not applied.
//
// A write that a lookup settles as absent is sent once more with the same alias ids.
type failedWrite struct {
	client   *Client
	request  wireRequest
	settings *settings
	call     engine.Call
	// awaited is nil for a client without callbacks.
	awaited *awaited
	failure *outcome.Error
}

// findable is a write that can be looked up.
type findable interface {
	// validateAliasIDs returns what is wrong with the alias ids for a lookup before
	// sending.
	validateAliasIDs() outcome.Violations
	// lookUp looks the write up once.
	lookUp(ctx context.Context, c *Client, s *settings) lookup
}

// reconcile finds out what became of the write. It returns a receipt if the write was
// applied, or was sent once more and acknowledged. Otherwise it returns the error of
// the write; if the effect is unknown, with the reason.
func (f *failedWrite) reconcile(ctx context.Context) (*Receipt, error) {
	for sentAgain := false; ; sentAgain = true {
		f.awaitFailure()
		var l lookup
		reported := f.waitForCallback(ctx, 0)
		mayBeApplied := f.failure.Effect == outcome.MaybeApplied
		if reported == nil && mayBeApplied && !f.settings.reconciliation.Off {
			l, reported = f.investigate(ctx)
		}
		switch {
		case reported != nil && reported.Effect == outcome.Applied:
			return f.confirmed(reported), nil
		case l.state == found:
			return f.reconciled(l.conversationID), nil
		case reported != nil && mayBeApplied:
			return nil, f.refused(reported)
		case !l.settled || sentAgain || engine.Attempts(f.failure.Attempts) >= f.call.Attempts:
			return nil, f.failed(ctx, l.reason)
		}
		f.call.History = f.failure.Attempts
		reply, err := f.client.engine.Do(ctx, f.call)
		if err == nil {
			return f.client.receiptOf(f.request, reply, f.awaited), nil
		}
		f.failure, _ = errors.AsType[*outcome.Error](err)
	}
}

// awaitFailure replaces the effect Applied by MaybeApplied if a callback may still
// report a failure: the service acknowledged the write, and the rest of its reply
// could not be read.
func (f *failedWrite) awaitFailure() {
	if f.awaited == nil || f.failure.Effect != outcome.Applied {
		return
	}
	f.failure.Effect = outcome.MaybeApplied
	for i, attempt := range f.failure.Attempts {
		f.failure.Attempts[i].Effect = min(attempt.Effect, outcome.MaybeApplied)
	}
}

// investigate looks the write up, and waits for its callback between two lookups. There
// are as many lookups as the call has attempts, and at least two with a settle time.
// It returns once a lookup or a callback settles the write, or nothing will.
func (f *failedWrite) investigate(ctx context.Context) (lookup, *callback.Outcome) {
	write, isFindable := f.request.(findable)
	if !isFindable && f.awaited == nil {
		return lookup{}, nil
	}
	settleTime := f.settings.reconciliation.SettleTime
	lookups := f.call.Attempts
	if settleTime > 0 {
		lookups = max(lookups, 2)
	}
	start := time.Now()
	for n := 1; ; n++ {
		var l lookup
		var reported *callback.Outcome
		age := time.Since(start)
		if isFindable {
			l, reported = f.lookUp(ctx, write)
			l.settled = l.state == absent && settleTime > 0 && age >= settleTime
		}
		if reported != nil || l.state == found || l.settled || l.final && f.awaited == nil {
			return l, reported
		}
		var wait time.Duration
		if n == lookups-1 && settleTime > age {
			wait = settleTime - age // The last lookup comes after the settle time.
		} else if n < lookups {
			wait = retry.Wait(n, f.settings.FirstWait, f.settings.LongestWait)
		}
		if deadline, ok := ctx.Deadline(); ok && f.awaited == nil && time.Until(deadline) <= wait {
			return l, nil
		}
		if reported = f.waitForCallback(ctx, wait); reported != nil || n == lookups || ctx.Err() != nil {
			return l, reported
		}
	}
}

// lookUp looks the write up once. If a callback reports the outcome meanwhile, it ends
// the lookup and returns the outcome.
func (f *failedWrite) lookUp(ctx context.Context, write findable) (lookup, *callback.Outcome) {
	if f.awaited == nil {
		return write.lookUp(ctx, f.client, f.settings), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan *callback.Outcome, 1)
	go func() {
		reported := f.outcome(ctx)
		if reported != nil {
			cancel()
		}
		outcomes <- reported
	}()
	l := write.lookUp(ctx, f.client, f.settings)
	cancel()
	return l, <-outcomes
}

// waitForCallback waits, and returns the outcome that callbacks report meanwhile, or
// nil. With a wait of 0 it returns an outcome that has arrived.
func (f *failedWrite) waitForCallback(ctx context.Context, wait time.Duration) *callback.Outcome {
	if f.awaited == nil && wait == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if f.awaited != nil {
		if reported := f.outcome(ctx); reported != nil {
			return reported
		}
	}
	<-ctx.Done()
	return nil
}

// outcome waits for the outcome that callbacks report. It returns nil if ctx ends
// first, or if the table of pending writes fails.
func (f *failedWrite) outcome(ctx context.Context) *callback.Outcome {
	reported, err := f.awaited.Outcome(ctx, "", f.failure.Attempts)
	if err != nil {
		return nil
	}
	return &reported
}

// reconciled returns the receipt of a write that was found. Its trace ids are those of
// all replies, since none acknowledges the write.
func (f *failedWrite) reconciled(conversationID string) *Receipt {
	return &Receipt{
		Reply: Reply{
			Outcome:    f.client.target(f.request).success,
			HTTPStatus: f.failure.Status,
			TraceIDs:   f.failure.TraceIDs,
			Attempts:   f.failure.Attempts,
			raw:        &rawReply{header: f.failure.Header},
		},
		Proof:          Reconciled,
		ConversationID: cmp.Or(conversationID, f.request.ids().conversation),
	}
}

// confirmed returns the receipt of a write that a callback reports as applied. A failure
// that counts as applied says that the state was there before.
func (f *failedWrite) confirmed(reported *callback.Outcome) *Receipt {
	receipt := f.reconciled("").with(reported.Report)
	receipt.Proof = Confirmed
	receipt.AlreadyDone = reported.Status == callback.Failure
	return &receipt
}

// refused returns the error of a write that callbacks report as failed.
func (f *failedWrite) refused(reported *callback.Outcome) error {
	failure := *f.failure
	failure.Edge = f.client.target(f.request).failure
	failure.Effect = reported.Effect
	failure.Code = reported.Code
	f.awaited.describe(&failure, reported.Description)
	failure.TraceIDs = withTransaction(failure.TraceIDs, reported.TransactionID)
	failure.Err, failure.RetryAfter = nil, 0 // They belong to the attempts.
	return &failure
}

// failed returns the error of the write. If its effect is unknown, the error contains
// the reason.
func (f *failedWrite) failed(ctx context.Context, reason error) error {
	failure := *f.failure
	if failure.Effect != outcome.MaybeApplied {
		return &failure
	}
	if reason != nil {
		failure.Err = both(failure.Err, fmt.Errorf("lookup: %w", reason))
	}
	if ended := ctx.Err(); ended != nil {
		failure.Edge = outcome.OnTimeout
		if !errors.Is(failure.Err, ended) {
			failure.Err = both(failure.Err, safeerror.Cause(ctx, ended))
		}
	}
	if f.awaited != nil {
		f.awaited.Explain(&failure)
	}
	return &failure
}

// both returns one error of two, of which the first may be nil.
func both(first, second error) error {
	if first == nil {
		return second
	}
	return fmt.Errorf("%w; %w", first, second)
}

// lookUpFirst looks a write up before it is sent. It returns the receipt of a write that
// was found, and neither receipt nor error for a write that is to be sent. The error is
// that of the lookup, made one of the write.
func (c *Client) lookUpFirst(ctx context.Context, w wireRequest, s *settings) (*Receipt, error) {
	write, ok := w.(findable)
	if !ok {
		return nil, nil
	}
	l := write.lookUp(ctx, c, s)
	switch {
	case l.state == found:
		return &Receipt{
			Reply:          Reply{Outcome: c.target(w).success},
			Proof:          Reconciled,
			ConversationID: cmp.Or(l.conversationID, w.ids().conversation),
		}, nil
	case l.state == absent, l.onlyClosed:
		return nil, nil
	}
	failure := &outcome.Error{Edge: outcome.OnError}
	if cause, failed := errors.AsType[*outcome.Error](l.reason); failed {
		*failure = *cause
		if !cause.Edge.IsStandard() {
			failure.Edge = outcome.OnError
		}
	}
	failure.Operation, failure.Version = w.name()
	failure.Effect, failure.Attempts = outcome.MaybeApplied, nil // The attempts are those of the lookup.
	failure.Err = fmt.Errorf("lookup: %w", l.reason)
	return nil, failure
}
