package stream_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/stream"
)

var (
	apple       = channel.AppleAddress{AccountID: "5f1c2a9e-0c1e-4b0e-9d61-3a5f0b7c1f10", UserID: "urn:mbid:AQAAY"}
	thread      = channel.LiveChatAddress{AppID: "a_900", UserID: "visitor-7", ThreadID: "thread-3"}
	visitor     = channel.LiveChatAddress{AppID: "a_900", UserID: "visitor-7", BrowserFingerprint: "visitor-7"}
	sms         = channel.SMSAddress{Business: "15550100", Customer: "15550199"}
	mail        = channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order 7", To: []string{"help@example.com", "sales@example.com"}}
	oneMail     = channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order 7", To: []string{"help@example.com"}}
	whatsAppAPI = channel.WhatsAppAddress{Business: "15550100", Customer: "15550199"}
)

// headers holds the fields of each sample's header.
var headers = []struct {
	sample   string
	event    stream.Event
	kind     stream.Kind
	channel  channel.Channel
	customer string
	business string
	address  channel.Address
}{
	{"apple_message_datastream", stream.MessageEvent{}, stream.KindMessage, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_message_webhook", stream.MessageEvent{}, stream.KindMessage, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_list_datastream", stream.MessageEvent{}, stream.KindListResponse, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_list_webhook", stream.MessageEvent{}, stream.KindListResponse, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_time_datastream", stream.MessageEvent{}, stream.KindTimeResponse, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_quick_reply_webhook", stream.MessageEvent{}, stream.KindQuickReply, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_form_datastream", stream.MessageEvent{}, stream.KindFormResponse, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_app_webhook", stream.MessageEvent{}, stream.KindAppResponse, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_authentication_datastream", stream.AuthenticationEvent{}, stream.KindAuthentication, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_new_authentication_webhook", stream.AuthenticationEvent{}, stream.KindAuthentication, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_payment_webhook", stream.PaymentEvent{}, stream.KindPayment, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_invitation_webhook", stream.InvitationEvent{}, stream.KindInvitation, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_closed_datastream", stream.ClosedEvent{}, stream.KindClosed, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_typing_started_datastream", stream.TypingEvent{}, stream.KindTypingStarted, channel.Apple, apple.UserID, apple.AccountID, apple},
	{"apple_typing_ended_webhook", stream.TypingEvent{}, stream.KindTypingEnded, channel.Apple, apple.UserID, apple.AccountID, apple},

	{"livechat_message_datastream", stream.MessageEvent{}, stream.KindMessage, channel.LiveChat, "visitor-7", "a_900", thread},
	{"livechat_attachment_webhook", stream.MessageEvent{}, stream.KindMessage, channel.LiveChat, "visitor-7", "a_900", thread},
	{"livechat_postback_datastream", stream.MessageEvent{}, stream.KindPostback, channel.LiveChat, "visitor-7", "a_900", thread},
	{"livechat_carousel_webhook", stream.MessageEvent{}, stream.KindPostback, channel.LiveChat, "visitor-7", "a_900", thread},
	{"livechat_form_webhook", stream.MessageEvent{}, stream.KindFormResponse, channel.LiveChat, "visitor-7", "a_900", thread},
	{"livechat_profile_created_webhook", stream.ProfileEvent{}, stream.KindProfileCreated, channel.LiveChat, "visitor-7", "a_900", visitor},
	{"livechat_profile_updated_webhook", stream.ProfileEvent{}, stream.KindProfileUpdated, channel.LiveChat, "visitor-7", "a_900", visitor},
	{"livechat_closed_datastream", stream.ClosedEvent{}, stream.KindClosed, channel.LiveChat, "visitor-7", "a_900", thread},
	{"livechat_custom_datastream", stream.UnknownEvent{}, stream.KindUnknown, channel.LiveChat, "visitor-7", "a_900", visitor},
	{"livechat_typing_started_datastream", stream.TypingEvent{}, stream.KindTypingStarted, channel.LiveChat, "visitor-7", "a_900", visitor},
	{"livechat_typing_ended_webhook", stream.TypingEvent{}, stream.KindTypingEnded, channel.LiveChat, "visitor-7", "a_900", visitor},

	{"sms_datastream", stream.MessageEvent{}, stream.KindMessage, channel.SMS, "15550199", "15550100", sms},
	{"sms_webhook", stream.MessageEvent{}, stream.KindMessage, channel.SMS, "15550199", "15550100", sms},

	{"email_datastream", stream.MessageEvent{}, stream.KindMessage, channel.Email, "ann@example.org", "help@example.com", mail},
	{"email_webhook", stream.MessageEvent{}, stream.KindMessage, channel.Email, "ann@example.org", "help@example.com", mail},
	{"email_old_webhook", stream.MessageEvent{}, stream.KindMessage, channel.Email, "ann@example.org", "help@example.com", oneMail},
	{"email_unsubscribe_webhook", stream.SubscriptionEvent{}, stream.KindUnsubscribed, channel.Email, "ann@example.org", "help@example.com", nil},

	{"rcs_text_datastream", stream.MessageEvent{}, stream.KindMessage, stream.RCS, "15550199", "a_rcs", nil},
	{"rcs_attachment_webhook", stream.MessageEvent{}, stream.KindMessage, stream.RCS, "15550199", "a_rcs", nil},
	{"rcs_attachment_datastream", stream.MessageEvent{}, stream.KindMessage, stream.RCS, "15550199", "a_rcs", nil},
	{"rcs_location_webhook", stream.MessageEvent{}, stream.KindMessage, stream.RCS, "15550199", "a_rcs", nil},
	{"rcs_suggestion_datastream", stream.MessageEvent{}, stream.KindPostback, stream.RCS, "15550199", "a_rcs", nil},
	{"rcs_suggestion_webhook", stream.MessageEvent{}, stream.KindPostback, stream.RCS, "15550199", "a_rcs", nil},
	{"rcs_subscribe_datastream", stream.SubscriptionEvent{}, stream.KindSubscribed, stream.RCS, "15550199", "a_rcs", nil},

	{"whatsapp_text_webhook", stream.MessageEvent{}, stream.KindMessage, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_image_webhook", stream.MessageEvent{}, stream.KindMessage, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_sticker_webhook", stream.MessageEvent{}, stream.KindMessage, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_location_webhook", stream.MessageEvent{}, stream.KindMessage, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_button_webhook", stream.MessageEvent{}, stream.KindPostback, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_list_webhook", stream.MessageEvent{}, stream.KindListResponse, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_reply_webhook", stream.MessageEvent{}, stream.KindQuickReply, channel.WhatsApp, "15550199", "a_wa", nil},
	{"whatsapp_preferences_webhook", stream.SubscriptionEvent{}, stream.KindPreferences, channel.WhatsApp, "15550199", "a_wa", nil},

	{"messenger_message_webhook", stream.MessageEvent{}, stream.KindMessage, channel.Facebook, "4711", "a_fb", nil},
	{"messenger_old_webhook", stream.MessageEvent{}, stream.KindMessage, channel.Facebook, "4711", "a_fb", nil},
	{"messenger_postback_webhook", stream.MessageEvent{}, stream.KindPostback, channel.Facebook, "4711", "a_fb", nil},

	{"mms_webhook", stream.MessageEvent{}, stream.KindMessage, stream.MMS, "15550199", "15550100", nil},
	{"instagram_webhook", stream.MessageEvent{}, stream.KindMessage, stream.Instagram, "ig-1", "a_ig", nil},
	{"instagram_postback_webhook", stream.MessageEvent{}, stream.KindPostback, stream.Instagram, "ig-1", "a_ig", nil},

	{"receipt_sms_datastream", stream.ReceiptEvent{}, stream.KindReceipt, channel.SMS, "15550199", "", nil},
	{"receipt_sms_webhook", stream.ReceiptEvent{}, stream.KindReceipt, channel.SMS, "15550199", "", nil},
	{"receipt_email_read_webhook", stream.ReceiptEvent{}, stream.KindReceipt, channel.Email, "ann@example.org", "", nil},
	{"receipt_livechat_clicked_datastream", stream.ReceiptEvent{}, stream.KindReceipt, channel.LiveChat, "visitor-7", "", nil},
	{"receipt_voice_webhook", stream.ReceiptEvent{}, stream.KindReceipt, stream.Voice, "15550199", "", nil},

	{"audit_datastream", stream.AuditEvent{}, stream.KindAudit, "", "", "", nil},

	{"chat_assigned", stream.ChatEvent{}, stream.KindChatAssigned, channel.LiveChat, "visitor-7", "a_900",
		channel.LiveChatAddress{AppID: "a_900", UserID: "visitor-7", ThreadID: "thread-3", BrowserFingerprint: "fp-1"}},
	{"chat_message_whatsapp", stream.ChatEvent{}, stream.KindChatMessage, channel.WhatsApp, "15550199", "15550100", whatsAppAPI},
	{"chat_closed", stream.ChatEvent{}, stream.KindChatClosed, channel.SMS, "15550199", "15550100", sms},

	{"unknown_channel", stream.UnknownEvent{}, stream.KindUnknown, "telepathy", "u-1", "a_1", nil},
}

func TestEverySampleIsReadAsItsKind(t *testing.T) {
	for _, test := range headers {
		t.Run(test.sample, func(t *testing.T) {
			data := sample(t, test.sample)
			event, err := stream.Decode(data)
			require.NoError(t, err)
			require.IsType(t, test.event, event)
			h := event.Head()
			require.Equal(t, test.kind, h.Kind)
			require.Equal(t, test.channel, h.Channel)
			require.Equal(t, test.customer, h.Customer)
			require.Equal(t, test.business, h.Business)
			require.Equal(t, test.address, h.Address())
			require.Regexp(t, "^[0-9a-f]{32}$", h.ID)
			require.Regexp(t, "^[0-9a-f]{32}$", h.Conversation)
			require.WithinDuration(t, time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC), h.Time, time.Second)
			require.Equal(t, time.UTC, h.Time.Location())
			require.JSONEq(t, string(data), string(h.Raw))
		})
	}
	require.Len(t, headers, len(sampleNames(t)), "every sample is in the table")
}

func TestDuplicatesHaveOneIDAndDifferentEventsDifferentOnes(t *testing.T) {
	duplicates := map[string]string{ // a sample and the one that it is a duplicate of
		"apple_message_webhook":     "apple_message_datastream",
		"apple_list_webhook":        "apple_list_datastream",
		"sms_webhook":               "sms_datastream",
		"email_webhook":             "email_datastream",
		"rcs_attachment_datastream": "rcs_attachment_webhook",
		"rcs_suggestion_webhook":    "rcs_suggestion_datastream",
		"receipt_sms_webhook":       "receipt_sms_datastream",
	}
	ids := map[string]string{}
	for _, name := range sampleNames(t) {
		event, err := stream.Decode(sample(t, name))
		require.NoError(t, err)
		id := event.Head().ID
		original, isDuplicate := duplicates[name]
		if isDuplicate {
			other, err := stream.Decode(sample(t, original))
			require.NoError(t, err)
			require.Equal(t, other.Head().ID, id, "%s and %s", name, original)
			require.Equal(t, other.Head().Conversation, event.Head().Conversation, "%s and %s", name, original)
			continue
		}
		require.Empty(t, ids[id], "%s has the id of another", name)
		ids[id] = name
	}
}

func TestEventsOfTheSamePartiesAreOneConversation(t *testing.T) {
	conversation := func(name string) string {
		event, err := stream.Decode(sample(t, name))
		require.NoError(t, err)
		return event.Head().Conversation
	}
	require.Equal(t, conversation("apple_message_webhook"), conversation("apple_typing_started_datastream"))
	require.Equal(t, conversation("livechat_message_datastream"), conversation("livechat_closed_datastream"))
	require.Equal(t, conversation("rcs_text_datastream"), conversation("rcs_subscribe_datastream"))
	require.NotEqual(t, conversation("rcs_text_datastream"), conversation("whatsapp_text_webhook"))
	require.NotEqual(t, conversation("apple_message_webhook"), conversation("livechat_message_datastream"))
}

func TestAPlusBeforeAPhoneNumberDoesNotChangeTheConversation(t *testing.T) {
	conversation := func(format, number string) string {
		event, err := stream.Decode(fmt.Appendf(nil, format, number))
		require.NoError(t, err)
		return event.Head().Conversation
	}
	for format, same := range map[string]bool{
		`{"channel":"SMS","oa":%q,"da":"15550100","tid":"1"}`:                                                                  true,
		`{"channel":"SMS","oa":"15550199","da":%q,"tid":"1"}`:                                                                  true,
		`{"channel":"WhatsApp","event":"MO","waid":%q,"appId":"a","tid":"1"}`:                                                  true,
		`{"channel":"Rtm","event":"MO","userId":%q,"appId":"a","tid":"1"}`:                                                     false,
		`{"deliveryInfoNotification":{"transid":"1","deliveryInfo":{"deliveryChannel":"SMS","destination":%q}}}`:               true,
		`{"deliveryInfoNotification":{"transid":"1","deliveryInfo":{"deliveryChannel":"applebusinesschat","destination":%q}}}`: false,
	} {
		require.Equal(t, same, conversation(format, "15550199") == conversation(format, "+15550199"), format)
		require.NotEqual(t, conversation(format, "15550199"), conversation(format, "15550198"), format)
	}
}

func TestEachReadReceiptIsAnEvent(t *testing.T) {
	read := string(sample(t, "receipt_email_read_webhook"))
	later := strings.Replace(read, "10:30:00.250", "10:31:00.250", 1)
	require.NotEqual(t, idOf(t, read), idOf(t, later))
	require.Equal(t, idOf(t, strings.Replace(read, "Read", "Delivered", 1)), idOf(t, strings.Replace(later, "Read", "Delivered", 1)))
}

// The old shape has the Message-ID as its id. The sender chose it, and it is the same in
// every mailbox.
func TestAnEmailToTwoAppsIsTwoEvents(t *testing.T) {
	help := string(sample(t, "email_old_webhook"))
	sales := strings.Replace(help, `"a_mail"`, `"a_sales"`, 1)
	require.NotEqual(t, idOf(t, help), idOf(t, sales))
	require.Equal(t, idOf(t, help), idOf(t, strings.Replace(help, `"appId"`, `"app_id"`, 1)))
}

func TestUnknownEventsAreDuplicatesIfNameAndTypeAreTheSame(t *testing.T) {
	const sms = `{"channel":"SMS","oa":"15550199","da":"15550100","tid":"1",`
	id := idOf(t, sms+`"event":"Waved","type":"left_hand"}`)
	require.Equal(t, id, idOf(t, sms+`"event":"WAVED","type":"LeftHand"}`), "in another spelling")
	require.NotEqual(t, id, idOf(t, sms+`"event":"Nodded","type":"left_hand"}`))
	require.NotEqual(t, id, idOf(t, sms+`"event":"Waved","type":"right_hand"}`))
}

func TestEventsWithoutPartiesDoNotWaitForEachOther(t *testing.T) {
	for name, payload := range map[string]string{
		"unknown": `{"channel":"SMS","event":"Waved","tid":"%d"}`,
		"receipt": `{"deliveryInfoNotification":{"transid":"%d","deliveryInfo":{"deliveryStatus":"Read"}}}`,
		"chat":    `{"event_type":"chat.closed","transaction_id":"%d"}`,
		"audit":   `{"user_action":"insertOutBoundWebHook","transid":"%d"}`,
	} {
		conversation := func(n int) string {
			event, err := stream.Decode(fmt.Appendf(nil, payload, n))
			require.NoError(t, err)
			return event.Head().Conversation
		}
		require.Equal(t, conversation(1), conversation(1), "the duplicate of an event: %s", name)
		require.NotEqual(t, conversation(1), conversation(2), name)
	}
}

func idOf(t *testing.T, payload string) string {
	t.Helper()
	event, err := stream.Decode([]byte(payload))
	require.NoError(t, err)
	return event.Head().ID
}

func TestAnEventWithoutAnyIDHasNone(t *testing.T) {
	for _, payload := range []string{
		`{}`, `{"channel":"SMS","message":"hello"}`, `{"channel":"Rtm","event":"MO","tid":""}`, `{"channel":"Rtm","event":"MO","tid":null}`,
		`{"event_type":"chat.closed","posted_on":"2026-11-02T09:30:00Z"}`, `{"user_action":"x"}`,
		`{"deliveryInfoNotification":{"deliveryInfo":{"deliveryStatus":"Read"}}}`,
	} {
		require.Empty(t, idOf(t, payload), payload)
	}
}

func TestTheFirstTimeThatCanBeReadCounts(t *testing.T) {
	event, err := stream.Decode([]byte(`{"tid":"1","ts":"unknown","timestamp":"0","datetime":"2026-11-02T09:30:00Z","postedOn":"2026-11-02T10:30:00Z"}`))
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC), event.Head().Time)
}

func TestAnUnknownEventIsNoError(t *testing.T) {
	for payload, name := range map[string]string{
		`{"tid":"1"}`: "",
		`{"tid":"1","channel":"AppleBusinessChat","event":"Teleport"}`:                     "Teleport",
		`{"tid":"1","channel":"AppleBusinessChat","event":"TYPINGINDICATOR","type":"hum"}`: "TYPINGINDICATOR",
		`{"tid":"1","channel":"Rtm","event":"list"}`:                                       "list",
		`{"tid":"1","channel":7,"event":{"a":1}}`:                                          "",
		`{"event_type":"chat.rated","transaction_id":"1"}`:                                 "chat.rated",
	} {
		event, err := stream.Decode([]byte(payload))
		require.NoError(t, err, payload)
		require.IsType(t, stream.UnknownEvent{}, event, payload)
		require.Equal(t, stream.KindUnknown, event.Head().Kind, payload)
		require.Equal(t, name, event.Head().Name, payload)
		require.NotEmpty(t, event.Head().ID, payload)
		require.JSONEq(t, payload, string(event.Head().Raw))
	}
}

func TestThePartiesAreInTheFirstMembersThatArePresent(t *testing.T) {
	for payload, want := range map[string][2]string{
		`{"channel":"WhatsApp","event":"MO","appId":"a","waid":"15550199","bsuid":"GB.1","userId":"u"}`:         {"15550199", "a"},
		`{"channel":"WhatsApp","event":"MO","appId":"a","waid":"","bsuid":"GB.1","userId":"u"}`:                 {"GB.1", "a"},
		`{"channel":"WhatsApp","event":"MO","appId":"a","userId":"u"}`:                                          {"u", "a"},
		`{"channel":"Email","event":"Subscribe","appId":"a","from":"ann@x.org","senderId":"[help@x.org]"}`:      {"ann@x.org", "help@x.org"},
		`{"channel":"Email","event":"Unsubscribe","appId":"a","from":"ann@x.org"}`:                              {"ann@x.org", "a"},
		`{"channel":"Email","event":"MO","appId":"a","from":"ann@x.org","to":"to@x.org","senderId":"id@x.org"}`: {"ann@x.org", "to@x.org"},
		`{"channel":"Email","event":"MO","from":"<ann@x.org>","to":"Help <to@x.org>"}`:                          {"ann@x.org", "to@x.org"},
		`{"channel":"Email","event":"MO","from":"Ann <ann@","to":"[Help <to@]"}`:                                {"Ann <ann@", "Help <to@"},
	} {
		event, err := stream.Decode([]byte(payload))
		require.NoError(t, err)
		h := event.Head()
		require.Equal(t, want, [2]string{h.Customer, h.Business}, payload)
	}
}

// If neither picker is filled, only the type is left.
func TestAnAppointmentIsRecognizedByItsPickerOrItsType(t *testing.T) {
	for payload, kind := range map[string]stream.Kind{
		`{"type":"time_picker_response","datePicker":"","listPicker":"",`:          stream.KindTimeResponse,
		`{"type":"text","datePicker":"","listPicker":"",`:                          stream.KindListResponse,
		`{"type":"time_picker_response","datePicker":"","listPicker":"{\"a\":1}",`: stream.KindListResponse,
		`{"type":"time_picker_response","datePicker":"","listPicker":"[]",`:        stream.KindTimeResponse,
		`{"type":"text","datePicker":"{\"a\":1}","listPicker":[],`:                 stream.KindTimeResponse,
		`{"type":"text","datePicker":"{\"a\":1}","listPicker":{},`:                 stream.KindTimeResponse,
		`{"type":"text","datePicker":"{\"a\":1}","listPicker":"[{}]",`:             stream.KindListResponse,
		`{"type":"text","datePicker":"[]","listPicker":"{}",`:                      stream.KindListResponse,
	} {
		event, err := stream.Decode([]byte(payload + `"channel":"AppleBusinessChat","event":"INTERACTIVERESPONSE"}`))
		require.NoError(t, err)
		require.Equal(t, kind, event.Head().Kind, payload)
	}
}

func TestALongTraceIDIsCut(t *testing.T) {
	event, err := stream.Decode([]byte(`{"x-wx-gtrid":"` + strings.Repeat("t", 1000) + `"}`))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("t", 256), event.Head().TraceID)
}

func TestBadPayloadsAreErrors(t *testing.T) {
	for payload, problem := range map[string]string{
		``:                       "is not valid JSON",
		`{"tid":"1"`:             "is not valid JSON",
		`{“tid”:“1”}`:            "is not valid JSON",
		`{"tid":"1"},`:           "is not valid JSON",
		`{"tid":"1",}`:           "is not valid JSON",
		`<html>`:                 "is not valid JSON",
		`null`:                   "is not a JSON object",
		`"text"`:                 "is not a JSON object",
		`[{"tid":"1"}]`:          "is not a JSON object",
		strings.Repeat("[", 2e4): "is not valid JSON",
	} {
		event, err := stream.Decode([]byte(payload))
		require.Nil(t, event)
		require.Equal(t, &stream.DecodeError{Problem: problem}, err)
	}
}

func TestAByteOrderMarkBeforeAPayloadIsIgnored(t *testing.T) {
	marked := []byte("\ufeff" + typing)
	event, err := stream.Decode(marked)
	require.NoError(t, err)
	require.Equal(t, typing, string(event.Head().Raw))
	events, err := stream.DecodeBatch([]byte("\ufeff[" + typing + "]"))
	require.NoError(t, err)
	require.Len(t, events, 1)
	entry, err := stream.NewEntry(marked)
	require.NoError(t, err)
	require.Equal(t, idOf(t, typing), entry.ID)
	require.Equal(t, typing, string(entry.Data))
	_, err = stream.Decode([]byte("{\ufeff}"))
	require.Error(t, err, "only at the beginning")
}

func TestABatchIsReadInOrder(t *testing.T) {
	events, err := stream.DecodeBatch([]byte(` [{"tid":"1"} , {"tid":"[2]"}] `))
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, "1", events[0].Head().TransactionID)
	require.Equal(t, "[2]", events[1].Head().TransactionID)

	events, err = stream.DecodeBatch([]byte(` {"tid":"1"} `))
	require.NoError(t, err)
	require.Len(t, events, 1)

	for payload, problem := range map[string]string{
		`[]`:                    "is an empty array",
		` [ ] `:                 "is an empty array",
		`[{"tid":"1"},2]`:       "has an element 1 that is not an object",
		`[{"tid":"1"}`:          "is not valid JSON",
		`7`:                     "is not a JSON object",
		` `:                     "is not valid JSON",
		manyEvents(1000 + 1):    "has more than 1000 events",
		`[{"tid":"1"},[{}]]`:    "has an element 1 that is not an object",
		`[{"tid":"1"},"{\"}"]`:  "has an element 1 that is not an object",
		`{"tid":"1"}{"tid":""}`: "is not valid JSON",
	} {
		_, err := stream.DecodeBatch([]byte(payload))
		require.Equal(t, &stream.DecodeError{Problem: problem}, err, "%.40s", payload)
	}
	events, err = stream.DecodeBatch([]byte(manyEvents(1000)))
	require.NoError(t, err)
	require.Len(t, events, 1000)
}

func manyEvents(n int) string { return "[" + strings.Repeat(`{"tid":"1"},`, n-1) + `{"tid":"1"}]` }

func FuzzDecode(f *testing.F) {
	for _, name := range sampleNames(f) {
		f.Add(sample(f, name))
	}
	for _, seed := range []string{`[{"tid":"\\\"}"}]`, `{"a":{"b":[1,"]"]},"tid":1e5}`, `{"to":"[\"<\"]","channel":"email","event":"MO"}`, `{“”:1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := stream.DecodeBatch(data)
		if err != nil {
			require.IsType(t, &stream.DecodeError{}, err)
			return
		}
		for _, event := range events {
			h := event.Head()
			require.True(t, json.Valid(h.Raw))
			h.Context()
			h.Address()
			again, err := stream.Decode(h.Raw)
			require.NoError(t, err)
			require.Equal(t, h.ID, again.Head().ID)
			require.Equal(t, h.Conversation, again.Head().Conversation)
			var plain map[string]any
			require.NoError(t, json.Unmarshal(h.Raw, &plain))
			if tid, ok := plain["tid"].(string); ok && len(plain) == 1 {
				require.Equal(t, tid, h.Member("tid"))
			}
			switch e := event.(type) {
			case stream.MessageEvent:
				e.Postback()
				_, _ = e.Content() // anything but a panic
			case stream.ChatEvent:
				_, _ = e.Messages()
			}
		}
	})
}
