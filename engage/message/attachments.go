package message

import (
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// maxFiles is the largest number of files in an outbound message. The service drops the
// surplus files of a message (documented for contact-center tenants).
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

// limitFiles adds a violation if an outbound message has more files than the service
// keeps. An inbound message may have more: a refusal would lose the whole message of the
// customer, and the service drops only the surplus files. Files that were dropped do not
// count, because the service does not download them.
func limitFiles(v *outcome.Violations, direction Direction, attachments []Attachment) {
	if direction != Outbound {
		return
	}
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
	// Attachments must have at least one file. An outbound message has at most 10 files
	// that were not dropped. An inbound message may have more, but the service drops the
	// surplus (documented for contact-center tenants).
	Attachments []Attachment `json:"attachments,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeAttachments].
func (Attachments) Type() Type { return TypeAttachments }

// MarshalJSON returns the JSON of the message.
func (m Attachments) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *Attachments) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m Attachments) rules(v *outcome.Violations) { limitFiles(v, m.Direction, m.Attachments) }
func (m Attachments) direction() Direction        { return m.Direction }
func (m Attachments) with(e Envelope) Message     { m.Envelope = e; return m }

// TextWithAttachments is a message of text and files.
type TextWithAttachments struct {
	Direction Direction `json:"-"`
	// Text is required. Use [Attachments] for a message without text. An outbound text
	// has at most 4096 characters on WhatsApp (documented).
	Text string `json:"text,omitempty" check:"required"`
	// Attachments must have at least one file. Use [Text] for a message without files. The
	// limit of 10 files is that of [Attachments].
	Attachments []Attachment `json:"attachments,omitempty" check:"required"`
	Envelope
}

// Type returns [TypeTextWithAttachments].
func (TextWithAttachments) Type() Type { return TypeTextWithAttachments }

// MarshalJSON returns the JSON of the message.
func (m TextWithAttachments) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *TextWithAttachments) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m TextWithAttachments) rules(v *outcome.Violations) { limitFiles(v, m.Direction, m.Attachments) }
func (m TextWithAttachments) direction() Direction        { return m.Direction }
func (m TextWithAttachments) with(e Envelope) Message     { m.Envelope = e; return m }
