package engagetest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
)

// Status is the state of a conversation, spelled as the server answers it.
// [Server.Seed] takes any other spelling too, for tests of what a program does
// with one: the server answers it as it is and treats it as open.
type Status string

// The states. That these are the spellings of the wire is assumed; the vendor
// writes them in several ways.
const (
	Queued Status = "queued"
	Active Status = "active"
	OnHold Status = "onhold"
	Closed Status = "closed"
)

// Conversation is a conversation as the server keeps it. Values that the server
// hands out are copies: changing one changes nothing.
type Conversation struct {
	// ID is the server's id, such as CSR0000000000001.
	ID     string
	Status Status

	// Channel and the two addresses are what a search finds the conversation by.
	Channel         channel.Channel
	CustomerAddress string
	BusinessAddress string
	// ThreadID and BrowserFingerprint belong to live chat.
	ThreadID           string
	BrowserFingerprint string
	// Subject, ToRecipients, CCRecipients and InReplyTo belong to email.
	Subject      string
	ToRecipients []string
	CCRecipients []string
	InReplyTo    string

	// AliasID and CustomerName are empty if none was given.
	AliasID      string
	CustomerName string
	// Domain and ProactiveID belong to live chat.
	Domain      string
	ProactiveID string
	// CapabilityList belongs to Apple Messages for Business. It is JSON as it
	// was sent, on creation or with a message.
	CapabilityList json.RawMessage

	// TeamID and Skill tell which queue the conversation was transferred to.
	TeamID string
	Skill  string
	// UserID is the login of the agent, or of the last one once closed. It is
	// empty while the conversation is queued.
	UserID string
	// Participants are in the order in which they joined.
	Participants []string
	// Messages are in the order in which they were appended.
	Messages     []Message
	CustomFields []CustomField

	// CreatedAt and UpdatedAt are times of the server's clock, in UTC.
	CreatedAt time.Time
	UpdatedAt time.Time

	// taskID is the task that Resolve made.
	taskID string
}

// CustomField is a field of a conversation or of its customer's profile.
type CustomField struct {
	// Scope is "conversation" or "profile".
	Scope string
	Key   string
	Value string
}

// Message is a message as the server keeps it.
type Message struct {
	AliasID string
	// Direction is "inbound", "outbound" or "announcement".
	Direction string
	// Type is the vendor's name of the content type, such as "text".
	Type        string
	Text        string
	Attachments []Attachment
	Timestamp   time.Time
	// Redacted and AttemptGatewayDelivery are nil where they were not sent.
	Redacted               *bool
	AttemptGatewayDelivery *bool
	// Raw is the whole message as it was sent. [Server.Seed] fills an empty one
	// from the other fields.
	Raw json.RawMessage
}

// Attachment is a file of a message.
type Attachment struct {
	MIMEType string
	FileName string
	// URL comes from the member fileUrl, or url in an email.
	URL     string
	Dropped bool
}

// open reports whether the conversation still runs.
func (c *Conversation) open() bool { return c.Status != Closed }

// clone returns a copy that shares nothing with c.
func (c *Conversation) clone() Conversation {
	copied := *c
	copied.ToRecipients = slices.Clone(c.ToRecipients)
	copied.CCRecipients = slices.Clone(c.CCRecipients)
	copied.CapabilityList = slices.Clone(c.CapabilityList)
	copied.Participants = slices.Clone(c.Participants)
	copied.CustomFields = slices.Clone(c.CustomFields)
	copied.Messages = slices.Clone(c.Messages)
	for i, m := range copied.Messages {
		copied.Messages[i] = m.clone()
	}
	return copied
}

func (m Message) clone() Message {
	m.Attachments = slices.Clone(m.Attachments)
	m.Raw = slices.Clone(m.Raw)
	m.Redacted = copyOf(m.Redacted)
	m.AttemptGatewayDelivery = copyOf(m.AttemptGatewayDelivery)
	return m
}

func copyOf(flag *bool) *bool {
	if flag == nil {
		return nil
	}
	return new(*flag)
}

// setField sets a custom field, replacing one of the same scope and key.
func (c *Conversation) setField(field CustomField) {
	for i, present := range c.CustomFields {
		if present.Scope == field.Scope && present.Key == field.Key {
			c.CustomFields[i] = field
			return
		}
	}
	c.CustomFields = append(c.CustomFields, field)
}
