package engagetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

func TestAConversationIsSeededAndInspectedInTheTypesOfTheSDK(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	files := []message.Attachment{{MIMEType: "image/png", FileName: "a.png", URL: "https://files.example.com/a.png"}}
	text := message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "a1", Timestamp: at}}
	for _, c := range []struct {
		address channel.Address
		message message.Message
	}{
		{channel.SMSAddress{Business: "b", Customer: "c"}, text},
		{channel.FacebookAddress{PageID: "b", PageScopedID: "c"},
			message.TextWithAttachments{Direction: message.Inbound, Text: "see", Attachments: files}},
		{channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t", BrowserFingerprint: "f"}, text},
		{channel.EmailAddress{Mailbox: "b", From: "c", Subject: "s", To: []string{"b"}, CC: []string{"d"}, InReplyTo: "<1>"},
			message.Email{Direction: message.Inbound, Content: message.EmailContent{From: "c", StrippedText: "hello"}, Attachments: files}},
		{channel.WhatsAppAddress{Business: "b", Customer: "c"}, text},
		{channel.AppleAddress{AccountID: "b", UserID: "c"}, text},
		{channel.APIAddress{BusinessID: "b", UserID: "c"}, text},
	} {
		t.Run(string(c.address.Channel()), func(t *testing.T) {
			server := engagetest.New(t, engagetest.WithoutNetwork())
			client, err := server.Client()
			require.NoError(t, err)
			id := server.Seed(engagetest.NewConversation(c.address, c.message, text))
			kept, ok := server.Conversation(id)
			require.True(t, ok)
			require.Equal(t, c.address, kept.Address())
			require.Equal(t, message.Inbound, kept.Messages[0].Direction)
			require.Equal(t, "a1", kept.Messages[1].AliasID)
			require.Empty(t, engagetest.Diff([]message.Message{c.message, text}, server.Messages(id)))

			found, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: c.address})
			require.NoError(t, err)
			require.Equal(t, id, found.ConversationID)
		})
	}
}

func TestAnAddressIsACopy(t *testing.T) {
	c := engagetest.NewConversation(channel.EmailAddress{To: []string{"b"}})
	c.Address().(channel.EmailAddress).To[0] = "changed"
	require.Equal(t, []string{"b"}, c.ToRecipients)
	require.Nil(t, engagetest.Conversation{Channel: "telegram"}.Address())
}

func TestMessagesThatCannotBeDecodedKeepTheirJSON(t *testing.T) {
	server := engagetest.New(t, engagetest.WithoutNetwork())
	id := server.Seed(engagetest.Conversation{Messages: []engagetest.Message{{Raw: []byte(`{"type":1}`)}}})
	require.Equal(t, []message.Message{message.Unknown{Raw: []byte(`{"type":1}`)}}, server.Messages(id))
	require.Nil(t, server.Messages("none"))
}

func TestDiff(t *testing.T) {
	inbound := func(text string) message.Message { return message.Text{Direction: message.Inbound, Text: text} }
	outbound := func(text string) message.Message { return message.Text{Direction: message.Outbound, Text: text} }
	with := func(m message.Message, aliasID string, at time.Time) message.Message {
		return message.Stamp(m, aliasID, at)
	}
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	buttons := func(title string) message.Message {
		return message.NewWhatsAppButtons(title)
	}
	type list = []message.Message
	for name, c := range map[string]struct {
		want, got list
		diff      string
	}{
		"equal":                       {list{inbound("a"), outbound("b")}, list{with(inbound("a"), "1", noon), with(outbound("b"), "2", noon)}, ""},
		"both empty":                  {nil, nil, ""},
		"one too many":                {list{inbound("a")}, list{inbound("a"), inbound("a")}, "  inbound text \"a\"\n+ inbound text \"a\"\n"},
		"one missing":                 {list{inbound("a"), outbound("b")}, list{inbound("a")}, "  inbound text \"a\"\n- outbound text \"b\"\n"},
		"none wanted":                 {nil, list{inbound("a")}, "+ inbound text \"a\"\n"},
		"another direction":           {list{inbound("a")}, list{outbound("a")}, "- inbound text \"a\"\n+ outbound text \"a\"\n"},
		"another order":               {list{inbound("a"), inbound("b")}, list{inbound("b"), inbound("a")}, "- inbound text \"a\"\n  inbound text \"b\"\n+ inbound text \"a\"\n"},
		"another alias id":            {list{with(inbound("a"), "1", time.Time{})}, list{with(inbound("a"), "2", noon)}, "- inbound text \"a\" aliasId 1\n+ inbound text \"a\" aliasId 2\n"},
		"another time":                {list{with(inbound("a"), "", noon)}, list{with(inbound("a"), "2", noon.Add(time.Hour))}, "- inbound text \"a\" timestamp 2026-01-31T12:00:00Z\n+ inbound text \"a\" timestamp 2026-01-31T13:00:00Z\n"},
		"another content":             {list{buttons("a")}, list{buttons("b")}, "- outbound wab-buttons {\"wabButtons\":{\"body\":{\"text\":\"a\"}}}\n+ outbound wab-buttons {\"wabButtons\":{\"body\":{\"text\":\"b\"}}}\n"},
		"a pointer and a struct":      {list{&message.Text{Direction: message.Inbound, Text: "a"}}, list{inbound("a")}, ""},
		"nil":                         {list{nil}, list{inbound("a")}, "- null\n+ inbound text \"a\"\n"},
		"not a message":               {list{inbound("a")}, list{message.Unknown{Raw: []byte(`"x"`)}}, "- inbound text \"a\"\n+ \"x\"\n"},
		"a text of several lines":     {list{inbound("a\nb")}, list{inbound("a b")}, "- inbound text \"a\\nb\"\n+ inbound text \"a b\"\n"},
		"a number of many digits":     {list{message.Unknown{Raw: []byte(`{"type":"x","n":9007199254740993}`)}}, list{message.Unknown{Raw: []byte(`{"type":"x","n":9007199254740992}`)}}, "- x {\"n\":9007199254740993}\n+ x {\"n\":9007199254740992}\n"},
		"the order of JSON's members": {list{message.Unknown{Raw: []byte(`{"a":1,"b":2}`)}}, list{message.Unknown{Raw: []byte(`{"b":2,"a":1}`)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.diff, engagetest.Diff(c.want, c.got))
		})
	}
}

func TestASeededMessageKeepsWhatItsChannelRefuses(t *testing.T) {
	files := []message.Attachment{{MIMEType: "image/png", FileName: "a.png", URL: "https://files.example.com/a.png"}}
	seeded := engagetest.NewConversation(channel.SMSAddress{Business: "b", Customer: "c"},
		message.TextWithAttachments{Direction: message.Inbound, Text: "see", Attachments: files})
	require.Equal(t, "see", seeded.Messages[0].Text)
	require.Len(t, seeded.Messages[0].Attachments, 1)
}
