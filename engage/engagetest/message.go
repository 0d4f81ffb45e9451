package engagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// The channels, in the spelling of the wire (documented).
const (
	sms      channel.Channel = "sms"
	facebook channel.Channel = "facebook"
	liveChat channel.Channel = "livechat"
	email    channel.Channel = "email"
	whatsApp channel.Channel = "whatsapp"
	apple    channel.Channel = "amb"
	api      channel.Channel = "api"
)

// content is a content type, with its directions, its channels and the members that
// hold it.
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

	channels    = []channel.Channel{sms, facebook, liveChat, email, whatsApp, apple, api}
	allButEmail = []channel.Channel{sms, facebook, liveChat, whatsApp, apple, api}
	withFiles   = []channel.Channel{facebook, liveChat, whatsApp, apple, api}
	onLiveChat  = []channel.Channel{liveChat}
	onEmail     = []channel.Channel{email}
	onWhatsApp  = []channel.Channel{whatsApp}
	onApple     = []channel.Channel{apple}
)

// contents has the content types of the vendor's message schema (documented). That an
// email conversation accepts a text announcement is assumed: one document allows
// announcements on every channel, another allows no text on email.
var contents = []content{
	{"text", bothWays, allButEmail, []string{"text"}},
	{"text", announced, channels, []string{"text"}},
	{"text-with-attachments", bothWays, withFiles, []string{"text", "attachments"}},
	{"attachments", bothWays, withFiles, []string{"attachments"}},
	{"email", bothWays, onEmail, []string{"email"}},
	{"lc-form-response", inbound, onLiveChat, []string{"lcFormResponse"}},
	{"lc-carousel-response", inbound, onLiveChat, []string{"lcCarouselResponse"}},
	{"lc-quick-replies-response", inbound, onLiveChat, []string{"lcQuickRepliesResponse"}},
	{"text-with-lc-carousel", outbound, onLiveChat, []string{"text", "lcCarousel"}},
	{"text-with-lc-quick-replies", outbound, onLiveChat, []string{"text", "lcQuickReplies"}},
	{"wab-interactive-response", inbound, onWhatsApp, []string{"wabInteractiveResponse"}},
	{"wab-buttons", outbound, onWhatsApp, []string{"wabButtons"}},
	{"wab-list", outbound, onWhatsApp, []string{"wabList"}},
	{"amb-list-picker", outbound, onApple, []string{"ambListPicker"}},
	{"amb-time-picker", outbound, onApple, []string{"ambTimePicker"}},
	{"amb-quick-replies", outbound, onApple, []string{"ambQuickReplies"}},
	{"amb-form", outbound, onApple, []string{"ambForm"}},
	{"amb-list-picker-response", inbound, onApple, []string{"ambListPickerResponse"}},
	{"amb-time-picker-response", inbound, onApple, []string{"ambTimePickerResponse"}},
	{"amb-quick-replies-response", inbound, onApple, []string{"ambQuickRepliesResponse"}},
	{"amb-form-response", inbound, onApple, []string{"ambFormResponse"}},
}

// messages reads the messages of a request on channel ch.
func (o *object) messages(ch channel.Channel) []Message {
	var messages []Message
	for _, element := range o.objects("messages") {
		m := element.message(ch)
		m.Raw = element.raw
		messages = append(messages, m)
	}
	return messages
}

// message reads one message. Every message may have an empty list of attachments,
// because the vendor's templates send one (observed).
func (o *object) message(ch channel.Channel) Message {
	if string(o.members["aliasId"]) == `""` {
		o.unusable("aliasId", "is empty")
	}
	direction := o.oneOf("direction", anyDirection...)
	m := Message{
		AliasID:                o.text("aliasId"),
		Direction:              message.Direction(direction),
		Type:                   o.requiredText("type"),
		Timestamp:              o.timestamp(),
		Redacted:               o.flag("redacted"),
		AttemptGatewayDelivery: o.flag("attemptGwDelivery"),
	}
	for _, c := range contents {
		if c.typ == m.Type && slices.Contains(c.directions, direction) && slices.Contains(c.channels, ch) {
			o.content(c, &m)
			if o.isEmptyList("attachments") {
				delete(o.members, "attachments")
			}
			o.refuseRest()
			return m
		}
	}
	if slices.Contains(anyDirection, direction) && slices.Contains(channels, ch) && m.Type != "" {
		o.unusable("type", "cannot be sent on "+string(ch)+" as "+direction)
	}
	return m
}

// content reads the members that hold the content of a message.
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
			o.limitFiles(m)
		case "email":
			o.email(string(m.Direction))
			m.Attachments = o.attachments(m.Type)
			o.limitFiles(m)
		default:
			if body := o.requiredObject(member); body != nil {
				bodies[member].read(body)
			}
		}
	}
}

// attachments reads the files of a message. A dropped file has no URL.
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
		case !a.Dropped && strings.TrimSpace(a.URL) == "":
			element.malformed(link, "is missing")
		}
		element.refuseRest()
		attachments = append(attachments, a)
	}
	return attachments
}

// maxFiles is the most files of a message (documented for contact-center tenants).
const maxFiles = 10

// limitFiles drops surplus files of an inbound message (documented), and refuses them
// in an outbound one (assumed). Files that are dropped already do not count.
func (o *object) limitFiles(m *Message) {
	files := 0
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if a.Dropped {
			continue
		}
		if files++; files > maxFiles && m.Direction == "inbound" {
			a.URL, a.Dropped = "", true
		}
	}
	switch {
	case files <= maxFiles:
	case m.Direction == "inbound":
		o.raw = withMember(o.raw, "attachments", encode(m.encodeAttachments()))
	default:
		o.unusable("attachments", fmt.Sprintf("has more than %d files", maxFiles))
	}
}

// withMember returns the JSON of an object with another value of a member.
func withMember(object json.RawMessage, name string, value json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(object, &members) // It was decoded before.
	members[name] = value
	return encode(members)
}

// linkMember returns the name of the member that holds the URL of an attachment. It
// differs between email and the other channels.
func linkMember(typ string) string {
	if typ == "email" {
		return "url"
	}
	return "fileUrl"
}

// email reads the member with the content of an email. An inbound email needs no
// recipient, because it may be a blind copy.
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
			if strings.TrimSpace(name) == "" {
				body.unusable("headers", "has an empty name")
			}
			headers.text(name)
		}
	}
	texts("bodyPlain", "bodyHtml", "strippedText", "strippedHtml").read(body)
}

// timestamp reads the time of a message, which must be RFC 3339 in UTC.
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

// bodies has the shapes of the members that hold rich content, from the vendor's
// schema. Where the schema does not give the kind of a value, the server accepts any
// string, number or boolean.
//
// The vendor's samples do not agree on the members around the data of an outbound Apple
// body, so each may have all of them (assumed). The data of the list picker and the
// time picker is that of the vendor's Apple channel node (assumed).
var bodies = map[string]shape{
	"lcFormResponse": texts("title").with(shape{
		"fields": texts("label", "name", "type", "value").list,
	}),
	"lcCarouselResponse":     texts("identifier", "reference", "title"),
	"lcQuickRepliesResponse": texts("identifier", "reference", "title", "payload"),
	"lcCarousel": texts("reference").with(shape{
		"elements": texts("title", "subtitle").with(shape{
			"imageUrls": textList,
			"buttons": texts("identifier", "title", "url", "payload").with(shape{
				"type": choice("webUrl", "templatePostback"),
			}).list,
		}).list,
	}),
	"lcQuickReplies": texts("reference").with(shape{
		"options": texts("identifier", "title", "payload").with(shape{
			"type": choice("quickReplyPostback"),
		}).list,
	}),

	"wabInteractiveResponse": texts("title", "identifier"),
	"wabButtons": {
		"header": texts("text").with(shape{
			"type":     choice("text", "document", "video", "image"),
			"document": texts("url", "filename").object,
			"video":    texts("url").object,
			"image":    texts("url").object,
		}).object,
		"body":   texts("text").object,
		"footer": texts("text").object,
		"action": shape{
			"buttons": shape{
				"type":  choice("reply"),
				"reply": texts("id", "title").object,
			}.list,
		}.object,
	},
	"wabList": {
		"header": texts("text").with(shape{"type": choice("text")}).object,
		"body":   texts("text").object,
		"footer": texts("text").object,
		"action": texts("button").with(shape{
			"sections": texts("title").with(shape{
				"rows": texts("id", "title", "description").list,
			}).list,
		}).object,
	},

	"ambListPicker": appleBody(shape{
		"images": appleImages,
		"listPicker": shape{
			"sections": texts("title").with(shape{
				"order":             integer,
				"multipleSelection": boolean,
				"items": texts("identifier", "title", "subtitle", "style", "imageIdentifier").with(shape{
					"order": integer,
				}).list,
			}).list,
		}.object,
	}),
	"ambTimePicker": appleBody(shape{
		"event": texts("identifier", "title").with(shape{
			"timezoneOffset": integer,
			"location":       appleLocation,
			"timeslots":      texts("identifier", "startTime").with(shape{"duration": integer}).list,
		}).object,
	}),
	"ambQuickReplies": appleBody(shape{
		"quick-reply": texts("summaryText").with(shape{"items": texts("identifier", "title").list}).object,
	}),
	"ambForm": appleBody(shape{
		"images": appleImages,
		"dynamic": shape{
			"version":  scalar,
			"template": textual,
			"private":  boolean,
			"data": texts("startPageIdentifier").with(shape{
				"showSummary": boolean,
				"splash":      texts("header", "splashtext", "buttonTitle", "imageIdentifier").object,
				"pages":       appleFormPage.list,
			}).object,
		}.object,
	}),

	"ambListPickerResponse": {
		"replyMessage": appleBubble,
		"listPicker": shape{
			"otherItemCount":    scalar,
			"selectedItemCount": scalar,
			"otherItems":        appleSelectedItems,
			"selectedItems":     appleSelectedItems,
		}.object,
	},
	"ambTimePickerResponse": {
		"replyMessage": appleBubble,
		"datePicker": texts("identifier", "title", "timezoneOffset").with(shape{
			"location":  appleLocation,
			"timeslots": texts("identifier", "startTime", "duration").list,
		}).object,
	},
	"ambQuickRepliesResponse": texts("selectedIdentifier").with(shape{
		"selectedIndex": scalar,
		"items":         texts("identifier", "title").list,
	}),
	"ambFormResponse": {
		"replyMessage": appleBubble,
		"formMessage": shape{
			"template": choice("messageForms"),
			"private":  boolean,
			"version":  scalar,
			"selections": texts("pageIdentifier", "title", "subtitle").with(shape{
				"items": texts("identifier", "title", "value").with(shape{"type": appleInput}).list,
			}).list,
		}.object,
	},
}

// The parts that several Apple bodies have.
var (
	appleBubble        = texts("style", "title", "subtitle", "alternateTitle", "imageIdentifier").object
	appleImages        = texts("identifier", "url").list
	appleSelectedItems = texts("identifier", "style", "title", "url", "order").list
	appleLocation      = texts("title").with(shape{"latitude": scalar, "longitude": scalar, "radius": scalar}).object
	appleInput         = choice("select", "picker", "datePicker", "input")
)

// appleFormPage is the shape of a page of a form.
var appleFormPage = texts("pageIdentifier", "title", "subtitle", "nextPageIdentifier", "pickerTitle", "hintText").with(shape{
	"type":              appleInput,
	"multipleSelection": boolean,
	"submitForm":        boolean,
	"selectedItemIndex": scalar,
	"items":             texts("title", "value", "identifier", "nextPageIdentifier", "imageIdentifier").list,
	"options": texts(
		"labelText", "keyboardType", "placeholder", "prefixText", "startDate", "minimumDate", "maximumDate", "dateFormat",
		"inputType",
	).with(shape{
		"required":              boolean,
		"maximumCharacterCount": scalar,
	}).object,
})

// appleBody returns the shape of an outbound Apple body with the given data.
func appleBody(data shape) shape {
	return shape{
		"bid":               textOrNull,
		"data":              texts("requestIdentifier").with(shape{"version": scalar}).with(data).object,
		"useLiveLayout":     boolean,
		"requestIdentifier": textual,
		"replyMessage":      appleBubble,
		"receivedMessage":   appleBubble,
	}
}
