package stream

import (
	"iter"
	"net/mail"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Address returns the address of the event's conversation, for the requests of package
// engage. It returns nil if Engage has no conversations on the channel, or if the payload
// does not hold the whole address.
//
// On WhatsApp and Messenger the payload names an app, and not the business's number or
// page: use [WithBusinesses] or [Header.AddressFor]. Only a [ChatEvent] has the number or
// page.
//
// The mailbox of an email is its first recipient (assumed). The browser fingerprint of a
// live chat is also found in the payload's extras (observed). A live chat event with
// neither a thread nor a fingerprint has the user id as its fingerprint (observed in the
// vendor's own flows).
func (h Header) Address() channel.Address {
	if h.namesApp() && !h.hasBusiness {
		return nil
	}
	return h.AddressFor(h.Business)
}

// namesApp reports whether the payload names an app, and not the business's number or page.
func (h Header) namesApp() bool {
	onlyApp := h.Channel == channel.WhatsApp || h.Channel == channel.Facebook
	return onlyApp && h.members.Find("eventType") == nil // not the event of a chat
}

// AddressFor returns the address of the conversation between the event's customer and
// business. It is for programs that know which number or page belongs to which app. It
// returns nil as Address does.
func (h Header) AddressFor(business string) channel.Address {
	address := h.addressFor(business)
	if address == nil || len(address.Problems()) > 0 {
		return nil
	}
	return address
}

func (h Header) addressFor(business string) channel.Address {
	switch h.Channel {
	case channel.SMS:
		return channel.SMSAddress{Business: business, Customer: h.Customer}
	case channel.Facebook:
		return channel.FacebookAddress{PageID: business, PageScopedID: h.Customer}
	case channel.LiveChat:
		return h.liveChatAddress(business)
	case channel.Email:
		return channel.EmailAddress{
			Mailbox: business, From: h.Customer, Subject: h.Member("subject"), To: slices.Collect(recipients(h.members)),
		}
	case channel.WhatsApp:
		return channel.WhatsAppAddress{Business: business, Customer: h.Customer}
	case channel.Apple:
		return channel.AppleAddress{AccountID: business, UserID: h.Customer}
	case channel.API:
		return channel.APIAddress{BusinessID: business, UserID: h.Customer}
	}
	return nil
}

func (h Header) liveChatAddress(business string) channel.Address {
	a := channel.LiveChatAddress{
		AppID: business, UserID: h.Customer, ThreadID: h.Member("threadId"), BrowserFingerprint: h.Member("browserFingerprint"),
	}
	if a.BrowserFingerprint == "" {
		a.BrowserFingerprint = tolerant.MembersOf(h.JSON("extras")).Text("browserFingerprint")
	}
	if a.ThreadID == "" {
		a.ThreadID = tolerant.MembersOf(h.JSON("thread")).Text("id")
	}
	if a.ThreadID == "" && a.BrowserFingerprint == "" {
		a.BrowserFingerprint = a.UserID
	}
	return a
}

// CustomerName returns the name of the customer, for CreateConversation. It is the username
// on WhatsApp, the name on Messenger, and the display name of an email's sender. It is empty
// if the payload has none, and on other channels.
func (h Header) CustomerName() string {
	name := ""
	switch h.Channel {
	case channel.WhatsApp:
		name = h.Member("username")
	case channel.Facebook:
		name = h.Member("name")
	case channel.Email:
		if from, err := mail.ParseAddress(unbracket(h.Member("from"))); err == nil {
			name = from.Name
		}
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}

// CapabilityList returns what the customer's Apple device can show, for CreateConversation
// and AppendMessage. It is empty on other channels.
func (h Header) CapabilityList() string {
	if h.Channel != channel.Apple {
		return ""
	}
	return h.Member("capabilityList")
}

// maxRecipients limits how many recipients of an email are read.
const maxRecipients = 1000

// recipients yields the addresses of an email's recipients, without display names.
// They come as a list, as a list within a string, or as plain text.
func recipients(m tolerant.Members) iter.Seq[string] {
	return func(yield func(string) bool) {
		list := tolerant.Elements(m.Nested("to"), maxRecipients)
		if list == nil {
			list = [][]byte{m.Find("to")}
		}
		for _, element := range list {
			if address := mailbox(tolerant.Text(element)); address != "" && !yield(address) {
				return
			}
		}
	}
}

// unbracket returns text without brackets around it (documented for an old shape of the
// payload).
func unbracket(text string) string { return strings.Trim(text, "[] \t\r\n") }

// mailbox returns the address in text, without a display name and without brackets
// around it.
func mailbox(text string) string {
	text = unbracket(text)
	if strings.IndexByte(text, '<') < 0 {
		return text
	}
	if parsed, err := mail.ParseAddress(text); err == nil {
		return parsed.Address
	}
	return text
}
