package engage

import (
	"context"

	"github.com/engagesdk/engage-go/outcome"
)

// AddParticipantRequest is a request of AddParticipant, in its only version:
// [AddParticipantV10].
type AddParticipantRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *addParticipant
}

// AddParticipantV10 adds an agent to a conversation, which thereby becomes
// active.
type AddParticipantV10 struct {
	// ConversationID is required.
	ConversationID string
	// Participant is the agent's id. Required.
	Participant string
}

// Validate implements [AddParticipantRequest].
func (r AddParticipantV10) Validate() error { return validate(r.form()) }

func (r AddParticipantV10) form() *addParticipant { return new(addParticipant(r)) }

type addParticipant AddParticipantV10

func (*addParticipant) operation() outcome.Operation { return outcome.AddParticipant }
func (*addParticipant) revision() outcome.Version    { return outcome.V10 }
func (f *addParticipant) ids() pathIDs               { return pathIDs{conversation: f.ConversationID} }

func (f *addParticipant) violations() outcome.Violations {
	var v outcome.Violations
	requireID(&v, "ConversationID", f.ConversationID)
	requireID(&v, "Participant", f.Participant)
	return v
}

// participantBody is the JSON of a request.
type participantBody struct {
	Participant string `json:"participant"`
	CallbackURL string `json:"callbackUrl,omitempty"`
}

func (f *addParticipant) body(callbackURL string) any {
	return &participantBody{f.Participant, callbackURL}
}

// AddParticipantReceipt is what AddParticipant returns.
type AddParticipantReceipt struct{ Receipt }

// AddParticipant adds an agent to a conversation. It ends on
// OnAddParticipantSuccess, or with an error on OnAddParticipantFailure or a
// standard edge. It is convergent and is retried.
func (c *Client) AddParticipant(ctx context.Context, request AddParticipantRequest, options ...CallOption) (*AddParticipantReceipt, error) {
	_, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &AddParticipantReceipt{receipt}, nil
}
