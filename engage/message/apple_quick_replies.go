package message

// AppleQuickReplies offers answers to tap. It is outbound; the customer answers
// with an [AppleQuickRepliesResponse].
type AppleQuickReplies struct {
	Content AppleQuickRepliesContent `json:"ambQuickReplies,omitzero" check:"required"`
	Envelope
}

// AppleQuickRepliesContent is the body of an [AppleQuickReplies] (documented).
type AppleQuickRepliesContent = AppleInteractive[AppleQuickRepliesData]

// AppleQuickRepliesData is the list of answers.
type AppleQuickRepliesData struct {
	// Version is that of Apple's format, such as "1.0".
	Version           string          `json:"version,omitempty"`
	RequestIdentifier string          `json:"requestIdentifier,omitempty"`
	QuickReply        AppleQuickReply `json:"quick-reply,omitzero" check:"required"`
	Additional        Members         `json:"-"`
}

// AppleQuickReply is a question and its answers.
type AppleQuickReply struct {
	SummaryText string `json:"summaryText,omitempty"`
	// Items holds at least one answer.
	Items      []AppleQuickReplyItem `json:"items,omitempty" check:"required"`
	Additional Members               `json:"-"`
}

// AppleQuickReplyItem is an answer.
type AppleQuickReplyItem struct {
	// Identifier comes back in the response. Required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Title is required.
	Title      string  `json:"title,omitempty" check:"required"`
	Additional Members `json:"-"`
}

// Type returns [TypeAppleQuickReplies].
func (AppleQuickReplies) Type() Type { return TypeAppleQuickReplies }

// MarshalJSON encodes the message in its wire form.
func (m AppleQuickReplies) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *AppleQuickReplies) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleQuickReplies) direction() Direction    { return Outbound }
func (m AppleQuickReplies) with(e Envelope) Message { m.Envelope = e; return m }
func (m AppleQuickReplies) wire(h header) any {
	type content AppleQuickReplies
	return struct {
		header
		content
	}{h, content(m)}
}

// AppleQuickRepliesResponse is the answer of an [AppleQuickReplies] that the
// customer tapped. It is inbound.
type AppleQuickRepliesResponse struct {
	Content AppleQuickRepliesResponseContent `json:"ambQuickRepliesResponse,omitzero" check:"required"`
	Envelope
}

// AppleQuickRepliesResponseContent names the answer and lists all of them.
type AppleQuickRepliesResponseContent struct {
	SelectedIdentifier string `json:"selectedIdentifier,omitempty"`
	// SelectedIndex is the place of the answer in the list; nil if it was not
	// told.
	SelectedIndex *int                  `json:"selectedIndex,omitempty"`
	Items         []AppleQuickReplyItem `json:"items,omitempty"`
	Additional    Members               `json:"-"`
}

// Type returns [TypeAppleQuickRepliesResponse].
func (AppleQuickRepliesResponse) Type() Type { return TypeAppleQuickRepliesResponse }

// MarshalJSON encodes the message in its wire form.
func (m AppleQuickRepliesResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *AppleQuickRepliesResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleQuickRepliesResponse) direction() Direction    { return Inbound }
func (m AppleQuickRepliesResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m AppleQuickRepliesResponse) wire(h header) any {
	type content AppleQuickRepliesResponse
	return struct {
		header
		content
	}{h, content(m)}
}
