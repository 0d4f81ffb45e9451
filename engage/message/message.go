package message

import (
	"encoding/json"
	"reflect"
	"time"
)

// Direction is the direction of a message. A decoded message may have a direction that
// this package does not know.
type Direction string

// The directions (documented).
const (
	// Inbound is from the customer to the business.
	Inbound Direction = "inbound"
	// Outbound is from the business to the customer.
	Outbound Direction = "outbound"
	// Announcement is a note in the conversation, such as "the customer left the
	// chat". Only a [Text] can be an announcement. A closed conversation accepts only
	// announcements.
	Announcement Direction = "announcement"
)

// Message is a message of one content type. Only the structs of this package and
// pointers to them implement it. The SDK never changes a message.
type Message interface {
	// Type returns the vendor's name of the content type.
	Type() Type

	direction() Direction
	envelope() Envelope
	// with returns a copy of the message with another envelope.
	with(Envelope) Message
}

// Envelope contains what all messages have in common. The zero value is ready for
// use.
type Envelope struct {
	// AliasID is the sender's own id for the message. If it is empty, the client
	// sends a new UUID and returns it with the receipt. What the service does with
	// two messages of the same alias id is not documented.
	AliasID string `json:"aliasId,omitempty"`
	// Timestamp is when the message was sent. If it is zero, the client sends the
	// time of the call. It is encoded in UTC, with a fraction of a second only if
	// it has one.
	Timestamp time.Time `json:"timestamp,omitzero"`
	// Redacted reports whether sensitive content was removed. The JSON leaves it
	// out if it is nil, as it must be in an announcement.
	Redacted *bool `json:"redacted,omitempty"`
	// AttemptGatewayDelivery asks Engage to deliver an outbound message to the
	// customer (assumed from its name). The JSON leaves it out if it is nil, as it must
	// be in an announcement.
	AttemptGatewayDelivery *bool `json:"attemptGwDelivery,omitempty"`
	// Raw is the JSON object from which the message was decoded. [Decode] sets it only
	// if the fields do not contain everything: a member is unknown, missing, empty or
	// null, or its value has another kind than the field. A number in a string does not
	// count as another kind. When the message is encoded, a
	// member of Raw stays as it is, unless a field contains another value now. An element
	// of a list that has changed is encoded from its fields alone, and so is a list with
	// another number of elements.
	//
	// To send members that this package does not know, set Raw to an object of them. They
	// may be nested, as in {"ambForm":{"data":{"locale":"en"}}}.
	Raw json.RawMessage `json:"-"`
}

// envelope returns e. A struct that embeds an Envelope has this method of [Message].
func (e Envelope) envelope() Envelope { return e }

// Value returns the struct to which m points. It returns m if m is a struct or nil.
func Value(m Message) Message {
	if value, k := resolve(m); k != nil {
		return value
	}
	return m
}

// DirectionOf returns the direction of m. It returns "" if m is nil.
func DirectionOf(m Message) Direction {
	if m, _ = resolve(m); m == nil {
		return ""
	}
	return m.direction()
}

// EnvelopeOf returns the envelope of m. It returns the zero Envelope if m is nil.
func EnvelopeOf(m Message) Envelope {
	if m, _ = resolve(m); m == nil {
		return Envelope{}
	}
	return m.envelope()
}

// Stamp returns a copy of m that has an alias id and a timestamp. It sets the alias id
// to aliasID if it is empty, and the timestamp to at if it is zero. The copy is a struct
// even if m is a pointer. If m is nil or an [Unknown], Stamp sets nothing.
func Stamp(m Message, aliasID string, at time.Time) Message {
	value, _ := resolve(m)
	if value == nil {
		return m
	}
	return value.with(value.envelope().stamped(aliasID, at))
}

// stamped returns e with aliasID and at for an empty alias id and a zero timestamp.
func (e Envelope) stamped(aliasID string, at time.Time) Envelope {
	if e.AliasID == "" {
		e.AliasID = aliasID
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = at
	}
	return e
}

// resolve returns m, or the struct to which m points, with its kind. Both results are
// nil if m is nil, a nil pointer, or a struct of another package that embeds a message.
// The kind of an [Unknown] is empty.
func resolve(m Message) (Message, *kind) {
	v := reflect.ValueOf(m)
	isPointer := v.Kind() == reflect.Pointer
	if isPointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil, nil
	}
	k := kinds().byGoType[v.Type()]
	switch {
	case k == nil:
		return nil, nil
	case isPointer:
		m = v.Interface().(Message)
	}
	return m, k
}
