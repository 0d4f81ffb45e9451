package engage

import (
	"cmp"
	"context"
	"errors"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// write takes a write from its request to its receipt. All writes go through it.
func (c *Client) write(ctx context.Context, w wireRequest, options []CallOption) (*Receipt, error) {
	s, err := c.prepare(w, options)
	if err != nil {
		return nil, err
	}
	receipt, err := c.lookUpFirst(ctx, w, s)
	if receipt == nil && err == nil {
		receipt, err = c.send(ctx, w, s)
	}
	if err != nil {
		return nil, withAliasIDs(err, w)
	}
	return receipt, nil
}

// withAliasIDs adds to the error of a write the alias ids of its messages, some of
// which the client may have made.
func withAliasIDs(err error, w wireRequest) error {
	named, ok := w.(interface{ sentAliasIDs() []string })
	if failure, failed := errors.AsType[*outcome.Error](err); ok && failed {
		failure.AliasIDs = named.sentAliasIDs()
	}
	return err
}

// send sends a write. A client with callbacks waits for its outcome, too, unless a
// call option says otherwise.
func (c *Client) send(ctx context.Context, w wireRequest, s *settings) (*Receipt, error) {
	awaited, err := c.expect(ctx, w)
	if err != nil {
		return nil, err
	}
	waitsLater := false
	defer func() {
		if !waitsLater {
			awaited.forget()
		}
	}()
	receipt, err := c.exchange(ctx, w, s, awaited)
	if err != nil || awaited == nil || receipt.Proof != Acknowledged {
		return receipt, err
	}
	if !s.wait {
		waitsLater = true
		return receipt, nil
	}
	settled, err := receipt.Wait(ctx)
	if err != nil {
		return nil, err
	}
	return &settled, nil
}

// exchange sends a write until it is acknowledged or fails. A write that may have
// been applied is reconciled.
func (c *Client) exchange(ctx context.Context, w wireRequest, s *settings, awaited *awaited) (*Receipt, error) {
	call, err := c.call(w, s, awaited.url())
	if err != nil {
		return nil, err
	}
	reply, err := c.engine.Do(ctx, call)
	if err == nil {
		return c.receiptOf(w, reply, awaited), nil
	}
	failure, _ := errors.AsType[*outcome.Error](err)
	if c.target(w).isDone(failure.Code) {
		receipt := c.receiptOf(w, reply, awaited)
		receipt.AlreadyDone, receipt.Proof = true, Confirmed
		receipt.Code, receipt.Description = failure.Code, failure.Description
		return receipt, nil
	}
	u := &unsettled{client: c, request: w, settings: s, call: call, awaited: awaited, failure: failure}
	return u.reconcile(ctx)
}

// receiptOf returns the receipt of a write whose reply acknowledges it.
func (c *Client) receiptOf(w wireRequest, reply engine.Reply, awaited *awaited) *Receipt {
	return &Receipt{
		Reply:          replyOf(reply, c.target(w).success),
		Proof:          Acknowledged,
		TransactionID:  reply.Envelope.Transaction,
		ConversationID: cmp.Or(reply.Envelope.ConversationID, w.ids().conversation),
		awaited:        awaited,
	}
}
