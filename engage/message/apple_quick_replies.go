package message

// AppleQuickReplies is a question with answers to tap. It is outbound. The customer
// answers with an [AppleQuickRepliesResponse].
type AppleQuickReplies struct {
	Content AppleQuickRepliesContent `json:"ambQuickReplies,omitzero" check:"required"`
	Envelope
}

// AppleQuickRepliesContent is the content of an [AppleQuickReplies] (documented).
type AppleQuickRepliesContent = AppleInteractive[AppleQuickRepliesData]

// AppleQuickRepliesData is the question with its answers.
type AppleQuickRepliesData struct {
	// Version is the version of Apple's format. If it is empty, the JSON has "1.0", as in
	// the vendor's samples of the Apple channel.
	Version string `json:"version,omitempty" default:"1.0"`
	// RequestIdentifier identifies the question. If it is empty, the JSON has the alias
	// id of the message, because Apple requires a unique id.
	RequestIdentifier string          `json:"requestIdentifier,omitempty" default:"aliasId"`
	QuickReply        AppleQuickReply `json:"quick-reply,omitzero" check:"required"`
}

// AppleQuickReply is a question with its answers.
type AppleQuickReply struct {
	// SummaryText is the question.
	SummaryText string `json:"summaryText,omitempty"`
	// Items must have at least one answer.
	Items []AppleQuickReplyItem `json:"items,omitempty" check:"required"`
}

// AppleQuickReplyItem is an answer.
type AppleQuickReplyItem struct {
	// Identifier is the id of the answer, which the response contains. It is
	// required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Title is the text of the answer. It is required.
	Title string `json:"title,omitempty" check:"required"`
}

// Type returns [TypeAppleQuickReplies].
func (AppleQuickReplies) Type() Type { return TypeAppleQuickReplies }

// MarshalJSON returns the JSON of the message.
func (m AppleQuickReplies) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleQuickReplies) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleQuickReplies) direction() Direction    { return Outbound }
func (m AppleQuickReplies) with(e Envelope) Message { m.Envelope = e; return m }

// AppleQuickRepliesResponse is the answer that the customer tapped in an
// [AppleQuickReplies]. It is inbound.
type AppleQuickRepliesResponse struct {
	Content AppleQuickRepliesResponseContent `json:"ambQuickRepliesResponse,omitzero" check:"required"`
	Envelope
}

// AppleQuickRepliesResponseContent is the answer that the customer tapped, and all
// answers.
type AppleQuickRepliesResponseContent struct {
	// SelectedIdentifier is the identifier of the answer.
	SelectedIdentifier string `json:"selectedIdentifier,omitempty"`
	// SelectedIndex is the index of the answer in Items. It is nil if the JSON has no
	// index.
	SelectedIndex *int                  `json:"selectedIndex,omitempty"`
	Items         []AppleQuickReplyItem `json:"items,omitempty"`
}

// Type returns [TypeAppleQuickRepliesResponse].
func (AppleQuickRepliesResponse) Type() Type { return TypeAppleQuickRepliesResponse }

// MarshalJSON returns the JSON of the message.
func (m AppleQuickRepliesResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleQuickRepliesResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleQuickRepliesResponse) direction() Direction    { return Inbound }
func (m AppleQuickRepliesResponse) with(e Envelope) Message { m.Envelope = e; return m }
