package message

// AppleInteractive is what the outbound Apple messages have in common: the
// data of the question and the two bubbles that stand for it in the
// conversation.
//
// For the form and the quick replies the structure is documented. For the list
// and the time picker the schema's samples are wrong; that they have the
// structure of the vendor's Apple channel node is assumed.
type AppleInteractive[Data any] struct {
	// BID is null in the vendor's samples and left out if it is empty.
	BID  string `json:"bid,omitempty"`
	Data Data   `json:"data,omitzero" check:"required"`
	// UseLiveLayout is left out if it is nil.
	UseLiveLayout     *bool  `json:"useLiveLayout,omitempty"`
	RequestIdentifier string `json:"requestIdentifier,omitempty"`
	// ReceivedMessage is the bubble that the customer taps to answer.
	ReceivedMessage AppleBubble `json:"receivedMessage,omitzero"`
	// ReplyMessage is the bubble that shows the answer.
	ReplyMessage AppleBubble `json:"replyMessage,omitzero"`
	Additional   Members     `json:"-"`
}

// AppleBubble is how an interactive message looks in the conversation. Styles
// are Apple's, such as "icon", "small" and "large".
type AppleBubble struct {
	Style           string  `json:"style,omitempty"`
	Title           string  `json:"title,omitempty"`
	Subtitle        string  `json:"subtitle,omitempty"`
	AlternateTitle  string  `json:"alternateTitle,omitempty"`
	ImageIdentifier string  `json:"imageIdentifier,omitempty"`
	Additional      Members `json:"-"`
}

// AppleImage is an image that other parts of the message name by its
// identifier.
type AppleImage struct {
	// Identifier is required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// URL is required.
	URL        string  `json:"url,omitempty" check:"required"`
	Additional Members `json:"-"`
}
