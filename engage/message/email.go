package message

import (
	"cmp"

	"github.com/engagesdk/engage-go/outcome"
)

// Email is an email. Its subject belongs to the conversation's address, not to
// the message, and the schema has no blind copies (documented).
type Email struct {
	Direction Direction    `json:"-"`
	Content   EmailContent `json:"email,omitzero" check:"required"`
	// Attachments holds at most 10 files that were not dropped.
	Attachments []Attachment `json:"attachments,omitempty"`
	Envelope
}

// EmailContent is what is special to an email.
type EmailContent struct {
	// From is the sender's address. Required.
	From string `json:"from,omitempty" check:"required"`
	// To and CC are the recipients. An outbound email needs one; of an inbound
	// one the mailbox may have got a blind copy.
	To []string `json:"to,omitempty"`
	CC []string `json:"cc,omitempty"`
	// StrippedText and StrippedHTML are the message without quoted replies.
	StrippedText string `json:"strippedText,omitempty"`
	StrippedHTML string `json:"strippedHtml,omitempty"`
	// PlainBody and HTMLBody are the message in its two forms. One of the four
	// bodies is required, unless the email has an attachment.
	PlainBody string `json:"bodyPlain,omitempty"`
	HTMLBody  string `json:"bodyHtml,omitempty"`
	// Headers are the headers of the email.
	Headers    map[string]string `json:"headers,omitempty"`
	Additional Members           `json:"-"`
}

// Type returns [TypeEmail].
func (Email) Type() Type { return TypeEmail }

// MarshalJSON encodes the message in its wire form.
func (m Email) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *Email) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// emailAttachment is an [Attachment] as an email spells it.
type emailAttachment struct {
	MIMEType   string  `json:"mimeType,omitempty"`
	FileName   string  `json:"fileName,omitempty" variant:"name"`
	URL        string  `json:"url" variant:"fileUrl"`
	Dropped    bool    `json:"dropped"`
	Additional Members `json:"-"`
}

func (m Email) rules(v *outcome.Violations) {
	limitFiles(v, m.Attachments)
	c := m.Content
	if m.Direction == Outbound && len(c.To) == 0 && len(c.CC) == 0 {
		v.Add("Content.To", "is empty, and so is CC")
	}
	if cmp.Or(c.PlainBody, c.HTMLBody, c.StrippedText, c.StrippedHTML) == "" && len(m.Attachments) == 0 {
		v.Add("Content.PlainBody", "is empty, and so are the other bodies and Attachments")
	}
}

func (m Email) direction() Direction    { return m.Direction }
func (m Email) with(e Envelope) Message { m.Envelope = e; return m }
func (m Email) wire(h header) any {
	type content Email
	var attachments []emailAttachment
	for _, a := range m.Attachments {
		attachments = append(attachments, emailAttachment(a))
	}
	return struct {
		header
		content
		// Attachments hides that of content, which is one level deeper.
		Attachments []emailAttachment `json:"attachments,omitempty"`
	}{h, content(m), attachments}
}
