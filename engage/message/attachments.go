package message

import (
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// maxFiles is the most files that the service takes with one message. It drops
// the surplus one by one (documented for contact-center tenants).
const maxFiles = 10

// Attachment is a file that belongs to a message. The service fetches it from
// its URL.
type Attachment struct {
	// MIMEType is the file's media type, such as "image/png". It may be coarse,
	// such as "image" (observed). An empty one is left out, and so is an empty
	// FileName: the schema requires neither.
	MIMEType string `json:"mimeType,omitempty"`
	FileName string `json:"fileName,omitempty" variant:"name"`
	// URL is where the file can be fetched. It is required, unless the file
	// was dropped: then it must be empty. An email spells the member url, other
	// messages fileUrl; both are read everywhere.
	URL string `json:"fileUrl" variant:"url"`
	// Dropped says that the file was removed, by a security scan for example.
	Dropped    bool    `json:"dropped"`
	Additional Members `json:"-"`
}

func (a Attachment) rules(v *outcome.Violations) {
	switch {
	case a.Dropped && a.URL != "":
		v.Add("URL", "must be empty for a dropped file")
	case !a.Dropped && isBlank(a.URL):
		v.Add("URL", "is empty")
	}
}

// limitFiles notes more files than the service takes. Dropped ones do not
// count: there is nothing to fetch.
func limitFiles(v *outcome.Violations, attachments []Attachment) {
	files := 0
	for _, a := range attachments {
		if !a.Dropped {
			files++
		}
	}
	if files > maxFiles {
		v.Add("Attachments", fmt.Sprintf("has %d files; the service takes %d and drops the rest", files, maxFiles))
	}
}

// Attachments is a message of files without text.
type Attachments struct {
	Direction Direction `json:"-"`
	// Attachments holds at least one file and at most 10 that were not dropped.
	Attachments []Attachment `json:"attachments,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeAttachments].
func (Attachments) Type() Type { return TypeAttachments }

// MarshalJSON encodes the message in its wire form.
func (m Attachments) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *Attachments) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m Attachments) rules(v *outcome.Violations) { limitFiles(v, m.Attachments) }
func (m Attachments) direction() Direction        { return m.Direction }
func (m Attachments) with(e Envelope) Message     { m.Envelope = e; return m }
func (m Attachments) wire(h header) any {
	type content Attachments
	return struct {
		header
		content
	}{h, content(m)}
}

// TextWithAttachments is a message of text and files.
type TextWithAttachments struct {
	Direction Direction `json:"-"`
	// Text is required; a message without text is an [Attachments]. Outbound on
	// WhatsApp it has at most 4096 characters (documented).
	Text string `json:"text,omitempty" check:"required"`
	// Attachments holds at least one file and at most 10 that were not dropped;
	// a message without files is a [Text].
	Attachments []Attachment `json:"attachments,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeTextWithAttachments].
func (TextWithAttachments) Type() Type { return TypeTextWithAttachments }

// MarshalJSON encodes the message in its wire form.
func (m TextWithAttachments) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *TextWithAttachments) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m TextWithAttachments) rules(v *outcome.Violations) { limitFiles(v, m.Attachments) }
func (m TextWithAttachments) direction() Direction        { return m.Direction }
func (m TextWithAttachments) with(e Envelope) Message     { m.Envelope = e; return m }
func (m TextWithAttachments) wire(h header) any {
	type content TextWithAttachments
	return struct {
		header
		content
	}{h, content(m)}
}
