package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// AddParticipant adds an agent to a conversation. The conversation becomes active. The
// call ends on OnAddParticipantSuccess, or with an error on OnAddParticipantFailure or
// a standard edge. It is convergent and is retried; see [Class].
func (c *Client) AddParticipant(ctx context.Context, request AddParticipantRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// AddParticipantRequest is a request of AddParticipant in its only version:
// [AddParticipantV10].
type AddParticipantRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *addParticipant
}

// AddParticipantV10 adds an agent to a conversation.
type AddParticipantV10 struct {
	// ConversationID is required.
	ConversationID string
	// Participant is the id of the agent. It is required.
	Participant string
}

// Validate implements [AddParticipantRequest].
func (r AddParticipantV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r AddParticipantV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r AddParticipantV10) wire() *addParticipant { return new(addParticipant(r)) }

// addParticipant implements [wireRequest].
type addParticipant AddParticipantV10

func (*addParticipant) name() (outcome.Operation, outcome.Version) {
	return outcome.AddParticipant, outcome.V10
}

func (w *addParticipant) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

func (w *addParticipant) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.ConversationID)
	validateID(&v, "Participant", w.Participant)
	return v
}

func (w *addParticipant) body(callbackURL string) any {
	return &participantJSON{w.Participant, callbackURL}
}

// participantJSON is the body of the request.
type participantJSON struct {
	Participant string `json:"participant"`
	CallbackURL string `json:"callbackUrl,omitempty"`
}
