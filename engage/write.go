package engage

import (
	"cmp"
	"context"
	"errors"

	"github.com/engagesdk/engage-go/outcome"
)

// write takes a write from the request to its receipt. All writes go through it.
func write[F form](ctx context.Context, c *Client, r request[F], options []CallOption) (F, Receipt, error) {
	f, s, err := prepare(ctx, c, r, options)
	if err != nil {
		return f, Receipt{}, err
	}
	receipt, done, err := c.lookFirst(ctx, f, s)
	switch {
	case done || err != nil:
	case c.callbacks == nil:
		receipt, err = c.send(ctx, f, s, nil)
	default:
		receipt, err = c.sendAndWait(ctx, f, s)
	}
	if err != nil {
		return f, Receipt{}, withAliasIDs(err, f)
	}
	return f, receipt, nil
}

// withAliasIDs notes on the error of a write under which ids its messages were
// sent: the client may have made them, and nothing else tells.
func withAliasIDs(err error, f form) error {
	named, ok := f.(interface{ names() []string })
	if failure, failed := errors.AsType[*outcome.Error](err); ok && failed {
		failure.AliasIDs = named.names()
	}
	return err
}

// sendAndWait sends a write whose outcome a callback reports and, unless the call
// option says otherwise, waits for the outcome.
func (c *Client) sendAndWait(ctx context.Context, f form, s *settings) (Receipt, error) {
	w, err := c.expect(ctx, f)
	if err != nil {
		return Receipt{}, err
	}
	waitsLater := false
	defer func() {
		if !waitsLater { // Also when the transport or the token source panics.
			w.Forget()
		}
	}()
	receipt, err := c.send(ctx, f, s, w)
	if err != nil || receipt.Proof != Acknowledged {
		return receipt, err
	}
	if !s.wait {
		waitsLater = true
		return receipt, nil
	}
	receipt, err = receipt.Wait(ctx)
	if err != nil {
		return Receipt{}, err
	}
	return receipt, nil
}

// send sends a write until it is acknowledged, refused or past hope. w is nil
// for a client without callbacks.
func (c *Client) send(ctx context.Context, f form, s *settings, w *awaited) (Receipt, error) {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	call, err := c.call(f, s, w.url())
	if err != nil {
		return Receipt{}, err
	}
	got, err := c.exchange(ctx, f, call)
	if err == nil {
		return receiptOf(f, got, w), nil
	}
	failure, _ := errors.AsType[*outcome.Error](err)
	switch {
	case got.target.isDone(failure.Code):
		receipt := receiptOf(f, got, w)
		receipt.AlreadyDone, receipt.Proof = true, Confirmed
		receipt.Code, receipt.Description = failure.Code, failure.Description
		return receipt, nil
	case isDoubtful(failure, w) && s.reconcile && ctx.Err() == nil:
		return c.reconcile(ctx, f, s, call, w, failure)
	case w != nil:
		return (&doubt{c, f, s, call, w, failure}).heard(ctx)
	}
	return Receipt{}, err
}

// receiptOf returns the receipt of a write that was answered, on the operation's
// success edge.
func receiptOf(f form, got *answer, w *awaited) Receipt {
	ids := &got.envelope.IDs
	ids.Transaction = cmp.Or(ids.Transaction, got.value.transaction)
	return Receipt{
		Reply:          got.reply(got.target.success),
		Proof:          Acknowledged,
		TransactionID:  ids.Transaction,
		ConversationID: cmp.Or(got.value.conversationID, got.envelope.ConversationID, f.ids().conversation),
		awaited:        w,
	}
}
