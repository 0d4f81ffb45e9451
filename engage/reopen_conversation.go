package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// ReopenConversation opens a closed conversation again and puts it into its queue. The
// call ends on ConversationReopened, or with an error on ConversationReopenFailed or a
// standard edge.
//
// It is convergent and is retried; see [Class]. The service may refuse it because an
// earlier attempt of the same call was applied. The error then has the effect
// [outcome.MaybeApplied]; [WithAlreadyDoneCode] makes the code of such a refusal a
// success.
func (c *Client) ReopenConversation(ctx context.Context, request ReopenConversationRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// ReopenConversationRequest is a request of ReopenConversation in its only version:
// [ReopenConversationV10].
type ReopenConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *reopenConversation
}

// ReopenConversationV10 opens a closed conversation again.
type ReopenConversationV10 struct {
	// ConversationID is required.
	ConversationID string
}

// Validate implements [ReopenConversationRequest].
func (r ReopenConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r ReopenConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r ReopenConversationV10) wire() *reopenConversation { return new(reopenConversation(r)) }

// reopenConversation implements [wireRequest].
type reopenConversation ReopenConversationV10

func (*reopenConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.ReopenConversation, outcome.V10
}

func (w *reopenConversation) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

func (w *reopenConversation) validate() outcome.Violations {
	return (*closeConversation)(w).validate()
}

func (*reopenConversation) body(callbackURL string) any { return &callbackJSON{callbackURL} }
