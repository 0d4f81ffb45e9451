package message

import (
	"encoding/json"
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// Attachment is a file that belongs to a message. The service fetches it from
// its URL.
type Attachment struct {
	// MIMEType is the file's media type, such as "image/png". Required.
	MIMEType string
	// FileName is required.
	FileName string
	// URL is where the file can be fetched. It is required, unless the file
	// was dropped: then it must be empty.
	URL string
	// Dropped says that the file was removed, by a security scan for example.
	Dropped bool
}

func (a Attachment) violations() outcome.Violations {
	var v outcome.Violations
	requireText(&v, "MIMEType", a.MIMEType)
	requireText(&v, "FileName", a.FileName)
	switch {
	case !a.Dropped:
		requireText(&v, "URL", a.URL)
	case a.URL != "":
		v.Add("URL", "must be empty for a dropped file")
	}
	return v
}

// requireAttachments notes what is wrong with attachments. There must be at
// least one if required.
func requireAttachments(v *outcome.Violations, attachments []Attachment, required bool) {
	if required && len(attachments) == 0 {
		v.Add("Attachments", "is empty")
	}
	for i, attachment := range attachments {
		v.Within(fmt.Sprintf("Attachments[%d]", i), attachment.violations())
	}
}

// Attachments is a message of files without text.
type Attachments struct {
	Direction Direction
	// Attachments holds at least one file.
	Attachments []Attachment
	Envelope
}

// Type returns [TypeAttachments].
func (Attachments) Type() Type { return TypeAttachments }

// MarshalJSON encodes the message in its wire form.
func (m Attachments) MarshalJSON() ([]byte, error) { return json.Marshal(m.wire()) }

func (m Attachments) direction() Direction    { return m.Direction }
func (m Attachments) with(e Envelope) Message { m.Envelope = e; return m }

func (m Attachments) violations() outcome.Violations {
	var v outcome.Violations
	requireAttachments(&v, m.Attachments, true)
	return v
}

func (m Attachments) wire() any {
	return struct {
		header
		Attachments []fileAttachment `json:"attachments"`
		trailer
	}{headerOf(m), files(m.Attachments), m.trailer()}
}

// TextWithAttachments is a message of text and files.
type TextWithAttachments struct {
	Direction Direction
	// Text is required; a message without text is an [Attachments].
	Text string
	// Attachments holds at least one file.
	Attachments []Attachment
	Envelope
}

// Type returns [TypeTextWithAttachments].
func (TextWithAttachments) Type() Type { return TypeTextWithAttachments }

// MarshalJSON encodes the message in its wire form.
func (m TextWithAttachments) MarshalJSON() ([]byte, error) { return json.Marshal(m.wire()) }

func (m TextWithAttachments) direction() Direction    { return m.Direction }
func (m TextWithAttachments) with(e Envelope) Message { m.Envelope = e; return m }

func (m TextWithAttachments) violations() outcome.Violations {
	var v outcome.Violations
	requireText(&v, "Text", m.Text)
	requireAttachments(&v, m.Attachments, true)
	return v
}

func (m TextWithAttachments) wire() any {
	return struct {
		header
		Text        string           `json:"text"`
		Attachments []fileAttachment `json:"attachments"`
		trailer
	}{headerOf(m), m.Text, files(m.Attachments), m.trailer()}
}

// fileAttachment is the wire form of an attachment in a chat message.
type fileAttachment struct {
	MIMEType string `json:"mimeType"`
	FileName string `json:"fileName"`
	URL      string `json:"fileUrl"`
	Dropped  bool   `json:"dropped"`
}

func files(attachments []Attachment) []fileAttachment {
	wire := make([]fileAttachment, len(attachments))
	for i, attachment := range attachments {
		wire[i] = fileAttachment(attachment)
	}
	return wire
}
