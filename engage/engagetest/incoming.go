package engagetest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
)

// media is a pair of media type and channel as Resolve names them, the members
// of the message details that hold the address there, and what other members
// the details can have.
type media struct {
	mediaType    string
	mediaChannel string
	channel      channel.Channel
	customer     string
	business     string
	name         string
	others       shape
}

// allMedia lists what Resolve takes (observed in the vendor's own flows), with
// the members of the vendor's samples.
var allMedia = []media{
	{"social", "sms", channel.SMS, "senderNumber", "serviceNumber", "", nil},
	{"social", "facebook", channel.Facebook, "psId", "facebookPageId", "customerName",
		shape{"appId": textual, "attachments": anything, "attachmentUrl": anything}},
	{"social", "whatsapp", channel.WhatsApp, "customerWhatsappId", "waId", "customerUsername",
		shape{"appId": textual, "attachments": anything, "caption": textual}},
	{"social", "appleMessages", channel.Apple, "abcUserId", "accountId", "customerName",
		shape{"appId": textual, "attachments": anything, "attachmentUrl": anything, "deviceCapabilityList": anything}},
	{"email", "email", channel.Email, "customerEmailId", "businessEmailId", "customerName",
		texts("appId", "assetType", "senderName", "recipient", "toAddresses", "ccRecipients", "bccRecipients",
			"htmlMessage", "strippedText", "strippedHtml", "attachments").with(shape{"headers": anything})},
	{"chat", "web", channel.LiveChat, "userId", "appId", "customerName",
		texts("domain", "threadTitle", "threadStatus", "attachment", "tid", "customerEmail", "proactiveRuleId").
			with(shape{"attachmentCount": integer, "extras": anything, "version": scalar})},
}

// reports has the shapes of the blocks beside the message details, which tell
// what was found in the content. The vendor's samples mix up the names of the
// two scans, so each takes those of both.
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

// incoming is the message that Resolve is about.
type incoming struct {
	address address
	name    string
	message Message
}

// incoming reads what the message is and where it came in.
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
	case channel.LiveChat:
		in.address.threadID = details.requiredText("threadId")
	case channel.Email:
		in.message.Type = "email"
		in.address.subject = details.requiredText("subject")
		in.address.inReplyTo = details.text("inReplyTo")
	}
	texts("serviceKey").with(shape{"timestamp": scalar}).with(m.others).read(details)
	return in
}

// details returns the message details, which are JSON within a string, or nil.
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

// encode writes the message as a client would have sent it.
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
