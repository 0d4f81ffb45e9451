package engage

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
// Scope and Key are required; an empty value is sent as such.
type CustomField struct {
	Scope CustomFieldScope `json:"scope"`
	Key   string           `json:"key"`
	Value string           `json:"value"`
}
