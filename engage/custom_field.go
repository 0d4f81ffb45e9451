package engage

import "encoding/json"

// CustomFieldScope says what a custom field belongs to.
type CustomFieldScope string

// The scopes (documented).
const (
	// ConversationScope is the scope of a field of the conversation.
	ConversationScope CustomFieldScope = "conversation"
	// ProfileScope is the scope of a field of the customer's profile.
	ProfileScope CustomFieldScope = "profile"
)

// CustomField is a value that a tenant defines for conversations or profiles.
// Scope and Key are required. A field that the request does not list stays as it is.
//
// To clear a field, send an empty value or null. Which of the two clears it is not
// documented: check what your tenant does.
type CustomField struct {
	Scope CustomFieldScope `json:"scope"`
	Key   string           `json:"key"`
	// Value is sent as it is, also if it is empty.
	Value string `json:"value"`
	// Null sends null as the value. Value must be empty then.
	Null bool `json:"-"`
}

// MarshalJSON returns the field as a JSON object.
func (f CustomField) MarshalJSON() ([]byte, error) {
	wire := struct {
		Scope CustomFieldScope `json:"scope"`
		Key   string           `json:"key"`
		Value *string          `json:"value"`
	}{Scope: f.Scope, Key: f.Key}
	if !f.Null {
		wire.Value = &f.Value
	}
	return json.Marshal(wire)
}
