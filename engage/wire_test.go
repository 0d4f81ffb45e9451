package engage_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/stretchr/testify/require"
)

// wired is a request and its form on the wire.
type wired struct {
	name         string
	do           callFunc
	method, path string
	body         string
}

var (
	envelope = message.Envelope{AliasID: "M-1", Timestamp: time.Date(2026, 1, 31, 13, 0, 0, 0, time.FixedZone("", 3600))}
	fullText = message.Text{Direction: message.Inbound, Text: "hello", Envelope: envelope}
)

const (
	fullTextJSON = `{"aliasId":"M-1","direction":"inbound","type":"text","text":"hello","timestamp":"2026-01-31T12:00:00Z"}`
	chatJSON     = `"channel":"livechat","customerAddress":"user-1","bizAddress":"app-1","threadId":"thread-1","browserFingerprint":"user-1"`
)

var chatAddress = channel.LiveChatAddress{AppID: "app-1", UserID: "user-1", ThreadID: "thread-1", BrowserFingerprint: "user-1"}

var onTheWire = []wired{
	{
		"search of an email",
		search(engage.SearchConversationV13{Address: channel.EmailAddress{
			Mailbox: "help@example.com", From: "ann@example.org", Subject: "Broken", To: []string{"help@example.com"},
			CC: []string{"bob@example.org"}, InReplyTo: "<1@example.com>",
		}}),
		"POST", "/conversations/search",
		`{"channel":"email","customerAddress":"ann@example.org","bizAddress":"help@example.com","subject":"Broken",
		"toRecipients":["help@example.com"],"ccRecipients":["bob@example.org"],"inReplyTo":"<1@example.com>"}`,
	},
	{
		"create without a message", create(engage.CreateConversationV10{Address: smsAddress, CustomerName: "Ann"}),
		"POST", "/conversations",
		`{"channel":"sms","customerAddress":"+15550199","bizAddress":"+15550100","customerName":"Ann"}`,
	},
	{
		"create of a live chat 1.2", create(engage.CreateConversationV12{Address: chatAddress, Domain: "example.com", Message: fullText}),
		"POST", "/conversations",
		`{` + chatJSON + `,"domain":"example.com","messages":[` + fullTextJSON + `]}`,
	},
	{
		"create with everything 1.3", create(engage.CreateConversationV13{
			Address: chatAddress, CustomerName: "Ann", AliasID: "task-1", Domain: "example.com", ProactiveID: "rule-1",
			Messages: []message.Message{fullText, fullText},
			CustomFields: []engage.CustomField{
				{Scope: engage.ConversationScope, Key: "order", Value: "17"}, {Scope: engage.ProfileScope, Key: "tier"},
			},
		}),
		"POST", "/conversations",
		`{` + chatJSON + `,"aliasId":"task-1","customerName":"Ann","domain":"example.com","proactiveId":"rule-1",
		"messages":[` + fullTextJSON + `,` + fullTextJSON + `],
		"customFields":[{"scope":"conversation","key":"order","value":"17"},{"scope":"profile","key":"tier","value":""}]}`,
	},
	{
		"create for an Apple device", create(engage.CreateConversationV10{
			Address: channel.AppleAddress{AccountID: "account-1", UserID: "urn:mbid:1"}, CapabilityList: "LIST,TIME",
		}),
		"POST", "/conversations",
		`{"channel":"amb","customerAddress":"urn:mbid:1","bizAddress":"account-1","capabilityList":"LIST,TIME"}`,
	},
	{
		"append 1.0", appendTo(engage.AppendMessageV10{ConversationID: "C 1?#%é", Channel: channel.SMS, Message: fullText}),
		"POST", "/conversations/C%201%3F%23%25%C3%A9/messages",
		`{"channel":"sms","messages":[` + fullTextJSON + `]}`,
	},
	{
		"append of several 1.4", appendTo(engage.AppendMessageV14{
			ConversationID: "C1", Channel: channel.Apple, Messages: []message.Message{fullText, fullText}, CapabilityList: "LIST",
		}),
		"POST", "/conversations/C1/messages",
		`{"channel":"amb","messages":[` + fullTextJSON + `,` + fullTextJSON + `],"extras":"LIST"}`,
	},
	{
		"update", update(engage.UpdateConversationV10{
			ConversationID: "C1", AliasID: "task-1", CustomFields: []engage.CustomField{{Scope: engage.ProfileScope, Key: "tier", Value: "gold"}},
		}),
		"PATCH", "/conversations/C1",
		`{"aliasId":"task-1","customFields":[{"scope":"profile","key":"tier","value":"gold"}]}`,
	},
	{
		"update that clears with null", update(engage.UpdateConversationV10{
			ConversationID: "C1", ClearAliasID: engage.ClearWithNull,
			CustomFields: []engage.CustomField{{Scope: engage.ProfileScope, Key: "tier", Null: true}},
		}),
		"PATCH", "/conversations/C1",
		`{"aliasId":null,"customFields":[{"scope":"profile","key":"tier","value":null}]}`,
	},
	{
		"update that clears with an empty value", update(engage.UpdateConversationV10{
			ConversationID: "C1", ClearAliasID: engage.ClearWithEmpty,
			CustomFields: []engage.CustomField{{Scope: engage.ProfileScope, Key: "tier"}},
		}),
		"PATCH", "/conversations/C1",
		`{"aliasId":"","customFields":[{"scope":"profile","key":"tier","value":""}]}`,
	},
	{
		"update that only clears", update(engage.UpdateConversationV10{ConversationID: "C1", ClearAliasID: engage.ClearWithNull}),
		"PATCH", "/conversations/C1", `{"aliasId":null}`,
	},
	{
		"update of a custom field only", update(engage.UpdateConversationV10{
			ConversationID: "C1", CustomFields: []engage.CustomField{{Scope: engage.ProfileScope, Key: "tier"}},
		}),
		"PATCH", "/conversations/C1", `{"customFields":[{"scope":"profile","key":"tier","value":""}]}`,
	},
	{
		"add participant", addParticipant(engage.AddParticipantV10{ConversationID: "C1", Participant: "ann.agent@example.com"}),
		"POST", "/conversations/C1/participants", `{"participant":"ann.agent@example.com"}`,
	},
	{
		"remove participant", removeParticipant(engage.RemoveParticipantV10{ConversationID: "C1", Participant: "ann.agent@example.com"}),
		"DELETE", "/conversations/C1/participants/ann.agent@example.com", ``,
	},
	{
		"close", closing(closeRequest),
		"POST", "/conversations/C1/close", `{}`,
	},
	{
		"re-open", reopen(reopenRequest),
		"POST", "/conversations/C1/reopen", `{}`,
	},
	{
		"hold", hold(holdRequest),
		"POST", "/conversations/C1/hold", `{}`,
	},
	{
		"transfer to a team", transfer(engage.TransferConversationV10{ConversationID: "C1", Team: "Sales / EMEA"}),
		"POST", "/conversations/C1/transfer", `{"team":"Sales / EMEA"}`,
	},
	{
		"transfer with a skill", transfer(engage.TransferConversationV10{ConversationID: "C1", Team: "sales", Skill: "french"}),
		"POST", "/conversations/C1/transfer", `{"team":"sales","skill":"french"}`,
	},
	{
		"resolve 1.2", resolve(engage.ResolveConversationV12{
			TransID: "T1", FlowID: "F1", MediaType: engage.ChatMedia, MediaChannel: engage.MediaWeb, OverrideDefaultClose: true,
			Details: engage.LiveChatDetails{Address: chatAddress, CommonDetails: engage.CommonDetails{Text: "hi", Timestamp: envelope.Timestamp}},
		}),
		"POST", "/conversations/resolve",
		`{"transId":"T1","flowId":"F1","mediaType":"chat","mediaChannel":"web","overrideDefaultClose":true,"details":` + strconv.Quote(
			`{"messageDetails":{"appId":"app-1","domain":"","threadId":"thread-1","threadTitle":"","threadStatus":"","userId":"user-1",`+
				`"attachmentCount":0,"attachment":"[]","tid":"","customerName":"","customerEmail":"","proactiveRuleId":"",`+
				`"message":"hi","timestamp":"2026-01-31T12:00:00Z"}}`) + `}`,
	},
	{
		"working hours of a team", workingHours(engage.FetchTeamWorkingHoursV10{Team: "Sales & Service"}),
		"GET", "/teams/Sales%20&%20Service/working-hours", ``,
	},
	{
		"business hours", businessHours(engage.BusinessHoursV10{ScheduleID: "S 1", TimeZone: "Europe/London"}),
		"GET", "/business-hours/S%201", ``,
	},
	{
		"transcript", fetch(engage.FetchTranscriptV10{ConversationID: "C1", Offset: 10, Limit: 20}),
		"GET", "/conversations/C1/messages", ``,
	},
}

func TestRequestsOnTheWire(t *testing.T) {
	for _, want := range onTheWire {
		t.Run(want.name, func(t *testing.T) {
			server := newStub(t, reply(http.StatusOK, anyReply))
			_, err := want.do(t.Context(), server.client(t))
			require.NoError(t, err)
			require.Len(t, server.seen(), 1)
			got := server.seen()[0]
			require.Equal(t, want.method, got.method)
			require.Equal(t, "/api/v1"+want.path, got.path)
			require.Equal(t, "Bearer "+token, got.header.Get("Authorization"))
			require.Equal(t, "application/json", got.header.Get("Accept"))
			require.Equal(t, "engage-go", got.header.Get("User-Agent"))
			require.EqualValues(t, len(got.body), got.length)
			if want.body == "" {
				require.Empty(t, got.body)
				require.Empty(t, got.header.Get("Content-Type"))
				return
			}
			require.Equal(t, "application/json", got.header.Get("Content-Type"))
			require.JSONEq(t, want.body, got.body)
			require.Equal(t, strings.Count(want.body, "null"), strings.Count(got.body, "null"), "a member that is not set is left out")
		})
	}
}

func TestEveryMemberThatIsWrittenIsInTheTableOfOperations(t *testing.T) {
	for _, request := range onTheWire {
		server := newStub(t, reply(http.StatusOK, anyReply))
		client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithWaitForOutcome(false)))
		_, err := request.do(t.Context(), client)
		require.NoError(t, err)
		row := rowOf(t, server.seen()[0])
		members := map[string]json.RawMessage{}
		if body := server.seen()[0].body; body != "" {
			require.NoError(t, json.Unmarshal([]byte(body), &members))
		}
		query, err := url.ParseQuery(server.seen()[0].query)
		require.NoError(t, err)
		for name := range query {
			members[name] = nil
		}
		_, hasURL := members["callbackUrl"]
		require.Equal(t, row.Class != engage.Read, hasURL, row.Name)
		for member := range members {
			known := slices.ContainsFunc(row.Request, func(m engage.Member) bool { return m.Name == member })
			require.True(t, known, "%s writes %s", row.Name, member)
		}
	}
}

// rowOf finds the row of the table whose route a request took.
func rowOf(t *testing.T, got recorded) engage.Operation {
	t.Helper()
	for _, row := range engage.Operations() {
		pattern := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(row.Route.Path, "[^/]+")
		if got.method == row.Route.Method && regexp.MustCompile("^/api/v1"+pattern+"$").MatchString(got.path) {
			return row
		}
	}
	require.Fail(t, "no row has this route", "%s %s", got.method, got.path)
	return engage.Operation{}
}

func TestAMessageGetsOneAliasIDAndOneTimeForAllAttempts(t *testing.T) {
	requests := 0
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests < 3 {
			reply(http.StatusTooManyRequests, "")(w, r)
			return
		}
		reply(http.StatusOK, acknowledged)(w, r)
	})
	before := time.Now().Add(-time.Second)
	receipt, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV14{
		ConversationID: "C1", Channel: channel.SMS, Messages: []message.Message{hello, fullText},
	})
	require.NoError(t, err)
	require.Len(t, server.seen(), 3)
	require.Equal(t, server.seen()[0].body, server.seen()[2].body)

	var sent struct {
		Messages []struct {
			AliasID   string    `json:"aliasId"`
			Timestamp time.Time `json:"timestamp"`
		} `json:"messages"`
	}
	require.NoError(t, json.Unmarshal([]byte(server.seen()[0].body), &sent))
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, sent.Messages[0].AliasID)
	require.Equal(t, []string{sent.Messages[0].AliasID, "M-1"}, receipt.MessageAliasIDs)
	require.WithinRange(t, sent.Messages[0].Timestamp, before, time.Now())
	require.Equal(t, time.UTC, sent.Messages[0].Timestamp.Location())
	require.Empty(t, hello.AliasID, "the caller's message is not changed")
}
