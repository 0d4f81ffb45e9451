package message_test

import (
	"time"

	"github.com/engagesdk/engage-go/engage/message"
)

// The times, the alias id and the envelopes of the samples.
var (
	sent    = time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)
	nine    = time.Date(2026, time.February, 2, 9, 0, 0, 0, time.UTC)
	aliasID = "4f0c3a52-8f5e-4c77-9f5e-1d2a3b4c5d6e"

	announced = message.Envelope{AliasID: aliasID, Timestamp: sent}
	inbound   = message.Envelope{AliasID: aliasID, Timestamp: sent, Redacted: new(false)}
	outbound  = message.Envelope{AliasID: aliasID, Timestamp: sent, AttemptGatewayDelivery: new(true)}
)

var (
	files = []message.Attachment{
		{MIMEType: "image/png", FileName: "receipt.png", URL: "https://files.example.com/receipt.png"},
		{MIMEType: "application/pdf", FileName: "[Dropped]", Dropped: true},
	}
	emailContent = message.EmailContent{
		From: "jane@example.com", To: []string{"help@example.org"}, CC: []string{"joe@example.com"},
		StrippedText: "Hello", StrippedHTML: "<p>Hello</p>",
		PlainBody: "Hello\r\n> earlier", HTMLBody: "<p>Hello</p><blockquote>earlier</blockquote>",
		Headers: map[string]string{"Message-ID": "<1@example.com>", "X-Priority": "3"},
	}
	emailFiles = []message.Attachment{
		{MIMEType: "application/pdf", FileName: "invoice.pdf", URL: "https://files.example.com/invoice.pdf"},
	}
	received = message.AppleBubble{Style: "icon", Title: "Choose", Subtitle: "Tap to open", ImageIdentifier: "img1"}
	reply    = message.AppleBubble{Style: "icon", Title: "Your choice", AlternateTitle: "Chosen", ImageIdentifier: "img1"}
	images   = []message.AppleImage{{Identifier: "img1", URL: "https://img.example.com/1.png"}}
	location = message.AppleLocation{
		Title: "Main Street", Latitude: new(52.52), Longitude: new(13.405), Radius: new(100.0),
	}
	yesAndNo = []message.AppleQuickReplyItem{{Identifier: "y", Title: "Yes"}, {Identifier: "n", Title: "No"}}
)

// samples contains a message of each type and direction. Its key is the name of a file
// in testdata/golden, which has the JSON with the documented member names.
var samples = map[string]message.Message{
	"text-inbound":      message.Text{Direction: message.Inbound, Text: "hello", Envelope: inbound},
	"text-outbound":     message.Text{Direction: message.Outbound, Text: "Good morning 🙂", Envelope: outbound},
	"text-announcement": message.Text{Direction: message.Announcement, Text: "The customer has **left** the _chat_", Envelope: announced},

	"attachments-inbound":  message.Attachments{Direction: message.Inbound, Attachments: files, Envelope: inbound},
	"attachments-outbound": message.Attachments{Direction: message.Outbound, Attachments: files, Envelope: outbound},

	"text-with-attachments-inbound": message.TextWithAttachments{
		Direction: message.Inbound, Text: "the receipt", Attachments: files, Envelope: inbound,
	},
	"text-with-attachments-outbound": message.TextWithAttachments{
		Direction: message.Outbound, Text: "the receipt", Attachments: files, Envelope: outbound,
	},

	"email-inbound":  message.Email{Direction: message.Inbound, Content: emailContent, Attachments: emailFiles, Envelope: inbound},
	"email-outbound": message.Email{Direction: message.Outbound, Content: emailContent, Attachments: emailFiles, Envelope: outbound},

	"text-with-lc-carousel-outbound": message.LiveChatCarousel{
		Text: "Which one?",
		Content: message.LiveChatCarouselContent{
			Reference: "shoes",
			Elements: []message.LiveChatCarouselElement{
				{
					Title: "Runner", Subtitle: "For the road",
					ImageURLs: []string{"https://img.example.com/1.png", "https://img.example.com/2.png"},
					Buttons: []message.LiveChatButton{
						message.LiveChatLink("b1", "Look", "https://shop.example.com/runner"),
						message.LiveChatPostback("b2", "Buy", "buy runner"),
					},
				},
				{Title: "Hiker", Buttons: []message.LiveChatButton{message.LiveChatPostback("b3", "Buy", "buy hiker")}},
			},
		},
		Envelope: outbound,
	},
	"text-with-lc-quick-replies-outbound": message.LiveChatQuickReplies{
		Text: "Did that help?",
		Content: message.LiveChatQuickRepliesContent{
			Reference: "helped",
			Options: []message.LiveChatQuickReply{
				message.NewLiveChatQuickReply("q1", "Yes", "yes"),
				message.NewLiveChatQuickReply("q2", "No", "no"),
			},
		},
		Envelope: outbound,
	},
	"lc-carousel-response-inbound": message.LiveChatCarouselResponse{
		Content:  message.LiveChatCarouselResponseContent{Identifier: "b2", Reference: "shoes", Title: "Buy"},
		Envelope: inbound,
	},
	"lc-quick-replies-response-inbound": message.LiveChatQuickRepliesResponse{
		Content:  message.LiveChatQuickRepliesResponseContent{Identifier: "q1", Reference: "helped", Title: "Yes", Payload: "yes"},
		Envelope: inbound,
	},
	"lc-form-response-inbound": message.LiveChatFormResponse{
		Content: message.LiveChatFormResponseContent{
			Title: "Before we start",
			Fields: []message.LiveChatFormField{
				{Label: "Your name", Name: "name", Type: "text", Value: "Jane"},
				{Label: "Topic", Name: "topic", Type: "dropdown", Value: "Billing"},
			},
		},
		Envelope: inbound,
	},

	"wab-buttons-outbound": message.WhatsAppButtons{
		Content: message.WhatsAppButtonsContent{
			Header: message.WhatsAppHeader{
				Type:     message.WhatsAppHeaderDocument,
				Document: message.WhatsAppMedia{URL: "https://files.example.com/terms.pdf", Filename: "terms.pdf"},
			},
			Body:   "Pick one",
			Footer: "You can change it later",
			Action: message.WhatsAppButtonsAction{Buttons: []message.WhatsAppButton{
				message.NewWhatsAppButton("yes", "Agree"), message.NewWhatsAppButton("no", "Decline"),
			}},
		},
		Envelope: outbound,
	},
	"wab-list-outbound": message.WhatsAppList{
		Content: message.WhatsAppListContent{
			Header: message.WhatsAppHeader{Type: message.WhatsAppHeaderText, Text: "Delivery"},
			Body:   "Pick one",
			Footer: "You can change it later",
			Action: message.WhatsAppListAction{Button: "Choose", Sections: []message.WhatsAppSection{{
				Title: "Tomorrow",
				Rows:  []message.WhatsAppRow{{ID: "am", Title: "Morning", Description: "8 to 12"}, {ID: "pm", Title: "Afternoon"}},
			}}},
		},
		Envelope: outbound,
	},
	"wab-interactive-response-inbound": message.WhatsAppInteractiveResponse{
		Content:  message.WhatsAppInteractiveResponseContent{Title: "Morning", Identifier: "am"},
		Envelope: inbound,
	},

	"amb-list-picker-outbound": message.AppleListPicker{
		Content: message.AppleListPickerContent{
			Data: message.AppleListPickerData{
				Version: "1.0", RequestIdentifier: "r1", Images: images,
				ListPicker: message.AppleList{Sections: []message.AppleListSection{{
					Title: "Drinks", Order: new(0), MultipleSelection: true,
					Items: []message.AppleListItem{
						{Identifier: "tea", Title: "Tea", Subtitle: "Green", Style: "icon", ImageIdentifier: "img1", Order: new(0)},
						{Identifier: "coffee", Title: "Coffee", Order: new(1)},
					},
				}}},
			},
			UseLiveLayout: new(true), ReceivedMessage: received, ReplyMessage: reply,
		},
		Envelope: outbound,
	},
	"amb-time-picker-outbound": message.AppleTimePicker{
		Content: message.AppleTimePickerContent{
			Data: message.AppleTimePickerData{
				Version: "1.0", RequestIdentifier: "r2",
				Event: message.AppleEvent{
					Identifier: "e1", Title: "Fitting", TimezoneOffset: new(60), Location: location,
					Timeslots: []message.AppleTimeslot{
						{Identifier: "t1", StartTime: nine, Duration: 30 * time.Minute},
						{Identifier: "t2", StartTime: nine.Add(time.Hour), Duration: 30 * time.Minute},
					},
				},
			},
			UseLiveLayout: new(true), RequestIdentifier: "r2", ReceivedMessage: received,
			ReplyMessage: message.AppleBubble{Style: "icon", Title: "Your time", AlternateTitle: "Chosen"},
		},
		Envelope: outbound,
	},
	"amb-quick-replies-outbound": message.AppleQuickReplies{
		Content: message.AppleQuickRepliesContent{Data: message.AppleQuickRepliesData{
			Version: "1.0", RequestIdentifier: "r3",
			QuickReply: message.AppleQuickReply{SummaryText: "Did that help?", Items: yesAndNo},
		}},
		Envelope: outbound,
	},
	"amb-form-outbound": message.AppleForm{
		Content: message.AppleFormContent{
			BID: "bid",
			Data: message.AppleFormData{
				Version: "1.0", RequestIdentifier: "r4", Images: images,
				Dynamic: message.AppleFormDynamic{
					Version: "1.2", Template: message.AppleFormTemplate, Private: true,
					Data: message.AppleFormPages{
						StartPageIdentifier: "p1", ShowSummary: true,
						Splash: message.AppleFormSplash{
							Header: "Welcome", SplashText: "Two questions", ButtonTitle: "Start", ImageIdentifier: "img1",
						},
						Pages: []message.AppleFormPage{
							{
								PageIdentifier: "p1", Type: message.AppleFormSelect, Title: "Topic", Subtitle: "Choose",
								MultipleSelection: true,
								Items: []message.AppleFormItem{{
									Identifier: "i1", Title: "Billing", Value: "billing",
									NextPageIdentifier: "p2", ImageIdentifier: "img1",
								}},
							},
							{
								PageIdentifier: "p2", Type: message.AppleFormInput, Title: "Tell us", Subtitle: "Briefly",
								NextPageIdentifier: "p3", HintText: "A few words",
								Options: message.AppleFormOptions{
									Required: true, InputType: "multiline", MaximumCharacterCount: 300,
									LabelText: "Text", KeyboardType: "default", Placeholder: "…", PrefixText: ">",
								},
							},
							{
								PageIdentifier: "p3", Type: message.AppleFormDatePicker, Title: "When", Subtitle: "Day",
								NextPageIdentifier: "p4",
								Options: message.AppleFormOptions{
									StartDate: "2026-02-01", MinimumDate: "2026-01-01", MaximumDate: "2026-12-31",
									DateFormat: "yyyy-MM-dd",
								},
							},
							{
								PageIdentifier: "p4", Type: message.AppleFormPicker, Title: "Time", Subtitle: "Hour",
								SubmitForm: true, PickerTitle: "Hour", SelectedItemIndex: new(0),
								Items: []message.AppleFormItem{{Identifier: "h9", Title: "9", Value: "9"}},
							},
						},
					},
				},
			},
			UseLiveLayout: new(true), RequestIdentifier: "r4", ReceivedMessage: received, ReplyMessage: reply,
		},
		Envelope: outbound,
	},
	"amb-list-picker-response-inbound": message.AppleListPickerResponse{
		Content: message.AppleListPickerResponseContent{
			ReplyMessage: reply,
			ListPicker: message.AppleSelection{
				OtherItemCount: 1, SelectedItemCount: 1,
				OtherItems:    []message.AppleSelectedItem{{Identifier: "coffee", Style: "icon", Title: "Coffee", Order: 1}},
				SelectedItems: []message.AppleSelectedItem{{Identifier: "tea", Style: "icon", Title: "Tea", URL: "https://img.example.com/tea.png"}},
			},
		},
		Envelope: inbound,
	},
	"amb-time-picker-response-inbound": message.AppleTimePickerResponse{
		Content: message.AppleTimePickerResponseContent{
			ReplyMessage: message.AppleBubble{Style: "icon", Title: "Your time", AlternateTitle: "Chosen"},
			DatePicker: message.AppleDatePicker{
				Identifier: "e1", Title: "Fitting", TimezoneOffset: new(60), Location: location,
				Timeslots: []message.AppleSelectedTimeslot{
					{Identifier: "t2", StartTime: nine.Add(time.Hour), Duration: 30 * time.Minute},
				},
			},
		},
		Envelope: inbound,
	},
	"amb-quick-replies-response-inbound": message.AppleQuickRepliesResponse{
		Content: message.AppleQuickRepliesResponseContent{
			SelectedIdentifier: "y", SelectedIndex: new(0), Items: yesAndNo,
		},
		Envelope: inbound,
	},
	"amb-form-response-inbound": message.AppleFormResponse{
		Content: message.AppleFormResponseContent{
			ReplyMessage: message.AppleBubble{
				Style: "icon", Title: "Your answers", Subtitle: "Two answers", AlternateTitle: "Filled in", ImageIdentifier: "img1",
			},
			FormMessage: message.AppleFormMessage{
				Template: message.AppleFormTemplate, Private: true, Version: "1.2",
				Selections: []message.AppleFormSelection{{
					PageIdentifier: "p1", Title: "Topic", Subtitle: "Choose",
					Items: []message.AppleFormAnswer{
						{Identifier: "i1", Type: message.AppleFormSelect, Title: "Billing", Value: "billing"},
					},
				}},
			},
		},
		Envelope: inbound,
	},
}
