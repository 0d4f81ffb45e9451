package engagetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// addresses has a complete address of each channel.
var addresses = map[string]channel.Address{
	"SMS":       channel.SMSAddress{Business: "+100", Customer: "+199"},
	"Messenger": channel.FacebookAddress{PageID: "1066", PageScopedID: "4711"},
	"live chat": channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t", BrowserFingerprint: "f"},
	"email": channel.EmailAddress{
		Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order", To: []string{"help@example.com"}, CC: []string{"bob@example.org"},
	},
	"WhatsApp": channel.WhatsAppAddress{Business: "+100", Customer: "+199"},
	"Apple":    channel.AppleAddress{AccountID: "b", UserID: "urn:mbid:c"},
	"API":      channel.APIAddress{BusinessID: "b", UserID: "c"},
}

// says returns an inbound message with a text for the channel of an address.
func says(address channel.Address, text string) message.Message {
	if mail, ok := address.(channel.EmailAddress); ok {
		return message.Email{Direction: message.Inbound, Content: message.EmailContent{From: mail.From, PlainBody: text}}
	}
	return message.Text{Direction: message.Inbound, Text: text}
}

func TestACustomerWritesOnEveryChannel(t *testing.T) {
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
			s := start(t, engagetest.WithClock(func() time.Time { return at }))
			first, err := s.Write(address, says(address, "hello"))
			require.NoError(t, err)
			second, err := s.Write(address, message.Stamp(says(address, "hello?"), "a2", at))
			require.NoError(t, err)
			require.Equal(t, first, second)

			got := s.conversation(first)
			require.Equal(t, engagetest.Queued, got.Status)
			require.Equal(t, address, got.Address())
			require.Equal(t, at, got.CreatedAt)
			require.Empty(t, engagetest.Diff([]message.Message{
				message.Stamp(says(address, "hello"), got.Messages[0].AliasID, at),
				message.Stamp(says(address, "hello?"), "a2", at),
			}, s.Messages(first)))
			require.NotEmpty(t, got.Messages[0].AliasID)
		})
	}
}

func TestAMessageToAClosedConversationReopensIt(t *testing.T) {
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			first, err := s.Write(address, says(address, "hello"))
			require.NoError(t, err)
			s.Update(first, func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
			second, err := s.Write(address, says(address, "hello again"))
			require.NoError(t, err)
			if name == "live chat" {
				require.NotEqual(t, first, second)
				require.Equal(t, engagetest.Closed, s.conversation(first).Status)
				return
			}
			require.Equal(t, first, second)
			require.Equal(t, engagetest.Queued, s.conversation(first).Status)
			require.Len(t, s.Messages(first), 2)
		})
	}
}

func TestWriteRefusesWhatTheServiceRefuses(t *testing.T) {
	s := start(t)
	hello := message.Text{Direction: message.Inbound, Text: "hello"}
	sms := addresses["SMS"]
	for want, c := range map[string]struct {
		address channel.Address
		message message.Message
	}{
		"the Customer of the address is empty":                     {channel.SMSAddress{Business: "+100"}, hello},
		"the address has no UserID or no ThreadID":                 {channel.LiveChatAddress{AppID: "b", ThreadID: "t"}, hello},
		"the message is not inbound":                               {sms, message.Text{Direction: message.Outbound, Text: "hello"}},
		"the service does not accept the message: text is missing": {sms, message.Text{Direction: message.Inbound}},
		"type cannot be sent on email as inbound":                  {addresses["email"], hello},
		"type cannot be sent on sms as inbound":                    {sms, message.WhatsAppInteractiveResponse{}},
	} {
		_, err := s.Write(c.address, c.message)
		require.ErrorContains(t, err, "engagetest: Write: ")
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, s.Conversations())
}

func TestSurplusFilesOfACustomerAreDropped(t *testing.T) {
	s := start(t)
	files := make([]message.Attachment, 12)
	for i := range files {
		files[i] = message.Attachment{FileName: "a.png", URL: "https://files.example.com/a.png"}
	}
	id, err := s.Write(addresses["API"], message.Attachments{Direction: message.Inbound, Attachments: files})
	require.NoError(t, err)
	kept := s.conversation(id).Messages[0].Attachments
	require.False(t, kept[9].Dropped)
	require.True(t, kept[10].Dropped)
	require.Len(t, message.AttachmentsOf(s.Messages(id)[0]), 12)
}

// A customer answers an email of the conversation. The answer has another subject, and
// another conversation at the address is open.
func TestAReplyFindsTheConversationOfItsEmail(t *testing.T) {
	s := start(t)
	address := channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order"}
	sent := message.Email{Direction: message.Outbound, Content: message.EmailContent{
		From: "help@example.com", To: []string{"ann@example.org"}, PlainBody: "It is on its way.",
		Headers: map[string]string{"message-id": "<1@example.com>"},
	}}
	want := s.Seed(engagetest.NewConversation(address, message.Stamp(sent, "a1", time.Now())))
	s.Update(want, func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
	address.Subject = "Re: Order"
	s.Seed(engagetest.NewConversation(address))

	reply := engagetest.Reply(sent, "thanks")
	require.Equal(t, "ann@example.org", reply.Content.From)
	require.Equal(t, []string{"help@example.com"}, reply.Content.To)
	require.Equal(t, "<1@example.com>", reply.Content.Headers["In-Reply-To"])
	got, err := s.Write(address, reply)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, engagetest.Queued, s.conversation(want).Status)

	// The customer adds something to their own email.
	addition := engagetest.Reply(reply, "one more thing")
	require.Equal(t, reply.Content.From, addition.Content.From)
	require.Equal(t, reply.Content.To, addition.Content.To)
	address.Subject = "another subject"
	got, err = s.Write(address, addition)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestAReplyToAnEmailWithoutAnIDHasNoInReplyTo(t *testing.T) {
	reply := engagetest.Reply(message.Email{Direction: message.Outbound}, "thanks")
	require.NotContains(t, reply.Content.Headers, "In-Reply-To")
	require.NotEmpty(t, reply.Content.Headers["Message-ID"])
}
