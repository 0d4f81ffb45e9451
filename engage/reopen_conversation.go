package engage

import (
	"context"

	"github.com/engagesdk/engage-go/outcome"
)

// ReopenConversationRequest is a request of ReopenConversation, in its only
// version: [ReopenConversationV10].
type ReopenConversationRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *reopenConversation
}

// ReopenConversationV10 opens a closed conversation again and puts it into its
// queue.
type ReopenConversationV10 struct {
	// ConversationID is required.
	ConversationID string
}

// Validate implements [ReopenConversationRequest].
func (r ReopenConversationV10) Validate() error { return validate(r.form()) }

func (r ReopenConversationV10) form() *reopenConversation { return new(reopenConversation(r)) }

type reopenConversation ReopenConversationV10

func (*reopenConversation) operation() outcome.Operation { return outcome.ReopenConversation }
func (*reopenConversation) revision() outcome.Version    { return outcome.V10 }
func (f *reopenConversation) ids() pathIDs               { return pathIDs{conversation: f.ConversationID} }

func (f *reopenConversation) violations() outcome.Violations {
	return (*closeConversation)(f).violations()
}

func (*reopenConversation) body(callbackURL string) any { return &callbackBody{callbackURL} }

// ReopenConversationReceipt is what ReopenConversation returns.
type ReopenConversationReceipt struct{ Receipt }

// ReopenConversation opens a closed conversation again. It ends on
// ConversationReopened, or with an error on ConversationReopenFailed or a
// standard edge. It is convergent and is retried. The service may refuse it
// because an earlier try of the same call has opened the conversation: the error's
// Effect is then [outcome.MaybeApplied]. [WithAlreadyDoneCode] makes the code of
// such a refusal a success.
func (c *Client) ReopenConversation(ctx context.Context, request ReopenConversationRequest, options ...CallOption) (*ReopenConversationReceipt, error) {
	_, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &ReopenConversationReceipt{receipt}, nil
}
