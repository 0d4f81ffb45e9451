package engage

import (
	"context"

	"github.com/engagesdk/engage-go/outcome"
)

// UpdateConversation sets the alias id or custom fields of a conversation. The call
// ends on onConversationUpdatedSuccess, or with an error on
// onConversationUpdatedFailure or a standard edge. It is convergent and is retried;
// see [Class].
func (c *Client) UpdateConversation(ctx context.Context, request UpdateConversationRequest, options ...CallOption) (*Receipt, error) {
	return c.write(ctx, request.wire(), options)
}

// UpdateConversationRequest is a request of UpdateConversation in its only version:
// [UpdateConversationV10].
type UpdateConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *updateConversation
}

// UpdateConversationV10 sets the alias id of a conversation, or custom fields, or
// both. It cannot remove them.
type UpdateConversationV10 struct {
	// ConversationID is required.
	ConversationID string
	// AliasID is the new alias id, which the node of the contact center calls Task
	// ID. If it is empty, the old one stays.
	AliasID string
	// CustomFields are set. Other custom fields stay as they are.
	CustomFields []CustomField
}

// Validate implements [UpdateConversationRequest].
func (r UpdateConversationV10) Validate() error { return validate(r.wire()) }

func (r UpdateConversationV10) wire() *updateConversation { return new(updateConversation(r)) }

// updateConversation implements [wireRequest].
type updateConversation UpdateConversationV10

func (*updateConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.UpdateConversation, outcome.V10
}

func (w *updateConversation) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

func (w *updateConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.ConversationID)
	if w.AliasID == "" && len(w.CustomFields) == 0 {
		v.Add("AliasID", "is empty, and so is CustomFields")
	}
	validateText(&v, "AliasID", w.AliasID)
	validateCustomFields(&v, w.CustomFields)
	return v
}

func (w *updateConversation) body(callbackURL string) any {
	return &updateJSON{w.AliasID, w.CustomFields, callbackURL}
}

// updateJSON is the body of the request.
type updateJSON struct {
	AliasID      string        `json:"aliasId,omitempty"`
	CustomFields []CustomField `json:"customFields,omitempty"`
	CallbackURL  string        `json:"callbackUrl,omitempty"`
}
