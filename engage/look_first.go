package engage

import (
	"cmp"
	"context"
	"errors"

	"github.com/engagesdk/engage-go/outcome"
)

// WithLookFirst says whether a create or an append is looked for before it is
// sent. The default is that it is not: a call knows what it did itself. A program
// that handles the same event again, after it was killed or could not
// acknowledge it, does not know what it did before.
//
// The messages need alias ids of the caller's own that are the same each time,
// such as MessageEvent.Content of package stream gives them; a create without messages
// needs its alias id. The search goes where [WithReconciliation] looks. What is
// found succeeds with nothing sent, and the receipt's Proof is [Reconciled]. What
// is not there is sent: a request of the run before that is still on its way
// would then arrive beside it. Where it cannot be told, as on a tenant without
// transcripts, the call fails with nothing sent; the effect is then
// [outcome.MaybeApplied] for the run before.
//
// Other operations can be repeated and do not look. The reads are not limited
// by [WithTotalTimeout] together with the write, but each alone.
func WithLookFirst(look bool) CallOption {
	return func(s *settings) error {
		s.lookFirst = look
		return nil
	}
}

// requireMarks notes what a write lacks to be looked for before it is sent.
func requireMarks(v *outcome.Violations, f form) {
	if write, ok := f.(traceable); ok && !write.marked() {
		v.Add("AliasID", "is empty, and WithLookFirst has nothing else to look for")
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
	switch found.sight {
	case there:
		return Receipt{
			Reply:          Reply{Outcome: c.target(f).success},
			Proof:          Reconciled,
			ConversationID: cmp.Or(found.conversationID, f.ids().conversation),
		}, true, nil
	case absent:
		return Receipt{}, false, nil
	}
	edge := outcome.OnError
	if ctx.Err() != nil {
		edge = outcome.OnTimeout
	}
	return Receipt{}, false, &outcome.Error{
		Edge: edge, Operation: f.operation(), Version: f.revision(), Effect: outcome.MaybeApplied,
		Err: errors.New("looked for it: " + found.why),
	}
}
