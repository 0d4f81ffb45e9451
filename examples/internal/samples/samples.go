// Package samples has messages of every content type, for the examples to send and show.
// Nobody may change them: the examples share their lists.
package samples

import (
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// picture is the attachment of several messages.
var picture = message.Attachment{MIMEType: "image/png", FileName: "shoe.png", URL: "https://files.example.com/shoe.png"}

// shoes is a carousel of two cards, of which only the first has a picture and a link.
var shoes = message.LiveChatCarousel{
	Text: "Which one?",
	Content: message.LiveChatCarouselContent{Reference: "shoes", Elements: []message.LiveChatCarouselElement{
		{Title: "Red shoe", ImageURLs: []string{picture.URL}, Buttons: []message.LiveChatButton{
			message.LiveChatPostback("red", "Take it", "take-red"),
			message.LiveChatLink("about-red", "Read more", "https://shop.example/red"),
		}},
		{Title: "Blue shoe", Buttons: []message.LiveChatButton{message.LiveChatPostback("blue", "Take it", "take-blue")}},
	}},
}

// Carousel returns the live chat carousel that [Messages] has.
func Carousel() message.LiveChatCarousel { return shoes }

// WhatsAppButtons returns a question with a button for each answer, which is both the title
// and the identifier of its button. More than three answers make it invalid.
func WhatsAppButtons(answers ...string) message.WhatsAppButtons {
	var buttons []message.WhatsAppButton
	for _, answer := range answers {
		buttons = append(buttons, message.NewWhatsAppButton(answer, answer))
	}
	return message.NewWhatsAppButtons("Did it fit?", buttons...)
}

// slot is the start of the time slot in the time picker and in its answer.
var slot = time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)

// Messages returns the samples of a channel, and nil for an unknown channel. All are valid
// on it in the newest version of an append. A type that several channels have, such as
// text, is a sample of only one or two of them: all channels together have every type. The
// caller must not change the list.
func Messages(ch channel.Channel) []message.Message { return messages[ch] }

// messages has the samples, by channel. Each question comes before its answer.
var messages = map[channel.Channel][]message.Message{
	channel.SMS: {
		message.Text{Direction: message.Inbound, Text: "Do you have shoes?"},
		message.Text{Direction: message.Announcement, Text: "The customer has waited **10 minutes**."},
	},
	channel.Facebook: {
		message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{picture}},
		message.TextWithAttachments{Direction: message.Outbound, Text: "This one?", Attachments: []message.Attachment{picture}},
	},
	channel.Email: {
		message.Email{Direction: message.Inbound, Content: message.EmailContent{
			From: "ann@mail.example", To: []string{"help@shop.example"}, PlainBody: "The shoe is broken.",
			Headers: map[string]string{"Message-ID": "<1@mail.example>"},
		}, Attachments: []message.Attachment{picture}},
	},
	channel.LiveChat: {
		shoes,
		message.LiveChatCarouselResponse{Content: message.LiveChatCarouselResponseContent{Identifier: "red", Reference: "shoes", Title: "Take it"}},
		message.LiveChatQuickReplies{Text: "Which size?", Content: message.LiveChatQuickRepliesContent{
			Reference: "sizes", Options: []message.LiveChatQuickReply{
				message.NewLiveChatQuickReply("41", "Size 41", "41"), message.NewLiveChatQuickReply("42", "Size 42", "42"),
			},
		}},
		message.LiveChatQuickRepliesResponse{Content: message.LiveChatQuickRepliesResponseContent{
			Identifier: "42", Reference: "sizes", Title: "Size 42", Payload: "42",
		}},
		message.LiveChatFormResponse{Content: message.LiveChatFormResponseContent{Title: "Address", Fields: []message.LiveChatFormField{
			{Label: "Town", Name: "town", Type: "text", Value: "Oslo"},
		}}},
	},
	channel.WhatsApp: {
		WhatsAppButtons("Yes", "No"),
		message.WhatsAppInteractiveResponse{Content: message.WhatsAppInteractiveResponseContent{Identifier: "No", Title: "No"}},
		message.NewWhatsAppList("What shall we do?", "Choose", message.WhatsAppSection{Title: "Return", Rows: []message.WhatsAppRow{
			{ID: "swap", Title: "Swap it"}, {ID: "refund", Title: "Refund", Description: "takes a week"},
		}}),
	},
	channel.Apple: {
		message.AppleListPicker{Content: message.AppleListPickerContent{Data: message.AppleListPickerData{
			ListPicker: message.AppleList{Sections: []message.AppleListSection{{
				Title: "Shoes", Items: []message.AppleListItem{{Identifier: "red", Title: "Red shoe"}, {Identifier: "blue", Title: "Blue shoe"}},
			}}},
		}}},
		message.AppleListPickerResponse{Content: message.AppleListPickerResponseContent{ListPicker: message.AppleSelection{
			SelectedItemCount: 1, SelectedItems: []message.AppleSelectedItem{{Identifier: "red", Title: "Red shoe"}},
		}}},
		message.AppleTimePicker{Content: message.AppleTimePickerContent{Data: message.AppleTimePickerData{
			Event: message.AppleEvent{Title: "Fitting", Timeslots: []message.AppleTimeslot{{Identifier: "slot-1", StartTime: slot, Duration: 30 * time.Minute}}},
		}}},
		message.AppleTimePickerResponse{Content: message.AppleTimePickerResponseContent{DatePicker: message.AppleDatePicker{
			Title: "Fitting", Timeslots: []message.AppleSelectedTimeslot{{Identifier: "slot-1", StartTime: slot, Duration: 30 * time.Minute}},
		}}},
		message.AppleQuickReplies{Content: message.AppleQuickRepliesContent{Data: message.AppleQuickRepliesData{
			QuickReply: message.AppleQuickReply{SummaryText: "Was it good?", Items: []message.AppleQuickReplyItem{
				{Identifier: "yes", Title: "Yes"}, {Identifier: "no", Title: "No"},
			}},
		}}},
		message.AppleQuickRepliesResponse{Content: message.AppleQuickRepliesResponseContent{
			SelectedIdentifier: "yes", Items: []message.AppleQuickReplyItem{{Identifier: "yes", Title: "Yes"}},
		}},
		message.AppleForm{Content: message.AppleFormContent{Data: message.AppleFormData{Dynamic: message.AppleFormDynamic{
			Data: message.AppleFormPages{StartPageIdentifier: "size", Pages: []message.AppleFormPage{{
				PageIdentifier: "size", Type: message.AppleFormSelect, Title: "Which size?", SubmitForm: true,
				Items: []message.AppleFormItem{{Identifier: "41", Title: "41", Value: "41"}},
			}}},
		}}}},
		message.AppleFormResponse{Content: message.AppleFormResponseContent{FormMessage: message.AppleFormMessage{
			Template: message.AppleFormTemplate,
			Selections: []message.AppleFormSelection{{
				PageIdentifier: "size", Title: "Which size?", Items: []message.AppleFormAnswer{{Identifier: "41", Title: "41", Value: "41"}},
			}},
		}}},
	},
	channel.API: {message.Text{Direction: message.Outbound, Text: "It is on its way."}},
}
