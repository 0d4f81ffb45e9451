package message

import "github.com/engagesdk/engage-go/outcome"

// LiveChatCarousel shows cards to swipe through, each with buttons. It is
// outbound; the customer answers with a [LiveChatCarouselResponse].
type LiveChatCarousel struct {
	// Text stands above the cards. Required.
	Text    string                  `json:"text,omitempty" check:"required"`
	Content LiveChatCarouselContent `json:"lcCarousel,omitzero" check:"required"`
	Envelope
}

// LiveChatCarouselContent is the carousel itself.
type LiveChatCarouselContent struct {
	// Reference comes back in the response.
	Reference string `json:"reference,omitempty"`
	// Elements are the cards; at least one. The vendor documents no maximum.
	Elements   []LiveChatCarouselElement `json:"elements,omitempty" check:"required"`
	Additional Members                   `json:"-"`
}

// LiveChatCarouselElement is a card of a carousel.
type LiveChatCarouselElement struct {
	Title      string           `json:"title,omitempty"`
	Subtitle   string           `json:"subtitle,omitempty"`
	ImageURLs  []string         `json:"imageUrls,omitempty"`
	Buttons    []LiveChatButton `json:"buttons,omitempty"`
	Additional Members          `json:"-"`
}

// LiveChatButtonType says what a button of a carousel does.
type LiveChatButtonType string

// The types of buttons (documented).
const (
	// LiveChatWebURL opens the button's URL.
	LiveChatWebURL LiveChatButtonType = "webUrl"
	// LiveChatTemplatePostback answers with the button's payload.
	LiveChatTemplatePostback LiveChatButtonType = "templatePostback"
)

// LiveChatButton is a button of a carousel. [LiveChatLink] and
// [LiveChatPostback] make one.
type LiveChatButton struct {
	// Identifier comes back in the response. Required.
	Identifier string             `json:"identifier,omitempty" check:"required"`
	Type       LiveChatButtonType `json:"type,omitempty" check:"oneof=webUrl|templatePostback"`
	// Title is required.
	Title string `json:"title,omitempty" check:"required"`
	// URL belongs to a [LiveChatWebURL] and Payload to a
	// [LiveChatTemplatePostback]; each is required there.
	URL        string  `json:"url,omitempty"`
	Payload    string  `json:"payload,omitempty"`
	Additional Members `json:"-"`
}

// LiveChatLink returns a button that opens url.
func LiveChatLink(identifier, title, url string) LiveChatButton {
	return LiveChatButton{Identifier: identifier, Type: LiveChatWebURL, Title: title, URL: url}
}

// LiveChatPostback returns a button that answers with payload.
func LiveChatPostback(identifier, title, payload string) LiveChatButton {
	return LiveChatButton{Identifier: identifier, Type: LiveChatTemplatePostback, Title: title, Payload: payload}
}

func (b LiveChatButton) rules(v *outcome.Violations) {
	switch b.Type {
	case LiveChatWebURL:
		requireAlone(v, "URL", b.URL, "Payload", b.Payload)
	case LiveChatTemplatePostback:
		requireAlone(v, "Payload", b.Payload, "URL", b.URL)
	}
}

// requireAlone notes a needed text that is blank and another that is not empty.
func requireAlone(v *outcome.Violations, field, text, other, otherText string) {
	if isBlank(text) {
		v.Add(field, "is empty")
	}
	if otherText != "" {
		v.Add(other, "must be empty: this type uses "+field)
	}
}

// Type returns [TypeLiveChatCarousel].
func (LiveChatCarousel) Type() Type { return TypeLiveChatCarousel }

// MarshalJSON encodes the message in its wire form.
func (m LiveChatCarousel) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *LiveChatCarousel) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatCarousel) direction() Direction    { return Outbound }
func (m LiveChatCarousel) with(e Envelope) Message { m.Envelope = e; return m }
func (m LiveChatCarousel) wire(h header) any {
	type content LiveChatCarousel
	return struct {
		header
		content
	}{h, content(m)}
}

// LiveChatQuickReplies offers answers to tap. It is outbound; the customer
// answers with a [LiveChatQuickRepliesResponse].
type LiveChatQuickReplies struct {
	// Text stands above the answers. Required.
	Text    string                      `json:"text,omitempty" check:"required"`
	Content LiveChatQuickRepliesContent `json:"lcQuickReplies,omitzero" check:"required"`
	Envelope
}

// LiveChatQuickRepliesContent is the list of answers.
type LiveChatQuickRepliesContent struct {
	// Reference comes back in the response.
	Reference string `json:"reference,omitempty"`
	// Options are the answers; at least one. The vendor documents no maximum.
	Options    []LiveChatQuickReply `json:"options,omitempty" check:"required"`
	Additional Members              `json:"-"`
}

// LiveChatQuickReplyType says what an answer does.
type LiveChatQuickReplyType string

// LiveChatQuickReplyPostback answers with the payload (documented). It is the
// only type.
const LiveChatQuickReplyPostback LiveChatQuickReplyType = "quickReplyPostback"

// LiveChatQuickReply is an answer to tap. [NewLiveChatQuickReply] makes one.
type LiveChatQuickReply struct {
	// Identifier comes back in the response. Required.
	Identifier string                 `json:"identifier,omitempty" check:"required"`
	Type       LiveChatQuickReplyType `json:"type,omitempty" check:"oneof=quickReplyPostback"`
	// Title is required.
	Title      string  `json:"title,omitempty" check:"required"`
	Payload    string  `json:"payload,omitempty"`
	Additional Members `json:"-"`
}

// NewLiveChatQuickReply returns an answer to tap.
func NewLiveChatQuickReply(identifier, title, payload string) LiveChatQuickReply {
	return LiveChatQuickReply{Identifier: identifier, Type: LiveChatQuickReplyPostback, Title: title, Payload: payload}
}

// Type returns [TypeLiveChatQuickReplies].
func (LiveChatQuickReplies) Type() Type { return TypeLiveChatQuickReplies }

// MarshalJSON encodes the message in its wire form.
func (m LiveChatQuickReplies) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *LiveChatQuickReplies) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatQuickReplies) direction() Direction    { return Outbound }
func (m LiveChatQuickReplies) with(e Envelope) Message { m.Envelope = e; return m }
func (m LiveChatQuickReplies) wire(h header) any {
	type content LiveChatQuickReplies
	return struct {
		header
		content
	}{h, content(m)}
}
