package message

import (
	"encoding/json"

	"github.com/engagesdk/engage-go/outcome"
)

// Text is a message of text alone. It is the only type that can be announced,
// and an announcement may use **bold** and _italic_ (documented).
type Text struct {
	Direction Direction
	// Text is required.
	Text string
	Envelope
}

// Type returns [TypeText].
func (Text) Type() Type { return TypeText }

// MarshalJSON encodes the message in its wire form.
func (m Text) MarshalJSON() ([]byte, error) { return json.Marshal(m.wire()) }

func (m Text) direction() Direction    { return m.Direction }
func (m Text) with(e Envelope) Message { m.Envelope = e; return m }

func (m Text) violations() outcome.Violations {
	var v outcome.Violations
	requireText(&v, "Text", m.Text)
	return v
}

func (m Text) wire() any {
	return struct {
		header
		Text string `json:"text"`
		trailer
	}{headerOf(m), m.Text, m.trailer()}
}
