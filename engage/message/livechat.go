package message

import "github.com/engagesdk/engage-go/outcome"

// LiveChatCarousel is a row of cards with buttons. It is outbound. The customer answers
// with a [LiveChatCarouselResponse].
type LiveChatCarousel struct {
	// Text is shown above the cards. It is required.
	Text    string                  `json:"text,omitempty" check:"required"`
	Content LiveChatCarouselContent `json:"lcCarousel,omitzero" check:"required"`
	Envelope
}

// LiveChatCarouselContent is the content of a carousel.
type LiveChatCarouselContent struct {
	// Reference is an id that the sender chooses. The response contains it.
	Reference string `json:"reference,omitempty"`
	// Elements are the cards. There must be at least one. The vendor documents no
	// maximum.
	Elements []LiveChatCarouselElement `json:"elements,omitempty" check:"required"`
}

// LiveChatCarouselElement is a card of a carousel.
type LiveChatCarouselElement struct {
	Title     string           `json:"title,omitempty"`
	Subtitle  string           `json:"subtitle,omitempty"`
	ImageURLs []string         `json:"imageUrls,omitempty"`
	Buttons   []LiveChatButton `json:"buttons,omitempty"`
}

// LiveChatButtonType is the type of a button.
type LiveChatButtonType string

// The types of buttons (documented).
const (
	// LiveChatWebURL opens the button's URL.
	LiveChatWebURL LiveChatButtonType = "webUrl"
	// LiveChatTemplatePostback answers with the button's payload.
	LiveChatTemplatePostback LiveChatButtonType = "templatePostback"
)

// LiveChatButton is a button of a carousel. Make one with [LiveChatLink] or
// [LiveChatPostback].
type LiveChatButton struct {
	// Identifier is the id of the button, which the response contains. It is
	// required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Type must be [LiveChatWebURL] or [LiveChatTemplatePostback]. It is required.
	Type LiveChatButtonType `json:"type,omitempty" check:"oneof=webUrl|templatePostback"`
	// Title is the text on the button. It is required.
	Title string `json:"title,omitempty" check:"required"`
	// URL is the URL that a [LiveChatWebURL] opens. It is required there and must be
	// empty otherwise.
	URL string `json:"url,omitempty"`
	// Payload is the answer of a [LiveChatTemplatePostback]. It is required there
	// and must be empty otherwise.
	Payload string `json:"payload,omitempty"`
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

// requireAlone adds a violation if text is blank, and one if otherText is not empty.
func requireAlone(v *outcome.Violations, field, text, other, otherText string) {
	if isBlank(text) {
		v.Add(field, "is empty: the type of the button requires it")
	}
	if otherText != "" {
		v.Add(other, "must be empty: the type of the button uses "+field)
	}
}

// Type returns [TypeLiveChatCarousel].
func (LiveChatCarousel) Type() Type { return TypeLiveChatCarousel }

// MarshalJSON returns the JSON of the message.
func (m LiveChatCarousel) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *LiveChatCarousel) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatCarousel) direction() Direction    { return Outbound }
func (m LiveChatCarousel) with(e Envelope) Message { m.Envelope = e; return m }

// LiveChatQuickReplies is a question with answers to tap. It is outbound. The customer
// answers with a [LiveChatQuickRepliesResponse].
type LiveChatQuickReplies struct {
	// Text is the question, shown above the answers. It is required.
	Text    string                      `json:"text,omitempty" check:"required"`
	Content LiveChatQuickRepliesContent `json:"lcQuickReplies,omitzero" check:"required"`
	Envelope
}

// LiveChatQuickRepliesContent is the list of answers.
type LiveChatQuickRepliesContent struct {
	// Reference is an id that the sender chooses. The response contains it.
	Reference string `json:"reference,omitempty"`
	// Options are the answers. There must be at least one. The vendor documents no
	// maximum.
	Options []LiveChatQuickReply `json:"options,omitempty" check:"required"`
}

// LiveChatQuickReplyType is the type of an answer.
type LiveChatQuickReplyType string

// LiveChatQuickReplyPostback is an answer with a payload. It is the only type
// (documented).
const LiveChatQuickReplyPostback LiveChatQuickReplyType = "quickReplyPostback"

// LiveChatQuickReply is an answer to tap. Make one with [NewLiveChatQuickReply].
type LiveChatQuickReply struct {
	// Identifier is the id of the answer, which the response contains. It is
	// required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Type must be [LiveChatQuickReplyPostback]. It is required.
	Type LiveChatQuickReplyType `json:"type,omitempty" check:"oneof=quickReplyPostback"`
	// Title is the text of the answer. It is required.
	Title string `json:"title,omitempty" check:"required"`
	// Payload is what the response contains beside the title.
	Payload string `json:"payload,omitempty"`
}

// NewLiveChatQuickReply returns an answer to tap.
func NewLiveChatQuickReply(identifier, title, payload string) LiveChatQuickReply {
	return LiveChatQuickReply{Identifier: identifier, Type: LiveChatQuickReplyPostback, Title: title, Payload: payload}
}

// Type returns [TypeLiveChatQuickReplies].
func (LiveChatQuickReplies) Type() Type { return TypeLiveChatQuickReplies }

// MarshalJSON returns the JSON of the message.
func (m LiveChatQuickReplies) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *LiveChatQuickReplies) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m LiveChatQuickReplies) direction() Direction    { return Outbound }
func (m LiveChatQuickReplies) with(e Envelope) Message { m.Envelope = e; return m }
