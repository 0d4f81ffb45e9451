package message

// Text is a message of text alone. It is the only type that can be an announcement.
// The text of an announcement may contain **bold** and _italic_ (documented).
type Text struct {
	Direction Direction `json:"-"`
	// Text is required. An outbound text has at most 4000 characters on SMS and 4096 on
	// WhatsApp (documented).
	Text string `json:"text,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeText].
func (Text) Type() Type { return TypeText }

// MarshalJSON returns the JSON of the message.
func (m Text) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *Text) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m Text) direction() Direction    { return m.Direction }
func (m Text) with(e Envelope) Message { m.Envelope = e; return m }
