package message

import (
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// maxListRows is the largest number of rows in all sections of a WhatsApp list
// (documented).
const maxListRows = 10

// WhatsAppHeaderType is the type of a header.
type WhatsAppHeaderType string

// The types of headers (documented).
const (
	WhatsAppHeaderText     WhatsAppHeaderType = "text"
	WhatsAppHeaderDocument WhatsAppHeaderType = "document"
	WhatsAppHeaderVideo    WhatsAppHeaderType = "video"
	WhatsAppHeaderImage    WhatsAppHeaderType = "image"
)

// WhatsAppHeader is shown above the body. Exactly one of Text, Document, Video and Image
// must be set: the one that Type names. Make one with [WhatsAppTextHeader],
// [WhatsAppDocumentHeader], [WhatsAppVideoHeader] or [WhatsAppImageHeader].
type WhatsAppHeader struct {
	Type WhatsAppHeaderType `json:"type,omitempty" check:"oneof=text|document|video|image"`
	// Text has at most 4096 characters (documented for all text on WhatsApp).
	Text     string        `json:"text,omitempty" check:"max=4096"`
	Document WhatsAppMedia `json:"document,omitzero"`
	Video    WhatsAppMedia `json:"video,omitzero"`
	Image    WhatsAppMedia `json:"image,omitzero"`
}

// WhatsAppMedia is the file in a header.
type WhatsAppMedia struct {
	// URL is the URL of the file. It is required.
	URL string `json:"url,omitempty" check:"required"`
	// Filename is the name of a document. It must be empty for other files.
	Filename string `json:"filename,omitempty"`
}

// WhatsAppTextHeader returns a header of text.
func WhatsAppTextHeader(text string) WhatsAppHeader {
	return WhatsAppHeader{Type: WhatsAppHeaderText, Text: text}
}

// WhatsAppDocumentHeader returns a header with the document at url. The customer sees
// filename, which may be empty.
func WhatsAppDocumentHeader(url, filename string) WhatsAppHeader {
	return WhatsAppHeader{Type: WhatsAppHeaderDocument, Document: WhatsAppMedia{URL: url, Filename: filename}}
}

// WhatsAppVideoHeader returns a header with the video at url.
func WhatsAppVideoHeader(url string) WhatsAppHeader {
	return WhatsAppHeader{Type: WhatsAppHeaderVideo, Video: WhatsAppMedia{URL: url}}
}

// WhatsAppImageHeader returns a header with the image at url.
func WhatsAppImageHeader(url string) WhatsAppHeader {
	return WhatsAppHeader{Type: WhatsAppHeaderImage, Image: WhatsAppMedia{URL: url}}
}

func (h WhatsAppHeader) rules(v *outcome.Violations) {
	for _, part := range []struct {
		field string
		typ   WhatsAppHeaderType
		set   bool
	}{
		{"Text", WhatsAppHeaderText, h.Text != ""},
		{"Document", WhatsAppHeaderDocument, h.Document.URL != ""},
		{"Video", WhatsAppHeaderVideo, h.Video.URL != ""},
		{"Image", WhatsAppHeaderImage, h.Image.URL != ""},
	} {
		switch {
		case part.typ == h.Type && !part.set:
			v.Add(part.field, "is empty: the type of the header requires it")
		case part.typ != h.Type && part.set:
			v.Add(part.field, "must be empty: the header has another type")
		}
	}
	if h.Type == WhatsAppHeaderText && h.Text != "" && isBlank(h.Text) {
		v.Add("Text", "is blank")
	}
	if h.Video.Filename != "" {
		v.Add("Video.Filename", "must be empty: only a document has a file name")
	}
	if h.Image.Filename != "" {
		v.Add("Image.Filename", "must be empty: only a document has a file name")
	}
}

// WhatsAppButtons asks the customer to tap a button. It is outbound. The customer
// answers with a [WhatsAppInteractiveResponse].
type WhatsAppButtons struct {
	Content WhatsAppButtonsContent `json:"wabButtons,omitzero" check:"required"`
	Envelope
}

// WhatsAppButtonsContent is a question with buttons.
type WhatsAppButtonsContent struct {
	// Header may be of any type. It is optional.
	Header WhatsAppHeader `json:"header,omitzero"`
	// Body is the text of the question. It is required. Body and Footer have at most 4096
	// characters (documented for all text on WhatsApp).
	Body string `json:"body,omitempty" in:"text" check:"required,max=4096"`
	// Footer is shown below the body. It is optional.
	Footer string                `json:"footer,omitempty" in:"text" check:"max=4096"`
	Action WhatsAppButtonsAction `json:"action,omitzero" check:"required"`
}

func (c WhatsAppButtonsContent) rules(v *outcome.Violations) { checkFooter(v, c.Footer) }

// checkFooter adds a violation if a footer is blank but not empty.
func checkFooter(v *outcome.Violations, footer string) {
	if footer != "" && isBlank(footer) {
		v.Add("Footer", "is blank")
	}
}

// WhatsAppButtonsAction contains the buttons.
type WhatsAppButtonsAction struct {
	// Buttons must have one to three buttons (documented).
	Buttons []WhatsAppButton `json:"buttons,omitempty" check:"required,max=3"`
}

// WhatsAppButtonType is the type of a button.
type WhatsAppButtonType string

// WhatsAppButtonReply is a button that answers with its id and title. It is the only
// type (documented).
const WhatsAppButtonReply WhatsAppButtonType = "reply"

// WhatsAppButton is a button. Make one with [NewWhatsAppButton].
type WhatsAppButton struct {
	// Type must be [WhatsAppButtonReply]. It is required.
	Type  WhatsAppButtonType `json:"type,omitempty" check:"oneof=reply"`
	Reply WhatsAppReply      `json:"reply,omitzero" check:"required"`
}

// WhatsAppReply is the answer of a button.
type WhatsAppReply struct {
	// ID is the id of the button, which the response contains. It is required.
	ID string `json:"id,omitempty" check:"required"`
	// Title is the text on the button. It is required.
	Title string `json:"title,omitempty" check:"required"`
}

// NewWhatsAppButton returns a button that answers with id and title.
func NewWhatsAppButton(id, title string) WhatsAppButton {
	return WhatsAppButton{Type: WhatsAppButtonReply, Reply: WhatsAppReply{ID: id, Title: title}}
}

// NewWhatsAppButtons returns a question with buttons. Set its Content.Header and
// Content.Footer for more.
func NewWhatsAppButtons(body string, buttons ...WhatsAppButton) WhatsAppButtons {
	return WhatsAppButtons{Content: WhatsAppButtonsContent{Body: body, Action: WhatsAppButtonsAction{Buttons: buttons}}}
}

// Type returns [TypeWhatsAppButtons].
func (WhatsAppButtons) Type() Type { return TypeWhatsAppButtons }

// MarshalJSON returns the JSON of the message.
func (m WhatsAppButtons) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *WhatsAppButtons) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m WhatsAppButtons) direction() Direction    { return Outbound }
func (m WhatsAppButtons) with(e Envelope) Message { m.Envelope = e; return m }

// WhatsAppList asks the customer to choose from a list. It is outbound. The customer
// answers with a [WhatsAppInteractiveResponse].
type WhatsAppList struct {
	Content WhatsAppListContent `json:"wabList,omitzero" check:"required"`
	Envelope
}

// WhatsAppListContent is a question with a list.
type WhatsAppListContent struct {
	// Header must be of the type [WhatsAppHeaderText] (documented). It is optional.
	Header WhatsAppHeader `json:"header,omitzero"`
	// Body is the text of the question. It is required. Body and Footer have at most 4096
	// characters (documented for all text on WhatsApp).
	Body string `json:"body,omitempty" in:"text" check:"required,max=4096"`
	// Footer is shown below the body. It is optional.
	Footer string             `json:"footer,omitempty" in:"text" check:"max=4096"`
	Action WhatsAppListAction `json:"action,omitzero" check:"required"`
}

// WhatsAppListAction contains the list and the button that opens it.
type WhatsAppListAction struct {
	// Button is the text on the button. It is required.
	Button string `json:"button,omitempty" check:"required"`
	// Sections must have at least one section, and at most ten rows in all sections
	// together (documented).
	Sections []WhatsAppSection `json:"sections,omitempty" check:"required"`
}

// WhatsAppSection is a group of rows.
type WhatsAppSection struct {
	Title string `json:"title,omitempty"`
	// Rows must have at least one row.
	Rows []WhatsAppRow `json:"rows,omitempty" check:"required"`
}

// WhatsAppRow is a row that the customer can choose.
type WhatsAppRow struct {
	// ID is the id of the row, which the response contains. It is required.
	ID string `json:"id,omitempty" check:"required"`
	// Title is the text of the row. It is required.
	Title       string `json:"title,omitempty" check:"required"`
	Description string `json:"description,omitempty"`
}

func (c WhatsAppListContent) rules(v *outcome.Violations) {
	checkFooter(v, c.Footer)
	if c.Header.Type != "" && c.Header.Type != WhatsAppHeaderText {
		v.Add("Header.Type", "must be text in a list")
	}
}

func (a WhatsAppListAction) rules(v *outcome.Violations) {
	rows := 0
	for _, section := range a.Sections {
		rows += len(section.Rows)
	}
	if rows > maxListRows {
		v.Add("Sections", fmt.Sprintf("must have at most %d rows, not %d", maxListRows, rows))
	}
}

// NewWhatsAppList returns a question with a list, which opens when the customer taps the
// text of button. Set its Content.Header and Content.Footer for more.
func NewWhatsAppList(body, button string, sections ...WhatsAppSection) WhatsAppList {
	return WhatsAppList{Content: WhatsAppListContent{Body: body, Action: WhatsAppListAction{Button: button, Sections: sections}}}
}

// Type returns [TypeWhatsAppList].
func (WhatsAppList) Type() Type { return TypeWhatsAppList }

// MarshalJSON returns the JSON of the message.
func (m WhatsAppList) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *WhatsAppList) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m WhatsAppList) direction() Direction    { return Outbound }
func (m WhatsAppList) with(e Envelope) Message { m.Envelope = e; return m }

// WhatsAppInteractiveResponse is the button or row that the customer chose. It is
// inbound. The schema has a sample of it, but the vendor's table of channels does not
// list it.
type WhatsAppInteractiveResponse struct {
	Content WhatsAppInteractiveResponseContent `json:"wabInteractiveResponse,omitzero" check:"required"`
	Envelope
}

// WhatsAppInteractiveResponseContent is the title and the id of the button or row.
type WhatsAppInteractiveResponseContent struct {
	Title      string `json:"title,omitempty"`
	Identifier string `json:"identifier,omitempty"`
}

// Type returns [TypeWhatsAppInteractiveResponse].
func (WhatsAppInteractiveResponse) Type() Type { return TypeWhatsAppInteractiveResponse }

// MarshalJSON returns the JSON of the message.
func (m WhatsAppInteractiveResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *WhatsAppInteractiveResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m WhatsAppInteractiveResponse) direction() Direction    { return Inbound }
func (m WhatsAppInteractiveResponse) with(e Envelope) Message { m.Envelope = e; return m }
