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

// unsettled is a write that failed, and that may have been applied all the same.
// This can settle it:
//
//   - A callback, because it comes to a URL that only this call has.
//   - A lookup that finds the alias ids of its messages, or of the conversation.
//   - A lookup that finds nothing, but only after the settle time. Until then the
//     request may be on its way through a gateway, or in a queue of the service,
//     which applies writes after it has acknowledged them. If no settle time is
//     set, nothing proves that a write was not applied.
//
// A write that was certainly not applied is sent once more with the same alias ids.
type unsettled struct {
	client   *Client
	request  wireRequest
	settings *settings
	call     engine.Call
	awaited  *awaited
	failure  *outcome.Error
}

// findable is a write that can be looked up.
type findable interface {
	// validateAliasIDs returns what is wrong with the alias ids for a lookup before
	// sending.
	validateAliasIDs() outcome.Violations
	// lookUp looks the write up once.
	lookUp(ctx context.Context, c *Client, s *settings) lookup
}

// reconcile finds out what became of the write. It returns the receipt of a write
// that was applied, or that was sent once more. Otherwise it returns the error of
// the write, with the reason why its effect is unknown.
func (u *unsettled) reconcile(ctx context.Context) (*Receipt, error) {
	for sentAgain := false; ; sentAgain = true {
		u.expectOutcome()
		reported := u.reported(ctx, 0)
		var l lookup
		if reported == nil && u.failure.Effect == outcome.MaybeApplied && !u.settings.reconciliation.Off {
			l, reported = u.investigate(ctx)
		}
		switch {
		case reported != nil && reported.Effect == outcome.Applied:
			return u.confirmed(reported), nil
		case l.state == found:
			return u.reconciled(l.conversationID), nil
		case reported != nil && u.failure.Effect == outcome.MaybeApplied:
			return nil, u.refused(reported)
		case !l.settled || sentAgain || engine.Attempts(u.failure.Attempts) >= u.call.Attempts:
			return nil, u.unknown(ctx, l.reason)
		}
		u.call.History = u.failure.Attempts
		reply, err := u.client.engine.Do(ctx, u.call)
		if err == nil {
			return u.client.receiptOf(u.request, reply, u.awaited), nil
		}
		u.failure, _ = errors.AsType[*outcome.Error](err)
	}
}

// expectOutcome makes an acknowledgement with an unreadable result one that may
// have been applied, if a callback is to report the outcome: it may be a failure.
func (u *unsettled) expectOutcome() {
	if u.awaited == nil || u.failure.Effect != outcome.Applied {
		return
	}
	u.failure.Effect = outcome.MaybeApplied
	for i, attempt := range u.failure.Attempts {
		u.failure.Attempts[i].Effect = min(attempt.Effect, outcome.MaybeApplied)
	}
}

// investigate looks the write up as often as the call has attempts, and waits for
// its callback in between. It returns once one of the two settles the write, or
// nothing will.
func (u *unsettled) investigate(ctx context.Context) (lookup, *callback.Outcome) {
	write, isFindable := u.request.(findable)
	if !isFindable && u.awaited == nil {
		return lookup{}, nil
	}
	settleTime := u.settings.reconciliation.SettleTime
	lookups := u.call.Attempts
	if settleTime > 0 {
		lookups = max(lookups, 2)
	}
	start := time.Now()
	for n := 1; ; n++ {
		var l lookup
		var reported *callback.Outcome
		age := time.Since(start)
		if isFindable {
			l, reported = u.lookUp(ctx, write)
			l.settled = l.state == absent && settleTime > 0 && age >= settleTime
		}
		if reported != nil || l.state == found || l.settled || l.final && u.awaited == nil {
			return l, reported
		}
		var wait time.Duration
		if n == lookups-1 && settleTime > age {
			wait = settleTime - age
		} else if n < lookups {
			wait = retry.Wait(n, u.settings.FirstWait, u.settings.LongestWait)
		}
		if deadline, ok := ctx.Deadline(); ok && u.awaited == nil && time.Until(deadline) <= wait {
			return l, nil
		}
		if reported = u.reported(ctx, wait); reported != nil || n == lookups || ctx.Err() != nil {
			return l, reported
		}
	}
}

// lookUp looks the write up once, until callbacks report its outcome.
func (u *unsettled) lookUp(ctx context.Context, write findable) (lookup, *callback.Outcome) {
	if u.awaited == nil {
		return write.lookUp(ctx, u.client, u.settings), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan *callback.Outcome, 1)
	go func() {
		reported := u.outcome(ctx)
		if reported != nil {
			cancel()
		}
		outcomes <- reported
	}()
	l := write.lookUp(ctx, u.client, u.settings)
	cancel()
	return l, <-outcomes
}

// reported waits, and returns the outcome that callbacks report meanwhile, or nil.
func (u *unsettled) reported(ctx context.Context, wait time.Duration) *callback.Outcome {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if u.awaited != nil {
		if reported := u.outcome(ctx); reported != nil {
			return reported
		}
	}
	<-ctx.Done()
	return nil
}

// outcome waits for the outcome that callbacks report. It returns nil if ctx ends
// first, or if the table of pending writes fails.
func (u *unsettled) outcome(ctx context.Context) *callback.Outcome {
	reported, err := u.awaited.Outcome(ctx, "", u.failure.Attempts)
	if err != nil {
		return nil
	}
	return &reported
}

// reconciled returns the receipt of a write that a lookup found.
func (u *unsettled) reconciled(conversationID string) *Receipt {
	return &Receipt{
		Reply: Reply{
			Outcome:    u.client.target(u.request).success,
			HTTPStatus: u.failure.Status,
			TraceIDs:   u.failure.TraceIDs,
			Attempts:   u.failure.Attempts,
		},
		Proof:          Reconciled,
		ConversationID: cmp.Or(conversationID, u.request.ids().conversation),
	}
}

// confirmed returns the receipt of a write that a callback reports as applied.
func (u *unsettled) confirmed(reported *callback.Outcome) *Receipt {
	receipt := u.reconciled("").with(reported.Report)
	receipt.Proof = Confirmed
	receipt.AlreadyDone = reported.Status == callback.Failure
	return &receipt
}

// refused returns the error of a write that callbacks report as failed.
func (u *unsettled) refused(reported *callback.Outcome) error {
	failure := *u.failure
	failure.Edge = u.client.target(u.request).failure
	failure.Effect = reported.Effect
	failure.Code, failure.Description = reported.Code, reported.Description
	failure.TraceIDs = withTransaction(failure.TraceIDs, reported.TransactionID)
	failure.Err, failure.RetryAfter = nil, 0 // They belong to the attempts.
	return &failure
}

// unknown returns the error of a write that nothing has settled, with the reason.
func (u *unsettled) unknown(ctx context.Context, reason error) error {
	failure := *u.failure
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
	u.awaited.explain(&failure)
	return &failure
}

// both returns one error of two, of which the first may be nil.
func both(first, second error) error {
	if first == nil {
		return second
	}
	return fmt.Errorf("%w; %w", first, second)
}

// lookUpFirst looks a write up before it is sent, if the caller wants that. It
// returns the receipt of a write that was found, and neither receipt nor error for a
// write that is to be sent.
func (c *Client) lookUpFirst(ctx context.Context, w wireRequest, s *settings) (*Receipt, error) {
	write, ok := w.(findable)
	if !ok || !s.reconciliation.LookFirst {
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
	failure.Effect = outcome.MaybeApplied
	failure.Err = fmt.Errorf("lookup: %w", l.reason)
	return nil, failure
}
