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

// appleContent is a row of the table of Apple's answers: the member of the
// payload that holds one, and the message it belongs in.
type appleContent struct {
	member string
	typ    message.Type
	format string
}

var appleContents = map[Kind]appleContent{
	KindListResponse: {"listPicker", message.TypeAppleListPickerResponse, `"ambListPickerResponse":{"listPicker":%s}`},
	KindTimeResponse: {"datePicker", message.TypeAppleTimePickerResponse, `"ambTimePickerResponse":{"datePicker":%s}`},
	KindQuickReply:   {"quickreplies", message.TypeAppleQuickRepliesResponse, `"ambQuickRepliesResponse":%s`},
	KindFormResponse: {"formResponse", message.TypeAppleFormResponse, `"ambFormResponse":{"formMessage":%s}`},
}

// content returns the event's message without an envelope, or nil.
func (e MessageEvent) content() (message.Message, error) {
	switch {
	case e.Channel == channel.Email:
		return e.email()
	case e.Kind == KindMessage:
		return e.plain()
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

func (e MessageEvent) plain() (message.Message, error) {
	attachments, err := e.Attachments()
	if err != nil {
		return nil, err
	}
	return plainMessage(e.Text, attachments), nil
}

// plainMessage returns a message of text, files or both; nil for neither. What
// has the place of a file but is none is left out, save for a link without a
// text.
func plainMessage(text string, attachments []Attachment) message.Message {
	var files []message.Attachment
	for _, a := range attachments {
		text = cmp.Or(text, a.Caption)
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

// apple puts an answer of Apple's, which has the shape of the schema's, into
// its message.
func (e MessageEvent) apple() (message.Message, error) {
	row, ok := appleContents[e.Kind]
	if !ok {
		return nil, nil
	}
	answer := e.JSON(row.member)
	if answer == nil {
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

// liveChatPostback returns the answer to a carousel or to quick replies; the
// payload's type says which.
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
