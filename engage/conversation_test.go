package engage_test

import (
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// fake returns an empty Engage in memory and a client of it.
func fake(t *testing.T, options ...engage.Option) (*engagetest.Server, *engage.Client) {
	t.Helper()
	server := engagetest.NewServer()
	t.Cleanup(server.Close)
	client, err := server.Client(options...)
	require.NoError(t, err)
	return server, client
}

func TestAConversationOfEveryChannelIsFoundByItsAddress(t *testing.T) {
	files := []message.Attachment{{MIMEType: "image/png", FileName: "a.png", URL: "https://files.example.com/a.png"}}
	email := message.Email{
		Direction:   message.Inbound,
		Content:     message.EmailContent{From: "ann@example.org", StrippedText: "Hello"}, // It is a blind copy.
		Attachments: []message.Attachment{{URL: "https://files.example.com/nameless"}},
	}
	question := message.AppleQuickReplies{Content: message.AppleQuickRepliesContent{Data: message.AppleQuickRepliesData{
		QuickReply: message.AppleQuickReply{Items: []message.AppleQuickReplyItem{{Identifier: "y", Title: "Yes"}}},
	}}}
	chat := channel.LiveChatAddress{AppID: "app", UserID: "user", ThreadID: "thread", BrowserFingerprint: "user"}
	mail := channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Broken"}
	for _, c := range []struct {
		name          string
		created       channel.Address
		first         message.Message
		same, another []channel.Address
	}{
		{
			"SMS", smsAddress, hello,
			[]channel.Address{smsAddress},
			[]channel.Address{channel.SMSAddress{Business: "+15550100", Customer: "+1"}, channel.SMSAddress{Business: "+1", Customer: "+15550199"}},
		},
		{
			"Facebook", channel.FacebookAddress{PageID: "1", PageScopedID: "2"},
			message.TextWithAttachments{Direction: message.Inbound, Text: "see", Attachments: files},
			[]channel.Address{channel.FacebookAddress{PageID: "1", PageScopedID: "2"}},
			[]channel.Address{channel.FacebookAddress{PageID: "2", PageScopedID: "1"}},
		},
		{
			"live chat", chat, hello,
			[]channel.Address{chat, channel.LiveChatAddress{AppID: "app", UserID: "user", BrowserFingerprint: "user"}, channel.LiveChatAddress{AppID: "app", ThreadID: "thread"}},
			[]channel.Address{channel.LiveChatAddress{AppID: "app", UserID: "user", ThreadID: "other", BrowserFingerprint: "user"}},
		},
		{
			"email", mail, email,
			[]channel.Address{mail},
			[]channel.Address{channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Other"}},
		},
		{
			"WhatsApp", channel.WhatsAppAddress{Business: "1", Customer: "2"}, message.Attachments{Direction: message.Inbound, Attachments: files},
			[]channel.Address{channel.WhatsAppAddress{Business: "1", Customer: "2"}},
			[]channel.Address{channel.WhatsAppAddress{Business: "1", Customer: "3"}, channel.SMSAddress{Business: "1", Customer: "2"}},
		},
		{
			"Apple", channel.AppleAddress{AccountID: "1", UserID: "2"}, question,
			[]channel.Address{channel.AppleAddress{AccountID: "1", UserID: "2"}},
			[]channel.Address{channel.AppleAddress{AccountID: "1", UserID: "3"}},
		},
		{
			"API", channel.APIAddress{BusinessID: "1", UserID: "2"}, hello,
			[]channel.Address{channel.APIAddress{BusinessID: "1", UserID: "2"}},
			[]channel.Address{channel.APIAddress{BusinessID: "1", UserID: "3"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, client := fake(t)
			created, err := client.CreateConversation(t.Context(), engage.CreateConversationV13{
				Address: c.created, CustomerName: "Ann", Messages: []message.Message{c.first},
			})
			require.NoError(t, err)
			require.Len(t, server.Conversations(), 1)
			kept := server.Conversations()[0]
			for _, address := range c.same {
				found, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: address})
				require.NoError(t, err)
				require.Equal(t, outcome.ConversationInQueue, found.Outcome, "%+v", address)
				require.Equal(t, kept.ID, found.ConversationID)
			}
			for _, address := range c.another {
				found, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: address})
				require.NoError(t, err)
				require.Equal(t, outcome.NoConversationFound, found.Outcome, "%+v", address)
			}
			require.Equal(t, c.created.Channel(), kept.Channel)
			require.Equal(t, "Ann", kept.CustomerName)
			require.Len(t, kept.Messages, 1)
			require.Equal(t, string(c.first.Type()), kept.Messages[0].Type)
			require.Equal(t, created.MessageAliasIDs[0], kept.Messages[0].AliasID)
		})
	}
}

func TestAConversationIsCreatedChangedClosedAndReopened(t *testing.T) {
	server, client := fake(t)
	_, err := client.CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress, Message: hello})
	require.NoError(t, err)
	id := server.Conversations()[0].ID
	state := func() engagetest.Conversation {
		conversation, ok := server.Conversation(id)
		require.True(t, ok)
		return conversation
	}
	require.Equal(t, engagetest.Queued, state().Status)

	_, err = client.AddParticipant(t.Context(), engage.AddParticipantV10{ConversationID: id, Participant: "agent-7"})
	require.NoError(t, err)
	require.Equal(t, engagetest.Active, state().Status)
	require.Equal(t, []string{"agent-7"}, state().Participants)

	_, err = client.UpdateConversation(t.Context(), engage.UpdateConversationV10{
		ConversationID: id, AliasID: "task-17", CustomFields: []engage.CustomField{{Scope: engage.ConversationScope, Key: "order", Value: "17"}},
	})
	require.NoError(t, err)
	require.Equal(t, "task-17", state().AliasID)
	require.Equal(t, []engagetest.CustomField{{Scope: "conversation", Key: "order", Value: "17"}}, state().CustomFields)

	_, err = client.RemoveParticipant(t.Context(), engage.RemoveParticipantV10{ConversationID: id, Participant: "agent-7"})
	require.NoError(t, err)
	require.Equal(t, engagetest.Queued, state().Status)

	_, err = client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
	require.NoError(t, err)
	require.Equal(t, engagetest.Closed, state().Status)

	_, err = client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: hello})
	require.Equal(t, outcome.OnAppendMessageFailure, failureOf(t, err).Edge, "a closed conversation takes no messages")
	_, err = client.AppendMessage(t.Context(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS, Message: message.Text{Direction: message.Announcement, Text: "left"},
	})
	require.NoError(t, err, "but it takes announcements")

	_, err = client.ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: id})
	require.NoError(t, err)
	require.Equal(t, engagetest.Queued, state().Status)

	_, err = client.CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress})
	require.Equal(t, outcome.OnConversationFailed, failureOf(t, err).Edge, "one open conversation for an address")
}
