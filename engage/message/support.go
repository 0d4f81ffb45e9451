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
	// ChannelEvidence says how it is known that the channels carry the message, and
	// Evidence how the versions are known: "documented" or "assumed".
	ChannelEvidence, Evidence string
}

const (
	documented = "documented"
	assumed    = "assumed"
)

var (
	chats       = []channel.Channel{channel.Facebook, channel.WhatsApp, channel.Apple, channel.API}
	chatsAndSMS = []channel.Channel{channel.SMS, channel.Facebook, channel.WhatsApp, channel.Apple, channel.API}
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
//   - Email carries announcements. One of the vendor's pages lists them, but the table of
//     the channels has no text on email.
//   - WhatsApp carries interactive responses, as in a sample of the schema. The table of
//     the channels does not list them.
//   - Append 1.4 supports the rich types of WhatsApp and Apple. The vendor does not
//     describe the changes of this version.
//   - Create 1.3 supports every type. It takes a list of messages, and the vendor
//     publishes one schema for the lists of Append and Create.
var supported = []Support{
	{TypeText, Inbound, chatsAndSMS, outcome.V10, outcome.V10, documented, assumed},
	{TypeText, Inbound, liveChat, outcome.V10, outcome.V10, documented, documented},
	{TypeText, Outbound, chatsAndSMS, outcome.V10, outcome.V10, documented, assumed},
	{TypeText, Outbound, liveChat, outcome.V13, outcome.V10, documented, assumed},
	{TypeText, Announcement, liveChat, outcome.V13, outcome.V12, documented, documented},
	{TypeText, Announcement, chatsAndSMS, outcome.V13, outcome.V13, documented, assumed},
	{TypeText, Announcement, email, outcome.V13, outcome.V13, assumed, assumed},

	{TypeAttachments, Inbound, chats, outcome.V10, outcome.V10, documented, assumed},
	{TypeAttachments, Inbound, liveChat, outcome.V13, outcome.V12, documented, assumed},
	{TypeAttachments, Outbound, chats, outcome.V10, outcome.V10, documented, assumed},
	{TypeAttachments, Outbound, liveChat, outcome.V13, outcome.V12, documented, assumed},

	{TypeTextWithAttachments, Inbound, chats, outcome.V10, outcome.V10, documented, assumed},
	{TypeTextWithAttachments, Inbound, liveChat, outcome.V13, outcome.V12, documented, documented},
	{TypeTextWithAttachments, Outbound, chats, outcome.V10, outcome.V10, documented, assumed},
	{TypeTextWithAttachments, Outbound, liveChat, outcome.V13, outcome.V12, documented, documented},

	{TypeEmail, Inbound, email, outcome.V10, outcome.V10, documented, assumed},
	{TypeEmail, Outbound, email, outcome.V10, outcome.V10, documented, assumed},

	{TypeLiveChatCarousel, Outbound, liveChat, outcome.V13, outcome.V12, documented, documented},
	{TypeLiveChatQuickReplies, Outbound, liveChat, outcome.V13, outcome.V12, documented, documented},
	{TypeLiveChatCarouselResponse, Inbound, liveChat, outcome.V13, outcome.V12, documented, documented},
	{TypeLiveChatQuickRepliesResponse, Inbound, liveChat, outcome.V13, outcome.V12, documented, documented},
	{TypeLiveChatFormResponse, Inbound, liveChat, outcome.V10, outcome.V12, documented, documented},

	{TypeWhatsAppButtons, Outbound, whatsApp, outcome.V14, outcome.V13, documented, assumed},
	{TypeWhatsAppList, Outbound, whatsApp, outcome.V14, outcome.V13, documented, assumed},
	{TypeWhatsAppInteractiveResponse, Inbound, whatsApp, outcome.V14, outcome.V13, assumed, assumed},

	{TypeAppleListPicker, Outbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleTimePicker, Outbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleQuickReplies, Outbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleForm, Outbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleListPickerResponse, Inbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleTimePickerResponse, Inbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleQuickRepliesResponse, Inbound, apple, outcome.V14, outcome.V13, documented, assumed},
	{TypeAppleFormResponse, Inbound, apple, outcome.V14, outcome.V13, documented, assumed},
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
	return fmt.Sprintf("is not supported: %s %s cannot carry %s %s on %s; supported: %s",
		operation, version, direction, typ, where, strings.Join(rows, "; "))
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
