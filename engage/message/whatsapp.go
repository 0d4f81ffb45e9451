package message

import (
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// maxListRows is the most rows of a WhatsApp list, all sections together
// (documented).
const maxListRows = 10

// WhatsAppText is a piece of text in a WhatsApp message.
type WhatsAppText struct {
	// Text is required and has at most 4096 characters (documented for all of
	// WhatsApp's text).
	Text       string  `json:"text,omitempty" check:"required,max=4096"`
	Additional Members `json:"-"`
}

// WhatsAppHeaderType says what a header shows.
type WhatsAppHeaderType string

// The types of headers (documented).
const (
	WhatsAppHeaderText     WhatsAppHeaderType = "text"
	WhatsAppHeaderDocument WhatsAppHeaderType = "document"
	WhatsAppHeaderVideo    WhatsAppHeaderType = "video"
	WhatsAppHeaderImage    WhatsAppHeaderType = "image"
)

// WhatsAppHeader stands above the body. Its type names the one other field
// that is set.
type WhatsAppHeader struct {
	Type       WhatsAppHeaderType `json:"type,omitempty" check:"oneof=text|document|video|image"`
	Text       string             `json:"text,omitempty"`
	Document   WhatsAppMedia      `json:"document,omitzero"`
	Video      WhatsAppMedia      `json:"video,omitzero"`
	Image      WhatsAppMedia      `json:"image,omitzero"`
	Additional Members            `json:"-"`
}

// WhatsAppMedia is the file that a header shows.
type WhatsAppMedia struct {
	// URL is required.
	URL string `json:"url,omitempty" check:"required"`
	// Filename is what a document is called; other files have none.
	Filename   string  `json:"filename,omitempty"`
	Additional Members `json:"-"`
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
			v.Add(part.field, "is empty")
		case part.typ != h.Type && part.set:
			v.Add(part.field, "must be empty: the header's type is another")
		}
	}
}

// WhatsAppButtons asks the customer to tap a button. It is outbound; the
// customer answers with a [WhatsAppInteractiveResponse].
type WhatsAppButtons struct {
	Content WhatsAppButtonsContent `json:"wabButtons,omitzero" check:"required"`
	Envelope
}

// WhatsAppButtonsContent is the question and its buttons.
type WhatsAppButtonsContent struct {
	Header WhatsAppHeader `json:"header,omitzero"`
	// Body is required.
	Body       WhatsAppText          `json:"body,omitzero" check:"required"`
	Footer     WhatsAppText          `json:"footer,omitzero"`
	Action     WhatsAppButtonsAction `json:"action,omitzero" check:"required"`
	Additional Members               `json:"-"`
}

// WhatsAppButtonsAction holds the buttons.
type WhatsAppButtonsAction struct {
	// Buttons has one to three buttons (documented).
	Buttons    []WhatsAppButton `json:"buttons,omitempty" check:"required,max=3"`
	Additional Members          `json:"-"`
}

// WhatsAppButtonType says what a button does.
type WhatsAppButtonType string

// WhatsAppButtonReply answers with the button (documented). It is the only
// type.
const WhatsAppButtonReply WhatsAppButtonType = "reply"

// WhatsAppButton is a button. [NewWhatsAppButton] makes one.
type WhatsAppButton struct {
	Type       WhatsAppButtonType `json:"type,omitempty" check:"oneof=reply"`
	Reply      WhatsAppReply      `json:"reply,omitzero" check:"required"`
	Additional Members            `json:"-"`
}

// WhatsAppReply is what a button answers with.
type WhatsAppReply struct {
	// ID comes back in the response. Required.
	ID string `json:"id,omitempty" check:"required"`
	// Title is required.
	Title      string  `json:"title,omitempty" check:"required"`
	Additional Members `json:"-"`
}

// NewWhatsAppButton returns a button that answers with id and title.
func NewWhatsAppButton(id, title string) WhatsAppButton {
	return WhatsAppButton{Type: WhatsAppButtonReply, Reply: WhatsAppReply{ID: id, Title: title}}
}

// Type returns [TypeWhatsAppButtons].
func (WhatsAppButtons) Type() Type { return TypeWhatsAppButtons }

// MarshalJSON encodes the message in its wire form.
func (m WhatsAppButtons) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *WhatsAppButtons) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m WhatsAppButtons) direction() Direction    { return Outbound }
func (m WhatsAppButtons) with(e Envelope) Message { m.Envelope = e; return m }
func (m WhatsAppButtons) wire(h header) any {
	type content WhatsAppButtons
	return struct {
		header
		content
	}{h, content(m)}
}

// WhatsAppList asks the customer to choose from a list. It is outbound; the
// customer answers with a [WhatsAppInteractiveResponse].
type WhatsAppList struct {
	Content WhatsAppListContent `json:"wabList,omitzero" check:"required"`
	Envelope
}

// WhatsAppListContent is the question and its list.
type WhatsAppListContent struct {
	// Header can only be text (documented).
	Header WhatsAppHeader `json:"header,omitzero"`
	// Body is required.
	Body       WhatsAppText       `json:"body,omitzero" check:"required"`
	Footer     WhatsAppText       `json:"footer,omitzero"`
	Action     WhatsAppListAction `json:"action,omitzero" check:"required"`
	Additional Members            `json:"-"`
}

// WhatsAppListAction holds the list and the button that opens it.
type WhatsAppListAction struct {
	// Button is the title of the button. Required.
	Button string `json:"button,omitempty" check:"required"`
	// Sections holds at least one section; together they have at most ten rows
	// (documented).
	Sections   []WhatsAppSection `json:"sections,omitempty" check:"required"`
	Additional Members           `json:"-"`
}

// WhatsAppSection is a group of rows.
type WhatsAppSection struct {
	Title string `json:"title,omitempty"`
	// Rows holds at least one row.
	Rows       []WhatsAppRow `json:"rows,omitempty" check:"required"`
	Additional Members       `json:"-"`
}

// WhatsAppRow is a line to choose.
type WhatsAppRow struct {
	// ID comes back in the response. Required.
	ID string `json:"id,omitempty" check:"required"`
	// Title is required.
	Title       string  `json:"title,omitempty" check:"required"`
	Description string  `json:"description,omitempty"`
	Additional  Members `json:"-"`
}

func (c WhatsAppListContent) rules(v *outcome.Violations) {
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
		v.Add("Sections", fmt.Sprintf("has %d rows; the most is %d", rows, maxListRows))
	}
}

// Type returns [TypeWhatsAppList].
func (WhatsAppList) Type() Type { return TypeWhatsAppList }

// MarshalJSON encodes the message in its wire form.
func (m WhatsAppList) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *WhatsAppList) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m WhatsAppList) direction() Direction    { return Outbound }
func (m WhatsAppList) with(e Envelope) Message { m.Envelope = e; return m }
func (m WhatsAppList) wire(h header) any {
	type content WhatsAppList
	return struct {
		header
		content
	}{h, content(m)}
}

// WhatsAppInteractiveResponse is the button or the row that the customer chose.
// It is inbound. The schema has a sample of it, though the vendor's matrix of
// channels leaves it out.
type WhatsAppInteractiveResponse struct {
	Content WhatsAppInteractiveResponseContent `json:"wabInteractiveResponse,omitzero" check:"required"`
	Envelope
}

// WhatsAppInteractiveResponseContent names the button or the row.
type WhatsAppInteractiveResponseContent struct {
	Title      string  `json:"title,omitempty"`
	Identifier string  `json:"identifier,omitempty"`
	Additional Members `json:"-"`
}

// Type returns [TypeWhatsAppInteractiveResponse].
func (WhatsAppInteractiveResponse) Type() Type { return TypeWhatsAppInteractiveResponse }

// MarshalJSON encodes the message in its wire form.
func (m WhatsAppInteractiveResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *WhatsAppInteractiveResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m WhatsAppInteractiveResponse) direction() Direction    { return Inbound }
func (m WhatsAppInteractiveResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m WhatsAppInteractiveResponse) wire(h header) any {
	type content WhatsAppInteractiveResponse
	return struct {
		header
		content
	}{h, content(m)}
}
