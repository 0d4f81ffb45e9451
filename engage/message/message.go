package message

import (
	"reflect"
	"time"
)

// Direction says who sent a message to whom. Values read from elsewhere may
// hold other names; they are kept.
type Direction string

// The directions (documented).
const (
	// Inbound: from the customer to the business.
	Inbound Direction = "inbound"
	// Outbound: from the business to the customer.
	Outbound Direction = "outbound"
	// Announcement: a note in the conversation, such as "the customer left the
	// chat". Only text can be announced, and only an announcement can be
	// appended to a closed conversation.
	Announcement Direction = "announcement"
)

// Message is a message of one content type. It is implemented by the structs of
// this package and by nothing else. Messages are plain values: nothing in the
// SDK changes one. A pointer to one can stand for it everywhere.
type Message interface {
	// Type returns the vendor's name of the content type.
	Type() Type

	direction() Direction
	envelope() Envelope
	// with returns the message with its envelope replaced.
	with(Envelope) Message
	// wire returns a struct that encoding/json encodes as the vendor's JSON, with
	// that header and without additional members.
	wire(header) any
}

// Envelope holds what all messages have in common. The zero value is ready for
// use.
type Envelope struct {
	// AliasID is the sender's own id of the message. The client fills an empty
	// one with a new UUID and returns it on the receipt. What the service does
	// with a second message of the same alias id is not documented.
	AliasID string `json:"aliasId,omitempty"`
	// Timestamp is when the message was sent. The client fills a zero one with
	// the time at which it makes the request. It is written in UTC, to the second
	// unless it has a fraction of one.
	Timestamp time.Time `json:"timestamp,omitzero"`
	// Redacted says that sensitive content was removed. Nil leaves it out.
	Redacted *bool `json:"redacted,omitempty"`
	// AttemptGatewayDelivery says whether Engage itself is to deliver an
	// outbound message to the customer (by the member's name; the vendor does
	// not explain it). Nil leaves it out.
	AttemptGatewayDelivery *bool `json:"attemptGwDelivery,omitempty"`
	// Additional holds what else was read beside the members of the type.
	Additional Members `json:"-"`
}

// envelope makes the embedding struct's envelope readable through [Message].
func (e Envelope) envelope() Envelope { return e }

// Value returns the message that m points to, as it is now, and m itself where it
// points to none.
func Value(m Message) Message {
	if value, _ := settle(m); value != nil {
		return value
	}
	return m
}

// DirectionOf returns the direction of m; for nil, the empty one.
func DirectionOf(m Message) Direction {
	if m, _ = settle(m); m == nil {
		return ""
	}
	return m.direction()
}

// EnvelopeOf returns the envelope of m; for nil, the zero one.
func EnvelopeOf(m Message) Envelope {
	if m, _ = settle(m); m == nil {
		return Envelope{}
	}
	return m.envelope()
}

// Stamp returns m with what its envelope lacks: aliasID for an empty alias id
// and at for a zero timestamp. A pointer is replaced by the value it points to.
// Nil and an [Unknown] are returned as they are.
func Stamp(m Message, aliasID string, at time.Time) Message {
	settled, _ := settle(m)
	if settled == nil {
		return m
	}
	return settled.with(settled.envelope().stamped(aliasID, at))
}

// stamped returns the envelope with what it lacks.
func (e Envelope) stamped(aliasID string, at time.Time) Envelope {
	if e.AliasID == "" {
		e.AliasID = aliasID
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = at
	}
	return e
}

// settle returns the value of m, which may be a pointer, and its kind. Both are
// nil for a nil m, for a nil pointer, and for a foreign type that embeds a
// message of this package.
func settle(m Message) (Message, *kind) {
	known := kinds().byGoType
	if k := known[reflect.TypeOf(m)]; k != nil {
		return m, k
	}
	v := reflect.ValueOf(m)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, nil
	}
	k := known[v.Type().Elem()]
	if k == nil {
		return nil, nil
	}
	return v.Elem().Interface().(Message), k
}
