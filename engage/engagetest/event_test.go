package engagetest_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/stream"
)

func TestAnEventIsDecodedToTheMessageAndTheAddress(t *testing.T) {
	image := message.Attachment{MIMEType: "image/png", FileName: "a.png", URL: "https://files.example.com/a.png"}
	sheet := message.Attachment{MIMEType: "text/csv", FileName: "b.csv", URL: "https://files.example.com/b.csv"}
	two := []message.Attachment{image, sheet}
	hello := message.Text{Direction: message.Inbound, Text: "hello"}
	chat := channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t", BrowserFingerprint: "f"}
	mail := channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order", To: []string{"help@example.com", "sales@example.com"}}
	phone := channel.AppleAddress{AccountID: "b", UserID: "urn:mbid:c"}
	whatsApp := channel.WhatsAppAddress{Business: "b", Customer: "15550199"}
	for name, c := range map[string]struct {
		address channel.Address
		message message.Message
	}{
		"SMS":                {channel.SMSAddress{Business: "15550100", Customer: "15550199"}, hello},
		"Messenger":          {channel.FacebookAddress{PageID: "b", PageScopedID: "c"}, message.TextWithAttachments{Direction: message.Inbound, Text: "see", Attachments: two}},
		"live chat":          {chat, hello},
		"files in live chat": {chat, message.Attachments{Direction: message.Inbound, Attachments: two}},
		"a quick reply in live chat": {chat, message.LiveChatQuickRepliesResponse{Content: message.LiveChatQuickRepliesResponseContent{
			Identifier: "y", Reference: "q", Title: "Yes", Payload: "p"}}},
		"a carousel in live chat": {chat, message.LiveChatCarouselResponse{Content: message.LiveChatCarouselResponseContent{
			Identifier: "y", Reference: "q", Title: "Yes"}}},
		"a form in live chat": {chat, message.LiveChatFormResponse{Content: message.LiveChatFormResponseContent{
			Title: "Contact", Fields: []message.LiveChatFormField{{Label: "Mail", Name: "mail", Type: "text", Value: "ann@example.org"}}}}},
		"email": {mail, message.Email{Direction: message.Inbound, Attachments: two, Content: message.EmailContent{
			From: "ann@example.org", To: []string{"help@example.com", "sales@example.com"}, PlainBody: "hello", HTMLBody: "<p>hello</p>"}}},
		"WhatsApp":           {whatsApp, hello},
		"a file on WhatsApp": {whatsApp, message.TextWithAttachments{Direction: message.Inbound, Text: "see", Attachments: []message.Attachment{image}}},
		"a button on WhatsApp": {whatsApp, message.WhatsAppInteractiveResponse{Content: message.WhatsAppInteractiveResponseContent{
			Title: "Yes", Identifier: "y"}}},
		"Apple": {phone, message.TextWithAttachments{Direction: message.Inbound, Text: "see", Attachments: two}},
		"a list picker on Apple": {phone, message.AppleListPickerResponse{Content: message.AppleListPickerResponseContent{
			ListPicker: message.AppleSelection{SelectedItemCount: 1, SelectedItems: []message.AppleSelectedItem{{Identifier: "1", Title: "Red"}}}}}},
		"a time picker on Apple": {phone, message.AppleTimePickerResponse{Content: message.AppleTimePickerResponseContent{
			DatePicker: message.AppleDatePicker{Identifier: "1", Title: "Visit", TimezoneOffset: new(60)}}}},
		"a quick reply on Apple": {phone, message.AppleQuickRepliesResponse{Content: message.AppleQuickRepliesResponseContent{
			SelectedIdentifier: "y", Items: []message.AppleQuickReplyItem{{Identifier: "y", Title: "Yes"}}}}},
		"a form on Apple": {phone, message.AppleFormResponse{Content: message.AppleFormResponseContent{
			FormMessage: message.AppleFormMessage{Template: message.AppleFormTemplate, Selections: []message.AppleFormSelection{{PageIdentifier: "p"}}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
			want := message.Stamp(c.message, "transaction-1", at)
			payload, err := engagetest.Event(c.address, want)
			require.NoError(t, err)
			decoded, err := stream.Decode(payload)
			require.NoError(t, err)
			event, ok := decoded.(stream.MessageEvent)
			require.True(t, ok, "%T", decoded)
			got, err := event.Content()
			require.NoError(t, err)
			require.Empty(t, engagetest.Diff([]message.Message{want}, []message.Message{got}))
			address := event.Address()
			if address == nil { // The event names an app.
				address = event.AddressFor(event.Business)
			}
			require.Equal(t, c.address, address)
		})
	}
}

func TestAnEventHasATransactionIDAndATimeOfItsOwn(t *testing.T) {
	address := channel.SMSAddress{Business: "15550100", Customer: "15550199"}
	ids := make(map[string]bool)
	for range 2 {
		payload, err := engagetest.Event(address, message.Text{Direction: message.Inbound, Text: "hello"})
		require.NoError(t, err)
		var members map[string]string
		require.NoError(t, json.Unmarshal(payload, &members))
		ids[members["tid"]] = true
		at, err := time.Parse(time.RFC3339, members["ts"])
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), at, time.Hour)
	}
	require.Len(t, ids, 2)
}

// Engage drops surplus files of a message, but the channel has not dropped them yet.
func TestAnEventHasAllFilesOfAMessage(t *testing.T) {
	var files []message.Attachment
	for i := range 12 {
		files = append(files, message.Attachment{MIMEType: "image/png", FileName: "a.png", URL: fmt.Sprintf("https://files.example.com/%d", i)})
	}
	want := message.Stamp(message.Attachments{Direction: message.Inbound, Attachments: files}, "transaction-1", time.Now())
	payload, err := engagetest.Event(channel.AppleAddress{AccountID: "b", UserID: "urn:mbid:c"}, want)
	require.NoError(t, err)
	decoded, err := stream.Decode(payload)
	require.NoError(t, err)
	got, err := decoded.(stream.MessageEvent).Content()
	require.NoError(t, err)
	require.Empty(t, engagetest.Diff([]message.Message{want}, []message.Message{got}))
}

func TestEventsThatNoDocumentShowsAreRefused(t *testing.T) {
	sms := channel.SMSAddress{Business: "15550100", Customer: "15550199"}
	files := []message.Attachment{{URL: "https://x"}, {URL: "https://y"}}
	for want, c := range map[string]struct {
		address channel.Address
		message message.Message
	}{
		"the message has no JSON":    {sms, message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{Timestamp: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}}},
		"the message is not inbound": {sms, message.Text{Direction: message.Outbound, Text: "hello"}},
		"the service does not accept the message: attachments is not known; type cannot be": {sms, message.Attachments{Direction: message.Inbound, Attachments: files}},
		"the service does not accept the message: text is missing":                          {sms, message.Text{Direction: message.Inbound}},
		`no document shows an event of the channel "api"`:                                   {channel.APIAddress{BusinessID: "b", UserID: "c"}, message.Text{Direction: message.Inbound, Text: "hello"}},
		"no document shows a WhatsApp message with several files":                           {channel.WhatsAppAddress{}, message.Attachments{Direction: message.Inbound, Attachments: files}},
	} {
		_, err := engagetest.Event(c.address, c.message)
		require.ErrorContains(t, err, "engagetest: Event: "+want)
	}
}

func TestATapOnAButtonInMessengerIsAnEvent(t *testing.T) {
	address := channel.FacebookAddress{PageID: "1066", PageScopedID: "4711"}
	decoded, err := stream.Decode(engagetest.MessengerPostback(address, "GET_STARTED"))
	require.NoError(t, err)
	event := decoded.(stream.MessageEvent)
	require.Equal(t, stream.Postback{Payload: "GET_STARTED"}, event.Postback())
	require.Equal(t, address, event.AddressFor(event.Business))
	require.NotEmpty(t, event.TransactionID)
}
