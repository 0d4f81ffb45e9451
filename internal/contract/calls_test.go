package contract_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// call is a call of an operation in a version.
type call struct {
	name      string
	operation outcome.Operation
	do        do
}

// do makes a call. It returns the edge on which the call ended, and its error.
type do func(context.Context, *engage.Client, ...engage.CallOption) (outcome.Edge, error)

// edgeOf returns the edge on which a call ended, and its error.
func edgeOf(result interface{ Edge() outcome.Edge }, err error) (outcome.Edge, error) {
	return outcome.Of(result, err), err
}

// place puts a conversation into the service and returns its id.
type place func(engagetest.Conversation) string

// agent is the participant of conversations, and team and schedule exist.
const (
	agent    = "agent-7"
	team     = "Sales"
	schedule = "hours-1"
)

// addresses returns an address of each channel. Each call returns other ones.
func addresses() map[channel.Channel]channel.Address {
	customers++
	customer := fmt.Sprint("customer-", customers)
	return map[channel.Channel]channel.Address{
		channel.SMS:      channel.SMSAddress{Business: "+15550100", Customer: customer},
		channel.Facebook: channel.FacebookAddress{PageID: "page", PageScopedID: customer},
		channel.LiveChat: channel.LiveChatAddress{AppID: "a_900", UserID: customer, ThreadID: "thread-3", BrowserFingerprint: customer},
		channel.Email: channel.EmailAddress{
			Mailbox: "help@example.org", From: customer + "@example.com", Subject: "Order 17", To: []string{"help@example.org"},
			CC: []string{"joe@example.com"}, InReplyTo: "<1@example.com>" + customer,
		},
		channel.WhatsApp: channel.WhatsAppAddress{Business: "+15550100", Customer: customer},
		channel.Apple:    channel.AppleAddress{AccountID: "account", UserID: customer},
		channel.API:      channel.APIAddress{BusinessID: "business", UserID: customer},
	}
}

var customers int

// samples returns the messages of package message's golden files, by type and direction.
func samples(t *testing.T) map[string]message.Message {
	t.Helper()
	paths, err := filepath.Glob("../../engage/message/testdata/golden/*.json")
	require.NoError(t, err)
	all := map[string]message.Message{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		m, err := message.Decode(text)
		require.NoError(t, err)
		envelope := message.EnvelopeOf(m)
		require.NotEmpty(t, envelope.AliasID)
		all[string(m.Type())+" "+string(message.DirectionOf(m))] = m
	}
	return all
}

// calls returns a call for each operation, version, channel and message type.
func calls(t *testing.T, put place) []call {
	t.Helper()
	all := searches()
	all = append(all, creations(t)...)
	all = append(all, appends(t, put)...)
	all = append(all, resolves()...)
	return append(all, changes(put)...)
}

func searches() []call {
	var all []call
	for ch, address := range addresses() {
		for version, request := range map[outcome.Version]engage.SearchConversationRequest{
			outcome.V10: engage.SearchConversationV10{Address: address},
			outcome.V11: engage.SearchConversationV11{Address: address},
			outcome.V13: engage.SearchConversationV13{Address: address},
		} {
			all = append(all, call{
				fmt.Sprint("search ", version, " ", ch), outcome.SearchConversation,
				func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
					return edgeOf(c.SearchConversation(ctx, request, options...))
				},
			})
		}
	}
	return all
}

// creation returns a request of CreateConversation with each field that the channel has.
func creation(version outcome.Version, address channel.Address, messages ...message.Message) engage.CreateConversationRequest {
	old := engage.CreateConversationV10{Address: address, CustomerName: "Jane"}
	full := engage.CreateConversationV13{
		Address: address, CustomerName: "Jane", AliasID: "task-17", Messages: messages,
		CustomFields: []engage.CustomField{
			{Scope: engage.ProfileScope, Key: "tier", Value: "gold"},
			{Scope: engage.ConversationScope, Key: "order", Value: ""},
		},
	}
	switch address.Channel() {
	case channel.LiveChat:
		old.Domain, full.Domain, full.ProactiveID = "shop.example.com", "shop.example.com", "rule-1"
	case channel.Apple:
		old.CapabilityList, full.CapabilityList = "LIST,TIME", "LIST,TIME"
	}
	if len(messages) > 0 {
		old.Message = messages[0]
	}
	switch version {
	case outcome.V10:
		return old
	case outcome.V12:
		return engage.CreateConversationV12(old)
	}
	return full
}

func creations(t *testing.T) []call {
	t.Helper()
	var all []call
	add := func(name string, version outcome.Version, ch channel.Channel, messages ...message.Message) {
		all = append(all, call{
			fmt.Sprint("create ", version, " ", ch, " ", name), outcome.CreateConversation,
			func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
				return edgeOf(c.CreateConversation(ctx, creation(version, addresses()[ch], messages...), options...))
			},
		})
	}
	for _, version := range outcome.Versions(outcome.CreateConversation) {
		for _, ch := range channel.All() {
			add("blank", version, ch)
		}
		eachSupported(t, outcome.CreateConversation, version, func(ch channel.Channel, m message.Message) {
			add(string(m.Type()), version, ch, m)
		})
	}
	return all
}

// eachSupported calls do with each message that a version of an operation supports on a
// channel.
func eachSupported(t *testing.T, operation outcome.Operation, version outcome.Version, do func(channel.Channel, message.Message)) {
	t.Helper()
	all := samples(t)
	for _, row := range message.SupportTable() {
		m, ok := all[string(row.Type)+" "+string(row.Direction)]
		require.True(t, ok, "no sample of %s", row)
		for _, ch := range row.Channels {
			if since := message.Since(row.Type, row.Direction, ch, operation); since != "" && !version.Before(since) {
				do(ch, m)
			}
		}
	}
}

func appends(t *testing.T, put place) []call {
	t.Helper()
	var all []call
	for _, version := range outcome.Versions(outcome.AppendMessage) {
		eachSupported(t, outcome.AppendMessage, version, func(ch channel.Channel, m message.Message) {
			all = append(all, call{
				fmt.Sprint("append ", version, " ", ch, " ", message.DirectionOf(m), " ", m.Type()), outcome.AppendMessage,
				func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
					id := put(engagetest.NewConversation(addresses()[ch]))
					var request engage.AppendMessageRequest
					switch version {
					case outcome.V10:
						request = engage.AppendMessageV10{ConversationID: id, Channel: ch, Message: m}
					case outcome.V13:
						request = engage.AppendMessageV13{ConversationID: id, Channel: ch, Message: m}
					default:
						several := engage.AppendMessageV14{ConversationID: id, Channel: ch, Messages: []message.Message{m, m}}
						if ch == channel.Apple {
							several.CapabilityList = "LIST,TIME"
						}
						request = several
					}
					return edgeOf(c.AppendMessage(ctx, request, options...))
				},
			})
		})
	}
	return all
}

// details returns inbound messages of all media with all their members.
func details() []struct {
	media   engage.MediaType
	channel engage.MediaChannel
	details engage.Details
} {
	at := addresses()
	common := engage.CommonDetails{
		Text: "hello", ServiceKey: "key",
		PCI:      &engage.PCICheck{Compliant: true, Done: true, Reason: `{"found":0}`, DroppedAttachments: 1},
		Malware:  &engage.Scan{Compliant: true, Done: true},
		Security: &engage.Scan{},
	}
	const files = `[{"mimeType":"image/png","url":"https://files.example.com/1.png"}]`
	return []struct {
		media   engage.MediaType
		channel engage.MediaChannel
		details engage.Details
	}{
		{engage.SocialMedia, engage.MediaSMS, engage.SMSDetails{Address: at[channel.SMS].(channel.SMSAddress), CommonDetails: common}},
		{engage.SocialMedia, engage.MediaFacebook, engage.FacebookDetails{
			Address: at[channel.Facebook].(channel.FacebookAddress), AppID: "app", CustomerName: "Jane", Attachments: files,
			AttachmentURL: "https://files.example.com/1.png", CommonDetails: common,
		}},
		{engage.SocialMedia, engage.MediaWhatsApp, engage.WhatsAppDetails{
			Address: at[channel.WhatsApp].(channel.WhatsAppAddress), AppID: "app", CustomerName: "Jane", Attachments: files,
			Caption: "the receipt", CommonDetails: common,
		}},
		{engage.SocialMedia, engage.MediaApple, engage.AppleDetails{
			Address: at[channel.Apple].(channel.AppleAddress), AppID: "app", CustomerName: "Jane", Attachments: files,
			AttachmentURL: "https://files.example.com/1.png", CapabilityList: "LIST,TIME", CommonDetails: common,
		}},
		{engage.EmailMedia, engage.MediaEmail, engage.EmailDetails{
			Address: at[channel.Email].(channel.EmailAddress), BCC: []string{"boss@example.org"}, AppID: "app", AssetType: "email",
			Recipient: "help@example.org", SenderName: "Jane", CustomerName: "Jane", Headers: map[string]string{"Message-ID": "<2@example.com>"},
			HTML: "<p>hello</p>", StrippedText: "hello", StrippedHTML: "<p>hello</p>",
			Attachments:   []engage.EmailFile{{MIMEType: "image/png", Name: "1.png", URL: "https://files.example.com/1.png", ContentID: "1"}},
			CommonDetails: common,
		}},
		{engage.ChatMedia, engage.MediaWeb, engage.LiveChatDetails{
			Address: at[channel.LiveChat].(channel.LiveChatAddress), Domain: "shop.example.com", ThreadTitle: "Delivery", ThreadStatus: "Active",
			CustomerName: "Jane", CustomerEmail: "jane@example.com", TID: "t-1", Extras: "{}", Version: "1", ProactiveID: "rule-1",
			Attachments:   []engage.LiveChatFile{{URL: "https://files.example.com/1.png", MIMEType: "image/png"}},
			CommonDetails: common,
		}},
	}
}

func resolves() []call {
	var all []call
	for _, message := range details() {
		first := engage.ResolveConversationV10{
			TransID: "0123456789abcdef0123456789abcdef", FlowID: "4",
			MediaType: message.media, MediaChannel: message.channel, Details: message.details,
		}
		for version, request := range map[outcome.Version]engage.ResolveConversationRequest{
			outcome.V10: first,
			outcome.V11: engage.ResolveConversationV11(first),
			outcome.V12: engage.ResolveConversationV12{
				TransID: first.TransID, FlowID: first.FlowID, MediaType: first.MediaType, MediaChannel: first.MediaChannel,
				Details: first.Details, OverrideDefaultClose: true,
			},
		} {
			all = append(all, call{
				fmt.Sprint("resolve ", version, " ", message.channel), outcome.ResolveConversation,
				func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
					return edgeOf(c.ResolveConversation(ctx, request, options...))
				},
			})
		}
	}
	return all
}

// changes returns a call of each operation that has no channel.
func changes(put place) []call {
	conversation := func(change func(*engagetest.Conversation)) string {
		c := engagetest.NewConversation(addresses()[channel.SMS], message.Text{
			Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{Timestamp: time.Now()},
		})
		c.Participants, c.UserID = []string{agent}, agent
		if change != nil {
			change(&c)
		}
		return put(c)
	}
	update := func(request engage.UpdateConversationV10) do {
		return func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			request.ConversationID = conversation(nil)
			return edgeOf(c.UpdateConversation(ctx, request, options...))
		}
	}
	transfer := func(skill string) do {
		return func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.TransferConversation(ctx, engage.TransferConversationV10{ConversationID: conversation(nil), Team: team, Skill: skill}, options...))
		}
	}
	return []call{
		{"update alias id", outcome.UpdateConversation, update(engage.UpdateConversationV10{AliasID: "task-17"})},
		{"update custom fields", outcome.UpdateConversation, update(engage.UpdateConversationV10{
			CustomFields: []engage.CustomField{{Scope: engage.ConversationScope, Key: "order", Value: "17"}},
		})},
		{"add participant", outcome.AddParticipant, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: conversation(nil), Participant: "agent-8"}, options...))
		}},
		{"remove participant", outcome.RemoveParticipant, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: conversation(nil), Participant: agent}, options...))
		}},
		{"close", outcome.CloseConversation, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: conversation(nil)}, options...))
		}},
		{"close again", outcome.CloseConversation, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			id := conversation(func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
			return edgeOf(c.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id}, options...))
		}},
		{"re-open", outcome.ReopenConversation, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			id := conversation(func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
			return edgeOf(c.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: id}, options...))
		}},
		{"hold", outcome.HoldConversation, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.HoldConversation(ctx, engage.HoldConversationV10{ConversationID: conversation(nil)}, options...))
		}},
		{"transfer to a team", outcome.TransferConversation, transfer("")},
		{"transfer to a skill", outcome.TransferConversation, transfer("French")},
		{"transcript", outcome.FetchTranscript, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: conversation(nil)}, options...))
		}},
		{"transcript from an offset", outcome.FetchTranscript, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: conversation(nil), Offset: 1, Limit: 500}, options...))
		}},
		{"team", outcome.FetchTeamWorkingHours, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.FetchTeamWorkingHours(ctx, engage.FetchTeamWorkingHoursV10{Team: team}, options...))
		}},
		{"business hours", outcome.BusinessHours, func(ctx context.Context, c *engage.Client, options ...engage.CallOption) (outcome.Edge, error) {
			return edgeOf(c.BusinessHours(ctx, engage.BusinessHoursV10{ScheduleID: schedule}, options...))
		}},
	}
}
