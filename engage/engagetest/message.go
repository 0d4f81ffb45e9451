package engagetest

import (
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
)

// content is a content type: where it can travel, in which directions, and the
// members that hold it.
type content struct {
	typ        string
	directions []string
	channels   []channel.Channel
	members    []string
}

var (
	anyDirection = []string{"inbound", "outbound", "announcement"}
	bothWays     = []string{"inbound", "outbound"}
	inbound      = []string{"inbound"}
	outbound     = []string{"outbound"}
	announced    = []string{"announcement"}

	channels = []channel.Channel{
		channel.SMS, channel.Facebook, channel.LiveChat, channel.Email, channel.WhatsApp, channel.Apple, channel.API,
	}
	allButEmail = []channel.Channel{
		channel.SMS, channel.Facebook, channel.LiveChat, channel.WhatsApp, channel.Apple, channel.API,
	}
	withFiles = []channel.Channel{
		channel.Facebook, channel.LiveChat, channel.WhatsApp, channel.Apple, channel.API,
	}
	liveChat = []channel.Channel{channel.LiveChat}
	email    = []channel.Channel{channel.Email}
	whatsApp = []channel.Channel{channel.WhatsApp}
	apple    = []channel.Channel{channel.Apple}
)

// contents lists the content types of the vendor's message schema (documented).
// That text can be announced in an email conversation is assumed: one document
// offers announcements on every channel, another gives email no text.
var contents = []content{
	{"text", bothWays, allButEmail, []string{"text"}},
	{"text", announced, channels, []string{"text"}},
	{"text-with-attachments", bothWays, withFiles, []string{"text", "attachments"}},
	{"attachments", bothWays, withFiles, []string{"attachments"}},
	{"email", bothWays, email, []string{"email"}},
	{"lc-form-response", inbound, liveChat, []string{"lcFormResponse"}},
	{"lc-carousel-response", inbound, liveChat, []string{"lcCarouselResponse"}},
	{"lc-quick-replies-response", inbound, liveChat, []string{"lcQuickRepliesResponse"}},
	{"text-with-lc-carousel", outbound, liveChat, []string{"text", "lcCarousel"}},
	{"text-with-lc-quick-replies", outbound, liveChat, []string{"text", "lcQuickReplies"}},
	{"wab-interactive-response", inbound, whatsApp, []string{"wabInteractiveResponse"}},
	{"wab-buttons", outbound, whatsApp, []string{"wabButtons"}},
	{"wab-list", outbound, whatsApp, []string{"wabList"}},
	{"amb-list-picker", outbound, apple, []string{"ambListPicker"}},
	{"amb-time-picker", outbound, apple, []string{"ambTimePicker"}},
	{"amb-quick-replies", outbound, apple, []string{"ambQuickReplies"}},
	{"amb-form", outbound, apple, []string{"ambForm"}},
	{"amb-list-picker-response", inbound, apple, []string{"ambListPickerResponse"}},
	{"amb-time-picker-response", inbound, apple, []string{"ambTimePickerResponse"}},
	{"amb-quick-replies-response", inbound, apple, []string{"ambQuickRepliesResponse"}},
	{"amb-form-response", inbound, apple, []string{"ambFormResponse"}},
}

// messages reads the messages of a request on ch.
func (o *object) messages(ch channel.Channel) []Message {
	var messages []Message
	for _, element := range o.objects("messages") {
		m := element.message(ch)
		m.Raw = element.raw
		messages = append(messages, m)
	}
	return messages
}

// message reads one message.
func (o *object) message(ch channel.Channel) Message {
	m := Message{
		AliasID:                o.optionalText("aliasId"),
		Direction:              o.oneOf("direction", anyDirection...),
		Type:                   o.requiredText("type"),
		Timestamp:              o.timestamp(),
		Redacted:               o.flag("redacted"),
		AttemptGatewayDelivery: o.flag("attemptGwDelivery"),
	}
	for _, c := range contents {
		if c.typ == m.Type && slices.Contains(c.directions, m.Direction) && slices.Contains(c.channels, ch) {
			o.content(c, &m)
			o.refuseRest()
			return m
		}
	}
	if slices.Contains(anyDirection, m.Direction) && slices.Contains(channels, ch) && m.Type != "" {
		o.unusable("type", "cannot travel on "+string(ch)+" as "+m.Direction)
	}
	return m
}

// content reads the members that hold a message's content.
func (o *object) content(c content, m *Message) {
	for _, member := range c.members {
		switch member {
		case "text":
			m.Text = o.requiredText("text")
		case "attachments":
			m.Attachments = o.attachments(m.Type)
			if len(m.Attachments) == 0 {
				o.malformed("attachments", "is missing or empty")
			}
		case "email":
			o.email(m.Direction)
			m.Attachments = o.attachments(m.Type)
		default:
			if body := o.requiredObject(member); body != nil {
				bodies[member].read(body)
			}
		}
	}
}

// attachments reads the files of a message. A dropped file has no address.
func (o *object) attachments(typ string) []Attachment {
	link := linkMember(typ)
	var attachments []Attachment
	for _, element := range o.objects("attachments") {
		a := Attachment{
			MIMEType: element.text("mimeType"),
			FileName: element.text("fileName"),
			URL:      element.text(link),
		}
		if dropped := element.flag("dropped"); dropped != nil {
			a.Dropped = *dropped
		}
		switch {
		case a.Dropped && a.URL != "":
			element.unusable(link, "is set for a dropped file")
		case !a.Dropped && a.URL == "":
			element.malformed(link, "is missing")
		}
		element.refuseRest()
		attachments = append(attachments, a)
	}
	return attachments
}

// linkMember names the member of an attachment that holds its address, which
// email calls by another name than the chats.
func linkMember(typ string) string {
	if typ == "email" {
		return "url"
	}
	return "fileUrl"
}

// email reads what is special to an email. An inbound one needs no recipient:
// the mailbox may have got a blind copy.
func (o *object) email(direction string) {
	body := o.requiredObject("email")
	if body == nil {
		return
	}
	body.requiredText("from")
	recipients := append(body.texts("to"), body.texts("cc")...)
	if direction == "outbound" && len(recipients) == 0 {
		body.malformed("to", "is missing or empty, and so is cc")
	}
	if headers := body.object("headers"); headers != nil {
		for name := range headers.members {
			headers.text(name)
		}
	}
	texts("bodyPlain", "bodyHtml", "strippedText", "strippedHtml").read(body)
}

// timestamp reads when a message was sent: RFC 3339, in UTC.
func (o *object) timestamp() time.Time {
	text := o.requiredText("timestamp")
	if strings.TrimSpace(text) == "" {
		return time.Time{}
	}
	sent, err := time.Parse(time.RFC3339, text)
	if err != nil {
		o.unusable("timestamp", "is not an RFC 3339 time")
		return time.Time{}
	}
	if _, offset := sent.Zone(); offset != 0 {
		o.unusable("timestamp", "is not in UTC")
	}
	return sent.UTC()
}
