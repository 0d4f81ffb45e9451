package engage

import (
	"context"

	"github.com/engagesdk/engage-go/outcome"
)

// RemoveParticipantRequest is a request of RemoveParticipant, in its only
// version: [RemoveParticipantV10].
type RemoveParticipantRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *removeParticipant
}

// RemoveParticipantV10 removes an agent from a conversation. When the last one
// has left, the conversation goes back to its queue.
type RemoveParticipantV10 struct {
	// ConversationID is required.
	ConversationID string
	// Participant is the agent's id. Required.
	Participant string
}

// Validate implements [RemoveParticipantRequest].
func (r RemoveParticipantV10) Validate() error { return validate(r.form()) }

func (r RemoveParticipantV10) form() *removeParticipant { return new(removeParticipant(r)) }

type removeParticipant RemoveParticipantV10

func (*removeParticipant) operation() outcome.Operation { return outcome.RemoveParticipant }
func (*removeParticipant) revision() outcome.Version    { return outcome.V10 }
func (f *removeParticipant) ids() pathIDs {
	return pathIDs{conversation: f.ConversationID, participant: f.Participant}
}

func (f *removeParticipant) violations() outcome.Violations {
	return (*addParticipant)(f).violations()
}

func (*removeParticipant) body(string) any { return nil }

// RemoveParticipantReceipt is what RemoveParticipant returns.
type RemoveParticipantReceipt struct{ Receipt }

// RemoveParticipant removes an agent from a conversation. It ends on
// onParticipantRemoved, or with an error on onRemoveParticipantFailure or a
// standard edge. It is convergent and is retried. The service may refuse it
// because an earlier try of the same call has removed the agent: the error's
// Effect is then [outcome.MaybeApplied]. [WithAlreadyDoneCode] makes the code of
// such a refusal a success.
func (c *Client) RemoveParticipant(ctx context.Context, request RemoveParticipantRequest, options ...CallOption) (*RemoveParticipantReceipt, error) {
	_, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &RemoveParticipantReceipt{receipt}, nil
}
