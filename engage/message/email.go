package message

import (
	"encoding/json"

	"github.com/engagesdk/engage-go/outcome"
)

// Email is an email. Its subject belongs to the conversation's address, not to
// the message, and the schema has no blind copies (documented).
type Email struct {
	Direction Direction
	// From is the sender's address. Required.
	From string
	// To holds at least one recipient.
	To []string
	CC []string
	// PlainBody and HTMLBody are the message in its two forms; at least one of
	// them is required.
	PlainBody string
	HTMLBody  string
	// StrippedText and StrippedHTML are the same without quoted replies.
	StrippedText string
	StrippedHTML string
	// Headers are the headers of the email.
	Headers     map[string]string
	Attachments []Attachment
	Envelope
}

// Type returns [TypeEmail].
func (Email) Type() Type { return TypeEmail }

// MarshalJSON encodes the message in its wire form.
func (m Email) MarshalJSON() ([]byte, error) { return json.Marshal(m.wire()) }

func (m Email) direction() Direction    { return m.Direction }
func (m Email) with(e Envelope) Message { m.Envelope = e; return m }

func (m Email) violations() outcome.Violations {
	var v outcome.Violations
	requireText(&v, "From", m.From)
	requireTexts(&v, "To", m.To, true)
	requireTexts(&v, "CC", m.CC, false)
	if m.PlainBody == "" && m.HTMLBody == "" {
		v.Add("PlainBody", "is empty, and so is HTMLBody")
	}
	allowText(&v, "PlainBody", m.PlainBody)
	allowText(&v, "HTMLBody", m.HTMLBody)
	allowText(&v, "StrippedText", m.StrippedText)
	allowText(&v, "StrippedHTML", m.StrippedHTML)
	for name, value := range m.Headers {
		if name == "" {
			v.Add("Headers", "has an empty name")
		}
		allowText(&v, "Headers", name+value)
	}
	requireAttachments(&v, m.Attachments, false)
	return v
}

// emailBody is the wire form of what is special to an email.
type emailBody struct {
	From         string            `json:"from"`
	To           []string          `json:"to"`
	CC           []string          `json:"cc,omitempty"`
	StrippedText string            `json:"strippedText,omitempty"`
	StrippedHTML string            `json:"strippedHtml,omitempty"`
	PlainBody    string            `json:"bodyPlain,omitempty"`
	HTMLBody     string            `json:"bodyHtml,omitempty"`
	Headers      map[string]string `json:"headers,omitempty"`
}

// emailAttachment is the wire form of an attachment in an email: the same as in
// a chat, but for the name of the URL's member.
type emailAttachment struct {
	FileName string `json:"fileName"`
	MIMEType string `json:"mimeType"`
	URL      string `json:"url"`
	Dropped  bool   `json:"dropped"`
}

func (m Email) wire() any {
	var attachments []emailAttachment
	for _, a := range m.Attachments {
		attachments = append(attachments, emailAttachment{a.FileName, a.MIMEType, a.URL, a.Dropped})
	}
	return struct {
		header
		Email       emailBody         `json:"email"`
		Attachments []emailAttachment `json:"attachments,omitempty"`
		trailer
	}{
		headerOf(m),
		emailBody{
			From: m.From, To: m.To, CC: m.CC,
			StrippedText: m.StrippedText, StrippedHTML: m.StrippedHTML,
			PlainBody: m.PlainBody, HTMLBody: m.HTMLBody,
			Headers: m.Headers,
		},
		attachments,
		m.trailer(),
	}
}
