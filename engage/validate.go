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

// validateID adds a violation if id cannot be one segment of a path.
func validateID(v *outcome.Violations, field, id string) {
	switch {
	case !validateRequired(v, field, id):
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

// validateRequired adds a violation if text is empty, blank or not valid UTF-8. It reports
// whether it added none.
func validateRequired(v *outcome.Violations, field, text string) bool {
	switch {
	case text == "":
		v.Add(field, "is empty")
	case strings.TrimSpace(text) == "":
		v.Add(field, "is blank")
	case !utf8.ValidString(text):
		v.Add(field, "is not valid UTF-8")
	default:
		return true
	}
	return false
}

// validateText adds a violation if text is not valid UTF-8, which JSON cannot contain.
func validateText(v *outcome.Violations, field, text string) {
	if !utf8.ValidString(text) {
		v.Add(field, "is not valid UTF-8")
	}
}

// validateChannel adds a violation if the SDK does not know the channel.
func validateChannel(v *outcome.Violations, ch channel.Channel) {
	if ch.Known() {
		return
	}
	var names []string
	for _, known := range channel.All() {
		names = append(names, string(known))
	}
	v.Add("Channel", "is not one of "+strings.Join(names, ", "))
}

// validateOnlyOn adds a violation if value is set on another channel than the only one
// that takes it, or is not valid UTF-8. An unknown channel has a violation of its own.
func validateOnlyOn(v *outcome.Violations, only, actual channel.Channel, field, value string) {
	if value != "" && actual != only && actual.Known() {
		v.Add(field, "can be sent on "+string(only)+" only")
	}
	validateText(v, field, value)
}

// validateAddress adds what is wrong with an address.
func validateAddress(v *outcome.Violations, address channel.Address) {
	if !isAddress(address) {
		v.Add("Address", "is nil, or not a struct of package channel such as channel.SMSAddress")
		return
	}
	for _, problem := range address.Problems() {
		v.Add("Address."+problem.Field, problem.Text)
	}
}

// isAddress reports whether address is a struct of package channel or a pointer to one.
// A struct of another package can embed an address, and so implement it with a nil field.
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

// validateLiveChatPart adds a violation if a part of a live chat's address is missing
// that a create needs and a search does not. It adds none for a field that has one.
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
		if field.Null && field.Value != "" {
			v.Add(path+".Null", "is set, and so is Value")
		}
	}
}
