package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// Support is a row of the table of what can be carried: a type in a direction
// on some channels, and from which version on.
type Support struct {
	Type      Type
	Direction Direction
	Channels  []channel.Channel
	// Append and Create are the first versions of AppendMessage and
	// CreateConversation that carry it; empty for never.
	Append, Create outcome.Version
	// Evidence says how the versions are known: documented or assumed. Types,
	// channels and directions are documented.
	Evidence string
}

const (
	documentedVersions = "documented"
	assumedVersions    = "assumed"
)

var (
	chats       = []channel.Channel{channel.Facebook, channel.WhatsApp, channel.Apple, channel.API}
	chatsAndSMS = []channel.Channel{channel.SMS, channel.Facebook, channel.WhatsApp, channel.Apple, channel.API}
	allButChat  = []channel.Channel{channel.SMS, channel.Facebook, channel.Email, channel.WhatsApp, channel.Apple, channel.API}
	email       = []channel.Channel{channel.Email}
	liveChat    = []channel.Channel{channel.LiveChat}
	whatsApp    = []channel.Channel{channel.WhatsApp}
	apple       = []channel.Channel{channel.Apple}
)

// supported is the table. What is assumed in it:
//
//   - Plain types travel from 1.0 on outside live chat: the vendor names no
//     version for them.
//   - In live chat, outbound text and messages of files alone come with text
//     with attachments, which is the type the vendor lists.
//   - Announcements outside live chat come with those of live chat.
//   - Rich types of WhatsApp and Apple come with Append 1.4, whose changes the
//     vendor does not describe.
//   - All that no earlier version of Create carries comes with Create 1.3, which
//     takes a list of messages: the vendor publishes one schema for the lists of
//     Append and of Create, and excludes no type from either.
var supported = []Support{
	{TypeText, Inbound, chatsAndSMS, outcome.V10, outcome.V10, assumedVersions},
	{TypeText, Inbound, liveChat, outcome.V10, outcome.V10, documentedVersions},
	{TypeText, Outbound, chatsAndSMS, outcome.V10, outcome.V10, assumedVersions},
	{TypeText, Outbound, liveChat, outcome.V13, outcome.V10, assumedVersions},
	{TypeText, Announcement, liveChat, outcome.V13, outcome.V12, documentedVersions},
	{TypeText, Announcement, allButChat, outcome.V13, outcome.V13, assumedVersions},

	{TypeAttachments, Inbound, chats, outcome.V10, outcome.V10, assumedVersions},
	{TypeAttachments, Inbound, liveChat, outcome.V13, outcome.V12, assumedVersions},
	{TypeAttachments, Outbound, chats, outcome.V10, outcome.V10, assumedVersions},
	{TypeAttachments, Outbound, liveChat, outcome.V13, outcome.V12, assumedVersions},

	{TypeTextWithAttachments, Inbound, chats, outcome.V10, outcome.V10, assumedVersions},
	{TypeTextWithAttachments, Inbound, liveChat, outcome.V13, outcome.V12, documentedVersions},
	{TypeTextWithAttachments, Outbound, chats, outcome.V10, outcome.V10, assumedVersions},
	{TypeTextWithAttachments, Outbound, liveChat, outcome.V13, outcome.V12, documentedVersions},

	{TypeEmail, Inbound, email, outcome.V10, outcome.V10, assumedVersions},
	{TypeEmail, Outbound, email, outcome.V10, outcome.V10, assumedVersions},

	{TypeLiveChatCarousel, Outbound, liveChat, outcome.V13, outcome.V12, documentedVersions},
	{TypeLiveChatQuickReplies, Outbound, liveChat, outcome.V13, outcome.V12, documentedVersions},
	{TypeLiveChatCarouselResponse, Inbound, liveChat, outcome.V13, outcome.V12, documentedVersions},
	{TypeLiveChatQuickRepliesResponse, Inbound, liveChat, outcome.V13, outcome.V12, documentedVersions},
	{TypeLiveChatFormResponse, Inbound, liveChat, outcome.V10, outcome.V12, documentedVersions},

	{TypeWhatsAppButtons, Outbound, whatsApp, outcome.V14, outcome.V13, assumedVersions},
	{TypeWhatsAppList, Outbound, whatsApp, outcome.V14, outcome.V13, assumedVersions},
	{TypeWhatsAppInteractiveResponse, Inbound, whatsApp, outcome.V14, outcome.V13, assumedVersions},

	{TypeAppleListPicker, Outbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleTimePicker, Outbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleQuickReplies, Outbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleForm, Outbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleListPickerResponse, Inbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleTimePickerResponse, Inbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleQuickRepliesResponse, Inbound, apple, outcome.V14, outcome.V13, assumedVersions},
	{TypeAppleFormResponse, Inbound, apple, outcome.V14, outcome.V13, assumedVersions},
}

// SupportTable returns the whole table of what can be carried, in the order of
// the types. The caller may change it.
func SupportTable() []Support {
	rows := slices.Clone(supported)
	for i := range rows {
		rows[i].Channels = slices.Clone(rows[i].Channels)
	}
	return rows
}

// Since returns the first version of operation, which is AppendMessage or
// CreateConversation, that can carry a message of typ in direction on ch. It is
// empty where no version can.
func Since(typ Type, direction Direction, ch channel.Channel, operation outcome.Operation) outcome.Version {
	for _, row := range supported {
		if row.Type == typ && row.Direction == direction && slices.Contains(row.Channels, ch) {
			return row.since(operation)
		}
	}
	return ""
}

// since returns the first version of operation that carries the row's type.
func (s Support) since(operation outcome.Operation) outcome.Version {
	switch operation {
	case outcome.AppendMessage:
		return s.Append
	case outcome.CreateConversation:
		return s.Create
	}
	return ""
}

// String returns the row in words, such as "inbound text on sms: AppendMessage
// 1.0 or later, CreateConversation 1.0 or later".
func (s Support) String() string {
	var channels, operations []string
	for _, ch := range s.Channels {
		channels = append(channels, string(ch))
	}
	for _, operation := range []outcome.Operation{outcome.AppendMessage, outcome.CreateConversation} {
		if since := s.since(operation); since != "" {
			operations = append(operations, fmt.Sprintf("%s %s or later", operation, since))
		}
	}
	return fmt.Sprintf("%s %s on %s: %s",
		s.Direction, s.Type, strings.Join(channels, ", "), strings.Join(operations, ", "))
}

// versions are those of the operations that carry messages.
var versions = map[outcome.Operation][]outcome.Version{
	outcome.AppendMessage:      outcome.Versions(outcome.AppendMessage),
	outcome.CreateConversation: outcome.Versions(outcome.CreateConversation),
}

// refuse says why operation in version cannot carry m on ch, and what could
// carry it. It is empty where it can. A channel that is not known refuses only
// what no channel carries.
func refuse(m Message, operation outcome.Operation, version outcome.Version, ch channel.Channel) string {
	typ, direction := m.Type(), m.direction()
	known, where := versions[operation], string(ch)
	exists := slices.Contains(known, version)
	if exists && carries(operation, version, ch, typ, direction) {
		return ""
	}
	var able []string
	for _, row := range supported {
		if row.Type == typ && row.Direction == direction {
			able = append(able, row.String())
		}
	}
	switch {
	case able == nil:
		return fmt.Sprintf("cannot be carried as %s %s; only text can be an announcement", direction, typ)
	case known != nil && !exists:
		return fmt.Sprintf("cannot be carried by %s %s: there is no such version", operation, version)
	case !ch.Known():
		where = "any channel"
	}
	return fmt.Sprintf("cannot be carried by %s %s on %s as %s %s; what can is %s",
		operation, version, where, direction, typ, strings.Join(able, "; "))
}

// carries reports whether operation in version can carry typ in direction on ch;
// on any channel if ch is not known.
func carries(operation outcome.Operation, version outcome.Version, ch channel.Channel, typ Type, direction Direction) bool {
	for _, row := range supported {
		if row.Type != typ || row.Direction != direction || ch.Known() && !slices.Contains(row.Channels, ch) {
			continue
		}
		if since := row.since(operation); since != "" && !version.Before(since) {
			return true
		}
	}
	return false
}
