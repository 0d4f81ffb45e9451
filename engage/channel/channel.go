// Package channel defines the channels of conversations and the addresses on them.
//
// A conversation has two addresses, the customer's and the business's. Each channel
// has its own names for the two. Messenger, for example, has the id of a page and
// the customer's id on that page. So each channel has its own [Address], a struct
// whose fields have the names of the channel:
//
//	channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
//	channel.FacebookAddress{PageID: "1066", PageScopedID: "4711"}
//
// An address serves to search for a conversation and to create one. The events of
// the stream contain the same addresses.
package channel

import "slices"

// Channel is the name of a channel as the service writes it. It may hold a name
// that this package does not know. The zero value names no channel.
type Channel string

// The channels. The names of LiveChat, Facebook and Apple appear in exported flows
// (observed). The other names are those of the vendor's older API (assumed), in
// which Apple is "abc".
const (
	SMS      Channel = "sms"
	Facebook Channel = "facebook"
	LiveChat Channel = "livechat"
	Email    Channel = "email"
	WhatsApp Channel = "whatsapp"
	Apple    Channel = "amb"
	API      Channel = "api"
)

// All returns the channels that this package knows, in the vendor's order.
func All() []Channel {
	return []Channel{SMS, Facebook, LiveChat, Email, WhatsApp, Apple, API}
}

// Known reports whether [All] contains c, in the same spelling.
func (c Channel) Known() bool { return slices.Contains(All(), c) }
