package message

// AppleInteractive is the content of an outbound Apple message: the data of the question
// and the two bubbles that show it in the conversation.
//
// It is documented for the form and the quick replies. The schema's samples of the list
// picker and the time picker are wrong. Their content is assumed to be that of the
// vendor's Apple channel node.
type AppleInteractive[Data any] struct {
	// BID is null in the vendor's samples. The JSON leaves it out if it is empty.
	BID  string `json:"bid,omitempty"`
	Data Data   `json:"data,omitzero" check:"required"`
	// UseLiveLayout is optional. The JSON leaves it out if it is nil.
	UseLiveLayout     *bool  `json:"useLiveLayout,omitempty"`
	RequestIdentifier string `json:"requestIdentifier,omitempty"`
	// ReceivedMessage is the bubble that the customer taps to answer.
	ReceivedMessage AppleBubble `json:"receivedMessage,omitzero"`
	// ReplyMessage is the bubble that shows the answer.
	ReplyMessage AppleBubble `json:"replyMessage,omitzero"`
}

// AppleBubble shows an interactive message in the conversation. Its styles are Apple's,
// such as "icon", "small" and "large".
type AppleBubble struct {
	Style           string `json:"style,omitempty"`
	Title           string `json:"title,omitempty"`
	Subtitle        string `json:"subtitle,omitempty"`
	AlternateTitle  string `json:"alternateTitle,omitempty"`
	ImageIdentifier string `json:"imageIdentifier,omitempty"`
}

// AppleImage is an image. Other parts of the message refer to it by its identifier.
type AppleImage struct {
	// Identifier is the id of the image in the message. It is required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// URL is the URL of the image. It is required.
	URL string `json:"url,omitempty" check:"required"`
}
