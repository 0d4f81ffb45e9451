package message

// LiveChatCarouselResponse is the button of a [LiveChatCarousel] that the
// customer tapped. It is inbound.
type LiveChatCarouselResponse struct {
	Content LiveChatCarouselResponseContent `json:"lcCarouselResponse,omitzero" check:"required"`
	Envelope
}

// LiveChatCarouselResponseContent names the button and its carousel.
type LiveChatCarouselResponseContent struct {
	Identifier string  `json:"identifier,omitempty"`
	Reference  string  `json:"reference,omitempty"`
	Title      string  `json:"title,omitempty"`
	Additional Members `json:"-"`
}

// Type returns [TypeLiveChatCarouselResponse].
func (LiveChatCarouselResponse) Type() Type { return TypeLiveChatCarouselResponse }

// MarshalJSON encodes the message in its wire form.
func (m LiveChatCarouselResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *LiveChatCarouselResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatCarouselResponse) direction() Direction    { return Inbound }
func (m LiveChatCarouselResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m LiveChatCarouselResponse) wire(h header) any {
	type content LiveChatCarouselResponse
	return struct {
		header
		content
	}{h, content(m)}
}

// LiveChatQuickRepliesResponse is the answer of a [LiveChatQuickReplies] that
// the customer tapped. It is inbound.
type LiveChatQuickRepliesResponse struct {
	Content LiveChatQuickRepliesResponseContent `json:"lcQuickRepliesResponse,omitzero" check:"required"`
	Envelope
}

// LiveChatQuickRepliesResponseContent names the answer and its list.
type LiveChatQuickRepliesResponseContent struct {
	Identifier string  `json:"identifier,omitempty"`
	Reference  string  `json:"reference,omitempty"`
	Title      string  `json:"title,omitempty"`
	Payload    string  `json:"payload,omitempty"`
	Additional Members `json:"-"`
}

// Type returns [TypeLiveChatQuickRepliesResponse].
func (LiveChatQuickRepliesResponse) Type() Type { return TypeLiveChatQuickRepliesResponse }

// MarshalJSON encodes the message in its wire form.
func (m LiveChatQuickRepliesResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *LiveChatQuickRepliesResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatQuickRepliesResponse) direction() Direction    { return Inbound }
func (m LiveChatQuickRepliesResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m LiveChatQuickRepliesResponse) wire(h header) any {
	type content LiveChatQuickRepliesResponse
	return struct {
		header
		content
	}{h, content(m)}
}

// LiveChatFormResponse is a form that the customer filled in, such as the one
// before a chat. It is inbound; forms are shown by live chat's own means, so no
// outbound message belongs to it.
type LiveChatFormResponse struct {
	Content LiveChatFormResponseContent `json:"lcFormResponse,omitzero" check:"required"`
	Envelope
}

// LiveChatFormResponseContent is the form with the customer's answers.
type LiveChatFormResponseContent struct {
	Title      string              `json:"title,omitempty"`
	Fields     []LiveChatFormField `json:"fields,omitempty"`
	Additional Members             `json:"-"`
}

// LiveChatFormField is a field of a form and its answer. The documented types
// are text and dropdown, and the vendor's list is open.
type LiveChatFormField struct {
	Label      string  `json:"label,omitempty"`
	Name       string  `json:"name,omitempty"`
	Type       string  `json:"type,omitempty"`
	Value      string  `json:"value,omitempty"`
	Additional Members `json:"-"`
}

// Type returns [TypeLiveChatFormResponse].
func (LiveChatFormResponse) Type() Type { return TypeLiveChatFormResponse }

// MarshalJSON encodes the message in its wire form.
func (m LiveChatFormResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *LiveChatFormResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatFormResponse) direction() Direction    { return Inbound }
func (m LiveChatFormResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m LiveChatFormResponse) wire(h header) any {
	type content LiveChatFormResponse
	return struct {
		header
		content
	}{h, content(m)}
}
