package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// support is one row of the table of what can be carried: a type in a direction
// on some channels, from which version of Append and of Create on. An empty
// version means never.
type support struct {
	typ       Type
	direction Direction
	channels  []channel.Channel
	appended  outcome.Version
	created   outcome.Version
}

var (
	chats       = []channel.Channel{channel.Facebook, channel.WhatsApp, channel.Apple, channel.API}
	chatsAndSMS = []channel.Channel{channel.SMS, channel.Facebook, channel.WhatsApp, channel.Apple, channel.API}
	allButChat  = []channel.Channel{channel.SMS, channel.Facebook, channel.Email, channel.WhatsApp, channel.Apple, channel.API}
	liveChat    = []channel.Channel{channel.LiveChat}
	email       = []channel.Channel{channel.Email}
)

// supported says what each version can carry. Channels and directions of a type
// are documented. Versions are documented for live chat; that the other
// channels take their plain types from 1.0 on is assumed, because the vendor's
// notes name no version for them.
var supported = []support{
	{TypeText, Inbound, chatsAndSMS, outcome.V10, outcome.V10},
	{TypeText, Inbound, liveChat, outcome.V10, outcome.V10},
	{TypeText, Outbound, chatsAndSMS, outcome.V10, outcome.V10},
	{TypeText, Outbound, liveChat, outcome.V13, outcome.V10},
	{TypeText, Announcement, liveChat, outcome.V13, outcome.V12},
	{TypeText, Announcement, allButChat, outcome.V13, ""},
	{TypeAttachments, Inbound, chats, outcome.V10, outcome.V10},
	{TypeAttachments, Outbound, chats, outcome.V10, outcome.V10},
	{TypeAttachments, Inbound, liveChat, outcome.V13, outcome.V12},
	{TypeAttachments, Outbound, liveChat, outcome.V13, outcome.V12},
	{TypeTextWithAttachments, Inbound, chats, outcome.V10, outcome.V10},
	{TypeTextWithAttachments, Outbound, chats, outcome.V10, outcome.V10},
	{TypeTextWithAttachments, Inbound, liveChat, outcome.V13, outcome.V12},
	{TypeTextWithAttachments, Outbound, liveChat, outcome.V13, outcome.V12},
	{TypeEmail, Inbound, email, outcome.V10, outcome.V10},
	{TypeEmail, Outbound, email, outcome.V10, outcome.V10},
}

// since returns the version from which the row's operation carries the type.
func (s support) since(operation outcome.Operation) outcome.Version {
	switch operation {
	case outcome.AppendMessage:
		return s.appended
	case outcome.CreateConversation:
		return s.created
	}
	return ""
}

// Support returns the first version of operation, which is AppendMessage or
// CreateConversation, that can carry a message of typ in direction on ch. It is
// empty where no version can.
func Support(typ Type, direction Direction, ch channel.Channel, operation outcome.Operation) outcome.Version {
	for _, row := range supported {
		if row.typ == typ && row.direction == direction && slices.Contains(row.channels, ch) {
			return row.since(operation)
		}
	}
	return ""
}

// refuse says why operation in version cannot carry m on ch, naming what could;
// it is empty where it can.
func refuse(m Message, operation outcome.Operation, version outcome.Version, ch channel.Channel) string {
	typ, direction := m.Type(), m.direction()
	since := Support(typ, direction, ch, operation)
	if since != "" && !version.Before(since) {
		return ""
	}
	if since != "" {
		return fmt.Sprintf("%s %s on %s needs %s %s or later", direction, typ, ch, operation, since)
	}
	var able []string
	for _, candidate := range channel.All() {
		if since := Support(typ, direction, candidate, operation); since != "" {
			able = append(able, fmt.Sprintf("%s (%s)", candidate, since))
		}
	}
	if able == nil {
		return fmt.Sprintf("%s %s cannot be carried by %s on any channel", direction, typ, operation)
	}
	return fmt.Sprintf("%s %s cannot be carried by %s on %s; channels that can, and from which version: %s",
		direction, typ, operation, ch, strings.Join(able, ", "))
}
