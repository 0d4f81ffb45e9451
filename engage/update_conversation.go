package engage

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/engagesdk/engage-go/outcome"
)

// UpdateConversation sets or clears the alias id or custom fields of a conversation. The call
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

// UpdateConversationV10 sets or clears the alias id of a conversation, or custom fields,
// or both.
type UpdateConversationV10 struct {
	// ConversationID is required.
	ConversationID string
	// AliasID is the new alias id, which the node of the contact center calls Task
	// ID. If it is empty, the old one stays, unless ClearAliasID says otherwise.
	AliasID string
	// ClearAliasID removes the alias id. AliasID must be empty then.
	ClearAliasID Clearing
	// CustomFields are set or cleared. Other custom fields stay as they are.
	CustomFields []CustomField
}

// Clearing says how an update clears a field: [ClearWithNull] or [ClearWithEmpty]. Which of
// them the service understands is not documented. The zero value leaves the field as it is.
type Clearing uint8

const (
	// ClearWithNull sends null.
	ClearWithNull Clearing = iota + 1
	// ClearWithEmpty sends an empty string.
	ClearWithEmpty
)

// Validate implements [UpdateConversationRequest].
func (r UpdateConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r UpdateConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r UpdateConversationV10) wire() *updateConversation { return new(updateConversation(r)) }

// updateConversation implements [wireRequest].
type updateConversation UpdateConversationV10

func (*updateConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.UpdateConversation, outcome.V10
}

func (w *updateConversation) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

// givenAliasIDs returns the alias id, if there is one.
func (w *updateConversation) givenAliasIDs() []string {
	if w.AliasID == "" {
		return nil
	}
	return []string{w.AliasID}
}

func (w *updateConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.ConversationID)
	switch {
	case w.ClearAliasID > ClearWithEmpty:
		v.Add("ClearAliasID", "must be ClearWithNull or ClearWithEmpty")
	case w.ClearAliasID != 0 && w.AliasID != "":
		v.Add("ClearAliasID", "is set, and so is AliasID")
	case w.ClearAliasID == 0 && w.AliasID == "" && len(w.CustomFields) == 0:
		v.Add("AliasID", "is empty, and so is CustomFields")
	}
	validateText(&v, "AliasID", w.AliasID)
	validateCustomFields(&v, w.CustomFields)
	return v
}

func (w *updateConversation) body(callbackURL string) any {
	body := &updateJSON{CustomFields: w.CustomFields, CallbackURL: callbackURL}
	switch {
	case w.ClearAliasID == ClearWithNull:
		body.AliasID = json.RawMessage("null")
	case w.ClearAliasID == ClearWithEmpty || w.AliasID != "":
		body.AliasID = w.AliasID
	}
	return body
}

// updateJSON is the body of the request.
type updateJSON struct {
	// AliasID is a string or null; nil for none of them.
	AliasID      any           `json:"aliasId,omitempty"`
	CustomFields []CustomField `json:"customFields,omitempty"`
	CallbackURL  string        `json:"callbackUrl,omitempty"`
}
