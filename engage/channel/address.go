package channel

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Address is a pair of addresses on one channel: the customer's and the
// business's, with whatever else that channel needs to tell two conversations
// apart. It is implemented by the seven structs of this package and by nothing
// else. Addresses are plain values and safe for concurrent use.
type Address interface {
	// Channel returns the channel the address is on.
	Channel() Channel
	// Members returns the address as the service's requests spell it.
	Members() Members
	// Problems lists every field that is missing or unusable. An address
	// without any can be sent.
	Problems() []Problem

	sealed()
}

// Problem is what is wrong with a field of an address.
type Problem struct {
	// Field is the name of the field in Go; with an index where it is a list.
	Field string
	// Text says what is wrong, to follow the field's name: "is empty". It does
	// not repeat the value.
	Text string
}

// Members is an address in the words of the service's requests. Members that a
// channel does not use are empty and left out of the JSON.
//
// Evidence: customerAddress, bizAddress and threadId are documented; channel
// and the other names are assumed from labels and from keys seen in flows.
type Members struct {
	Channel Channel `json:"channel"`
	// CustomerAddress and BusinessAddress are what the channel calls the two.
	CustomerAddress string `json:"customerAddress,omitempty"`
	BusinessAddress string `json:"bizAddress,omitempty"`
	// ThreadID and BrowserFingerprint belong to live chat.
	ThreadID           string `json:"threadId,omitempty"`
	BrowserFingerprint string `json:"browserFingerprint,omitempty"`
	// Subject, ToRecipients, CCRecipients and InReplyTo belong to email.
	Subject      string   `json:"subject,omitempty"`
	ToRecipients []string `json:"toRecipients,omitempty"`
	CCRecipients []string `json:"ccRecipients,omitempty"`
	InReplyTo    string   `json:"inReplyTo,omitempty"`
}

// part is one named field of an address. Blanks alone do not fill a required
// one.
type part struct {
	field    string
	value    string
	required bool
}

// problems lists what is wrong with parts.
func problems(parts ...part) []Problem {
	var all []Problem
	for _, p := range parts {
		if problem := p.problem(); problem != "" {
			all = append(all, Problem{p.field, problem})
		}
	}
	return all
}

// problem says what is wrong with the part; it is empty where nothing is.
func (p part) problem() string {
	switch {
	case p.required && blank(p.value):
		return "is empty"
	case !utf8.ValidString(p.value):
		return "is not valid UTF-8"
	}
	return ""
}

// blank reports whether value is empty to the eye.
func blank(value string) bool { return strings.TrimSpace(value) == "" }

// list returns the parts of a field that holds several values, none of which
// may be blank.
func list(field string, values []string) []part {
	parts := make([]part, len(values))
	for i, value := range values {
		parts[i] = part{fmt.Sprintf("%s[%d]", field, i), value, true}
	}
	return parts
}
