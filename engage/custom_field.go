package engage

import (
	"fmt"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/outcome"
)

// CustomFieldScope says what a custom field belongs to.
type CustomFieldScope string

// The scopes (documented).
const (
	// ConversationScope: the field belongs to the conversation.
	ConversationScope CustomFieldScope = "conversation"
	// ProfileScope: the field belongs to the customer's profile.
	ProfileScope CustomFieldScope = "profile"
)

// CustomField is a value of the tenant's own on a conversation or a profile.
// Scope and Key are required; an empty value is sent as such.
type CustomField struct {
	Scope CustomFieldScope `json:"scope"`
	Key   string           `json:"key"`
	Value string           `json:"value"`
}

// requireCustomFields notes what is wrong with fields.
func requireCustomFields(v *outcome.Violations, fields []CustomField) {
	for i, field := range fields {
		path := fmt.Sprintf("CustomFields[%d]", i)
		if field.Scope != ConversationScope && field.Scope != ProfileScope {
			v.Add(path+".Scope", "must be conversation or profile")
		}
		if field.Key == "" {
			v.Add(path+".Key", "is empty")
		}
		requireUTF8(v, path+".Key", field.Key)
		requireUTF8(v, path+".Value", field.Value)
	}
}

// requireUTF8 notes a text that JSON cannot carry unchanged.
func requireUTF8(v *outcome.Violations, field, text string) {
	if !utf8.ValidString(text) {
		v.Add(field, "is not valid UTF-8")
	}
}
