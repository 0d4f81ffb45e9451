package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// RemoveParticipant removes an agent from a conversation. Without agents the
// conversation goes back to its queue. The call ends on onParticipantRemoved, or with
// an error on onRemoveParticipantFailure or a standard edge.
//
// It is convergent and is retried; see [Class]. The service may refuse it because an
// earlier attempt of the same call was applied. The error then has the effect
// [outcome.MaybeApplied]; [WithAlreadyDoneCode] makes the code of such a refusal a
// success.
func (c *Client) RemoveParticipant(ctx context.Context, request RemoveParticipantRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// RemoveParticipantRequest is a request of RemoveParticipant in its only version:
// [RemoveParticipantV10].
type RemoveParticipantRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *removeParticipant
}

// RemoveParticipantV10 removes an agent from a conversation.
type RemoveParticipantV10 struct {
	// ConversationID is required.
	ConversationID string
	// Participant is the id of the agent. It is required.
	Participant string
}

// Validate implements [RemoveParticipantRequest].
func (r RemoveParticipantV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r RemoveParticipantV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r RemoveParticipantV10) wire() *removeParticipant { return new(removeParticipant(r)) }

// removeParticipant implements [wireRequest].
type removeParticipant RemoveParticipantV10

func (*removeParticipant) name() (outcome.Operation, outcome.Version) {
	return outcome.RemoveParticipant, outcome.V10
}

func (w *removeParticipant) ids() pathIDs {
	return pathIDs{conversation: w.ConversationID, participant: w.Participant}
}

func (w *removeParticipant) validate() outcome.Violations { return (*addParticipant)(w).validate() }

// body returns nil: the callback URL of a request without a body is in its query.
func (*removeParticipant) body(string) any { return nil }
