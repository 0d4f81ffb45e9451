package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// TransferConversation moves a conversation to the queue of a team, or to a queue for a
// skill. The vendor offers it to standalone tenants only (documented).
//
// A transfer to a team ends on onConversationTransferred, or with an error on
// onConversationTransferFailed or a standard edge. A transfer with a skill ends on
// Success, or with an error on Failure or a standard edge.
//
// It is unsafe to repeat, because a repetition would take the conversation from the agent
// who has accepted it since; see [Class]. A transfer that may have been applied is not
// looked up: no call of the service returns the queue of a conversation by its id.
func (c *Client) TransferConversation(ctx context.Context, request TransferConversationRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// TransferConversationRequest is a request of TransferConversation in its only version:
// [TransferConversationV10].
type TransferConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *transferConversation
}

// TransferConversationV10 moves a conversation to another queue. The vendor names no
// version; 1.0 is assumed.
type TransferConversationV10 struct {
	// ConversationID is required.
	ConversationID string
	// Team is the name of the team. It is required, with a skill, too (documented).
	Team string
	// Skill is the name of a skill, for its queue; empty for the queue of the team. That
	// a request contains it beside the team is assumed.
	Skill string
}

// Validate implements [TransferConversationRequest].
func (r TransferConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r TransferConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r TransferConversationV10) wire() *transferConversation { return new(transferConversation(r)) }

// transferConversation implements [wireRequest].
type transferConversation TransferConversationV10

func (*transferConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.TransferConversation, outcome.V10
}

func (w *transferConversation) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

func (w *transferConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.ConversationID)
	validateRequired(&v, "Team", w.Team)
	if w.Skill != "" {
		validateRequired(&v, "Skill", w.Skill)
	}
	return v
}

// target implements [ownTarget]: the two queues have different edges.
func (w *transferConversation) target(c *Client) *target {
	t := c.targets[outcome.TransferConversation]
	if w.Skill != "" {
		t = new(*t)
		t.success, t.failure = outcome.Success, outcome.Failure
	}
	return t
}

func (w *transferConversation) body(callbackURL string) any {
	return &transferJSON{w.Team, w.Skill, callbackURL}
}

// transferJSON is the body of the request.
type transferJSON struct {
	Team        string `json:"team"`
	Skill       string `json:"skill,omitempty"`
	CallbackURL string `json:"callbackUrl,omitempty"`
}
