package engage

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// validateID adds what keeps an id from being one segment of a path.
func validateID(v *outcome.Violations, field, id string) {
	switch {
	case id == "":
		v.Add(field, "is empty")
	case strings.TrimSpace(id) == "":
		v.Add(field, "is blank")
	case !utf8.ValidString(id):
		v.Add(field, "is not valid UTF-8")
	case strings.ContainsAny(id, `/\`):
		v.Add(field, "contains a slash")
	case isDots(id):
		v.Add(field, "consists of dots only")
	case !printable(id):
		v.Add(field, "contains a control character")
	}
}

func isDots(segment string) bool { return strings.Trim(segment, ".") == "" }

func printable(text string) bool { return strings.IndexFunc(text, unicode.IsControl) < 0 }

// validateText adds a text that JSON cannot carry unchanged.
func validateText(v *outcome.Violations, field, text string) {
	if !utf8.ValidString(text) {
		v.Add(field, "is not valid UTF-8")
	}
}

// validateOnlyOn adds a value that only one channel can carry. A channel that is
// unknown is another violation.
func validateOnlyOn(v *outcome.Violations, only, actual channel.Channel, field, value string) {
	if value != "" && actual != only && actual.Known() {
		v.Add(field, "can be sent on "+string(only)+" only")
	}
	validateText(v, field, value)
}

// validateAddress adds what is wrong with an address.
func validateAddress(v *outcome.Violations, address channel.Address) {
	if !isAddress(address) {
		v.Add("Address", "is nil or not a struct of package channel")
		return
	}
	for _, problem := range address.Problems() {
		v.Add("Address."+problem.Field, problem.Text)
	}
}

// isAddress reports whether address is a struct of package channel or a pointer to
// one. A struct that embeds one is an address to the compiler, too, and may be
// empty.
func isAddress(address channel.Address) bool {
	switch address.(type) {
	case channel.SMSAddress, channel.FacebookAddress, channel.LiveChatAddress, channel.EmailAddress,
		channel.WhatsAppAddress, channel.AppleAddress, channel.APIAddress:
		return true
	case *channel.SMSAddress, *channel.FacebookAddress, *channel.LiveChatAddress, *channel.EmailAddress,
		*channel.WhatsAppAddress, *channel.AppleAddress, *channel.APIAddress:
		return !nothing.In(address)
	}
	return false
}

// validateLiveChatPart adds a part of a live chat's address that a create needs and
// a search does not. A part that the address has refused is not added twice.
func validateLiveChatPart(v *outcome.Violations, field, value string) {
	refused := func(violation outcome.Violation) bool { return violation.Field == field }
	switch {
	case strings.TrimSpace(value) != "", slices.ContainsFunc(*v, refused):
	case value == "":
		v.Add(field, "is empty")
	default:
		v.Add(field, "is blank")
	}
}

// validateCustomFields adds what is wrong with custom fields.
func validateCustomFields(v *outcome.Violations, fields []CustomField) {
	for i, field := range fields {
		path := fmt.Sprintf("CustomFields[%d]", i)
		if field.Scope != ConversationScope && field.Scope != ProfileScope {
			v.Add(path+".Scope", "must be conversation or profile")
		}
		if field.Key == "" {
			v.Add(path+".Key", "is empty")
		}
		validateText(v, path+".Key", field.Key)
		validateText(v, path+".Value", field.Value)
	}
}
