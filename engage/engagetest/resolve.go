package engagetest

import (
	"encoding/json"
	"fmt"
	"slices"
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
// appends the message. It re-opens a closed conversation, but creates a new one on
// live chat (documented). It uses the address, the name and the text of the details,
// and drops attachments.
func resolveConversation(c *call) action {
	transID := c.body.requiredText("transId")
	c.body.requiredText("flowId")
	c.body.flag("overrideDefaultClose")
	incoming := c.body.incoming()
	incoming.message.AliasID = transID
	incoming.message.Timestamp = c.now
	incoming.message.Raw = incoming.encode()
	return func(s *state) result {
		conversation, operation := s.resolve(incoming, c)
		resolved := acknowledged(conversation, c.now)
		resolved.resolved = &resolution{TransID: transID, TaskID: conversation.taskID, Operation: operation}
		s.append(conversation, []Message{incoming.message})
		return resolved
	}
}

// resolve returns the conversation of a message, and the operation that found or made
// it.
func (s *state) resolve(in incoming, c *call) (*Conversation, string) {
	conversation := s.find(in.address)
	switch {
	case conversation != nil && conversation.open():
		return conversation, wasAppended
	case conversation != nil && in.address.channel != liveChat:
		conversation.queue()
		conversation.taskID = s.newTask()
		conversation.AliasID = conversation.taskID
		return conversation, wasReopened
	}
	created := &Conversation{
		Status:          Queued,
		Channel:         in.address.channel,
		CustomerAddress: in.address.customer,
		BusinessAddress: in.address.business,
		ThreadID:        in.address.threadID,
		Subject:         in.address.subject,
		InReplyTo:       in.address.inReplyTo,
		CustomerName:    in.name,
		CreatedAt:       c.now,
		taskID:          s.newTask(),
	}
	if created.Channel != liveChat {
		created.AliasID = created.taskID
	}
	s.put(created)
	return created, wasCreated
}

// newTask returns the id of a new task.
func (s *state) newTask() string {
	s.tasks++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.tasks)
}

// media is a medium that Resolve accepts. The fields customer, business and name are
// the names of the members in the message details. The shape others has the members
// that the details may have besides.
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

// reports has the shapes of the blocks beside the message details. They report what
// was found in the content. The vendor's samples confuse the names of the two scans,
// so each scan accepts the names of both.
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
	name    string
	message Message
}

// incoming reads the message and the address.
func (o *object) incoming() incoming {
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
		message: Message{Direction: "inbound", Type: "text", Text: details.text("message")},
	}
	switch m.channel {
	case liveChat:
		in.address.threadID = details.requiredText("threadId")
	case email:
		in.message.Type = "email"
		in.address.subject = details.requiredText("subject")
		in.address.inReplyTo = details.text("inReplyTo")
	}
	texts("serviceKey").with(shape{"timestamp": scalar}).with(m.others).read(details)
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

// encode returns the message as a client would send it.
func (in incoming) encode() json.RawMessage {
	if in.message.Type != "email" {
		return in.message.encode()
	}
	return encode(map[string]any{
		"aliasId":   in.message.AliasID,
		"direction": in.message.Direction,
		"type":      in.message.Type,
		"timestamp": in.message.Timestamp.Format(time.RFC3339Nano),
		"email": map[string]any{
			"from":      in.address.customer,
			"to":        []string{in.address.business},
			"bodyPlain": in.message.Text,
		},
	})
}
