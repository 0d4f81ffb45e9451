package message

import (
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// maxFiles is the largest number of files in one message. The service drops the others
// (documented for contact-center tenants).
const maxFiles = 10

// Attachment is a file of a message. The service downloads it from its URL.
type Attachment struct {
	// MIMEType is the media type of the file, such as "image/png". It may lack the
	// subtype, as in "image" (observed). It is optional.
	MIMEType string `json:"mimeType,omitempty"`
	// FileName is the name of the file. It is optional.
	FileName string `json:"fileName,omitempty" variant:"name"`
	// URL is the URL of the file. It is required, but must be empty if Dropped is
	// true. The JSON of an email calls it url, that of other messages fileUrl.
	// [Decode] accepts both names everywhere.
	URL string `json:"fileUrl" variant:"url"`
	// Dropped reports whether the service removed the file, for example after a
	// security scan.
	Dropped bool `json:"dropped"`
}

func (a Attachment) rules(v *outcome.Violations) {
	switch {
	case a.Dropped && a.URL != "":
		v.Add("URL", "must be empty, because the file was dropped")
	case !a.Dropped && isBlank(a.URL):
		v.Add("URL", "is empty")
	}
}

// limitFiles adds a violation if there are more files than the service accepts. Dropped
// files do not count, because the service does not download them.
func limitFiles(v *outcome.Violations, attachments []Attachment) {
	files := 0
	for _, a := range attachments {
		if !a.Dropped {
			files++
		}
	}
	if files > maxFiles {
		v.Add("Attachments", fmt.Sprintf("must have at most %d files, not %d: the service drops the others", maxFiles, files))
	}
}

// Attachments is a message of files without text.
type Attachments struct {
	Direction Direction `json:"-"`
	// Attachments must have at least one file, and at most 10 that were not dropped.
	Attachments []Attachment `json:"attachments,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeAttachments].
func (Attachments) Type() Type { return TypeAttachments }

// MarshalJSON returns the JSON of the message.
func (m Attachments) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *Attachments) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m Attachments) rules(v *outcome.Violations) { limitFiles(v, m.Attachments) }
func (m Attachments) direction() Direction        { return m.Direction }
func (m Attachments) with(e Envelope) Message     { m.Envelope = e; return m }

// TextWithAttachments is a message of text and files.
type TextWithAttachments struct {
	Direction Direction `json:"-"`
	// Text is required. Use [Attachments] for a message without text. An outbound text
	// has at most 4096 characters on WhatsApp (documented).
	Text string `json:"text,omitempty" check:"required"`
	// Attachments must have at least one file, and at most 10 that were not dropped.
	// Use [Text] for a message without files.
	Attachments []Attachment `json:"attachments,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeTextWithAttachments].
func (TextWithAttachments) Type() Type { return TypeTextWithAttachments }

// MarshalJSON returns the JSON of the message.
func (m TextWithAttachments) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *TextWithAttachments) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m TextWithAttachments) rules(v *outcome.Violations) { limitFiles(v, m.Attachments) }
func (m TextWithAttachments) direction() Direction        { return m.Direction }
func (m TextWithAttachments) with(e Envelope) Message     { m.Envelope = e; return m }
