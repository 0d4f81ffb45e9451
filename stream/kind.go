package stream

import (
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Kind says what happened. The same thing has the same kind on every channel and in
// every spelling.
type Kind string

// The kinds of a [MessageEvent]: what customers write and choose.
const (
	// KindMessage is a text, files, or both.
	KindMessage Kind = "message"
	// KindPostback is a tapped button.
	KindPostback Kind = "postback"
	// KindQuickReply is a tapped quick reply.
	KindQuickReply Kind = "quick-reply"
	// KindListResponse is a choice from a list.
	KindListResponse Kind = "list-response"
	// KindTimeResponse is a chosen appointment.
	KindTimeResponse Kind = "time-response"
	// KindFormResponse is a form that was filled in.
	KindFormResponse Kind = "form-response"
	// KindAppResponse is the answer of an iMessage app.
	KindAppResponse Kind = "app-response"
)

// The kinds of the other events that customers cause.
const (
	// KindTypingStarted and KindTypingEnded are the kinds of a [TypingEvent].
	KindTypingStarted Kind = "typing-started"
	KindTypingEnded   Kind = "typing-ended"
	// KindClosed is the kind of a [ClosedEvent].
	KindClosed Kind = "closed"
	// KindAuthentication is the kind of an [AuthenticationEvent].
	KindAuthentication Kind = "authentication"
	// KindPayment is the kind of a [PaymentEvent].
	KindPayment Kind = "payment"
	// KindInvitation is the kind of an [InvitationEvent].
	KindInvitation Kind = "invitation"
	// KindProfileCreated and KindProfileUpdated are the kinds of a [ProfileEvent].
	KindProfileCreated Kind = "profile-created"
	KindProfileUpdated Kind = "profile-updated"
	// KindSubscribed, KindUnsubscribed and KindPreferences are the kinds of a
	// [SubscriptionEvent].
	KindSubscribed   Kind = "subscribed"
	KindUnsubscribed Kind = "unsubscribed"
	KindPreferences  Kind = "preferences"
)

// The kinds of the events that customers do not cause themselves.
const (
	// KindReceipt is the kind of a [ReceiptEvent].
	KindReceipt Kind = "receipt"
	// KindAudit is the kind of an [AuditEvent].
	KindAudit Kind = "audit"
	// KindChatAssigned, KindChatMessage and KindChatClosed are the kinds of a
	// [ChatEvent].
	KindChatAssigned Kind = "chat-assigned"
	KindChatMessage  Kind = "chat-message"
	KindChatClosed   Kind = "chat-closed"
	// KindUnknown is the kind of an [UnknownEvent].
	KindUnknown Kind = "unknown"
)

// The channels of payloads that package channel does not have. Engage has no
// conversations on them.
const (
	RCS       channel.Channel = "rcs"
	MMS       channel.Channel = "mms"
	Instagram channel.Channel = "instagram"
	Voice     channel.Channel = "voice"
	Push      channel.Channel = "push"
)

// channelNames holds the folded names of channels that payloads spell differently
// from package channel.
var channelNames = map[string]channel.Channel{
	"applebusinesschat": channel.Apple,
	"abc":               channel.Apple,
	"rtm":               channel.LiveChat,
	"rt":                channel.LiveChat,
	"appmessaging":      channel.LiveChat,
	"facebookmessenger": channel.Facebook,
	"fb":                channel.Facebook,
}

// channelOf returns the channel that a payload names. An unknown name is folded and
// kept.
func channelOf(name string) channel.Channel {
	folded := tolerant.Fold(name)
	if known, ok := channelNames[folded]; ok {
		return known
	}
	return channel.Channel(folded)
}

// eventName is a row of the table of events: a folded name, and its kind on some
// channels.
type eventName struct {
	name     string
	channels []channel.Channel
	kind     Kind
}

// The channels on which the vendor uses a name. On others it has no meaning: live
// chat has custom events, which can have any name (documented).
var (
	unnamed      = []channel.Channel{channel.SMS, MMS, Instagram}
	messaging    = []channel.Channel{channel.Apple, channel.LiveChat, channel.SMS, channel.Email, channel.WhatsApp, channel.Facebook, RCS, MMS, Instagram}
	withButtons  = []channel.Channel{channel.LiveChat, channel.WhatsApp, channel.Facebook, RCS, Instagram}
	subscribing  = []channel.Channel{channel.LiveChat, channel.Email, RCS}
	onlyApple    = []channel.Channel{channel.Apple}
	onlyLiveChat = []channel.Channel{channel.LiveChat}
	onlyWhatsApp = []channel.Channel{channel.WhatsApp}
	onlyEmail    = []channel.Channel{channel.Email}
	onlyRCS      = []channel.Channel{RCS}
	withTyping   = []channel.Channel{channel.Apple, channel.LiveChat}
)

// eventNames is the table of events. The message of a channel in unnamed may come
// without an event name.
var eventNames = []eventName{
	{"mo", messaging, KindMessage},
	{"", unnamed, KindMessage},
	{"inboundmessage", onlyEmail, KindMessage},
	{"attachment", onlyRCS, KindMessage},
	{"location", onlyRCS, KindMessage},
	{"postback", withButtons, KindPostback},
	{"onpostback", withButtons, KindPostback},
	{"quickreplyresponse", onlyApple, KindQuickReply},
	{"reply", onlyWhatsApp, KindQuickReply},
	{"list", onlyWhatsApp, KindListResponse},
	{"interactiveresponse", onlyApple, KindListResponse},
	{"formresponse", onlyApple, KindFormResponse},
	{"onformresponse", onlyLiveChat, KindFormResponse},
	{"imessageappresponse", onlyApple, KindAppResponse},
	{"typingindicator", withTyping, KindTypingStarted},
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

// kindOf returns the kind of an event of ch with a folded name. Where kinds share a
// name, another member of the payload decides.
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
	case kind == KindListResponse && !isFilled(m, "listPicker") && choosesTime(m):
		return KindTimeResponse
	case kind == KindMessage && ch == RCS && m.Find("postback") != nil:
		return KindPostback // a data stream calls every RCS event MO
	}
	return kind
}

// choosesTime reports whether an answer on Apple that has no list is an appointment. In
// a documented sample only its type says so.
func choosesTime(m tolerant.Members) bool {
	return isFilled(m, "datePicker") || tolerant.Fold(m.Text("type")) == "timepickerresponse"
}

// isFilled reports whether a member holds anything. An unused member may hold an empty
// list or object, even within a string (documented).
func isFilled(m tolerant.Members, name string) bool {
	switch nested := m.Nested(name); {
	case nested == nil:
		return m.Find(name) != nil
	case nested[0] == '[':
		return len(tolerant.Elements(nested, 1)) > 0
	default:
		return len(tolerant.MembersOf(nested)) > 0
	}
}
