package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// WithLookFirst says whether a create or an append is looked for before it is
// sent. The default is that it is not: a call knows what it did itself. A program
// that handles the same event again, after it was killed or could not
// acknowledge it, does not know what it did before.
//
// The messages need alias ids of the caller's own, which differ from each other
// and are the same each time, such as MessageEvent.Content of package stream gives
// them; a create without messages needs its alias id. The search goes where [WithReconciliation] looks,
// so it needs a tenant with transcripts. What is found succeeds with nothing sent,
// and the receipt's Proof is [Reconciled]. What is not there is sent. The service
// carries writes out after it has acknowledged them, so a write of the run before
// that is still on its way is not there yet, and arrives beside this one.
//
// Where the look fails, or does not tell, nothing is sent. The error then has the
// edge and the details of the look, or onError, and its effect is
// [outcome.MaybeApplied], for the run before. A create does not tell whether it
// was done if another conversation is open at its address: append to that one. It
// is sent if there is none but a closed one without the mark, for a customer may
// return; what the search does not name behind that one is not looked at.
//
// Convergent writes need no look. [Client.Do] does not look, for nothing is known
// to look for. [WithTotalTimeout] limits each read of the look, and then the
// write.
func WithLookFirst(look bool) CallOption {
	return func(s *settings) error {
		s.lookFirst = look
		return nil
	}
}

// lookFirst looks for a write before it is sent. It returns its receipt if it is
// there, and true; false with no error if it is to be sent.
func (c *Client) lookFirst(ctx context.Context, f form, s *settings) (Receipt, bool, error) {
	write, ok := f.(traceable)
	if !ok || !s.lookFirst {
		return Receipt{}, false, nil
	}
	found := write.look(ctx, c, s)
	switch {
	case found.sight == there:
		return Receipt{
			Reply:          Reply{Outcome: c.target(f).success},
			Proof:          Reconciled,
			ConversationID: cmp.Or(found.conversationID, f.ids().conversation),
		}, true, nil
	case found.sight == absent, found.closed:
		return Receipt{}, false, nil
	}
	return Receipt{}, false, lookFailure(f, found.why)
}

// lookFailure is the error of a write that was not sent because of what a look for
// it showed, or did not.
func lookFailure(f form, why error) error {
	failure := &outcome.Error{Edge: outcome.OnError}
	if look, failed := errors.AsType[*outcome.Error](why); failed {
		*failure = *look
		if !look.Edge.IsStandard() {
			failure.Edge = outcome.OnError
		}
	}
	failure.Operation, failure.Version = f.operation(), f.revision()
	failure.Effect = outcome.MaybeApplied
	failure.Err = fmt.Errorf("looked for it: %w", why)
	return failure
}
