package stream

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Event is one thing that happened. It is one of the structs of this package whose
// names end in Event:
//
//	switch e := event.(type) {
//	case stream.MessageEvent:
//	case stream.ReceiptEvent:
//	}
//
// Events are plain values, which the SDK never changes.
type Event interface {
	// Head returns what every event has.
	Head() Header
}

// Header is what every event has.
//
// Packages fmt, log/slog and encoding/json show an event's kind, channel, id and
// time only. Payloads hold what customers wrote, secrets, and addresses of the
// vendor's servers.
//
// There is one exception. For an unexported field of a struct, fmt does not call
// methods: it prints the whole payload of an event in such a field. The same is true
// of every type of this package that holds a payload. Give such a struct a Format
// method of its own, or do not print it.
type Header struct {
	// Kind is what happened.
	Kind Kind
	// Name is the event's name in the payload, such as "MO". It is empty if the
	// payload has none.
	Name string
	// Channel is one of package channel's or one of this package's, or another
	// name in lower case. It is empty in an audit log.
	Channel channel.Channel
	// Customer and Business are the two parties, named as on the channel (see
	// [channel.Members]). In a receipt Customer is the destination.
	//
	// A phone number is spelled as in the payload, with or without a leading plus.
	// See [WithoutPlus].
	//
	// On WhatsApp, Messenger and some other channels the payload names the
	// business's app only, and Business is the app's id; see [WithBusinesses]. On
	// WhatsApp a customer without a number has the id that the business knows them
	// by (bsuid).
	Customer, Business string
	// ID identifies the event: duplicates have the same ID, on every transport, and
	// different events have different IDs. It has 32 hexadecimal digits. It is empty
	// if the payload holds none of the sender's ids. The event of an [Entry] has the
	// Entry's ID, which is then a digest of the payload.
	//
	// The ID is a digest of the event's channel, kind and business, an email's
	// app, and the sender's ids. It is assumed that these identify an event.
	//
	// A tenant that streams both an asset and its flow gets each event twice. Only
	// the copy of the flow has a Context. Which one comes first is not known.
	ID string
	// Conversation is the same for all events of one customer with one business. A
	// worker handles them one after another. A leading plus of a phone number makes
	// no difference. Receipts with one destination share a conversation, and so do
	// the events of one chat. It has 32 hexadecimal digits. It is empty if the
	// payload names neither a party nor an id.
	Conversation string
	// TransactionID is the sender's id (tid or transid) as it came.
	TransactionID string
	// TraceID is the vendor's cross-product trace id (x-wx-gtrid), or its first
	// 256 bytes. It is often empty.
	TraceID string
	// Time is when the event happened, or when the service received it, in UTC. It
	// is zero if the payload has no time that [ParseTime] can read.
	Time time.Time
	// Attempt counts how often the event was delivered, this time included. It is that of
	// the [Delivery], and 0 if no [Worker] handles the event.
	Attempt int
	// Raw is the payload as it came, without the space around it.
	Raw json.RawMessage

	members tolerant.Members
	// hasBusiness reports that Business is not an app; see [WithBusinesses].
	hasBusiness bool
}

// Head returns h. All events inherit it.
func (h Header) Head() Header { return h }

// Member returns, as text, the first of the named members that is a string, number
// or boolean. It returns the empty text if there is none.
//
// The case of ASCII letters in a name and its separators do not matter, because
// they vary in payloads: "thread_id" finds threadId. Member also finds the members
// of a receipt's inner objects and of a chat event's payload.
func (h Header) Member(names ...string) string {
	for _, name := range names {
		if text := h.members.Text(tolerant.MemberName(name)); text != "" {
			return text
		}
	}
	return ""
}

// JSON returns the member with that name if it is an object or an array, or a
// string that holds one. Otherwise it returns nil. Names are matched as in Member.
// The caller must not change the result.
func (h Header) JSON(name string) json.RawMessage { return h.members.Nested(tolerant.MemberName(name)) }

// Context returns the values that the flow added to the event. It is nil if there
// are none, as on every webhook.
func (h Header) Context() map[string]string { return h.context("context") }

// AppContext returns the values that the vendor's support added to the event. It is
// nil if there are none. Do not log them: they can hold addresses of servers.
func (h Header) AppContext() map[string]string { return h.context("appContext") }

// maxIntegrations limits how many parts of a dataIntegration are read.
const maxIntegrations = 16

// context collects the texts of the objects called name from all shapes of
// dataIntegration: an object, a list of objects, an object within an object, or
// none with appContext beside it.
func (h Header) context(name string) map[string]string {
	integration := h.members.Nested("dataIntegration")
	parts := append(tolerant.Elements(integration, maxIntegrations), integration, h.Raw)
	if inner := tolerant.MembersOf(integration).Nested("dataIntegration"); inner != nil {
		parts = append(parts, inner)
	}
	var all map[string]string
	for _, part := range parts {
		for _, value := range tolerant.MembersOf(tolerant.MembersOf(part).Nested(name)) {
			if all == nil {
				all = map[string]string{}
			}
			all[string(value.Name)] = tolerant.Text(value.Value)
		}
	}
	return all
}

// summary is what fmt, slog and json show of an event.
type summary struct {
	Kind    Kind            `json:"kind"`
	Channel channel.Channel `json:"channel,omitempty"`
	ID      string          `json:"id,omitempty"`
	Time    time.Time       `json:"time,omitzero"`
}

func (h Header) summary() summary { return summary{h.Kind, h.Channel, h.ID, h.Time} }

// String returns the event's kind, channel and id as one phrase.
func (h Header) String() string {
	text := "stream event " + string(h.Kind)
	if h.Channel != "" {
		text += " on " + fmt.Sprintf("%.40q", h.Channel)
	}
	if h.ID != "" {
		text += ", id " + h.ID
	}
	return text
}

// Format writes the text of String for every verb.
func (h Header) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue returns the event's kind, channel, id and time as a group.
func (h Header) LogValue() slog.Value {
	s := h.summary()
	return slog.GroupValue(slog.String("kind", string(s.Kind)), slog.String("channel", string(s.Channel)),
		slog.String("id", s.ID), slog.Time("time", s.Time))
}

// MarshalJSON encodes the event's kind, channel, id and time. Raw holds the
// payload.
func (h Header) MarshalJSON() ([]byte, error) { return json.Marshal(h.summary()) }
