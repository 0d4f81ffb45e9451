// Package message holds the messages a conversation consists of.
//
// A message is a value of one of this package's structs, one struct for each
// content type of the vendor's message schema. Each embeds an [Envelope], which
// holds what all messages have in common:
//
//	message.Text{Direction: message.Inbound, Text: "hello"}
//
//	message.TextWithAttachments{
//		Direction:   message.Inbound,
//		Text:        "the receipt",
//		Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "receipt.png", URL: link}},
//		Envelope:    message.Envelope{AliasID: "4f0c…", Timestamp: received},
//	}
//
// Which message can travel on which channel, in which direction and in which
// version of which operation stands in one table, which [Support] reads and
// which every request is checked against before it is sent.
//
// The schema is documented: types, member names and the channels and directions
// of each type. What a version of an operation accepts is documented for the
// live chat types and assumed elsewhere, as the table says.
package message

import (
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// Type is the vendor's name of a message's content type.
type Type string

// The content types that every channel family shares (documented).
const (
	TypeText                Type = "text"
	TypeAttachments         Type = "attachments"
	TypeTextWithAttachments Type = "text-with-attachments"
	TypeEmail               Type = "email"
)

// Direction says who sent a message to whom.
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
// SDK changes one.
type Message interface {
	// Type returns the vendor's name of the content type.
	Type() Type

	direction() Direction
	envelope() Envelope
	// with returns the message with its envelope replaced.
	with(Envelope) Message
	// violations returns what is wrong with the content alone.
	violations() outcome.Violations
	// wire returns the value that encoding/json encodes as the vendor's JSON.
	wire() any
}

// Envelope holds what all messages have in common. The zero value is ready for
// use.
type Envelope struct {
	// AliasID is the sender's own id of the message. The client fills an empty
	// one with a new UUID and returns it on the receipt. What the service does
	// with a second message of the same alias id is not documented.
	AliasID string
	// Timestamp is when the message was sent. The client fills a zero one with
	// the time of the call. It is written in UTC.
	Timestamp time.Time
	// Redacted says that sensitive content was removed. Nil leaves it out.
	Redacted *bool
	// AttemptGatewayDelivery says whether Engage itself is to deliver an
	// outbound message to the customer (by the member's name; the vendor does
	// not explain it). Nil leaves it out.
	AttemptGatewayDelivery *bool
}

// envelope makes the embedding struct's envelope readable through [Message].
func (e Envelope) envelope() Envelope { return e }

// DirectionOf returns the direction of m.
func DirectionOf(m Message) Direction { return m.direction() }

// EnvelopeOf returns the envelope of m.
func EnvelopeOf(m Message) Envelope { return m.envelope() }

// Stamp returns m with what its envelope lacks: aliasID for an empty alias id
// and at for a zero timestamp.
func Stamp(m Message, aliasID string, at time.Time) Message {
	e := m.envelope()
	if e.AliasID == "" {
		e.AliasID = aliasID
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = at
	}
	return m.with(e)
}

// Wire returns a value that encoding/json encodes as m's wire form. Put it into
// a larger document to have the whole encoded in one pass.
func Wire(m Message) any { return m.wire() }
