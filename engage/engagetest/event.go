package engagetest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// Event returns the stream event in which the vendor passes on a message of a customer,
// for tests of receivers. Send it with a stream.Sender, which signs it and repeats it as
// the vendor does; see [HandlerTransport]. To test duplicates, send the event twice.
//
// The event has the members of the vendor's samples (documented). The alias id of m
// becomes the transaction id, or a random one if it is empty. The timestamp becomes the
// time of the event, or the current time if it is zero. On WhatsApp and Messenger the
// event names the business only as its app (documented), for which Event uses the address
// of the business.
//
// Event returns an error if m is not inbound, or if the service does not accept it on the
// channel. It also returns an error where no document shows an event: for the channel
// API, and for a WhatsApp message with several files.
func Event(address channel.Address, m message.Message) ([]byte, error) {
	to := address.Members()
	m = message.Stamp(m, rand.Text(), time.Now())
	read, err := fromCustomer(to.Channel, m)
	if err != nil {
		return nil, fmt.Errorf("engagetest: Event: %w", err)
	}
	raw := encode(m)
	unlimited, _ := newObject(raw)
	read.Attachments = unlimited.attachments(read.Type) // Engage limits the files, the channel does not (assumed).
	e := event{
		to:      to,
		message: read,
		members: map[string]any{
			"tid": read.AliasID, "ts": read.Timestamp.Format(time.RFC3339Nano), "event": "MO", "message": read.Text,
		},
	}
	_ = json.Unmarshal(raw, &e.content) // It is an object.
	if err := e.fill(); err != nil {
		return nil, fmt.Errorf("engagetest: Event: %w", err)
	}
	return encode(e.members), nil
}

// MessengerPostback returns the stream event in which the vendor passes on that a customer
// has tapped a button in Messenger (documented). The payload is that of the button. No
// message of a conversation has such an answer.
func MessengerPostback(address channel.FacebookAddress, payload string) []byte {
	e := event{to: address.Members(), members: map[string]any{
		"tid": rand.Text(), "ts": time.Now().UTC().Format(time.RFC3339Nano), "message": "",
	}}
	e.fillMessenger()
	e.members["event"] = "OnPostback"
	e.members["postback"] = inString(map[string]string{"payload": payload})
	return encode(e.members)
}

// event is a stream event while Event makes it.
type event struct {
	to      channel.Members
	message Message
	content map[string]json.RawMessage // The members of the message.
	members map[string]any             // The members of the event.
}

// fill sets the members of the channel.
func (e event) fill() error {
	switch e.to.Channel {
	case sms:
		e.fillSMS()
	case facebook:
		e.fillMessenger()
	case liveChat:
		e.fillLiveChat()
	case email:
		e.fillEmail()
	case whatsApp:
		return e.fillWhatsApp()
	case apple:
		e.fillApple()
	default:
		return fmt.Errorf("no document shows an event of the channel %q", e.to.Channel)
	}
	return nil
}

func (e event) fillSMS() {
	delete(e.members, "event") // An SMS has none.
	e.members["channel"] = "SMS"
	e.members["message_source"] = "SMS"
	e.members["messageCount"] = "1"
	e.members["oa"] = e.to.CustomerAddress
	e.members["da"] = e.to.BusinessAddress
	e.members["userId"] = e.to.CustomerAddress
}

func (e event) fillMessenger() {
	e.members["channel"] = "Facebook Messenger"
	e.members["psid"] = e.to.CustomerAddress
	e.members["userId"] = e.to.CustomerAddress
	e.members["appId"] = e.to.BusinessAddress
	e.members["attachments"] = e.files(func(a Attachment) any {
		return map[string]any{"type": kindOfFile(a), "payload": map[string]string{"url": a.URL}}
	})
}

func (e event) fillLiveChat() {
	e.members["channel"] = "Rtm"
	e.members["userId"] = e.to.CustomerAddress
	e.members["appId"] = e.to.BusinessAddress
	e.members["thread_id"] = e.to.ThreadID
	e.members["thread"] = inString(map[string]string{"id": e.to.ThreadID, "type": "Conversation", "status": "Active"})
	e.members["extras"] = ""
	if e.to.BrowserFingerprint != "" {
		e.members["extras"] = inString(map[string]string{"browserFingerprint": e.to.BrowserFingerprint})
	}
	e.members["replyTo"] = ""
	switch e.message.Type {
	case "lc-quick-replies-response":
		e.fillPostback("lcQuickRepliesResponse", "quickReplyPostback")
	case "lc-carousel-response":
		e.fillPostback("lcCarouselResponse", "templatePostback")
	case "lc-form-response":
		e.members["event"] = "OnFormResponse"
		e.members["attachments"] = inString([]any{map[string]any{
			"templateType": "form", "contentType": "template", "payload": e.content["lcFormResponse"],
		}})
	default:
		e.members["attachments"] = e.files(func(a Attachment) any {
			return map[string]string{"id": a.FileName, "name": a.FileName, "contentType": a.MIMEType, "file": a.URL}
		})
	}
}

// fillPostback sets the members of an answer in live chat.
func (e event) fillPostback(member, typ string) {
	e.members["event"] = "OnPostback"
	e.members["interactiveData"] = string(withMember(e.content[member], "type", encode(typ)))
}

func (e event) fillEmail() {
	var body struct {
		PlainBody    string `json:"bodyPlain"`
		HTMLBody     string `json:"bodyHtml"`
		StrippedText string `json:"strippedText"`
		StrippedHTML string `json:"strippedHtml"`
	}
	_ = json.Unmarshal(e.content["email"], &body) // It has been read before.
	recipients := e.to.ToRecipients
	if len(recipients) == 0 {
		recipients = []string{e.to.BusinessAddress}
	}
	delete(e.members, "message")
	e.members["channel"] = "Email"
	e.members["event"] = "Inbound Message"
	e.members["from"] = e.to.CustomerAddress
	e.members["to"] = inString(recipients)
	e.members["subject"] = e.to.Subject
	e.members["textMessage"] = cmp.Or(body.PlainBody, body.StrippedText)
	e.members["htmlMessage"] = cmp.Or(body.HTMLBody, body.StrippedHTML)
	e.members["attachments"] = e.files(func(a Attachment) any {
		return map[string]string{"name": a.FileName, "contentType": a.MIMEType, "url": a.URL}
	})
}

func (e event) fillWhatsApp() error {
	e.members["channel"] = "WhatsApp"
	e.members["userId"] = e.to.CustomerAddress
	e.members["waid"] = e.to.CustomerAddress
	e.members["waidDerived"] = "true"
	e.members["appId"] = e.to.BusinessAddress
	if e.message.Type == "wab-interactive-response" {
		var answer struct{ Title, Identifier string }
		_ = json.Unmarshal(e.content["wabInteractiveResponse"], &answer) // It has been read before.
		e.members["event"] = "reply"
		e.members["replyButtonIdentifier"] = answer.Identifier
		e.members["replyButtonTitle"] = answer.Title
		return nil
	}
	files := e.message.Attachments
	if len(files) > 1 {
		return errors.New("no document shows a WhatsApp message with several files")
	}
	e.members["type"] = "text"
	if len(files) == 1 {
		e.members["type"] = kindOfFile(files[0])
		e.members["message"] = "" // The text is the caption of the file.
	}
	e.members["attachments"] = e.files(func(a Attachment) any {
		return map[string]string{"mime_type": a.MIMEType, "url": a.URL, "caption": e.message.Text}
	})
	return nil
}

// appleAnswers has the event and the member of each of Apple's answers, and the member of
// the message that holds the answer.
var appleAnswers = map[string]struct{ event, member, content, within string }{
	"amb-list-picker-response":   {"INTERACTIVERESPONSE", "listPicker", "ambListPickerResponse", "listPicker"},
	"amb-time-picker-response":   {"INTERACTIVERESPONSE", "datePicker", "ambTimePickerResponse", "datePicker"},
	"amb-quick-replies-response": {"QuickReplyResponse", "quickreplies", "ambQuickRepliesResponse", ""},
	"amb-form-response":          {"FormResponse", "formResponse", "ambFormResponse", "formMessage"},
}

func (e event) fillApple() {
	e.members["channel"] = "AppleBusinessChat"
	e.members["abcUserId"] = e.to.CustomerAddress
	e.members["abcAccountId"] = e.to.BusinessAddress
	answer, ok := appleAnswers[e.message.Type]
	if !ok {
		e.members["attachments"] = e.files(func(a Attachment) any {
			return map[string]string{"name": a.FileName, "mimeType": a.MIMEType, "type": kindOfFile(a), "url": a.URL}
		})
		return
	}
	chosen := e.content[answer.content]
	if answer.within != "" {
		var body map[string]json.RawMessage
		_ = json.Unmarshal(chosen, &body) // It has been read before.
		chosen = body[answer.within]
	}
	delete(e.members, "message")
	e.members["event"] = answer.event
	e.members["listPicker"], e.members["datePicker"] = "", ""
	e.members[answer.member] = string(chosen)
}

// files returns the files of the message as a list in a string. It returns "" if there
// are none.
func (e event) files(convert func(Attachment) any) string {
	var list []any
	for _, a := range e.message.Attachments {
		list = append(list, convert(a))
	}
	if list == nil {
		return ""
	}
	return inString(list)
}

// kindOfFile returns the channels' word for the kind of a file.
func kindOfFile(a Attachment) string {
	kind, _, _ := strings.Cut(a.MIMEType, "/")
	switch kind {
	case "image", "video", "audio":
		return kind
	}
	return "document"
}

// inString returns the JSON of a value as a string, as the vendor nests objects.
func inString(value any) string { return string(encode(value)) }
