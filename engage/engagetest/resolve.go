package engagetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
)

// The operations that Resolve reports.
const (
	wasCreated  = "created"
	wasReopened = "reopened"
	wasAppended = "appended"
)

// resolveConversation finds or creates the conversation of an incoming message and
// appends the message. It re-opens a closed conversation, except that it creates a new
// one on live chat (documented). How the details become a message is assumed.
func resolveConversation(c *call) action {
	transID := c.body.requiredText("transId")
	c.body.requiredText("flowId")
	c.body.flag("overrideDefaultClose")
	incoming := c.body.incoming(c.now)
	incoming.message.AliasID = transID
	incoming.message.Raw = incoming.encode()
	messages := []Message{incoming.message}
	ids := emailIDs(messages)
	return func(s *state) result {
		conversation, operation := s.resolve(incoming, c.now)
		resolved := acknowledged(conversation, c.now)
		resolved.resolved = &resolution{TransID: transID, TaskID: s.taskOf[conversation.ID], Operation: operation}
		s.append(conversation, messages, ids)
		return resolved
	}
}

// resolve finds, re-opens or creates the conversation of a message. It returns the
// conversation and the operation to report.
func (s *state) resolve(in incoming, now time.Time) (*Conversation, string) {
	conversation := s.find(in.address)
	switch {
	case conversation != nil && conversation.open():
		return conversation, wasAppended
	case conversation != nil && in.address.channel != liveChat:
		conversation.queue()
		conversation.AliasID = s.newTask(conversation)
		return conversation, wasReopened
	}
	created := queuedAt(in.address)
	created.CustomerName, created.CreatedAt = in.name, now
	s.put(created)
	if task := s.newTask(created); created.Channel != liveChat {
		created.AliasID = task
	}
	return created, wasCreated
}

// newTask creates a task for a conversation and returns its id.
func (s *state) newTask(c *Conversation) string {
	s.tasks++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", s.tasks)
	s.taskOf[c.ID] = id
	return id
}

// media is a medium that Resolve accepts. The fields customer, business and name are
// the names of members of the message details. The shape others has the further members
// that the details may have.
type media struct {
	mediaType    string
	mediaChannel string
	channel      channel.Channel
	customer     string
	business     string
	name         string
	others       shape
}

// allMedia has the media of the vendor's own flows (observed), with the members of
// the vendor's samples.
var allMedia = []media{
	{"social", "sms", sms, "senderNumber", "serviceNumber", "", nil},
	{"social", "facebook", facebook, "psId", "facebookPageId", "customerName",
		shape{"appId": textual, "attachments": anything, "attachmentUrl": anything}},
	{"social", "whatsapp", whatsApp, "customerWhatsappId", "waId", "customerUsername",
		shape{"appId": textual, "attachments": anything, "caption": textual}},
	{"social", "appleMessages", apple, "abcUserId", "accountId", "customerName",
		shape{"appId": textual, "attachments": anything, "attachmentUrl": anything, "deviceCapabilityList": anything}},
	{"email", "email", email, "customerEmailId", "businessEmailId", "customerName",
		texts("appId", "assetType", "senderName", "recipient", "toAddresses", "ccRecipients", "bccRecipients",
			"htmlMessage", "strippedText", "strippedHtml", "attachments").with(shape{"headers": anything})},
	{"chat", "web", liveChat, "userId", "appId", "customerName",
		texts("domain", "threadTitle", "threadStatus", "attachment", "tid", "customerEmail", "proactiveRuleId").
			with(shape{"attachmentCount": integer, "extras": anything, "version": scalar})},
}

// reports has the shapes of the blocks beside the message details, which report checks
// of the content. The vendor's samples confuse the names of the two scans, so each scan
// accepts the names of both.
var reports = shape{
	"pciDetails": texts("isPCIValidationDone", "nonPCIComplianceReason").with(shape{
		"isPCICompliant": boolean, "isAttachmentEnabled": scalar, "droppedAttachmentCount": integer,
	}).object,
	"malwareScanDetails":  scan.object,
	"securityScanDetails": scan.object,
}

var scan = texts(
	"isMalwareValidationDone", "malwareFailedReason", "isSecurityValidationDone", "securityFailedReason",
).with(shape{
	"isMalwareCompliant": scalar, "isSecurityCompliant": scalar,
	"droppedAttachmentCount": scalar, "malwaredroppedAttachmentCount": scalar, "securityScanDroppedAttachmentCount": scalar,
})

// incoming is the message of a request to resolve, and where it arrived.
type incoming struct {
	address address
	name    string // The customer's name.
	message Message
	email   map[string]any // The content of an email, nil on other channels.
}

// incoming reads the message and the address. A message without a time arrived now.
func (o *object) incoming(now time.Time) incoming {
	mediaType, mediaChannel := o.requiredText("mediaType"), o.requiredText("mediaChannel")
	i := slices.IndexFunc(allMedia, func(m media) bool {
		return m.mediaType == mediaType && m.mediaChannel == mediaChannel
	})
	if i < 0 {
		o.unusable("mediaChannel", "is unknown for the mediaType")
	}
	details := o.details()
	if i < 0 || details == nil {
		return incoming{}
	}
	m := allMedia[i]
	in := incoming{
		address: address{channel: m.channel, customer: details.requiredText(m.customer), business: details.requiredText(m.business)},
		name:    details.text(m.name),
		message: Message{
			Direction:   "inbound",
			Type:        "text",
			Text:        cmp.Or(details.peek("message"), details.peek("caption")),
			Attachments: details.files(),
			Timestamp:   sentAt(details.peek("timestamp"), now),
		},
	}
	switch hasText := strings.TrimSpace(in.message.Text) != ""; {
	case m.channel == email:
		in.message.Type = "email"
		in.address.subject = details.requiredText("subject")
		in.address.inReplyTo = details.text("inReplyTo")
		in.email = details.emailContent(in)
	case len(in.message.Attachments) > 0 && hasText:
		in.message.Type = "text-with-attachments"
	case len(in.message.Attachments) > 0:
		in.message.Type, in.message.Text = "attachments", ""
	}
	if m.channel == liveChat {
		in.address.threadID = details.requiredText("threadId")
	}
	texts("serviceKey", "message").with(shape{"timestamp": scalar}).with(m.others).read(details)
	return in
}

// details returns the message details, which are JSON in a string, or nil.
func (o *object) details() *object {
	text := o.requiredText("details")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	blocks := o.within("details", json.RawMessage(text))
	if blocks == nil {
		return nil
	}
	message := blocks.requiredObject("messageDetails")
	reports.read(blocks)
	return message
}

// peek returns a string member, or the JSON of another value. It leaves the member to
// be read.
func (o *object) peek(name string) string {
	var text string
	if json.Unmarshal(o.members[name], &text) == nil {
		return text
	}
	return string(o.members[name])
}

// files returns the files in the message details. In the vendor's samples they are a
// list, or JSON in a string, and the names differ between the channels. A value of
// another kind is no file.
func (o *object) files() []Attachment {
	var list []struct {
		MIMEType    string `json:"mimeType"`
		ContentType string `json:"contentType"`
		FileName    string `json:"fileName"`
		Name        string `json:"name"`
		URL         string `json:"url"`
		FileURL     string `json:"fileUrl"`
		File        string `json:"file"`
		Dropped     bool   `json:"dropped"`
	}
	if json.Unmarshal([]byte(cmp.Or(o.peek("attachments"), o.peek("attachment"))), &list) != nil {
		return nil
	}
	var files []Attachment
	for _, file := range list {
		a := Attachment{
			MIMEType: cmp.Or(file.MIMEType, file.ContentType),
			FileName: cmp.Or(file.FileName, file.Name),
			URL:      cmp.Or(file.URL, file.FileURL, file.File),
			Dropped:  file.Dropped,
		}
		if a.URL != "" || a.Dropped {
			files = append(files, a)
		}
	}
	return files
}

// sentAt returns the time in text, which is in RFC 3339, or in seconds or milliseconds
// since 1970. It returns now for any other text.
func sentAt(text string, now time.Time) time.Time {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC()
	}
	const firstMilliseconds = 100_000_000_000 // As seconds this is the year 5138.
	switch number, err := strconv.ParseInt(text, 10, 64); {
	case err != nil || number <= 0:
		return now
	case number < firstMilliseconds:
		return time.Unix(number, 0).UTC()
	default:
		return time.UnixMilli(number).UTC()
	}
}

// emailContent returns the content of an email in the form of the message schema.
func (o *object) emailContent(in incoming) map[string]any {
	content := map[string]any{"from": in.address.customer, "to": []string{in.address.business}}
	for member, detail := range map[string]string{
		"bodyPlain": "message", "bodyHtml": "htmlMessage", "strippedText": "strippedText", "strippedHtml": "strippedHtml",
	} {
		if text := o.peek(detail); text != "" {
			content[member] = text
		}
	}
	var headers map[string]string
	if json.Unmarshal([]byte(o.peek("headers")), &headers) == nil && len(headers) > 0 {
		content["headers"] = headers
	}
	return content
}

// encode returns the message as a client would send it.
func (in incoming) encode() json.RawMessage {
	if in.email == nil {
		return in.message.encode()
	}
	members := map[string]any{
		"aliasId":   in.message.AliasID,
		"direction": in.message.Direction,
		"type":      in.message.Type,
		"timestamp": in.message.Timestamp.Format(time.RFC3339Nano),
		"email":     in.email,
	}
	if len(in.message.Attachments) > 0 {
		members["attachments"] = in.message.encodeAttachments()
	}
	return encode(members)
}
