package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// Support is a row of [SupportTable]. It says which versions of the operations support
// messages of a type and a direction on some channels.
type Support struct {
	Type      Type
	Direction Direction
	Channels  []channel.Channel
	// Append and Create are the first versions of AppendMessage and
	// CreateConversation that support the message. Later versions support it too.
	// They are empty if no version does.
	Append, Create outcome.Version
	// Evidence says how the versions are known: "documented" or "assumed". The
	// types, channels and directions are documented.
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

// supported is the table. These are its assumptions:
//
//   - Outside live chat, version 1.0 supports the types of several channels and
//     email, because the vendor names no version for them.
//   - In live chat, the versions that support text with attachments also support
//     messages of files alone, and those of Append also outbound text. The vendor lists
//     text with attachments only.
//   - Append 1.3 supports announcements outside live chat, as it does in live chat.
//   - Append 1.4 supports the rich types of WhatsApp and Apple. The vendor does not
//     describe the changes of this version.
//   - Create 1.3 supports every type. It takes a list of messages, and the vendor
//     publishes one schema for the lists of Append and Create.
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

// SupportTable returns the table of the messages that can be sent, in the order of
// [Types]. The table is a copy that the caller may change.
func SupportTable() []Support {
	rows := slices.Clone(supported)
	for i := range rows {
		rows[i].Channels = slices.Clone(rows[i].Channels)
	}
	return rows
}

// Since returns the first version of operation that supports a message of typ in
// direction on ch. It returns "" if no version does. Only AppendMessage and
// CreateConversation support messages.
func Since(typ Type, direction Direction, ch channel.Channel, operation outcome.Operation) outcome.Version {
	for _, row := range supported {
		if row.Type == typ && row.Direction == direction && slices.Contains(row.Channels, ch) {
			return row.since(operation)
		}
	}
	return ""
}

// since returns the first version of operation that supports the row, or "".
func (s Support) since(operation outcome.Operation) outcome.Version {
	switch operation {
	case outcome.AppendMessage:
		return s.Append
	case outcome.CreateConversation:
		return s.Create
	}
	return ""
}

// String returns the row in words, such as "inbound text on sms by AppendMessage 1.0 or
// later and CreateConversation 1.0 or later".
func (s Support) String() string {
	var operations []string
	for _, operation := range []outcome.Operation{outcome.AppendMessage, outcome.CreateConversation} {
		if since := s.since(operation); since != "" {
			operations = append(operations, fmt.Sprintf("%s %s or later", operation, since))
		}
	}
	return fmt.Sprintf("%s %s on %s by %s",
		s.Direction, s.Type, joined(s.Channels), strings.Join(operations, " and "))
}

// versions contains the versions of the operations that support messages.
var versions = map[outcome.Operation][]outcome.Version{
	outcome.AppendMessage:      outcome.Versions(outcome.AppendMessage),
	outcome.CreateConversation: outcome.Versions(outcome.CreateConversation),
}

// unsupported returns why this version of operation does not support m on ch. It returns
// "" if the version supports m. An unknown channel counts as any channel.
func unsupported(m Message, operation outcome.Operation, version outcome.Version, ch channel.Channel) string {
	typ, direction := m.Type(), m.direction()
	known := versions[operation]
	exists := slices.Contains(known, version)
	if exists && supports(operation, version, ch, typ, direction) {
		return ""
	}
	var rows []string
	for _, row := range supported {
		if row.Type == typ && row.Direction == direction {
			rows = append(rows, row.String())
		}
	}
	where := string(ch)
	switch {
	case rows == nil:
		return "must be text in an announcement" // Every other message has a row.
	case known != nil && !exists:
		return fmt.Sprintf("is not supported by %s %s: the versions are %s", operation, version, joined(known))
	case !ch.Known():
		where = "any channel"
	}
	return fmt.Sprintf("is not supported by %s %s on %s; supported: %s", operation, version, where, strings.Join(rows, "; "))
}

// supports reports whether this version of operation supports messages of typ in
// direction on ch. An unknown channel counts as any channel.
func supports(operation outcome.Operation, version outcome.Version, ch channel.Channel, typ Type, direction Direction) bool {
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

// joined returns names in a list with commas.
func joined[S ~string](names []S) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
