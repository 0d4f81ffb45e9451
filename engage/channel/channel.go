// Package channel names the channels a conversation can run on and the
// addresses that find a conversation on each of them.
//
// A conversation belongs to a pair of addresses, the customer's and the
// business's. Every channel names the two in its own words: a page and a
// page-scoped id on Messenger, an app and a user in live chat. Each [Address]
// here is a struct with its channel's words for field names:
//
//	channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
//	channel.FacebookAddress{PageID: "1066", PageScopedID: "4711"}
//
// The same addresses are used to search for a conversation, to create one, and
// in the events of the stream. The package imports nothing of the SDK.
package channel

// Channel is the name of a channel on the wire. Channels read from elsewhere
// may have other names; they are kept. The zero value names no channel.
type Channel string

// The channels. LiveChat, Facebook and Apple were seen in real flows
// (observed); the names of the others follow the vendor's older API, which
// spells Apple "abc".
const (
	SMS      Channel = "sms"
	Facebook Channel = "facebook"
	LiveChat Channel = "livechat"
	Email    Channel = "email"
	WhatsApp Channel = "whatsapp"
	Apple    Channel = "amb"
	API      Channel = "api"
)

// All returns the channels this package knows, in the vendor's order.
func All() []Channel {
	return []Channel{SMS, Facebook, LiveChat, Email, WhatsApp, Apple, API}
}

// Known reports whether c is one of the channels of [All], in exact spelling.
func (c Channel) Known() bool {
	switch c {
	case SMS, Facebook, LiveChat, Email, WhatsApp, Apple, API:
		return true
	}
	return false
}
