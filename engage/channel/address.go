package channel

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Address is the pair of addresses by which a channel identifies a conversation, the
// customer's and the business's, with whatever else the channel needs. Pass one of
// the seven structs of this package, or a pointer to one that is not nil. Requests refuse
// a struct that embeds one.
type Address interface {
	// Channel returns the channel of the address.
	Channel() Channel
	// Members returns the address as the requests of the service contain it. The
	// caller may change the result.
	Members() Members
	// Problems returns every problem of a field. An address without problems can
	// be sent.
	Problems() []Problem

	sealed()
}

// Problem is a problem of one field of an address.
type Problem struct {
	// Field is the name of the field in Go. An element of a list has its index
	// after the name, as in "To[1]".
	Field string
	// Text says what is wrong with the field. It follows the field's name, as in
	// "is empty". It does not contain the field's value.
	Text string
}

// Members is an address as the requests of the service contain it. The members that
// a channel does not use are empty. The JSON leaves them out.
//
// The names customerAddress, bizAddress and threadId are documented. The others are
// assumed from labels and from keys in exported flows.
type Members struct {
	Channel Channel `json:"channel"`
	// CustomerAddress is the customer's address or id on the channel.
	CustomerAddress string `json:"customerAddress,omitempty"`
	// BusinessAddress is the business's address or id on the channel.
	BusinessAddress string `json:"bizAddress,omitempty"`
	// ThreadID and BrowserFingerprint are used by live chat only.
	ThreadID           string `json:"threadId,omitempty"`
	BrowserFingerprint string `json:"browserFingerprint,omitempty"`
	// Subject, ToRecipients, CCRecipients and InReplyTo are used by email only.
	Subject      string   `json:"subject,omitempty"`
	ToRecipients []string `json:"toRecipients,omitempty"`
	CCRecipients []string `json:"ccRecipients,omitempty"`
	InReplyTo    string   `json:"inReplyTo,omitempty"`
}

// Address returns the address with these members. It ignores members that the channel does
// not use. It returns an error that lists the known channels if Channel is none of them.
// The address may have [Address.Problems].
func (m Members) Address() (Address, error) {
	switch m.Channel {
	case SMS:
		return SMSAddress{Business: m.BusinessAddress, Customer: m.CustomerAddress}, nil
	case Facebook:
		return FacebookAddress{PageID: m.BusinessAddress, PageScopedID: m.CustomerAddress}, nil
	case LiveChat:
		return LiveChatAddress{
			AppID: m.BusinessAddress, UserID: m.CustomerAddress,
			ThreadID: m.ThreadID, BrowserFingerprint: m.BrowserFingerprint,
		}, nil
	case Email:
		return EmailAddress{
			Mailbox: m.BusinessAddress, From: m.CustomerAddress, Subject: m.Subject,
			To: slices.Clone(m.ToRecipients), CC: slices.Clone(m.CCRecipients), InReplyTo: m.InReplyTo,
		}, nil
	case WhatsApp:
		return WhatsAppAddress{Business: m.BusinessAddress, Customer: m.CustomerAddress}, nil
	case Apple:
		return AppleAddress{AccountID: m.BusinessAddress, UserID: m.CustomerAddress}, nil
	case API:
		return APIAddress{BusinessID: m.BusinessAddress, UserID: m.CustomerAddress}, nil
	}
	return nil, fmt.Errorf("channel: %q is not one of the seven channels: %s", shortened(m.Channel), names())
}

// NewAddress returns the address of the customer and the business on ch. It returns an
// error that lists the known channels if ch is none of them. For a live chat and an email,
// which need more, use [Members.Address] or set the fields of the struct.
func NewAddress(ch Channel, business, customer string) (Address, error) {
	return Members{Channel: ch, BusinessAddress: business, CustomerAddress: customer}.Address()
}

// shortened returns ch if it is short enough for an error.
func shortened(ch Channel) Channel {
	const longest = 20
	if len(ch) > longest {
		return ch[:longest] + "…"
	}
	return ch
}

// names returns the names of all channels in a list with commas.
func names() string {
	var all []string
	for _, ch := range All() {
		all = append(all, string(ch))
	}
	return strings.Join(all, ", ")
}

// part is a field of an address.
type part struct {
	field, value string
	// missing is the problem of a blank value; it is empty for an optional field.
	missing string
}

// empty is the problem of a required field that is blank.
const empty = "is empty"

// problems returns the problems of the parts.
func problems(parts ...part) []Problem {
	var all []Problem
	for _, p := range parts {
		switch {
		case p.missing != "" && blank(p.value):
			all = append(all, Problem{p.field, p.missing})
		case !utf8.ValidString(p.value):
			all = append(all, Problem{p.field, "is not valid UTF-8"})
		}
	}
	return all
}

// blank reports whether value is empty or consists of white space.
func blank(value string) bool { return strings.TrimSpace(value) == "" }

// list returns a part for each element of the field. No element may be blank.
func list(field string, values []string) []part {
	parts := make([]part, len(values))
	for i, value := range values {
		parts[i] = part{fmt.Sprintf("%s[%d]", field, i), value, empty}
	}
	return parts
}
