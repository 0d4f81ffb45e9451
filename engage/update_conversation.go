package engage

import (
	"context"

	"github.com/engagesdk/engage-go/outcome"
)

// UpdateConversationRequest is a request of UpdateConversation, in its only
// version: [UpdateConversationV10].
type UpdateConversationRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *updateConversation
}

// UpdateConversationV10 sets a conversation's alias id, or custom fields, or
// both. It cannot remove them.
type UpdateConversationV10 struct {
	// ConversationID is required.
	ConversationID string
	// AliasID is the new alias id, which the contact center's node calls Task
	// ID; empty leaves the old one.
	AliasID string
	// CustomFields are set; others stay as they are.
	CustomFields []CustomField
}

// Validate implements [UpdateConversationRequest].
func (r UpdateConversationV10) Validate() error { return validate(r.form()) }

func (r UpdateConversationV10) form() *updateConversation { return new(updateConversation(r)) }

type updateConversation UpdateConversationV10

func (*updateConversation) operation() outcome.Operation { return outcome.UpdateConversation }
func (*updateConversation) revision() outcome.Version    { return outcome.V10 }
func (f *updateConversation) ids() pathIDs               { return pathIDs{conversation: f.ConversationID} }

func (f *updateConversation) violations() outcome.Violations {
	var v outcome.Violations
	requireID(&v, "ConversationID", f.ConversationID)
	if f.AliasID == "" && len(f.CustomFields) == 0 {
		v.Add("AliasID", "is empty, and so is CustomFields")
	}
	requireUTF8(&v, "AliasID", f.AliasID)
	requireCustomFields(&v, f.CustomFields)
	return v
}

// updateBody is the JSON of a request.
type updateBody struct {
	AliasID      string        `json:"aliasId,omitempty"`
	CustomFields []CustomField `json:"customFields,omitempty"`
	CallbackURL  string        `json:"callbackUrl,omitempty"`
}

func (f *updateConversation) body(callbackURL string) any {
	return &updateBody{f.AliasID, f.CustomFields, callbackURL}
}

// UpdateConversationReceipt is what UpdateConversation returns.
type UpdateConversationReceipt struct{ Receipt }

// UpdateConversation sets a conversation's alias id and custom fields. It ends
// on onConversationUpdatedSuccess, or with an error on
// onConversationUpdatedFailure or a standard edge. It is convergent and is
// retried.
func (c *Client) UpdateConversation(ctx context.Context, request UpdateConversationRequest, options ...CallOption) (*UpdateConversationReceipt, error) {
	_, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &UpdateConversationReceipt{receipt}, nil
}
