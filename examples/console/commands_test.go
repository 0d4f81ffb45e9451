package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

func TestSearchShowsTheConversation(t *testing.T) {
	d := newDesk(t)
	status, out, errOut := d.console(t, "", "search"+ofAnn)
	require.Zero(t, status)
	require.Empty(t, errOut)
	require.Regexp(t, `(?m)^edge +noConversationFound$`, out)
	require.NotContains(t, out, "conversationId")

	conversation := engagetest.NewConversation(ann)
	conversation.AliasID = "task-17"
	id := d.Seed(conversation)
	status, out, _ = d.console(t, "", "search"+ofAnn)
	require.Zero(t, status)
	require.Regexp(t, `(?m)^edge +conversationInQueue\nconversationId +`+id+`$`, out)
	require.Regexp(t, `(?m)^aliasId +task-17$`, out)
	require.Regexp(t, `(?m)^traceIds +\w+=.+$`, out)

	status, out, _ = d.console(t, "", "search --json"+ofAnn)
	require.Zero(t, status)
	found := object(t, out)
	require.Equal(t, "conversationInQueue", found["edge"])
	require.Equal(t, id, found["conversationId"])
	require.NotContains(t, found, "userId")
}

func TestSearchShowsAConversationInAnUnknownState(t *testing.T) {
	d := newDesk(t)
	conversation := engagetest.NewConversation(ann)
	conversation.Status = "held\x1b[31m"
	id := d.Seed(conversation)
	status, out, errOut := d.console(t, "", "search"+ofAnn)
	require.Equal(t, 5, status)
	require.Regexp(t, `(?m)^conversationId +`+id+`$`, out)
	require.Contains(t, out, `"held\x1b[31m"`)
	require.Contains(t, errOut, "onInvalidChoice")
	require.NotContains(t, out+errOut, "\x1b")
}

func TestAnAddressHasTheFlagsOfItsChannel(t *testing.T) {
	for line, want := range map[string]channel.Address{
		"-channel sms -business 1 -customer 2":      channel.SMSAddress{Business: "1", Customer: "2"},
		"-channel whatsapp -business 1 -customer 2": channel.WhatsAppAddress{Business: "1", Customer: "2"},
		"-channel facebook -business 1 -customer 2": channel.FacebookAddress{PageID: "1", PageScopedID: "2"},
		"-channel amb -business 1 -customer 2":      channel.AppleAddress{AccountID: "1", UserID: "2"},
		"-channel api -business 1 -customer 2":      channel.APIAddress{BusinessID: "1", UserID: "2"},
		"-channel livechat -business 1 -customer 2 -thread 3 -fingerprint 4": channel.LiveChatAddress{
			AppID: "1", UserID: "2", ThreadID: "3", BrowserFingerprint: "4",
		},
		"-channel email -business b@x.example -customer c@x.example -subject Order -to b@x.example -cc d@x.example -cc e@x.example -in-reply-to 9": channel.EmailAddress{
			Mailbox: "b@x.example", From: "c@x.example", Subject: "Order", To: []string{"b@x.example"},
			CC: []string{"d@x.example", "e@x.example"}, InReplyTo: "9",
		},
	} {
		t.Run(line, func(t *testing.T) {
			d := newDesk(t)
			id := d.Seed(engagetest.NewConversation(want))
			status, out, _ := d.console(t, "", "search -json "+line)
			require.Zero(t, status)
			require.Equal(t, id, object(t, out)["conversationId"])
		})
	}
	require.Len(t, addressFlags, len(channel.All()))
	require.Equal(t, channelNames, strings.Trim(strings.ReplaceAll(fmt.Sprint(channel.All()), " ", ", "), "[]"))
}

func TestTranscriptShowsEveryMessageInOneLine(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(ann,
		inbound("Where is\nmy \x1b]0;order\a?\u009b31m \u202eevil"),
		message.Text{Direction: message.Outbound, Text: "Grüße 👋"},
	))
	status, out, errOut := d.console(t, "", "transcript "+id)
	require.Zero(t, status)
	require.Equal(t, `    1  2026-03-04T05:06:07Z  inbound       text  "Where is\nmy \x1b]0;order\a?\u009b31m \u202eevil"
    2  -                     outbound      text  "Grüße 👋"
`, out)
	require.Equal(t, "2 messages\n", errOut)

	status, out, errOut = d.console(t, "", "transcript -json "+id)
	require.Zero(t, status)
	require.Equal(t, "2 messages\n", errOut)
	lines := strings.Split(out, "\n")
	require.Len(t, lines, 4)
	require.NotRegexp(t, "[\x00-\x09\x0b-\x1f\u0080-\u009f\u202e]", out)
	var first struct {
		Number  int
		Message message.Text
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.Equal(t, 1, first.Number)
	require.Equal(t, "Where is\nmy \x1b]0;order\a?\u009b31m \u202eevil", first.Message.Text)
	require.Equal(t, map[string]any{"edge": "success", "messages": 2.0, "offset": 2.0}, object(t, out))
}

func TestTranscriptShowsAMessageOfAnUnknownType(t *testing.T) {
	d := newDesk(t)
	conversation := engagetest.NewConversation(ann)
	conversation.Messages = []engagetest.Message{{Raw: json.RawMessage(`{"type":"holo\u001bgram","direction":"inbound"}`)}}
	id := d.Seed(conversation)
	_, out, _ := d.console(t, "", "transcript "+id)
	require.Contains(t, out, `"holo\x1bgram"  ""`)
	_, out, _ = d.console(t, "", "transcript -json "+id)
	require.Contains(t, out, `"type":"holo\u001bgram"`)
}

func TestTranscriptShowsItsProgressAndCanBeContinued(t *testing.T) {
	d := newDesk(t, engagetest.WithTranscriptPages(50))
	var messages []message.Message
	for n := range 230 {
		messages = append(messages, inbound(fmt.Sprint("message ", n)))
	}
	id := d.Seed(engagetest.NewConversation(ann, messages...))
	status, out, errOut := d.console(t, "", "transcript "+id)
	require.Zero(t, status)
	require.Equal(t, 230, strings.Count(out, "\n"))
	require.Equal(t, "100 messages so far\n200 messages so far\n230 messages\n", errOut)

	page := 0
	d.FailFunc(func(request engagetest.Request) (fault engagetest.Fault) {
		if request.Operation == outcome.FetchTranscript {
			if page++; page == 4 {
				fault.Status = http.StatusConflict
			}
		}
		return fault
	})
	status, out, errOut = d.console(t, "", "transcript -json "+id)
	require.Equal(t, 8, status)
	require.Equal(t, 151, strings.Count(out, "\n"))
	require.Equal(t, "Failure", object(t, out)["edge"])
	require.Contains(t, errOut, "the transcript ends early: continue it with -offset 150\n")
	d.FailFunc(nil)
	status, out, _ = d.console(t, "", "transcript -offset 150 "+id)
	require.Zero(t, status)
	require.Equal(t, 80, strings.Count(out, "\n"))
	require.Contains(t, out, `  151  2026-03-04T05:06:07Z  inbound       text  "message 150"`)
}

func TestAppendTakesTheTextOfTheFlagOrOfTheInput(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(ann))
	status, out, errOut := d.console(t, "It is on\nits way.\r\n", "append -channel sms -direction outbound -alias a-1 "+id)
	require.Zero(t, status, errOut)
	require.Regexp(t, `(?m)^edge +onAppendMessageSuccess\nproof +acknowledged\nconversationId +`+id+`$`, out)
	require.Regexp(t, `(?m)^aliasIds +a-1$`, out)
	status, out, _ = d.runWith(t.Context(), iotest.ErrReader(errors.New("must not be read")),
		"append", "--json", "-channel", "sms", "-direction", "announcement", "-text", "Called back.", id)
	require.Zero(t, status)
	require.Equal(t, "onAppendMessageSuccess", object(t, out)["edge"])
	require.Empty(t, engagetest.Diff([]message.Message{
		message.Text{Direction: message.Outbound, Text: "It is on\nits way."},
		message.Text{Direction: message.Announcement, Text: "Called back."},
	}, d.Messages(id)))
}

func TestAppendSendsAnEmail(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(channel.EmailAddress{Mailbox: "b@x.example", From: "c@x.example", Subject: "Order"}))
	status, _, errOut := d.console(t, "It is on its way.", "append -channel email -direction outbound -from b@x.example -to c@x.example "+id)
	require.Zero(t, status, errOut)
	require.Empty(t, engagetest.Diff([]message.Message{message.Email{
		Direction: message.Outbound,
		Content:   message.EmailContent{From: "b@x.example", To: []string{"c@x.example"}, PlainBody: "It is on its way."},
	}}, d.Messages(id)))
}

// The text may have arrived, so the console says how to append it once at most.
func TestAMessageThatMayHaveBeenAppendedIsAppendedOnce(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(ann))
	d.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})
	d.Fail(outcome.FetchTranscript, engagetest.Fault{Status: http.StatusForbidden})
	line := "append -json -attempts 1 -channel sms -direction outbound"
	status, out, errOut := d.console(t, "hello", line+" "+id)
	require.Equal(t, 9, status)
	failure := object(t, out)["error"].(map[string]any)
	require.Equal(t, "maybe applied", failure["effect"])
	_, again, found := strings.Cut(errOut, "if it is absent then, add ")
	require.True(t, found, errOut)
	again, _, _ = strings.Cut(again, "\n")

	status, out, errOut = d.console(t, "hello", line+" "+again+" "+id)
	require.Zero(t, status, errOut)
	require.Equal(t, "reconciled", object(t, out)["proof"])
	require.Len(t, d.Messages(id), 1)
}

func TestClosingTwiceSucceeds(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(ann))
	status, out, _ := d.console(t, "", "close "+id)
	require.Zero(t, status)
	require.Regexp(t, `(?m)^edge +onConversationClosed$`, out)
	require.Regexp(t, `(?m)^alreadyDone +false$`, out)
	status, out, _ = d.console(t, "", "close -json "+id)
	require.Zero(t, status)
	require.Equal(t, true, object(t, out)["alreadyDone"])
	require.Equal(t, "4547", object(t, out)["code"])
	closed, _ := d.Conversation(id)
	require.Equal(t, engagetest.Closed, closed.Status)
}

func TestConformanceReadsOnly(t *testing.T) {
	d := newDesk(t)
	d.SeedTeam(engagetest.Team{Name: "returns"})
	d.SeedBusinessHours(engagetest.BusinessHours{ID: "schedule-1", Slot: "no_match"})
	d.Seed(engagetest.NewConversation(ann, inbound("a secret wish")))
	line := "conformance -team returns -schedule schedule-1" + ofAnn
	status, out, errOut := d.console(t, "", line)
	require.Zero(t, status)
	require.Empty(t, errOut)
	require.Regexp(t, `SearchConversation +POST /conversations/search +assumed +200, conversationInQueue\n`, out)
	require.Contains(t, out, "No route differs")

	status, out, _ = d.console(t, "", line+" -json")
	require.Zero(t, status)
	require.Contains(t, object(t, out)["rows"], map[string]any{
		"operation": "BusinessHours", "what": "GET /business-hours/{schedule}", "known": "assumed", "tenant": "200, onNoMatch",
	})
	require.NotContains(t, out, "a secret wish")
	for _, request := range d.Requests() {
		require.Contains(t, []outcome.Operation{
			engagetest.Token, outcome.SearchConversation, outcome.FetchTranscript, outcome.FetchTeamWorkingHours, outcome.BusinessHours,
		}, request.Operation)
	}

	d.Fail(outcome.FetchTeamWorkingHours, engagetest.Fault{Status: http.StatusConflict})
	d.Fail(outcome.BusinessHours, engagetest.Fault{Status: http.StatusNotFound})
	status, out, errOut = d.console(t, "", line+" -json")
	require.Equal(t, 8, status)
	require.Len(t, object(t, out)["failures"], 2)
	require.Contains(t, errOut, "FetchTeamWorkingHours")
	require.Contains(t, errOut, "BusinessHours works by none of 1 routes")
}
