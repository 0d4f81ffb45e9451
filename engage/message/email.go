package message

import "github.com/engagesdk/engage-go/outcome"

// Email is an email. Its subject is part of the address of the conversation and not of
// the message. The schema has no blind copies (documented).
type Email struct {
	Direction Direction    `json:"-"`
	Content   EmailContent `json:"email,omitzero" check:"required"`
	// Attachments may be empty. The limit of 10 files is that of [Attachments].
	Attachments []Attachment `json:"attachments,omitempty" rename:"fileUrl"`
	Envelope
}

// EmailContent is the content of an email.
type EmailContent struct {
	// From is the address of the sender. It is required.
	From string `json:"from,omitempty" check:"required"`
	// To and CC are the recipients. An outbound email must have at least one. An
	// inbound email may have none, because the mailbox may have got a blind copy.
	To []string `json:"to,omitempty"`
	CC []string `json:"cc,omitempty"`
	// StrippedText and StrippedHTML are the email as text and as HTML, without the
	// emails that it quotes.
	StrippedText string `json:"strippedText,omitempty"`
	StrippedHTML string `json:"strippedHtml,omitempty"`
	// PlainBody and HTMLBody are the whole email as text and as HTML. An outbound email
	// needs one of the four bodies or an attachment. An inbound email may have none of
	// them, because a customer can send such an email.
	PlainBody string `json:"bodyPlain,omitempty"`
	HTMLBody  string `json:"bodyHtml,omitempty"`
	// Headers are the headers of the email.
	Headers map[string]string `json:"headers,omitempty"`
}

// Type returns [TypeEmail].
func (Email) Type() Type { return TypeEmail }

// MarshalJSON returns the JSON of the message.
func (m Email) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *Email) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m Email) rules(v *outcome.Violations) {
	limitFiles(v, m.Direction, m.Attachments)
	if m.Direction != Outbound {
		return
	}
	c := m.Content
	if len(c.To) == 0 && len(c.CC) == 0 {
		v.Add("Content.To", "is empty: an outbound email needs a recipient in To or CC")
	}
	if isBlank(c.PlainBody+c.HTMLBody+c.StrippedText+c.StrippedHTML) && len(m.Attachments) == 0 {
		v.Add("Content.PlainBody", "is blank: an outbound email needs PlainBody, HTMLBody, StrippedText, StrippedHTML or an attachment")
	}
}

func (m Email) direction() Direction    { return m.Direction }
func (m Email) with(e Envelope) Message { m.Envelope = e; return m }
