package message

// LiveChatCarouselResponse is the button of a [LiveChatCarousel] that the
// customer tapped. It is inbound.
type LiveChatCarouselResponse struct {
	Content LiveChatCarouselResponseContent `json:"lcCarouselResponse,omitzero" check:"required"`
	Envelope
}

// LiveChatCarouselResponseContent is the button and the reference of its carousel.
type LiveChatCarouselResponseContent struct {
	Identifier string `json:"identifier,omitempty"`
	Reference  string `json:"reference,omitempty"`
	Title      string `json:"title,omitempty"`
}

// Type returns [TypeLiveChatCarouselResponse].
func (LiveChatCarouselResponse) Type() Type { return TypeLiveChatCarouselResponse }

// MarshalJSON returns the JSON of the message.
func (m LiveChatCarouselResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *LiveChatCarouselResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatCarouselResponse) direction() Direction    { return Inbound }
func (m LiveChatCarouselResponse) with(e Envelope) Message { m.Envelope = e; return m }

// LiveChatQuickRepliesResponse is the answer of a [LiveChatQuickReplies] that
// the customer tapped. It is inbound.
type LiveChatQuickRepliesResponse struct {
	Content LiveChatQuickRepliesResponseContent `json:"lcQuickRepliesResponse,omitzero" check:"required"`
	Envelope
}

// LiveChatQuickRepliesResponseContent is the answer and the reference of its question.
type LiveChatQuickRepliesResponseContent struct {
	Identifier string `json:"identifier,omitempty"`
	Reference  string `json:"reference,omitempty"`
	Title      string `json:"title,omitempty"`
	Payload    string `json:"payload,omitempty"`
}

// Type returns [TypeLiveChatQuickRepliesResponse].
func (LiveChatQuickRepliesResponse) Type() Type { return TypeLiveChatQuickRepliesResponse }

// MarshalJSON returns the JSON of the message.
func (m LiveChatQuickRepliesResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *LiveChatQuickRepliesResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatQuickRepliesResponse) direction() Direction    { return Inbound }
func (m LiveChatQuickRepliesResponse) with(e Envelope) Message { m.Envelope = e; return m }

// LiveChatFormResponse is a form that the customer filled in, such as the form before a
// chat. It is inbound. The chat window itself shows the form, so there is no outbound
// message for it.
type LiveChatFormResponse struct {
	Content LiveChatFormResponseContent `json:"lcFormResponse,omitzero" check:"required"`
	Envelope
}

// LiveChatFormResponseContent is the form with the answers of the customer.
type LiveChatFormResponseContent struct {
	Title  string              `json:"title,omitempty"`
	Fields []LiveChatFormField `json:"fields,omitempty"`
}

// LiveChatFormField is a field of a form with its answer. The types text and dropdown
// are documented. There may be others.
type LiveChatFormField struct {
	Label string `json:"label,omitempty"`
	Name  string `json:"name,omitempty"`
	Type  string `json:"type,omitempty"`
	Value string `json:"value,omitempty"`
}

// Type returns [TypeLiveChatFormResponse].
func (LiveChatFormResponse) Type() Type { return TypeLiveChatFormResponse }

// MarshalJSON returns the JSON of the message.
func (m LiveChatFormResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *LiveChatFormResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatFormResponse) direction() Direction    { return Inbound }
func (m LiveChatFormResponse) with(e Envelope) Message { m.Envelope = e; return m }
