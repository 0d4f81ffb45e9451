package stream_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

var at = time.Date(2026, 11, 2, 9, 30, 0, 250e6, time.UTC)

// contents holds the message of each sample. It is nil for an event without content.
var contents = map[string]message.Message{
	"apple_message_datastream": message.TextWithAttachments{
		Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "t-1", Timestamp: at},
		Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "receipt.png", URL: "https://files.example.com/receipt.png?sig=1"}},
	},
	"apple_list_webhook": message.AppleListPickerResponse{
		Envelope: message.Envelope{AliasID: "t-2", Timestamp: at},
		Content: message.AppleListPickerResponseContent{ListPicker: message.AppleSelection{
			OtherItemCount: 1, SelectedItemCount: 1,
			OtherItems:    []message.AppleSelectedItem{{Identifier: "2", Style: "icon", Title: "Blue", Order: 1}},
			SelectedItems: []message.AppleSelectedItem{{Identifier: "1", Style: "icon", Title: "Red", URL: "https://x.example.com"}},
		}},
	},
	"apple_time_datastream": message.AppleTimePickerResponse{
		Envelope: message.Envelope{AliasID: "t-3", Timestamp: at},
		Content: message.AppleTimePickerResponseContent{DatePicker: message.AppleDatePicker{
			Identifier: "e1", Title: "Visit", TimezoneOffset: new(60),
			Timeslots: []message.AppleSelectedTimeslot{{Identifier: "s1", StartTime: time.Date(2026, 11, 18, 15, 30, 0, 0, time.UTC), Duration: time.Hour}},
		}},
	},
	"apple_quick_reply_webhook": message.AppleQuickRepliesResponse{
		Envelope: message.Envelope{AliasID: "t-4", Timestamp: at},
		Content: message.AppleQuickRepliesResponseContent{
			SelectedIdentifier: "2", SelectedIndex: new(1),
			Items: []message.AppleQuickReplyItem{{Identifier: "1", Title: "No"}, {Identifier: "2", Title: "Yes"}},
		},
	},
	"apple_form_datastream": message.AppleFormResponse{
		Envelope: message.Envelope{AliasID: "t-5", Timestamp: at},
		Content: message.AppleFormResponseContent{FormMessage: message.AppleFormMessage{
			Template: "messageForms", Version: "1.0",
			Selections: []message.AppleFormSelection{{
				PageIdentifier: "p1", Title: "Name?",
				Items: []message.AppleFormAnswer{{Identifier: "i1", Value: "Ann", Type: "input", Title: "Ann"}},
			}},
		}},
	},
	"apple_app_webhook": nil,

	"livechat_message_datastream": message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "t-20", Timestamp: at}},
	"livechat_attachment_webhook": message.Attachments{
		Direction: message.Inbound, Envelope: message.Envelope{AliasID: "t-21", Timestamp: at},
		Attachments: []message.Attachment{{MIMEType: "image/jpeg", FileName: "photo.jpg", URL: "https://files.example.com/a/photo.jpg"}},
	},
	"livechat_postback_datastream": message.LiveChatQuickRepliesResponse{
		Envelope: message.Envelope{AliasID: "t-22", Timestamp: at},
		Content:  message.LiveChatQuickRepliesResponseContent{Identifier: "a2", Reference: "q1", Title: "Yes"},
	},
	"livechat_carousel_webhook": message.LiveChatCarouselResponse{
		Envelope: message.Envelope{AliasID: "t-23", Timestamp: at},
		Content:  message.LiveChatCarouselResponseContent{Identifier: "b1", Reference: "q2", Title: "Buy"},
	},
	"livechat_form_webhook": message.LiveChatFormResponse{
		Envelope: message.Envelope{AliasID: "t-24", Timestamp: at},
		Content: message.LiveChatFormResponseContent{
			Title: "Contact", Fields: []message.LiveChatFormField{{Label: "Mail", Name: "mail", Type: "text", Value: "ann@example.org"}},
		},
	},

	"sms_webhook": message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "0044_7", Timestamp: at}},

	"email_datastream": message.Email{
		Direction: message.Inbound, Envelope: message.Envelope{AliasID: "t-40", Timestamp: at},
		Content: message.EmailContent{
			From: "ann@example.org", To: []string{"help@example.com", "sales@example.com"},
			PlainBody: "Where is it?", HTMLBody: "<p>Where is it?</p>",
		},
		Attachments: []message.Attachment{{MIMEType: "application/pdf", FileName: "order.pdf", URL: "https://files.example.com/order.pdf"}},
	},
	"email_old_webhook": message.Email{
		Direction: message.Inbound, Envelope: message.Envelope{AliasID: "<1@example.org>", Timestamp: at.Truncate(time.Second)},
		Content:     message.EmailContent{From: "ann@example.org", To: []string{"help@example.com"}, PlainBody: "Where is it?"},
		Attachments: []message.Attachment{{MIMEType: "application/pdf", FileName: "order.pdf", Dropped: true}},
	},

	"rcs_attachment_webhook": message.Attachments{
		Direction: message.Inbound, Envelope: message.Envelope{AliasID: "t-51", Timestamp: at.Truncate(time.Second)},
		Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "rcs.png", URL: "https://files.example.com/rcs.png"}},
	},
	"rcs_location_webhook":    nil,
	"rcs_suggestion_webhook":  nil,
	"rcs_text_datastream":     message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "t-50", Timestamp: at.Truncate(time.Second)}},
	"whatsapp_text_webhook":   message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "t-60_0", Timestamp: at.Truncate(time.Second)}},
	"whatsapp_button_webhook": whatsAppAnswer("t-64_0", "yes-1", "Yes"),
	"whatsapp_list_webhook":   whatsAppAnswer("t-65_0", "row-1", "Monday"),
	"whatsapp_reply_webhook":  whatsAppAnswer("t-66_0", "b-1", "OK"),
	"whatsapp_image_webhook": message.TextWithAttachments{
		Direction: message.Inbound, Text: "my shoes", Envelope: message.Envelope{AliasID: "t-61_0", Timestamp: at.Truncate(time.Second)},
		Attachments: []message.Attachment{{MIMEType: "image/jpeg", FileName: "photo.jpg", URL: "https://files.example.com/w/photo"}},
	},
	"whatsapp_sticker_webhook": message.Attachments{
		Direction: message.Inbound, Envelope: message.Envelope{AliasID: "t-62_0", Timestamp: at.Truncate(time.Second)},
		Attachments: []message.Attachment{{MIMEType: "image/webp", FileName: "sticker.webp", URL: "https://files.example.com/w/sticker"}},
	},
	"whatsapp_location_webhook": nil,

	"messenger_message_webhook": message.TextWithAttachments{
		Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "t-70_0", Timestamp: at.Truncate(time.Second)},
		Attachments: []message.Attachment{{MIMEType: "image/jpeg", FileName: "fb.jpg", URL: "https://files.example.com/fb.jpg"}},
	},
	"messenger_postback_webhook": nil,
	"mms_webhook": message.Attachments{
		Direction: message.Inbound, Envelope: message.Envelope{AliasID: "t-80", Timestamp: at.Truncate(time.Second)},
		Attachments: []message.Attachment{{MIMEType: "image/jpeg", FileName: "1.jpg", URL: "https://files.example.com/mms/1.jpg"}},
	},
	"instagram_webhook": message.TextWithAttachments{
		Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "mid-1", Timestamp: at},
		Attachments: []message.Attachment{{MIMEType: "image/jpeg", FileName: "ig.jpg", URL: "https://files.example.com/ig.jpg"}},
	},
}

func whatsAppAnswer(alias, identifier, title string) message.Message {
	return message.WhatsAppInteractiveResponse{
		Envelope: message.Envelope{AliasID: alias, Timestamp: at.Truncate(time.Second)},
		Content:  message.WhatsAppInteractiveResponseContent{Identifier: identifier, Title: title},
	}
}

func TestContentIsAMessageForEngage(t *testing.T) {
	for name, want := range contents {
		t.Run(name, func(t *testing.T) {
			event := decode[stream.MessageEvent](t, name)
			got, err := event.Content()
			require.NoError(t, err)
			if got != nil { // Raw also has the members that are empty in the sample.
				got = withoutRaw(got)
			}
			require.Equal(t, want, got)
			if event.Channel.Known() && got != nil {
				require.Empty(t, message.Check(got, outcome.AppendMessage, outcome.V14, event.Channel))
			}
		})
	}
}

// withoutRaw returns m with the fields alone.
func withoutRaw(m message.Message) message.Message {
	switch m := m.(type) {
	case message.AppleTimePickerResponse:
		m.Raw = nil
		return m
	case message.AppleFormResponse:
		m.Raw = nil
		return m
	}
	return m
}

func TestContentThatCannotBeReadIsAnError(t *testing.T) {
	for _, payload := range []string{
		`{"channel":"AppleBusinessChat","event":"InteractiveResponse","listPicker":"{broken"}`,
		`{"channel":"AppleBusinessChat","event":"InteractiveResponse","listPicker":"[]"}`,
		`{"channel":"AppleBusinessChat","event":"FormResponse"}`,
		`{"channel":"AppleBusinessChat","event":"MO","message":"hi","attachments":"[broken"}`,
		`{"channel":"Rtm","event":"OnFormResponse","attachments":"[]"}`,
		`{"channel":"Email","event":"MO","from":"a","to":"b","attachments":"yes"}`,
	} {
		event, err := stream.Decode([]byte(payload))
		require.NoError(t, err, payload)
		content, err := event.(stream.MessageEvent).Content()
		require.Error(t, err, payload)
		require.Nil(t, content)
		require.NotContains(t, err.Error(), "broken")
	}
}

func TestAnAnswerWithoutContentIsAnError(t *testing.T) {
	event, err := stream.Decode([]byte(`{"channel":"AppleBusinessChat","event":"INTERACTIVERESPONSE","type":"time_picker_response","datePicker":"","listPicker":""}`))
	require.NoError(t, err)
	content, err := event.(stream.MessageEvent).Content()
	require.Equal(t, &stream.DecodeError{Problem: "has no datePicker that can be read"}, err)
	require.Nil(t, content)
}

func TestListsThatAreTooLongAreRefused(t *testing.T) {
	many := func(element string, n int) string {
		return "[" + strings.Repeat(element+",", n-1) + element + "]"
	}
	tooMany := map[string]struct {
		before, element, after string
		read                   func(stream.Event) (n int, err error)
		problem                string
	}{
		"attachments": {
			`{"channel":"Rtm","event":"MO","attachments":`, `{"url":"u"}`, `}`,
			func(e stream.Event) (int, error) {
				attachments, err := e.(stream.MessageEvent).Attachments()
				return len(attachments), err
			}, "has too many attachments",
		},
		"files of a message": {
			`{"channel":"Rtm","event":"MO","attachments":`, `{"url":"u"}`, `}`,
			func(e stream.Event) (int, error) {
				content, err := e.(stream.MessageEvent).Content()
				if err != nil {
					return 0, err
				}
				return len(content.(message.Attachments).Attachments), nil
			}, "has too many attachments",
		},
		"form fields": {
			`{"channel":"Rtm","event":"OnFormResponse","attachments":[{"payload":{"fields":`, `{"name":"n"}`, `}}]}`,
			func(e stream.Event) (int, error) {
				content, err := e.(stream.MessageEvent).Content()
				if err != nil {
					return 0, err
				}
				return len(content.(message.LiveChatFormResponse).Content.Fields), nil
			}, "has a form of too many fields",
		},
		"chat messages": {
			`{"event_type":"message.received","payload":{"messages":`, `{"text":"t"}`, `}}`,
			func(e stream.Event) (int, error) {
				messages, err := e.(stream.ChatEvent).Messages()
				return len(messages), err
			}, "has messages that cannot be read",
		},
		"files of a chat message": {
			`{"event_type":"message.received","payload":{"messages":[{"attachments":`, `{"url":"u"}`, `}]}}`,
			func(e stream.Event) (int, error) {
				messages, err := e.(stream.ChatEvent).Messages()
				if err != nil {
					return 0, err
				}
				return len(messages[0].Attachments), nil
			}, "has too many attachments",
		},
		"preferences": {
			`{"channel":"WhatsApp","event":"user_preference","user_preferences":`, `{"value":"stop"}`, `}`,
			func(e stream.Event) (int, error) { return len(e.(stream.SubscriptionEvent).Changes), nil }, "",
		},
	}
	for name, test := range tooMany {
		t.Run(name, func(t *testing.T) {
			read := func(elements int) (int, error) {
				event, err := stream.Decode([]byte(test.before + many(test.element, elements) + test.after))
				require.NoError(t, err)
				return test.read(event)
			}
			n, err := read(message.MaxValues)
			require.NoError(t, err)
			require.Equal(t, message.MaxValues, n)

			n, err = read(message.MaxValues + 1)
			require.Zero(t, n)
			if test.problem != "" {
				require.Equal(t, &stream.DecodeError{Problem: test.problem}, err)
			}
		})
	}
}

func TestPostbacksAreReadFromEveryChannel(t *testing.T) {
	for name, want := range map[string]stream.Postback{
		"livechat_postback_datastream": {Identifier: "a2", Title: "Yes", Reference: "q1"},
		"apple_quick_reply_webhook":    {Identifier: "2", Title: "Yes"},
		"apple_list_webhook":           {Identifier: "1", Title: "Red"},
		"apple_list_datastream":        {Identifier: "1", Title: "Red"},
		"rcs_suggestion_datastream":    {Payload: "YES"},
		"rcs_suggestion_webhook":       {Payload: "YES"},
		"whatsapp_button_webhook":      {Title: "Yes", Payload: "yes-1"},
		"whatsapp_list_webhook":        {Identifier: "row-1", Title: "Monday", Reference: "wamid.1"},
		"whatsapp_reply_webhook":       {Identifier: "b-1", Title: "OK", Reference: "wamid.2"},
		"messenger_postback_webhook":   {Payload: "GET_STARTED"},
		"instagram_postback_webhook":   {Payload: "BUY", Title: "Buy"},
		"sms_webhook":                  {},
	} {
		require.Equal(t, want, decode[stream.MessageEvent](t, name).Postback(), name)
	}
	for payload, want := range map[string]string{
		`"quickReplyPayload":"{\"payload\":\"BUY\"}"`:                   "BUY",
		`"quickReplyPayload":{"payload":"BUY"}`:                         "BUY",
		`"quickReplyPayload":"BUY"`:                                     "BUY",
		`"quickReplyPayload":"{\"payload\":\"other\"}","payload":"BUY"`: "BUY",
		`"quickReplyPayload":""`:                                        "",
	} {
		event, err := stream.Decode([]byte(`{"channel":"Instagram","event":"OnPostback",` + payload + `}`))
		require.NoError(t, err)
		require.Equal(t, stream.Postback{Payload: want}, event.(stream.MessageEvent).Postback(), payload)
	}
}

func TestTheAnswerOfAnIMessageAppIsItsURLWithItsFiles(t *testing.T) {
	const answer = `{"channel":"AppleBusinessChat","event":"iMessageAppResponse","url":"https://app.example.com/?seat=7A"`
	text := "https://app.example.com/?seat=7A"
	for payload, want := range map[string]message.Message{
		answer + `}`: message.Text{Direction: message.Inbound, Text: text},
		answer + `,"attachments":"[{\"name\":\"seat.png\",\"mimeType\":\"image/png\",\"url\":\"https://x.example.com/1\"}]"}`: message.TextWithAttachments{
			Direction: message.Inbound, Text: text,
			Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "seat.png", URL: "https://x.example.com/1"}},
		},
	} {
		event, err := stream.Decode([]byte(payload))
		require.NoError(t, err)
		content, err := event.(stream.MessageEvent).Content()
		require.NoError(t, err)
		require.Equal(t, want, content)
	}
}

func TestALiveChatWithoutAThreadHasTheFingerprintOfItsExtras(t *testing.T) {
	for extras, want := range map[string]string{
		`"{\"browserfingerprint\":\"fp-1\",\"website_id\":\"w\"}"`: "fp-1",
		`{"browserfingerprint":"fp-1"}`:                            "fp-1",
		`""`:                                                       "visitor-7",
	} {
		event, err := stream.Decode([]byte(`{"channel":"Rtm","event":"MO","userId":"visitor-7","appId":"a_900","extras":` + extras + `}`))
		require.NoError(t, err)
		require.Equal(t, channel.LiveChatAddress{AppID: "a_900", UserID: "visitor-7", BrowserFingerprint: want}, event.Head().Address(), extras)
	}
}

func TestAProgramThatKnowsTheBusinessCanCompleteTheAddress(t *testing.T) {
	require.Equal(t, channel.WhatsAppAddress{Business: "15550100", Customer: "15550199"},
		decode[stream.MessageEvent](t, "whatsapp_text_webhook").AddressFor("15550100"))
	require.Equal(t, channel.FacebookAddress{PageID: "1066", PageScopedID: "4711"},
		decode[stream.MessageEvent](t, "messenger_message_webhook").AddressFor("1066"))
	require.Nil(t, decode[stream.MessageEvent](t, "whatsapp_text_webhook").AddressFor(""))
	require.Nil(t, decode[stream.MessageEvent](t, "rcs_text_datastream").AddressFor("15550100"))

	api, err := stream.Decode([]byte(`{"event_type":"message.received","channel":"api","asset":"b","destination_id":"u"}`))
	require.NoError(t, err)
	require.Equal(t, channel.APIAddress{BusinessID: "b", UserID: "u"}, api.Head().Address())
}

func TestALiveChatsThreadMayBeAnObject(t *testing.T) {
	for _, thread := range []string{`{"id":"thread-3"}`, `"{\"id\":\"thread-3\"}"`} {
		event, err := stream.Decode([]byte(`{"channel":"Rtm","event":"MO","userId":"visitor-7","appId":"a_900","thread":` + thread + `}`))
		require.NoError(t, err)
		require.Equal(t, channel.LiveChatAddress{AppID: "a_900", UserID: "visitor-7", ThreadID: "thread-3"}, event.Head().Address())
	}
}

func TestAnEmailsRecipientMayBePlainText(t *testing.T) {
	event, err := stream.Decode([]byte(`{"channel":"Email","event":"MO","from":"ann@example.org","to":"Help <help@example.com>","subject":"Order 7"}`))
	require.NoError(t, err)
	require.Equal(t, oneMail, event.Head().Address())
}

func TestOtherEventsHaveTheirFields(t *testing.T) {
	authentication := decode[stream.AuthenticationEvent](t, "apple_authentication_datastream")
	require.True(t, authentication.Succeeded)
	require.Equal(t, "authenticated", authentication.Status)
	require.Equal(t, "very-secret-token", authentication.Token.Reveal())
	require.True(t, decode[stream.AuthenticationEvent](t, "apple_new_authentication_webhook").Succeeded)

	payment := decode[stream.PaymentEvent](t, "apple_payment_webhook")
	require.True(t, payment.Paid)
	require.Equal(t, "merchant.example", payment.MerchantID)
	require.Equal(t, "very-secret-token", payment.MerchantSession.Reveal())
	require.Contains(t, string(payment.JSON("paymentRequest")), "10.00")

	invitation := decode[stream.InvitationEvent](t, "apple_invitation_webhook")
	require.True(t, invitation.Accepted)
	require.Equal(t, "15550199", invitation.MSISDN)

	closed := decode[stream.ClosedEvent](t, "livechat_closed_datastream")
	require.Equal(t, []string{"thread-3", "Delivery", "Closed"}, []string{closed.ThreadID, closed.Title, closed.Status})
	require.Empty(t, decode[stream.ClosedEvent](t, "apple_closed_datastream").ThreadID)

	require.True(t, decode[stream.TypingEvent](t, "apple_typing_started_datastream").Started)
	require.False(t, decode[stream.TypingEvent](t, "livechat_typing_ended_webhook").Started)
	require.True(t, decode[stream.ProfileEvent](t, "livechat_profile_created_webhook").Created)
	require.False(t, decode[stream.ProfileEvent](t, "livechat_profile_updated_webhook").Created)

	audit := decode[stream.AuditEvent](t, "audit_datastream")
	audit.Header = stream.Header{}
	require.Equal(t, stream.AuditEvent{
		Action: "insertOutBoundWebHook", Description: "A webhook was added", Status: "SUCCESS", AlertType: "INFO", UserID: "u-1",
		RoleName: "Admin", ClientIP: "203.0.113.7", ServiceID: "17", GroupID: "g-1", OrganizationID: "org-1", TenantID: "tenant-1",
	}, audit)
}

func TestASubscriptionEventHasEachChange(t *testing.T) {
	subscribed := decode[stream.SubscriptionEvent](t, "rcs_subscribe_datastream")
	require.Equal(t, []stream.SubscriptionChange{{Subscribed: true, Value: "SUBSCRIBE", Time: subscribed.Time}}, subscribed.Changes)
	left := decode[stream.SubscriptionEvent](t, "email_unsubscribe_webhook")
	require.Equal(t, []stream.SubscriptionChange{{Value: "Unsubscribe", Time: left.Time}}, left.Changes)

	moment := at.Truncate(time.Second)
	preferences := decode[stream.SubscriptionEvent](t, "whatsapp_preferences_webhook")
	require.Equal(t, []stream.SubscriptionChange{
		{Category: "marketing_messages", Value: "stop", Detail: "User requested to stop", Time: moment},
		{Category: "news", Subscribed: true, Value: "resume", Time: moment},
	}, preferences.Changes)

	broken, err := stream.Decode([]byte(`{"channel":"WhatsApp","event":"user_preference","user_preferences":"later"}`))
	require.NoError(t, err)
	require.Empty(t, broken.(stream.SubscriptionEvent).Changes)
}

func TestReceiptsAreReadFromEveryShape(t *testing.T) {
	sms := decode[stream.ReceiptEvent](t, "receipt_sms_datastream")
	require.Equal(t, stream.ReceiptSubmitted, sms.Status)
	require.Equal(t, "Submited", sms.Name)
	require.Equal(t, []string{"7500", "told", "msisdn", "s-1", "order 7", "cb"},
		[]string{sms.Code, sms.Description, sms.DestinationType, sms.SubID, sms.CorrelationID, sms.CallbackData})
	require.Equal(t, "gt-1", sms.TraceID)
	require.Equal(t, "Example", sms.Member("carrier"))

	clicked := decode[stream.ReceiptEvent](t, "receipt_livechat_clicked_datastream")
	require.Equal(t, stream.ReceiptClicked, clicked.Status)
	require.Equal(t, "t-901", clicked.TransactionID)
	require.Equal(t, stream.ReceiptTromboneConnected, decode[stream.ReceiptEvent](t, "receipt_voice_webhook").Status)

	novel, err := stream.Decode([]byte(`{"deliveryInfoNotification":{"transid":"1","deliveryInfo":{"deliveryStatus":"Teleported"}}}`))
	require.NoError(t, err)
	require.Equal(t, stream.ReceiptStatus("Teleported"), novel.(stream.ReceiptEvent).Status)
}

func TestChatEventsHaveTheirMessages(t *testing.T) {
	assigned := decode[stream.ChatEvent](t, "chat_assigned")
	require.Equal(t, "c-1", assigned.ChatID)
	require.Equal(t, "sales", assigned.Skill)
	messages, err := assigned.Messages()
	require.NoError(t, err)
	require.Len(t, messages, 1)
	require.Equal(t, message.Text{
		Direction: message.Inbound, Text: "hello",
		Envelope: message.Envelope{AliasID: "m-1|m-2", Timestamp: at.Add(-time.Second)},
	}, messages[0].Content())

	messages, err = decode[stream.ChatEvent](t, "chat_message_whatsapp").Messages()
	require.NoError(t, err)
	require.Equal(t, message.WhatsAppInteractiveResponse{
		Envelope: message.Envelope{AliasID: "m-3", Timestamp: at},
		Content:  message.WhatsAppInteractiveResponseContent{Identifier: "row-1", Title: "Monday"},
	}, messages[0].Content())
	require.Equal(t, stream.Postback{Title: "Yes", Payload: "yes-1"}, messages[1].Postback)
	require.Equal(t, "Yes", messages[1].Content().(message.Text).Text)

	closed := decode[stream.ChatEvent](t, "chat_closed")
	require.Equal(t, "resolved", closed.Outcome)
	messages, err = closed.Messages()
	require.NoError(t, err)
	require.Empty(t, messages)
	require.Nil(t, stream.ChatMessage{}.Content())

	broken, err := stream.Decode([]byte(`{"event_type":"message.received","payload":{"messages":[7]}}`))
	require.NoError(t, err)
	_, err = broken.(stream.ChatEvent).Messages()
	require.Equal(t, &stream.DecodeError{Problem: "has messages that cannot be read"}, err)
}
