package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// HoldConversation puts a conversation on hold. The vendor offers it to standalone
// tenants only (documented). The call ends on Success, or with an error on Failure or a
// standard edge.
//
// It is convergent and is retried; see [Class]. The service may refuse it because an
// earlier attempt of the same call was applied. The error then has the effect
// [outcome.MaybeApplied]; [WithAlreadyDoneCode] makes the code of such a refusal a
// success.
func (c *Client) HoldConversation(ctx context.Context, request HoldConversationRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// HoldConversationRequest is a request of HoldConversation in its only version:
// [HoldConversationV10].
type HoldConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *holdConversation
}

// HoldConversationV10 puts a conversation on hold. The vendor names no version; 1.0 is
// assumed.
type HoldConversationV10 struct {
	// ConversationID is required.
	ConversationID string
}

// Validate implements [HoldConversationRequest].
func (r HoldConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r HoldConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r HoldConversationV10) wire() *holdConversation { return new(holdConversation(r)) }

// holdConversation implements [wireRequest].
type holdConversation HoldConversationV10

func (*holdConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.HoldConversation, outcome.V10
}

func (w *holdConversation) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

func (w *holdConversation) validate() outcome.Violations {
	return (*closeConversation)(w).validate()
}

func (*holdConversation) body(callbackURL string) any { return &callbackJSON{callbackURL} }
