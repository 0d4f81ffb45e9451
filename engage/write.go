package engage

import (
	"cmp"
	"context"
	"errors"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// write takes a write from its request to its receipt. This is the way of an append,
// function after function:
//
//	AppendMessage         the method; wire brings all versions to one shape  append_message.go, messages.go
//	  write               one write                                          write.go
//	    prepare           validates, and applies the call options            request.go, validate.go
//	    send              one write that is valid
//	      encode          its URL and its JSON                               request.go, target.go
//	      engine.Do       its attempts                                       internal/engine
//	      receiptOf       its receipt                                        write.go, reply.go
//
// Only some writes take these side ways:
//
//	observed              reports start and end, if there is an observer     observer.go
//	lookUpFirst           before sending, if a call option asks for it       reconcile.go
//	awaited               the outcome, if the client has callbacks           callbacks.go, receipt.go
//	failedWrite           what became of a write that failed                 reconcile.go, lookup.go
func (c *Client) write(ctx context.Context, w wireRequest, options []CallOption) (*Receipt, error) {
	s, err := c.prepare(w, options)
	if err != nil {
		return nil, err
	}
	return observed(ctx, c.observer, startOf(w), func(ctx context.Context) (receipt *Receipt, err error) {
		if s.reconciliation.LookFirst {
			receipt, err = c.lookUpFirst(ctx, w, s)
		}
		if receipt == nil && err == nil {
			receipt, err = c.send(ctx, w, s)
		}
		if err != nil {
			receipt, err = nil, withAliasIDs(err, w)
		}
		if j, ok := w.(judge); ok {
			err = j.judge(receipt, err)
		}
		return receipt, err
	})
}

// judge is a write that knows more of its edge than the engine.
type judge interface {
	// judge corrects the receipt, or returns the corrected error.
	judge(*Receipt, error) error
}

// withAliasIDs adds to the error of a write the alias ids of its messages, some of
// which the client may have made.
func withAliasIDs(err error, w wireRequest) error {
	named, ok := w.(interface{ allAliasIDs() []string })
	if failure, failed := errors.AsType[*outcome.Error](err); ok && failed {
		failure.AliasIDs = named.allAliasIDs()
	}
	return err
}

// send sends a valid write. If the client has callbacks, it waits for the outcome,
// too, unless a call option says otherwise.
func (c *Client) send(ctx context.Context, w wireRequest, s *settings) (*Receipt, error) {
	if c.callbacks == nil {
		return c.sendFor(ctx, w, s, nil)
	}
	a, err := c.await(ctx, w)
	if err != nil {
		return nil, err
	}
	isOpen := false
	defer func() {
		if !isOpen {
			a.Forget()
		}
	}()
	receipt, err := c.sendFor(ctx, w, s, a)
	if err != nil || receipt.Proof != Acknowledged {
		return receipt, err
	}
	if !s.waitForOutcome {
		isOpen = true // The caller may wait by the receipt.
		return receipt, nil
	}
	settled, err := receipt.Wait(ctx)
	if err != nil {
		return nil, err
	}
	return &settled, nil
}

// sendFor sends a write until it is acknowledged or has failed. The outcome goes to a,
// which is nil for a client without callbacks.
func (c *Client) sendFor(ctx context.Context, w wireRequest, s *settings, a *awaited) (*Receipt, error) {
	callbackURL := ""
	if a != nil {
		callbackURL = a.URL()
	}
	call, err := c.encode(w, s, callbackURL)
	if err != nil {
		return nil, err
	}
	reply, err := c.engine.Do(ctx, call)
	if a != nil {
		a.call, a.token = call, reply.Token
	}
	if err == nil {
		return c.receiptOf(w, reply, a), nil
	}
	failure, _ := errors.AsType[*outcome.Error](err) // The engine returns no other.
	if c.target(w).isDone(failure.Code) {
		receipt := c.receiptOf(w, reply, a)
		receipt.AlreadyDone, receipt.Proof = true, Confirmed
		return receipt, nil
	}
	f := &failedWrite{client: c, request: w, settings: s, call: call, awaited: a, failure: failure}
	return f.reconcile(ctx)
}

// receiptOf returns the receipt of a write with what its reply contains.
func (c *Client) receiptOf(w wireRequest, reply engine.Reply, a *awaited) *Receipt {
	return &Receipt{
		Reply:          replyOf(reply, c.target(w).success),
		Proof:          Acknowledged,
		TransactionID:  reply.Envelope.Transaction,
		ConversationID: cmp.Or(reply.Envelope.ConversationID, w.ids().conversation),
		awaited:        a,
	}
}
