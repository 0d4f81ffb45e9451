package engage_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// badRequest is a request and the fields that are wrong with it.
type badRequest struct {
	name   string
	do     callFunc
	fields []string
}

func badRequests() []badRequest {
	append13 := func(id string, ch channel.Channel, m message.Message) callFunc {
		return appendTo(engage.AppendMessageV13{ConversationID: id, Channel: ch, Message: m})
	}
	text := func(text string) message.Text { return message.Text{Direction: message.Inbound, Text: text} }
	buttons := message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{
		Body:   "Which?",
		Action: message.WhatsAppButtonsAction{Buttons: []message.WhatsAppButton{message.NewWhatsAppButton("1", "One")}},
	}}
	smsDetails := engage.SMSDetails{Address: smsAddress}
	media := func(kind engage.MediaType, ch engage.MediaChannel, details engage.Details) callFunc {
		return resolve(engage.ResolveConversationV12{TransID: "T1", FlowID: "F1", MediaType: kind, MediaChannel: ch, Details: details})
	}
	var noText *message.Text
	var noAddress *channel.SMSAddress
	longYear := message.Envelope{Timestamp: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return []badRequest{
		{"no conversation id", append13("", channel.SMS, hello), []string{"ConversationID"}},
		{"a blank id", append13("  ", channel.SMS, hello), []string{"ConversationID"}},
		{"an id with a slash", append13("a/b", channel.SMS, hello), []string{"ConversationID"}},
		{"an id with a backslash", append13(`a\b`, channel.SMS, hello), []string{"ConversationID"}},
		{"an id of a dot", append13(".", channel.SMS, hello), []string{"ConversationID"}},
		{"an id of dots", append13("..", channel.SMS, hello), []string{"ConversationID"}},
		{"an id with a line break", append13("a\r\nb", channel.SMS, hello), []string{"ConversationID"}},
		{"an id that is not UTF-8", append13("a\xff", channel.SMS, hello), []string{"ConversationID"}},
		{"an empty text", append13("C1", channel.SMS, text("")), []string{"Message.Text"}},
		{"a blank text", append13("C1", channel.SMS, text(" \n")), []string{"Message.Text"}},
		{"a text that is not UTF-8", append13("C1", channel.SMS, text("a\xff")), []string{"Message.Text"}},
		{"no direction", append13("C1", channel.SMS, message.Text{Text: "hello"}), []string{"Message.Direction"}},
		{"no message", append13("C1", channel.SMS, nil), []string{"Message"}},
		{"a nil pointer as message", append13("C1", channel.SMS, noText), []string{"Message"}},
		{"no messages", appendTo(engage.AppendMessageV14{ConversationID: "C1", Channel: channel.SMS}), []string{"Messages"}},
		{"no channel", append13("C1", "", hello), []string{"Channel"}},
		{"an unknown channel", append13("C1", "pigeon", hello), []string{"Channel"}},
		{"no channel and a type of one channel only", append13("C1", "", buttons), []string{"Channel", "Message.Type"}},
		{"a text by email", append13("C1", channel.Email, hello), []string{"Message.Type"}},
		{"an email by SMS", append13("C1", channel.SMS, message.Email{
			Direction: message.Inbound,
			Content:   message.EmailContent{From: "a@example.com", To: []string{"b@example.com"}, PlainBody: "hi"},
		}), []string{"Message.Type"}},
		{"an announcement in 1.0", appendTo(engage.AppendMessageV10{
			ConversationID: "C1", Channel: channel.SMS, Message: message.Text{Direction: message.Announcement, Text: "left"},
		}), []string{"Message.Type"}},
		{"a year that cannot be written", append13("C1", channel.SMS, message.Text{
			Direction: message.Inbound, Text: "hello", Envelope: longYear,
		}), []string{"Message.Timestamp"}},
		{"a capability list on SMS", appendTo(engage.AppendMessageV14{
			ConversationID: "C1", Channel: channel.SMS, Messages: []message.Message{hello}, CapabilityList: "LIST",
		}), []string{"CapabilityList"}},
		{"no address", search(engage.SearchConversationV13{}), []string{"Address"}},
		{"a nil pointer as address", search(engage.SearchConversationV13{Address: noAddress}), []string{"Address"}},
		{"a struct that embeds an address", search(engage.SearchConversationV13{Address: struct{ channel.SMSAddress }{smsAddress}}), []string{"Address"}},
		{"a struct that embeds a nil address", search(engage.SearchConversationV13{Address: struct{ channel.Address }{}}), []string{"Address"}},
		{"a create with a struct that embeds a nil address", create(engage.CreateConversationV13{
			Address: struct{ *channel.SMSAddress }{}, AliasID: "\xff",
		}), []string{"Address", "AliasID"}},
		{"an address without its customer", search(engage.SearchConversationV13{Address: channel.SMSAddress{Business: "1"}}), []string{"Address.Customer"}},
		{"a live chat without user", create(engage.CreateConversationV10{
			Address: channel.LiveChatAddress{AppID: "app", ThreadID: "thread"},
		}), []string{"Address.UserID"}},
		{"a live chat without thread", create(engage.CreateConversationV12{
			Address: channel.LiveChatAddress{AppID: "app", UserID: "user", BrowserFingerprint: "user"},
		}), []string{"Address.ThreadID"}},
		{"a live chat with a blank user", create(engage.CreateConversationV13{
			Address: channel.LiveChatAddress{AppID: "app", UserID: " ", ThreadID: "thread"},
		}), []string{"Address.UserID"}},
		{"a live chat with a blank thread", create(engage.CreateConversationV13{
			Address: channel.LiveChatAddress{AppID: "app", UserID: "user", BrowserFingerprint: "user", ThreadID: " "},
		}), []string{"Address.ThreadID"}},
		{"a live chat without user and thread", create(engage.CreateConversationV13{
			Address: channel.LiveChatAddress{AppID: "app"}, Domain: "\xff",
		}), []string{"Address.ThreadID", "Address.UserID", "Domain"}},
		{"a domain on SMS", create(engage.CreateConversationV10{Address: smsAddress, Domain: "example.com"}), []string{"Domain"}},
		{"every violation of an append", appendTo(engage.AppendMessageV14{Channel: "fax", Messages: []message.Message{nil, message.Text{}}}),
			[]string{"ConversationID", "Channel", "Messages[0]", "Messages[1].Direction", "Messages[1].Text"}},
		{"every violation of a create", create(engage.CreateConversationV13{
			Address: channel.EmailAddress{}, CustomerName: "\xff", AliasID: "\xff", Domain: "x", ProactiveID: "x", CapabilityList: "x",
			Messages:     []message.Message{nil, hello},
			CustomFields: []engage.CustomField{{Scope: "planet", Value: "\xff"}},
		}), []string{
			"Address.Mailbox", "Address.From", "Address.Subject", "Domain", "ProactiveID", "CapabilityList", "CustomerName",
			"AliasID", "CustomFields[0].Scope", "CustomFields[0].Key", "CustomFields[0].Value", "Messages[0]", "Messages[1].Type",
		}},
		{"an update of nothing", update(engage.UpdateConversationV10{}), []string{"ConversationID", "AliasID"}},
		{"every violation of an update", update(engage.UpdateConversationV10{
			ConversationID: "C1", AliasID: "\xff", CustomFields: []engage.CustomField{{}, {Scope: engage.ProfileScope, Key: "\xff"}},
		}), []string{"AliasID", "CustomFields[0].Scope", "CustomFields[0].Key", "CustomFields[1].Key"}},
		{"an update that sets and clears", update(engage.UpdateConversationV10{
			ConversationID: "C1", AliasID: "task-1", ClearAliasID: engage.ClearWithNull,
			CustomFields: []engage.CustomField{{Scope: engage.ProfileScope, Key: "tier", Value: "gold", Null: true}},
		}), []string{"ClearAliasID", "CustomFields[0].Null"}},
		{"an update that clears in no known way", update(engage.UpdateConversationV10{ConversationID: "C1", ClearAliasID: 9}), []string{"ClearAliasID"}},
		{"no participant to add", addParticipant(engage.AddParticipantV10{}), []string{"ConversationID", "Participant"}},
		{"no participant to remove", removeParticipant(engage.RemoveParticipantV10{ConversationID: "C1", Participant: ".."}), []string{"Participant"}},
		{"no conversation to close", closing(engage.CloseConversationV10{}), []string{"ConversationID"}},
		{"no conversation to re-open", reopen(engage.ReopenConversationV10{}), []string{"ConversationID"}},
		{"no conversation to hold", hold(engage.HoldConversationV10{}), []string{"ConversationID"}},
		{"a transfer of nothing to nobody", transfer(engage.TransferConversationV10{}), []string{"ConversationID", "Team"}},
		{"a transfer to a blank team with a blank skill", transfer(engage.TransferConversationV10{ConversationID: "C1", Team: " ", Skill: " "}), []string{"Team", "Skill"}},
		{"a transfer with a skill to no team", transfer(engage.TransferConversationV10{ConversationID: "C1", Skill: "french"}), []string{"Team"}},
		{"a transfer that is not UTF-8", transfer(engage.TransferConversationV10{ConversationID: "C1", Team: "\xff", Skill: "\xff"}), []string{"Team", "Skill"}},
		{"the hours of no team", workingHours(engage.FetchTeamWorkingHoursV10{}), []string{"Team"}},
		{"the hours of a team with a slash", workingHours(engage.FetchTeamWorkingHoursV10{Team: "Sales/EMEA"}), []string{"Team"}},
		{"no schedule in a zone that does not exist", businessHours(engage.BusinessHoursV10{TimeZone: "Mars/Olympus"}), []string{"ScheduleID", "TimeZone"}},
		{"a schedule in the zone of the machine", businessHours(engage.BusinessHoursV10{ScheduleID: "S1", TimeZone: "Local"}), []string{"TimeZone"}},
		{"a schedule in a zone that is a path", businessHours(engage.BusinessHoursV10{ScheduleID: "S1", TimeZone: "../etc/passwd"}), []string{"TimeZone"}},
		{"every violation of a resolve", resolve(engage.ResolveConversationV10{}), []string{"TransID", "FlowID", "MediaType", "Details"}},
		{"a resolve of a nil pointer", media(engage.SocialMedia, engage.MediaSMS, (*engage.SMSDetails)(nil)), []string{"Details"}},
		{"an unknown media type", media("fax", engage.MediaSMS, smsDetails), []string{"MediaType"}},
		{"a media channel of another type", media(engage.EmailMedia, engage.MediaSMS, smsDetails), []string{"MediaChannel"}},
		{"an unknown media channel", media(engage.SocialMedia, "pigeon", smsDetails), []string{"MediaChannel"}},
		{"details of another channel", media(engage.SocialMedia, engage.MediaWhatsApp, smsDetails), []string{"Details"}},
		{"details of another channel without address", media(engage.EmailMedia, engage.MediaEmail, engage.SMSDetails{}),
			[]string{"Details", "Details.Address.Business", "Details.Address.Customer"}},
		{"every violation of an SMS", media(engage.SocialMedia, engage.MediaSMS, engage.SMSDetails{CommonDetails: engage.CommonDetails{
			Text: "\xff", ServiceKey: "\xff", Timestamp: longYear.Timestamp,
			PCI:      &engage.PCICheck{Reason: "{", DroppedAttachments: -1, AttachmentsEnabled: new(true)},
			Malware:  &engage.Scan{Reason: "because", DroppedAttachments: -1},
			Security: &engage.Scan{Reason: "\"\xff\"", DroppedAttachments: -1},
		}}), []string{
			"Details.Address.Business", "Details.Address.Customer", "Details.Text", "Details.ServiceKey", "Details.Timestamp",
			"Details.PCI.Reason", "Details.PCI.DroppedAttachments", "Details.PCI.AttachmentsEnabled",
			"Details.Malware.Reason", "Details.Malware.DroppedAttachments", "Details.Security.Reason", "Details.Security.DroppedAttachments",
		}},
		{"every violation of a Facebook message", media(engage.SocialMedia, engage.MediaFacebook, engage.FacebookDetails{
			AppID: "\xff", CustomerName: "\xff", Attachments: "none", AttachmentURL: "\xff",
		}), []string{
			"Details.Address.PageID", "Details.Address.PageScopedID", "Details.AppID", "Details.CustomerName", "Details.AttachmentURL", "Details.Attachments",
		}},
		{"every violation of a WhatsApp message", media(engage.SocialMedia, engage.MediaWhatsApp, engage.WhatsAppDetails{
			AppID: "\xff", CustomerName: "\xff", Attachments: "[", Caption: "\xff",
		}), []string{
			"Details.Address.Business", "Details.Address.Customer", "Details.AppID", "Details.CustomerName", "Details.Caption", "Details.Attachments",
		}},
		{"every violation of an Apple message", media(engage.SocialMedia, engage.MediaApple, engage.AppleDetails{
			AppID: "\xff", CustomerName: "\xff", Attachments: "\"\xff\"", AttachmentURL: "\xff", CapabilityList: "\xff",
		}), []string{
			"Details.Address.AccountID", "Details.Address.UserID", "Details.AppID", "Details.CustomerName", "Details.Attachments",
			"Details.AttachmentURL", "Details.CapabilityList",
		}},
		{"every violation of an email", media(engage.EmailMedia, engage.MediaEmail, engage.EmailDetails{
			BCC: []string{"\xff"}, AppID: "\xff", AssetType: "\xff", Recipient: "\xff", SenderName: "\xff", CustomerName: "\xff",
			Headers: map[string]string{"X": "\xff"}, HTML: "\xff", StrippedText: "\xff", StrippedHTML: "\xff",
			Attachments: []engage.EmailFile{{}, {MIMEType: "\xff", Name: "\xff", URL: "\xff", ContentID: "\xff"}},
		}), []string{
			"Details.Address.Mailbox", "Details.Address.From", "Details.Address.Subject",
			"Details.AppID", "Details.AssetType", "Details.Recipient", "Details.SenderName", "Details.CustomerName",
			"Details.HTML", "Details.StrippedText", "Details.StrippedHTML", "Details.BCC[0]", "Details.Headers",
			"Details.Attachments[1].MIMEType", "Details.Attachments[1].Name", "Details.Attachments[1].URL", "Details.Attachments[1].ContentID",
		}},
		{"every violation of a live chat", media(engage.ChatMedia, engage.MediaWeb, engage.LiveChatDetails{
			Domain: "\xff", ThreadTitle: "\xff", ThreadStatus: "\xff", CustomerName: "\xff", CustomerEmail: "\xff",
			TID: "\xff", Extras: "\xff", Version: "\xff", ProactiveID: "\xff", Attachments: []engage.LiveChatFile{{URL: "\xff", MIMEType: "\xff"}},
		}), []string{
			"Details.Address.AppID", "Details.Address.ThreadID", "Details.Address.UserID",
			"Details.Domain", "Details.ThreadTitle", "Details.ThreadStatus", "Details.CustomerName", "Details.CustomerEmail",
			"Details.TID", "Details.Extras", "Details.Version", "Details.ProactiveID", "Details.Attachments[0].URL", "Details.Attachments[0].MIMEType",
		}},
		{"an invalid call option", appendTo(engage.AppendMessageV13{}, engage.WithRetry(engage.Retry{Attempts: -1})),
			[]string{"ConversationID", "Channel", "Message", "options[0]"}},
	}
}

func TestAnInvalidRequestIsNotSentAndItsErrorNamesEachField(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	client := server.client(t)
	for _, bad := range badRequests() {
		t.Run(bad.name, func(t *testing.T) {
			got, err := bad.do(t.Context(), client)
			require.Equal(t, outcome.OnInvalidData, got)
			require.ErrorIs(t, err, outcome.ErrOnInvalidData)
			failure := failureOf(t, err)
			require.Equal(t, outcome.NotSent, failure.Effect)
			var fields []string
			for _, violation := range failure.Violations {
				fields = append(fields, violation.Field)
				require.NotEmpty(t, violation.Problem)
				require.Contains(t, err.Error(), violation.Field+" "+violation.Problem)
			}
			require.Equal(t, bad.fields, fields)
		})
	}
	require.Empty(t, server.seen(), "nothing is sent")
}

func TestValidateNeedsNoClient(t *testing.T) {
	for _, request := range []interface{ Validate() error }{
		engage.SearchConversationV10{}, engage.SearchConversationV11{}, engage.SearchConversationV13{},
		engage.CreateConversationV10{}, engage.CreateConversationV12{}, engage.CreateConversationV13{},
		engage.AppendMessageV10{}, engage.AppendMessageV13{}, engage.AppendMessageV14{},
		engage.UpdateConversationV10{}, engage.AddParticipantV10{}, engage.RemoveParticipantV10{},
		engage.CloseConversationV10{}, engage.ReopenConversationV10{}, engage.FetchTranscriptV10{},
		engage.HoldConversationV10{}, engage.TransferConversationV10{}, engage.FetchTeamWorkingHoursV10{}, engage.BusinessHoursV10{},
		engage.ResolveConversationV10{}, engage.ResolveConversationV11{}, engage.ResolveConversationV12{},
	} {
		failure := failureOf(t, request.Validate())
		require.Equal(t, outcome.OnInvalidData, failure.Edge)
		require.Contains(t, fmt.Sprintf("%T", request), string(failure.Operation))
		require.True(t, strings.HasSuffix(fmt.Sprintf("%T", request), "V"+strings.ReplaceAll(string(failure.Version), ".", "")))
		require.NotEmpty(t, failure.Violations)
	}
	for _, address := range []channel.Address{
		channel.SMSAddress{Business: "b", Customer: "c"}, channel.FacebookAddress{PageID: "b", PageScopedID: "c"},
		channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t"}, channel.EmailAddress{Mailbox: "b", From: "c", Subject: "s"},
		channel.WhatsAppAddress{Business: "b", Customer: "c"}, channel.AppleAddress{AccountID: "b", UserID: "c"},
		channel.APIAddress{BusinessID: "b", UserID: "c"}, &channel.SMSAddress{Business: "b", Customer: "c"},
	} {
		require.NoError(t, engage.SearchConversationV13{Address: address}.Validate(), "%T", address)
		require.NoError(t, engage.CreateConversationV13{Address: address}.Validate(), "%T", address)
	}
}

func TestAViolationListsWhatIsValid(t *testing.T) {
	err := engage.AppendMessageV14{ConversationID: "C1", Channel: "fax", Messages: []message.Message{hello}}.Validate()
	require.ErrorContains(t, err, "Channel is not one of sms, facebook, livechat, email, whatsapp, amb, api")
	require.ErrorContains(t, engage.SearchConversationV13{}.Validate(), "such as channel.SMSAddress")
	_, err = engage.New(engage.US, auth.Static(token), engage.WithRoute("Sing", engage.Route{}), engage.WithAlreadyDoneCode("Sing", "7"))
	require.ErrorContains(t, err, `WithRoute("Sing"): the client has no method of that name`)
	require.ErrorContains(t, err, `WithAlreadyDoneCode("Sing"): no convergent operation has that name; they are UpdateConversation, AddParticipant,`)
}
