package message

import "time"

// header is the part of the wire form that comes first in every message.
type header struct {
	AliasID   string    `json:"aliasId,omitempty"`
	Direction Direction `json:"direction"`
	Type      Type      `json:"type"`
}

// trailer is the part of the wire form that comes last in every message.
type trailer struct {
	Timestamp              *time.Time `json:"timestamp,omitempty"`
	Redacted               *bool      `json:"redacted,omitempty"`
	AttemptGatewayDelivery *bool      `json:"attemptGwDelivery,omitempty"`
}

// headerOf returns the header of m.
func headerOf(m Message) header {
	return header{AliasID: m.envelope().AliasID, Direction: m.direction(), Type: m.Type()}
}

// trailer returns the trailer of a message in this envelope.
func (e Envelope) trailer() trailer {
	t := trailer{Redacted: e.Redacted, AttemptGatewayDelivery: e.AttemptGatewayDelivery}
	if !e.Timestamp.IsZero() {
		t.Timestamp = new(e.Timestamp.UTC())
	}
	return t
}
