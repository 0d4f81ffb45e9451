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

// Event is one thing that happened. It is one of the structs of this package
// whose names end in Event:
//
//	switch e := event.(type) {
//	case stream.MessageEvent:
//	case stream.ReceiptEvent:
//	}
//
// Events are plain values; nothing in the SDK changes one.
type Event interface {
	// Head returns what every event has.
	Head() Header
}

// Header is what every event has. Printed, logged or encoded, an event shows its
// kind, channel, id and time only: payloads hold what customers wrote, secrets,
// and addresses of the vendor's servers.
//
// There is one exception: of an unexported field of another struct, fmt asks no
// method and prints all there is, payloads among it. That goes for everything in
// this package that holds one. Give a struct with such a field a Format method
// of its own, or do not print it.
type Header struct {
	// Kind is what the event tells.
	Kind Kind
	// Name is the event's name as it came, such as "MO"; empty where it has
	// none.
	Name string
	// Channel is one of package channel's, one of this package's, or another
	// name, kept in lower case. It is empty in an audit log.
	Channel channel.Channel
	// Customer and Business are the two parties in the channel's own words, as
	// [channel.Members] has them. On WhatsApp, Messenger and some others the
	// payload names the business's app only, and Business is the app's id. On
	// WhatsApp a customer without a number is known by the id that the business
	// has of them (bsuid). In a receipt Customer is the destination.
	Customer, Business string
	// ID is the same for all copies of an event, from whichever transport they
	// come, and different for any two events. It is 32 hexadecimal digits made
	// from the members that name the event: its channel, kind and business, an
	// email's app, and the sender's own ids. It is empty where the payload holds
	// none of those ids. That they suffice is assumed. Of the two copies that a
	// tenant gets who streams both an asset and its flow, only the flow's has a
	// Context; which one comes first is not known.
	ID string
	// Conversation is the same for all events of one customer with one
	// business, which a worker handles one after another. It is 32 hexadecimal
	// digits. Receipts are put in order by their destination, chats by their id.
	Conversation string
	// TransactionID is the sender's id (tid or transid), as it came.
	TransactionID string
	// TraceID is the vendor's cross-product id (x-wx-gtrid), or its first 256
	// bytes; often empty.
	TraceID string
	// Time is when it happened, or when the service took it in, in UTC; zero
	// where the payload has no time that can be read. See [ParseTime].
	Time time.Time
	// Raw is the payload as it came.
	Raw json.RawMessage

	members tolerant.Members
}

// Head returns h. Every event has it from here.
func (h Header) Head() Header { return h }

// Member returns the first of the named members that holds a string, number or
// boolean, as text; empty for none. Separators of a name, and the case of its
// ASCII letters, do not matter, because the vendor's own vary: "thread_id" finds
// threadId. Members of a receipt's inner objects and of a chat event's payload are
// found too.
func (h Header) Member(names ...string) string {
	for _, name := range names {
		if text := h.members.Text(tolerant.MemberName(name)); text != "" {
			return text
		}
	}
	return ""
}

// JSON returns the object or array that a member is, or that it holds as a
// string, as the vendor often has it; nil for none. Names are read as in Member.
// The caller must not change what it gets.
func (h Header) JSON(name string) json.RawMessage { return h.members.Nested(tolerant.MemberName(name)) }

// Context returns the values that the flow put on the event, and AppContext
// those of the vendor's support, which can hold addresses of servers: do not
// log them. Both are nil where there are none, as on every webhook.
func (h Header) Context() map[string]string { return h.context("context") }

// AppContext returns the values that the vendor's support put on the event; see
// Context.
func (h Header) AppContext() map[string]string { return h.context("appContext") }

// maxIntegrations bounds how many parts of a dataIntegration are looked at.
const maxIntegrations = 16

// context collects the texts of the objects called name, in whichever of its
// shapes dataIntegration came: an object, a list of objects, an object within
// an object, or not at all with appContext beside it.
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

// summary is what an event shows of itself.
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

// Format writes String's text for every verb.
func (h Header) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue groups the event's kind, channel, id and time for log/slog.
func (h Header) LogValue() slog.Value {
	s := h.summary()
	return slog.GroupValue(slog.String("kind", string(s.Kind)), slog.String("channel", string(s.Channel)),
		slog.String("id", s.ID), slog.Time("time", s.Time))
}

// MarshalJSON encodes the event's kind, channel, id and time. The payload is in
// Raw.
func (h Header) MarshalJSON() ([]byte, error) { return json.Marshal(h.summary()) }
