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
	// Scope says whether the field belongs to the conversation or to the profile.
	Scope CustomFieldScope
	// Key is the name of the field in the tenant.
	Key string
	// Value is sent as it is, also if it is empty.
	Value string
	// Null sends null as the value. Value must be empty then.
	Null bool
}

// customFieldJSON is the JSON of a [CustomField].
type customFieldJSON struct {
	Scope CustomFieldScope `json:"scope"`
	Key   string           `json:"key"`
	Value json.RawMessage  `json:"value"`
}

// MarshalJSON returns the field as a JSON object.
func (f CustomField) MarshalJSON() ([]byte, error) {
	wire := customFieldJSON{Scope: f.Scope, Key: f.Key} // The zero Value is encoded as null.
	if !f.Null {
		wire.Value, _ = json.Marshal(f.Value) // It never fails.
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads the object that MarshalJSON returns. A value of null sets Null, and a
// missing value is an empty one. It returns an error for a value that is not a string.
func (f *CustomField) UnmarshalJSON(data []byte) error {
	var wire customFieldJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*f = CustomField{Scope: wire.Scope, Key: wire.Key, Null: string(wire.Value) == "null"}
	if wire.Value == nil {
		return nil
	}
	return json.Unmarshal(wire.Value, &f.Value)
}
