package engage_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/stretchr/testify/require"
)

// The test compares whole lines, so that no content can be in them.
func TestTheLogValueOfARequestHasOnlyOperationChannelAndIDs(t *testing.T) {
	text := message.Text{Direction: message.Inbound, Text: "private", Envelope: message.Envelope{AliasID: "M-1"}}
	fields := []engage.CustomField{{Key: "private", Value: "private"}}
	details := engage.SMSDetails{Address: smsAddress, CommonDetails: engage.CommonDetails{Text: "private"}}
	for want, request := range map[string]slog.LogValuer{
		"operation=SearchConversation version=1.0 channel=sms": engage.SearchConversationV10{Address: smsAddress},
		"operation=SearchConversation version=1.1 channel=sms": engage.SearchConversationV11{Address: smsAddress},
		"operation=SearchConversation version=1.3 channel=sms": engage.SearchConversationV13{Address: smsAddress},
		`operation=SearchConversation version=1.3 channel=""`:  engage.SearchConversationV13{},
		"operation=CreateConversation version=1.0 channel=sms aliasIds=M-1": engage.CreateConversationV10{
			Address: smsAddress, CustomerName: "private", Message: text,
		},
		"operation=CreateConversation version=1.2 channel=sms": engage.CreateConversationV12{Address: smsAddress, Message: hello},
		`operation=CreateConversation version=1.3 channel=sms aliasIds="T-1, M-1"`: engage.CreateConversationV13{
			Address: smsAddress, CustomerName: "private", AliasID: "T-1", Messages: []message.Message{hello, nil, text}, CustomFields: fields,
		},
		"operation=AppendMessage version=1.0 channel=sms conversationId=C1 aliasIds=M-1": engage.AppendMessageV10{
			ConversationID: "C1", Channel: channel.SMS, Message: text,
		},
		"operation=AppendMessage version=1.3 channel=sms conversationId=C1": engage.AppendMessageV13{
			ConversationID: "C1", Channel: channel.SMS, Message: hello,
		},
		"operation=AppendMessage version=1.4 channel=sms conversationId=C1 aliasIds=M-1": engage.AppendMessageV14{
			ConversationID: "C1", Channel: channel.SMS, Messages: []message.Message{text},
		},
		"operation=UpdateConversation version=1.0 conversationId=C1 aliasIds=T-1": engage.UpdateConversationV10{
			ConversationID: "C1", AliasID: "T-1", CustomFields: fields,
		},
		"operation=AddParticipant version=1.0 conversationId=C1":       engage.AddParticipantV10{ConversationID: "C1", Participant: "private"},
		"operation=RemoveParticipant version=1.0 conversationId=C1":    engage.RemoveParticipantV10{ConversationID: "C1", Participant: "private"},
		"operation=CloseConversation version=1.0 conversationId=C1":    closeRequest,
		"operation=ReopenConversation version=1.0 conversationId=C1":   reopenRequest,
		"operation=HoldConversation version=1.0 conversationId=C1":     holdRequest,
		"operation=FetchTranscript version=1.0 conversationId=C1":      engage.FetchTranscriptV10{ConversationID: "C1"},
		"operation=TransferConversation version=1.0 conversationId=C1": engage.TransferConversationV10{ConversationID: "C1", Team: "private"},
		"operation=FetchTeamWorkingHours version=1.0":                  engage.FetchTeamWorkingHoursV10{Team: "private"},
		"operation=BusinessHours version=1.0 scheduleId=S1":            engage.BusinessHoursV10{ScheduleID: "S1"},
		"operation=ResolveConversation version=1.0 channel=sms": engage.ResolveConversationV10{
			TransID: "T1", FlowID: "F1", MediaChannel: engage.MediaSMS, Details: details,
		},
		"operation=ResolveConversation version=1.1 channel=sms": engage.ResolveConversationV11{MediaChannel: engage.MediaSMS, Details: details},
		"operation=ResolveConversation version=1.2 channel=sms": engage.ResolveConversationV12{MediaChannel: engage.MediaSMS, Details: details},
		`operation=Sing version=""`:                             engage.Call{Operation: "Sing", IDs: map[string]string{"who": "private"}, Body: "private"},
	} {
		var log strings.Builder
		logTo(&log, slog.LevelDebug).Info("", "r", request)
		want = strings.ReplaceAll(strings.ReplaceAll(" "+want, " ", " r."), ", r.", ", ")
		require.Equal(t, `level=INFO msg=""`+want+"\n", log.String())
	}
}

func TestTheLogValueOfAResultHasNoContent(t *testing.T) {
	const page = `{"code":"7","description":"private","tid":"T-1","value":{"messages":[{"type":"text","text":"private"}]}}`
	client := newStub(t, reply(http.StatusOK, page)).client(t)
	result, err := client.FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: "private"})
	require.NoError(t, err)
	var log strings.Builder
	logTo(&log, slog.LevelDebug).Info("", "r", result)
	require.Equal(t, `level=INFO msg="" r.outcome=success r.status=200 r.code=7 r.attempts=1 r.tid=T-1`+"\n", log.String())
}
