package stream

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// MessageEvent is what a customer wrote, sent or chose. Header.Kind says which.
type MessageEvent struct {
	Header
	// Text is what the customer wrote. On email it is the plain text. It is empty for
	// a choice, unless the channel repeats the choice as a text.
	Text string
}

// placeholder stands for a file in Apple's texts (documented).
const placeholder = "\uFFFC"

func messageText(h Header) string {
	if h.Channel == MMS && h.JSON("message") != nil {
		return "" // the member holds the files
	}
	return strings.TrimSpace(strings.ReplaceAll(h.members.Text("message", "textMessage"), placeholder, ""))
}

// Postback is an answer that the customer tapped.
type Postback struct {
	// Identifier identifies the answer. Title is its text.
	Identifier, Title string
	// Payload is the hidden value that the sender of the question gave the answer.
	Payload string
	// Reference identifies the question.
	Reference string
}

// Postback returns the answer that the customer tapped. Of several from Apple's list
// picker it returns the first. It returns the zero Postback if the event has none.
func (e MessageEvent) Postback() Postback {
	answer := e.answer()
	p := Postback{
		Identifier: cmp.Or(e.Member("listRowIdentifier", "replyButtonIdentifier"), answer.Text("identifier", "selectedIdentifier")),
		Title:      cmp.Or(e.Member("listRowTitle", "replyButtonTitle", "buttonText", "title"), answer.Text("title")),
		Payload:    cmp.Or(e.Member("buttonPayload", "payload"), answer.Text("payload")),
		Reference:  cmp.Or(e.Member("contextId"), answer.Text("reference")),
	}
	for _, item := range tolerant.Elements(answer.Nested("items"), message.MaxValues) {
		if m := tolerant.MembersOf(item); p.Title == "" && m.Text("identifier") == p.Identifier {
			p.Title = m.Text("title")
		}
	}
	if p.Payload == "" && answer == nil {
		p.Payload = e.Member("postback", "quickReplyPayload") // RCS has it as a text
	}
	return p
}

// answer returns the members of the object that holds the answer, on the channels
// that have one.
func (e MessageEvent) answer() tolerant.Members {
	picked := tolerant.MembersOf(e.JSON("listPicker")).Nested("selectedItems")
	for _, item := range tolerant.Elements(picked, 1) {
		return tolerant.MembersOf(item)
	}
	for _, name := range []string{"interactiveData", "quickreplies", "postback", "quickReplyPayload"} {
		if object := e.JSON(name); object != nil {
			return tolerant.MembersOf(object)
		}
	}
	return nil
}

// Content returns the event as an inbound message for AppendMessage and
// CreateConversation.
//
// It returns nil without an error if no content type fits: a location or a contact
// card alone, or an answer on RCS, Messenger or Instagram. It returns a [*DecodeError] or a
// [*message.DecodeError] if the content cannot be read, or if an answer is missing.
//
// The alias id of the message is the event's TransactionID, else its ID, so that all
// duplicates of an event make the same message. The timestamp of the message is the
// event's time.
//
// The content is changed as follows:
//
//   - The answer of an iMessage app becomes a text, the app's URL (observed in the vendor's
//     own flow).
//   - A link in a message without text becomes the text. So does the caption of a file.
//   - A file without a URL is marked as dropped.
//   - A file without a name, an extension or a media type gets one from its URL. A WhatsApp
//     document can get its name from its caption.
//   - All else, such as a location, is left out. [MessageEvent.Attachments] and
//     [Header.JSON] return it.
//
// The text and the HTML of an email stay as they came. In the vendor's samples both are
// escaped twice. It is assumed that a tapped template button of WhatsApp is a
// wab-interactive-response.
func (e MessageEvent) Content() (message.Message, error) {
	content, err := e.content()
	if err != nil || content == nil {
		return nil, err
	}
	return message.Stamp(content, cmp.Or(e.TransactionID, e.ID), e.Time), nil
}

// content returns the message without alias id and timestamp. It returns nil if no content
// type fits.
func (e MessageEvent) content() (message.Message, error) {
	switch {
	case e.Channel == channel.Email:
		return e.email()
	case e.Kind == KindMessage:
		return e.plain(e.Text)
	case e.Kind == KindAppResponse:
		return e.plain(e.Member("url"))
	case e.Channel == channel.Apple:
		return e.apple()
	case e.Channel == channel.WhatsApp:
		return e.whatsApp(), nil
	case e.Channel == channel.LiveChat && e.Kind == KindPostback:
		return e.liveChatPostback(), nil
	case e.Channel == channel.LiveChat && e.Kind == KindFormResponse:
		return e.liveChatForm()
	}
	return nil, nil
}

func (e MessageEvent) plain(text string) (message.Message, error) {
	attachments, err := e.Attachments()
	if err != nil {
		return nil, err
	}
	return plainMessage(text, attachments), nil
}

// plainMessage returns a message of text, files or both, and nil for neither. It leaves
// out locations. If there is no text, the first link, or caption that is not the file's
// name, becomes the text.
func plainMessage(text string, attachments []Attachment) message.Message {
	var files []message.Attachment
	for _, a := range attachments {
		if a.Caption != a.Name {
			text = cmp.Or(text, a.Caption)
		}
		switch tolerant.Fold(a.Type) {
		case "location":
			continue
		case "link":
			text = cmp.Or(text, a.URL)
			continue
		}
		if a.URL != "" || a.Name != "" {
			files = append(files, a.message())
		}
	}
	switch {
	case text == "" && len(files) == 0:
		return nil
	case text == "":
		return message.Attachments{Direction: message.Inbound, Attachments: files}
	case len(files) == 0:
		return message.Text{Direction: message.Inbound, Text: text}
	}
	return message.TextWithAttachments{Direction: message.Inbound, Text: text, Attachments: files}
}

func (e MessageEvent) email() (message.Message, error) {
	attachments, err := e.Attachments()
	if err != nil {
		return nil, err
	}
	m := message.Email{
		Direction: message.Inbound,
		Content: message.EmailContent{
			From:      e.Customer,
			To:        slices.Collect(recipients(e.members)),
			PlainBody: cmp.Or(e.Member("textMessage"), e.Member("message")),
			HTMLBody:  e.Member("htmlMessage"),
		},
	}
	for _, a := range attachments {
		m.Attachments = append(m.Attachments, a.message())
	}
	return m, nil
}

// appleContents is the table of Apple's answers: the member that holds the answer, and
// the type and the members of the message for it.
var appleContents = map[Kind]struct {
	member string
	typ    message.Type
	format string
}{
	KindListResponse: {"listPicker", message.TypeAppleListPickerResponse, `"ambListPickerResponse":{"listPicker":%s}`},
	KindTimeResponse: {"datePicker", message.TypeAppleTimePickerResponse, `"ambTimePickerResponse":{"datePicker":%s}`},
	KindQuickReply:   {"quickreplies", message.TypeAppleQuickRepliesResponse, `"ambQuickRepliesResponse":%s`},
	KindFormResponse: {"formResponse", message.TypeAppleFormResponse, `"ambFormResponse":{"formMessage":%s}`},
}

// apple returns the message for an answer on Apple. In the payload the answer has the
// same shape as in the message schema.
func (e MessageEvent) apple() (message.Message, error) {
	row, ok := appleContents[e.Kind]
	if !ok {
		return nil, nil
	}
	answer := e.JSON(row.member)
	if len(answer) == 0 || answer[0] != '{' {
		return nil, &DecodeError{"has no " + row.member + " that can be read"}
	}
	return message.Decode(fmt.Appendf(nil, `{"type":%q,"direction":"inbound",`+row.format+`}`, row.typ, answer))
}

func (e MessageEvent) whatsApp() message.Message {
	p := e.Postback()
	return message.WhatsAppInteractiveResponse{Content: message.WhatsAppInteractiveResponseContent{
		Title: p.Title, Identifier: cmp.Or(p.Identifier, p.Payload),
	}}
}

// liveChatPostback returns the answer to a carousel or to quick replies, depending on
// the payload's type.
func (e MessageEvent) liveChatPostback() message.Message {
	p := e.Postback()
	if strings.EqualFold(e.answer().Text("type"), "templatePostback") {
		return message.LiveChatCarouselResponse{Content: message.LiveChatCarouselResponseContent{
			Identifier: p.Identifier, Reference: p.Reference, Title: p.Title,
		}}
	}
	return message.LiveChatQuickRepliesResponse{Content: message.LiveChatQuickRepliesResponseContent{
		Identifier: p.Identifier, Reference: p.Reference, Title: p.Title, Payload: p.Payload,
	}}
}

// liveChatForm returns the answers of the first form in the list of attachments.
func (e MessageEvent) liveChatForm() (message.Message, error) {
	forms := tolerant.Elements(e.JSON("attachments"), 1)
	if len(forms) == 0 || forms[0][0] != '{' {
		return nil, &DecodeError{"has no form that can be read"}
	}
	form := tolerant.MembersOf(tolerant.MembersOf(forms[0]).Nested("payload"))
	fields, ok := tolerant.AllElements(form.Nested("fields"), message.MaxValues)
	if !ok {
		return nil, &DecodeError{"has a form of too many fields"}
	}
	content := message.LiveChatFormResponseContent{Title: form.Text("title")}
	for _, each := range fields {
		field := tolerant.MembersOf(each)
		content.Fields = append(content.Fields, message.LiveChatFormField{
			Label: field.Text("label"), Name: field.Text("name"), Type: field.Text("type"), Value: field.Text("value"),
		})
	}
	return message.LiveChatFormResponse{Content: content}, nil
}
