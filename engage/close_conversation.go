package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// CloseConversation closes a conversation. The call ends on onConversationClosed, or
// with an error on onCloseConversationFailure or a standard edge.
//
// It is convergent and is retried; see [Class]. The service refuses to close a closed
// conversation, with code 4547 (observed). That is a success here, and AlreadyDone of
// the receipt is set.
func (c *Client) CloseConversation(ctx context.Context, request CloseConversationRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// alreadyClosed is the code with which the service refuses to close a closed
// conversation (observed).
const alreadyClosed = "4547"

// CloseConversationRequest is a request of CloseConversation in its only version:
// [CloseConversationV10].
type CloseConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *closeConversation
}

// CloseConversationV10 closes a conversation.
type CloseConversationV10 struct {
	// ConversationID is required.
	ConversationID string
}

// Validate implements [CloseConversationRequest].
func (r CloseConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r CloseConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r CloseConversationV10) wire() *closeConversation { return new(closeConversation(r)) }

// closeConversation implements [wireRequest].
type closeConversation CloseConversationV10

func (*closeConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.CloseConversation, outcome.V10
}

func (w *closeConversation) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

func (w *closeConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.ConversationID)
	return v
}

func (*closeConversation) body(callbackURL string) any { return &callbackJSON{callbackURL} }

// callbackJSON is the body of a request that contains nothing else.
type callbackJSON struct {
	CallbackURL string `json:"callbackUrl,omitempty"`
}
