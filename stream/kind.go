package stream

import (
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Kind says what an event tells, in the same word for every channel and every
// spelling.
type Kind string

// The kinds of a [MessageEvent]: what customers write and choose.
const (
	// KindMessage is a text, files, or both.
	KindMessage Kind = "message"
	// KindPostback is a button that was tapped.
	KindPostback Kind = "postback"
	// KindQuickReply is one of the answers that were offered to tap.
	KindQuickReply Kind = "quick-reply"
	// KindListResponse is a choice from a list.
	KindListResponse Kind = "list-response"
	// KindTimeResponse is an appointment chosen.
	KindTimeResponse Kind = "time-response"
	// KindFormResponse is a form filled in.
	KindFormResponse Kind = "form-response"
	// KindAppResponse is the answer of an iMessage app.
	KindAppResponse Kind = "app-response"
)

// The kinds of the other events that customers cause.
const (
	// KindTypingStarted and KindTypingEnded are those of a [TypingEvent].
	KindTypingStarted Kind = "typing-started"
	KindTypingEnded   Kind = "typing-ended"
	// KindClosed is that of a [ClosedEvent].
	KindClosed Kind = "closed"
	// KindAuthentication is that of an [AuthenticationEvent].
	KindAuthentication Kind = "authentication"
	// KindPayment is that of a [PaymentEvent].
	KindPayment Kind = "payment"
	// KindInvitation is that of an [InvitationEvent].
	KindInvitation Kind = "invitation"
	// KindProfileCreated and KindProfileUpdated are those of a [ProfileEvent].
	KindProfileCreated Kind = "profile-created"
	KindProfileUpdated Kind = "profile-updated"
	// KindSubscribed, KindUnsubscribed and KindPreferences are those of a
	// [SubscriptionEvent].
	KindSubscribed   Kind = "subscribed"
	KindUnsubscribed Kind = "unsubscribed"
	KindPreferences  Kind = "preferences"
)

// The kinds of the events that customers do not cause themselves.
const (
	// KindReceipt is that of a [ReceiptEvent].
	KindReceipt Kind = "receipt"
	// KindAudit is that of an [AuditEvent].
	KindAudit Kind = "audit"
	// KindChatAssigned, KindChatMessage and KindChatClosed are those of a
	// [ChatEvent].
	KindChatAssigned Kind = "chat-assigned"
	KindChatMessage  Kind = "chat-message"
	KindChatClosed   Kind = "chat-closed"
	// KindUnknown is that of an [UnknownEvent].
	KindUnknown Kind = "unknown"
)

// The channels that payloads come from beside those of package channel. Engage
// has no conversations on them.
const (
	RCS       channel.Channel = "rcs"
	MMS       channel.Channel = "mms"
	Instagram channel.Channel = "instagram"
	Voice     channel.Channel = "voice"
	Push      channel.Channel = "push"
)

// channelNames holds the names of channels in payloads, folded, where they are
// not those of package channel.
var channelNames = map[string]channel.Channel{
	"applebusinesschat": channel.Apple,
	"abc":               channel.Apple,
	"rtm":               channel.LiveChat,
	"rt":                channel.LiveChat,
	"appmessaging":      channel.LiveChat,
	"facebookmessenger": channel.Facebook,
	"fb":                channel.Facebook,
}

// channelOf returns the channel that a payload names. A name that nobody knows
// is kept, folded.
func channelOf(name string) channel.Channel {
	folded := tolerant.Fold(name)
	if known, ok := channelNames[folded]; ok {
		return known
	}
	return channel.Channel(folded)
}

// eventName is a row of the table of events: a name, folded, that an event has
// on some channels, and what it tells there.
type eventName struct {
	name     string
	channels []channel.Channel
	kind     Kind
}

// Where a name has a meaning. Live chat has events of the customer's own naming
// (documented), so a name counts only where the vendor uses it.
var (
	written      = []channel.Channel{channel.SMS, MMS, Instagram}
	conversing   = []channel.Channel{channel.Apple, channel.LiveChat, channel.SMS, channel.Email, channel.WhatsApp, channel.Facebook, RCS, MMS, Instagram}
	tapping      = []channel.Channel{channel.LiveChat, channel.WhatsApp, channel.Facebook, RCS, Instagram}
	subscribing  = []channel.Channel{channel.LiveChat, channel.Email, RCS}
	onlyApple    = []channel.Channel{channel.Apple}
	onlyLiveChat = []channel.Channel{channel.LiveChat}
	onlyWhatsApp = []channel.Channel{channel.WhatsApp}
	onlyEmail    = []channel.Channel{channel.Email}
	onlyRCS      = []channel.Channel{RCS}
	indicating   = []channel.Channel{channel.Apple, channel.LiveChat}
)

// eventNames is the table of events. An SMS has no event name at all.
var eventNames = []eventName{
	{"mo", conversing, KindMessage},
	{"", written, KindMessage},
	{"inboundmessage", onlyEmail, KindMessage},
	{"attachment", onlyRCS, KindMessage},
	{"location", onlyRCS, KindMessage},
	{"postback", tapping, KindPostback},
	{"onpostback", tapping, KindPostback},
	{"quickreplyresponse", onlyApple, KindQuickReply},
	{"reply", onlyWhatsApp, KindQuickReply},
	{"list", onlyWhatsApp, KindListResponse},
	{"interactiveresponse", onlyApple, KindListResponse},
	{"formresponse", onlyApple, KindFormResponse},
	{"onformresponse", onlyLiveChat, KindFormResponse},
	{"imessageappresponse", onlyApple, KindAppResponse},
	{"typingindicator", indicating, KindTypingStarted},
	{"conversationclosed", onlyApple, KindClosed},
	{"onthreadclosed", onlyLiveChat, KindClosed},
	{"authenticationresponse", onlyApple, KindAuthentication},
	{"newauthenticationresponse", onlyApple, KindAuthentication},
	{"paymentresponse", onlyApple, KindPayment},
	{"invitationresponse", onlyApple, KindInvitation},
	{"onprofilecreate", onlyLiveChat, KindProfileCreated},
	{"onprofileupdate", onlyLiveChat, KindProfileUpdated},
	{"subscribe", subscribing, KindSubscribed},
	{"unsubscribe", subscribing, KindUnsubscribed},
	{"userpreference", onlyWhatsApp, KindPreferences},
}

// chatKinds are the events of Engage's virtual-agent webhooks.
var chatKinds = map[string]Kind{
	"chat.assigned":    KindChatAssigned,
	"message.received": KindChatMessage,
	"chat.closed":      KindChatClosed,
}

// typingKinds are the types of a typing indicator, folded.
var typingKinds = map[string]Kind{
	"typingstart": KindTypingStarted,
	"typingend":   KindTypingEnded,
	"typingstop":  KindTypingEnded,
}

// kindOf finds the kind of an event of ch by its folded name, and where several
// kinds share a name, by the member that tells them apart.
func kindOf(m tolerant.Members, ch channel.Channel, name string) Kind {
	row := slices.IndexFunc(eventNames, func(e eventName) bool {
		return e.name == name && slices.Contains(e.channels, ch)
	})
	if row < 0 {
		return KindUnknown
	}
	kind := eventNames[row].kind
	switch {
	case kind == KindTypingStarted:
		if kind = typingKinds[tolerant.Fold(m.Text("type"))]; kind == "" {
			return KindUnknown
		}
	case kind == KindListResponse && !says(m, "listPicker") && choosesTime(m):
		return KindTimeResponse
	case kind == KindMessage && ch == RCS && m.Find("postback") != nil:
		return KindPostback // a data stream calls every RCS event MO
	}
	return kind
}

// choosesTime reports whether an answer of Apple's without a list is an
// appointment. A documented sample says so in its type alone.
func choosesTime(m tolerant.Members) bool {
	return says(m, "datePicker") || tolerant.Fold(m.Text("type")) == "timepickerresponse"
}

// says reports whether a member says anything. An empty list or object, as it is
// or within a string, does not (documented for members that are not filled).
func says(m tolerant.Members, name string) bool {
	switch nested := m.Nested(name); {
	case nested == nil:
		return m.Find(name) != nil
	case nested[0] == '[':
		return len(tolerant.Elements(nested, 1)) > 0
	default:
		return len(tolerant.MembersOf(nested)) > 0
	}
}
