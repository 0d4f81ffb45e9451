package message_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// show prints the JSON of m.
func show(m message.Message) {
	data, err := json.Marshal(message.Wire(m))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(data))
}

func ExampleText() {
	show(message.Text{
		Direction: message.Inbound,
		Text:      "hello",
		Envelope: message.Envelope{
			AliasID:   "m-1",
			Timestamp: time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC),
		},
	})
	// Output: {"aliasId":"m-1","direction":"inbound","type":"text","timestamp":"2026-01-31T12:00:00Z","text":"hello"}
}

func ExampleText_announcement() {
	show(message.Text{Direction: message.Announcement, Text: "The customer has **left** the chat"})
	// Output: {"direction":"announcement","type":"text","text":"The customer has **left** the chat"}
}

func ExampleAttachments() {
	show(message.Attachments{
		Direction: message.Inbound,
		Attachments: []message.Attachment{
			{MIMEType: "image/png", FileName: "receipt.png", URL: "https://files.example.com/1"},
			{MIMEType: "image/png", FileName: "[Dropped]", Dropped: true},
		},
	})
	// Output: {"direction":"inbound","type":"attachments","attachments":[{"mimeType":"image/png","fileName":"receipt.png","fileUrl":"https://files.example.com/1","dropped":false},{"mimeType":"image/png","fileName":"[Dropped]","fileUrl":"","dropped":true}]}
}

func ExampleTextWithAttachments() {
	show(message.TextWithAttachments{
		Direction:   message.Outbound,
		Text:        "your invoice",
		Attachments: []message.Attachment{{MIMEType: "application/pdf", FileName: "invoice.pdf", URL: "https://files.example.com/2"}},
	})
	// Output: {"direction":"outbound","type":"text-with-attachments","text":"your invoice","attachments":[{"mimeType":"application/pdf","fileName":"invoice.pdf","fileUrl":"https://files.example.com/2","dropped":false}]}
}

func ExampleEmail() {
	show(message.Email{
		Direction: message.Inbound,
		Content: message.EmailContent{
			From:      "jane@example.com",
			To:        []string{"help@example.org"},
			PlainBody: "Where is my parcel?",
		},
	})
	// Output: {"direction":"inbound","type":"email","email":{"from":"jane@example.com","to":["help@example.org"],"bodyPlain":"Where is my parcel?"}}
}

func ExampleLiveChatCarousel() {
	show(message.LiveChatCarousel{
		Text: "Which one?",
		Content: message.LiveChatCarouselContent{
			Reference: "shoes",
			Elements: []message.LiveChatCarouselElement{{
				Title: "Runner",
				Buttons: []message.LiveChatButton{
					message.LiveChatLink("look", "Look", "https://shop.example.com/runner"),
					message.LiveChatPostback("buy", "Buy", "buy runner"),
				},
			}},
		},
	})
	// Output: {"direction":"outbound","type":"text-with-lc-carousel","text":"Which one?","lcCarousel":{"reference":"shoes","elements":[{"title":"Runner","buttons":[{"identifier":"look","type":"webUrl","title":"Look","url":"https://shop.example.com/runner"},{"identifier":"buy","type":"templatePostback","title":"Buy","payload":"buy runner"}]}]}}
}

func ExampleLiveChatQuickReplies() {
	show(message.LiveChatQuickReplies{
		Text: "Did that help?",
		Content: message.LiveChatQuickRepliesContent{
			Reference: "helped",
			Options:   []message.LiveChatQuickReply{message.NewLiveChatQuickReply("y", "Yes", "yes")},
		},
	})
	// Output: {"direction":"outbound","type":"text-with-lc-quick-replies","text":"Did that help?","lcQuickReplies":{"reference":"helped","options":[{"identifier":"y","type":"quickReplyPostback","title":"Yes","payload":"yes"}]}}
}

func ExampleWhatsAppButtons() {
	question := message.NewWhatsAppButtons("Do you agree?",
		message.NewWhatsAppButton("yes", "Agree"),
		message.NewWhatsAppButton("no", "Decline"),
	)
	question.Content.Header = message.WhatsAppDocumentHeader("https://files.example.com/terms.pdf", "terms.pdf")
	show(question)
	// Output: {"direction":"outbound","type":"wab-buttons","wabButtons":{"header":{"type":"document","document":{"url":"https://files.example.com/terms.pdf","filename":"terms.pdf"}},"body":{"text":"Do you agree?"},"action":{"buttons":[{"type":"reply","reply":{"id":"yes","title":"Agree"}},{"type":"reply","reply":{"id":"no","title":"Decline"}}]}}}
}

func ExampleWhatsAppList() {
	question := message.NewWhatsAppList("When?", "Choose", message.WhatsAppSection{
		Title: "Tomorrow",
		Rows:  []message.WhatsAppRow{{ID: "am", Title: "Morning", Description: "8 to 12"}, {ID: "pm", Title: "Afternoon"}},
	})
	question.Content.Header = message.WhatsAppTextHeader("Delivery")
	show(question)
	// Output: {"direction":"outbound","type":"wab-list","wabList":{"header":{"type":"text","text":"Delivery"},"body":{"text":"When?"},"action":{"button":"Choose","sections":[{"title":"Tomorrow","rows":[{"id":"am","title":"Morning","description":"8 to 12"},{"id":"pm","title":"Afternoon"}]}]}}}
}

func ExampleAppleListPicker() {
	show(message.AppleListPicker{Content: message.AppleListPickerContent{
		Data: message.AppleListPickerData{
			ListPicker: message.AppleList{Sections: []message.AppleListSection{{
				Title: "Drinks",
				Items: []message.AppleListItem{
					{Identifier: "tea", Title: "Tea"},
					{Identifier: "coffee", Title: "Coffee"},
				},
			}}},
		},
		ReceivedMessage: message.AppleBubble{Title: "Choose a drink"},
	}})
	// Output: {"direction":"outbound","type":"amb-list-picker","ambListPicker":{"data":{"version":"1.0","listPicker":{"sections":[{"title":"Drinks","order":0,"multipleSelection":false,"items":[{"identifier":"tea","title":"Tea","order":0},{"identifier":"coffee","title":"Coffee","order":1}]}]}},"receivedMessage":{"title":"Choose a drink"}}}
}

func ExampleAppleTimePicker() {
	nine := time.Date(2026, time.February, 2, 9, 0, 0, 0, time.UTC)
	show(message.AppleTimePicker{Content: message.AppleTimePickerContent{
		Data: message.AppleTimePickerData{Event: message.AppleEvent{
			Title:          "Fitting",
			TimezoneOffset: new(60),
			Timeslots: []message.AppleTimeslot{
				{Identifier: "t1", StartTime: nine, Duration: 30 * time.Minute},
			},
		}},
		ReceivedMessage: message.AppleBubble{Title: "Choose a time"},
	}})
	// Output: {"direction":"outbound","type":"amb-time-picker","ambTimePicker":{"data":{"version":"1.0","event":{"title":"Fitting","timezoneOffset":60,"timeslots":[{"identifier":"t1","startTime":"2026-02-02T09:00+0000","duration":1800}]}},"receivedMessage":{"title":"Choose a time"}}}
}

func ExampleAppleQuickReplies() {
	show(message.AppleQuickReplies{Content: message.AppleQuickRepliesContent{Data: message.AppleQuickRepliesData{
		QuickReply: message.AppleQuickReply{
			SummaryText: "Did that help?",
			Items:       []message.AppleQuickReplyItem{{Identifier: "y", Title: "Yes"}, {Identifier: "n", Title: "No"}},
		},
	}}})
	// Output: {"direction":"outbound","type":"amb-quick-replies","ambQuickReplies":{"data":{"version":"1.0","quick-reply":{"summaryText":"Did that help?","items":[{"identifier":"y","title":"Yes"},{"identifier":"n","title":"No"}]}}}}
}

func ExampleAppleForm() {
	pages := message.AppleFormPages{
		StartPageIdentifier: "topic",
		Pages: []message.AppleFormPage{{
			PageIdentifier: "topic",
			Type:           message.AppleFormSelect,
			Title:          "What is it about?",
			SubmitForm:     true,
			Items:          []message.AppleFormItem{{Identifier: "bill", Title: "A bill", Value: "bill"}},
		}},
	}
	show(message.AppleForm{Content: message.AppleFormContent{
		Data:            message.AppleFormData{Dynamic: message.AppleFormDynamic{Data: pages}},
		ReceivedMessage: message.AppleBubble{Title: "A question"},
	}})
	// Output: {"direction":"outbound","type":"amb-form","ambForm":{"data":{"version":"1.0","dynamic":{"template":"messageForms","private":false,"data":{"startPageIdentifier":"topic","showSummary":false,"pages":[{"pageIdentifier":"topic","type":"select","title":"What is it about?","submitForm":true,"items":[{"identifier":"bill","title":"A bill","value":"bill"}]}]}}},"receivedMessage":{"title":"A question"}}}
}

// The struct of a response contains the choice of the customer.
func ExampleDecode() {
	for _, data := range []string{
		`{"type":"text","direction":"inbound","text":"hello"}`,
		`{"type":"lc-carousel-response","lcCarouselResponse":{"identifier":"buy","title":"Buy"}}`,
		`{"type":"lc-quick-replies-response","lcQuickRepliesResponse":{"payload":"yes"}}`,
		`{"type":"lcFormResponse","lcFormResponse":{"fields":[{"name":"topic","value":"a bill"}]}}`,
		`{"type":"wab-interactive-response","wabInteractiveResponse":{"identifier":"am"}}`,
		`{"type":"amb-list-picker-response","ambListPickerResponse":{"listPicker":{"selectedItems":[{"identifier":"tea","order":"0"}]}}}`,
		`{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timeslots":[{"identifier":"t1","duration":"1800"}]}}}`,
		`{"type":"amb-quick-replies-response","ambQuickRepliesResponse":{"selectedIdentifier":"y"}}`,
		`{"type":"amb-form-response","ambFormResponse":{"formMessage":{"selections":[{"pageIdentifier":"topic","items":[{"value":"bill"}]}]}}}`,
		`{"type":"hologram","direction":"inbound"}`,
	} {
		m, err := message.Decode([]byte(data))
		if err != nil {
			fmt.Println(err)
			return
		}
		switch m := m.(type) {
		case message.Text:
			fmt.Println("text:", m.Text)
		case message.LiveChatCarouselResponse:
			fmt.Println("carousel:", m.Content.Title)
		case message.LiveChatQuickRepliesResponse:
			fmt.Println("quick reply:", m.Content.Payload)
		case message.LiveChatFormResponse:
			fmt.Println("form:", m.Content.Fields[0].Value)
		case message.WhatsAppInteractiveResponse:
			fmt.Println("WhatsApp:", m.Content.Identifier)
		case message.AppleListPickerResponse:
			fmt.Println("list:", m.Content.ListPicker.SelectedItems[0].Identifier)
		case message.AppleTimePickerResponse:
			fmt.Println("time:", m.Content.DatePicker.Timeslots[0].Identifier)
		case message.AppleQuickRepliesResponse:
			fmt.Println("Apple quick reply:", m.Content.SelectedIdentifier)
		case message.AppleFormResponse:
			fmt.Println("Apple form:", m.Content.FormMessage.Selections[0].Items[0].Value)
		case message.Unknown:
			fmt.Println("unknown:", m.Type())
		}
	}
	// Output:
	// text: hello
	// carousel: Buy
	// quick reply: yes
	// form: a bill
	// WhatsApp: am
	// list: tea
	// time: t1
	// Apple quick reply: y
	// Apple form: bill
	// unknown: hologram
}

// A flow may contain one message or a list.
func ExampleDecodeAll() {
	messages, err := message.DecodeAll([]byte(`[{"type":"text","text":"hello"},{"type":"text","text":"bye"}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range messages {
		fmt.Println(message.TextOf(m))
	}
	// Output:
	// hello
	// bye
}

func ExampleTextOf() {
	fmt.Println(message.TextOf(message.NewWhatsAppButtons("Do you agree?",
		message.NewWhatsAppButton("yes", "Agree"), message.NewWhatsAppButton("no", "Decline"))))
	// Output: Do you agree? [Agree | Decline]
}

func ExampleAttachmentsOf() {
	for _, file := range message.AttachmentsOf(message.TextWithAttachments{
		Direction: message.Inbound, Text: "the receipt",
		Attachments: []message.Attachment{{FileName: "receipt.png", URL: "https://files.example.com/1"}},
	}) {
		fmt.Println(file.FileName)
	}
	// Output: receipt.png
}

// A program can treat the answers of all channels alike.
func ExampleChoiceOf() {
	for _, data := range []string{
		`{"type":"lc-quick-replies-response","lcQuickRepliesResponse":{"identifier":"y","title":"Yes","payload":"yes"}}`,
		`{"type":"wab-interactive-response","wabInteractiveResponse":{"identifier":"y","title":"Yes"}}`,
		`{"type":"amb-quick-replies-response","ambQuickRepliesResponse":{"selectedIndex":0,"items":[{"identifier":"y","title":"Yes"}]}}`,
		`{"type":"text","text":"yes"}`,
	} {
		m, err := message.Decode([]byte(data))
		if err != nil {
			fmt.Println(err)
			return
		}
		choice, ok := message.ChoiceOf(m)
		fmt.Println(choice.Identifier, choice.Title, ok)
	}
	// Output:
	// y Yes true
	// y Yes true
	// y Yes true
	//   false
}

func ExampleDecode_error() {
	_, err := message.Decode([]byte(`{"type":"text","text":"hello","text":"bye"}`))
	fmt.Println(err)
	// Output: message: text appears twice
}

// A bad value leaves its field zero. It is kept when the message is encoded again.
func ExampleDecode_badValue() {
	m, err := message.Decode([]byte(`{"type":"text","direction":"inbound","text":"hello","timestamp":"yesterday"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(message.EnvelopeOf(m).Timestamp.IsZero())
	show(m)
	// Output:
	// true
	// {"type":"text","direction":"inbound","text":"hello","timestamp":"yesterday"}
}

func ExampleCheck() {
	announcement := message.Text{Direction: message.Announcement, Text: " "}
	for _, violation := range message.Check(announcement, outcome.AppendMessage, outcome.V10, channel.LiveChat) {
		fmt.Println(violation)
	}
	// Output:
	// Type is not supported: AppendMessage 1.0 cannot carry announcement text on livechat; supported: announcement text on livechat by AppendMessage 1.3 or later and CreateConversation 1.2 or later; announcement text on sms, facebook, whatsapp, amb, api by AppendMessage 1.3 or later and CreateConversation 1.3 or later; announcement text on email by AppendMessage 1.3 or later and CreateConversation 1.3 or later
	// Text is empty
}

func ExampleSince() {
	fmt.Println(message.Since(message.TypeWhatsAppButtons, message.Outbound, channel.WhatsApp, outcome.AppendMessage))
	// Output: 1.4
}

func ExampleSupportTable() {
	for _, row := range message.SupportTable() {
		if row.Type == message.TypeEmail {
			fmt.Println(row)
		}
	}
	// Output:
	// inbound email on email by AppendMessage 1.0 or later and CreateConversation 1.0 or later
	// outbound email on email by AppendMessage 1.0 or later and CreateConversation 1.0 or later
}

func ExampleStamp() {
	stamped := message.Stamp(message.Text{Direction: message.Inbound, Text: "hello"}, "m-1", time.Unix(0, 0))
	show(stamped)
	// Output: {"aliasId":"m-1","direction":"inbound","type":"text","timestamp":"1970-01-01T00:00:00Z","text":"hello"}
}

func ExampleParseTimestamp() {
	at, err := message.ParseTimestamp("2026-01-31T13:00:00+01:00")
	fmt.Println(at, err)
	// Output: 2026-01-31 12:00:00 +0000 UTC <nil>
}
