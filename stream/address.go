package stream

import (
	"iter"
	"net/mail"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Address returns the address of the event's conversation, as requests of
// package engage take it. It is nil where the payload does not suffice: on
// channels that Engage has no conversations on, and on WhatsApp and Messenger,
// whose payloads name an app in place of the business's number or page. There
// AddressFor helps a program that knows which number or page belongs to which
// app.
//
// An email's mailbox is its first recipient (assumed). A live chat event
// without a thread gets the user id as its browser fingerprint, as was observed
// in the vendor's own flows.
func (h Header) Address() channel.Address {
	namesApp := h.Channel == channel.WhatsApp || h.Channel == channel.Facebook
	if namesApp && h.members.Find("eventType") == nil {
		return nil
	}
	return h.AddressFor(h.Business)
}

// AddressFor returns the address of the conversation between the event's
// customer and business, which the caller knows. It is nil where the address
// would still not be complete.
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
	if a.ThreadID == "" {
		a.ThreadID = tolerant.MembersOf(h.JSON("thread")).Text("id")
	}
	if a.ThreadID == "" && a.BrowserFingerprint == "" {
		a.BrowserFingerprint = a.UserID
	}
	return a
}

// maxRecipients bounds how many recipients of an email are looked at.
const maxRecipients = 1000

// recipients yields the addresses that an email went to, without display names.
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

// mailbox returns the address within text, which may have a display name, or
// brackets around it (documented for an old shape of the payload).
func mailbox(text string) string {
	text = strings.Trim(text, "[] \t\r\n")
	if strings.IndexByte(text, '<') < 0 {
		return text
	}
	if parsed, err := mail.ParseAddress(text); err == nil {
		return parsed.Address
	}
	return text
}
