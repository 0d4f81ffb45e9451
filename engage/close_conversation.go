package engage

import (
	"context"

	"github.com/engagesdk/engage-go/outcome"
)

// alreadyClosed is the service's code for closing a closed conversation
// (observed).
const alreadyClosed = "4547"

// CloseConversationRequest is a request of CloseConversation, in its only
// version: [CloseConversationV10].
type CloseConversationRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *closeConversation
}

// CloseConversationV10 closes a conversation.
type CloseConversationV10 struct {
	// ConversationID is required.
	ConversationID string
}

// Validate implements [CloseConversationRequest].
func (r CloseConversationV10) Validate() error { return validate(r.form()) }

func (r CloseConversationV10) form() *closeConversation { return new(closeConversation(r)) }

type closeConversation CloseConversationV10

func (*closeConversation) operation() outcome.Operation { return outcome.CloseConversation }
func (*closeConversation) revision() outcome.Version    { return outcome.V10 }
func (f *closeConversation) ids() pathIDs               { return pathIDs{conversation: f.ConversationID} }

func (f *closeConversation) violations() outcome.Violations {
	var v outcome.Violations
	requireID(&v, "ConversationID", f.ConversationID)
	return v
}

// callbackBody is the JSON of a request that holds nothing else.
type callbackBody struct {
	CallbackURL string `json:"callbackUrl,omitempty"`
}

func (*closeConversation) body(callbackURL string) any { return &callbackBody{callbackURL} }

// CloseConversationReceipt is what CloseConversation returns.
type CloseConversationReceipt struct {
	Receipt
	// AlreadyClosed tells that the conversation had been closed before, perhaps
	// by an earlier try of this very call. The service reports that as a failure
	// with code 4547 (observed); the state that was asked for is there all the
	// same. It is AlreadyDone under another name.
	AlreadyClosed bool
}

// CloseConversation closes a conversation. It ends on onConversationClosed, or
// with an error on onCloseConversationFailure or a standard edge. It is
// convergent and is retried. That the conversation was closed already counts as
// success, which the receipt tells.
func (c *Client) CloseConversation(ctx context.Context, request CloseConversationRequest, options ...CallOption) (*CloseConversationReceipt, error) {
	_, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &CloseConversationReceipt{receipt, receipt.AlreadyDone}, nil
}
