package engage_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// written is a request and what it is on the wire.
type written struct {
	name         string
	do           func(context.Context, *engage.Client) (outcome.Edge, error)
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

var onTheWire = []written{
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
			Messages:     []message.Message{fullText, fullText},
			CustomFields: []engage.CustomField{{engage.ConversationScope, "order", "17"}, {engage.ProfileScope, "tier", ""}},
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
		"update", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.UpdateConversation(ctx, engage.UpdateConversationV10{
				ConversationID: "C1", AliasID: "task-1", CustomFields: []engage.CustomField{{engage.ProfileScope, "tier", "gold"}},
			})
			return outcome.OnConversationUpdatedSuccess, err
		},
		"PATCH", "/conversations/C1",
		`{"aliasId":"task-1","customFields":[{"scope":"profile","key":"tier","value":"gold"}]}`,
	},
	{
		"add participant", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: "C1", Participant: "ann.agent@example.com"})
			return outcome.OnAddParticipantSuccess, err
		},
		"POST", "/conversations/C1/participants", `{"participant":"ann.agent@example.com"}`,
	},
	{
		"remove participant", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: "C1", Participant: "ann.agent@example.com"})
			return outcome.OnParticipantRemoved, err
		},
		"DELETE", "/conversations/C1/participants/ann.agent@example.com", ``,
	},
	{
		"close", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: "C1"})
			return outcome.OnConversationClosed, err
		},
		"POST", "/conversations/C1/close", `{}`,
	},
	{
		"re-open", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: "C1"})
			return outcome.ConversationReopened, err
		},
		"POST", "/conversations/C1/reopen", `{}`,
	},
	{
		"transcript", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: "C1", Offset: 10, Limit: 20})
			return outcome.TranscriptFetched, err
		},
		"GET", "/conversations/C1/messages", ``,
	},
}

// anyReply satisfies every operation.
const anyReply = `{"tid":"T-1","value":{"messages":[]}}`

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
			require.EqualValues(t, len(got.body), got.length)
			if want.body == "" {
				require.Empty(t, got.body)
				require.Empty(t, got.header.Get("Content-Type"))
				return
			}
			require.Equal(t, "application/json", got.header.Get("Content-Type"))
			require.JSONEq(t, want.body, got.body)
			require.NotContains(t, got.body, "null")
		})
	}
}

func TestEveryMemberWrittenStandsInTheOperationTable(t *testing.T) {
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
		_, told := members["callbackUrl"]
		require.Equal(t, row.Class != engage.Read, told, row.Name)
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

func TestMessagesGetAnAliasIDAndATimeOnceForAllTries(t *testing.T) {
	tries := 0
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
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

func TestReceiptsReadEverySpellingOfTheTransactionID(t *testing.T) {
	for _, body := range []string{
		`{"tid":"T-1"}`, `{"TransId":"T-1"}`, `{"transId":"T-1"}`, `{"Transid":"T-1"}`, `{"transID":"T-1"}`,
		`{"status":"success","value":{"tid":"T-1"}}`, `{"value":{"transid":"T-1","conversationId":17}}`,
	} {
		server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("trxid", "X-1")
			w.Header().Set("trackingid", "X-2")
			reply(http.StatusAccepted, body)(w, r)
		})
		receipt, err := server.client(t).CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress})
		require.NoError(t, err)
		require.Equal(t, "T-1", receipt.TransactionID, body)
		require.Equal(t, http.StatusAccepted, receipt.HTTPStatus)
		require.Subset(t, receipt.TraceIDs, []outcome.TraceID{{Name: "trxid", Value: "X-1"}, {Name: "TrackingId", Value: "X-2"}})
		require.JSONEq(t, body, string(receipt.Raw()))
		if strings.Contains(body, "conversationId") {
			require.Equal(t, "17", receipt.ConversationID, "a number is read as well")
		}
	}
}

func TestWhatASearchAnswersDependsOnItsVersion(t *testing.T) {
	const body = `{"status":200,"code":"1000","description":"ok","value":{"conversationId":"C1","aliasId":"A1",
		"conversationExists":"true","status":"On Hold","teamId":"team","userId":"agent","new":"kept"}}`
	server := newStub(t, reply(http.StatusOK, body))
	client := server.client(t)

	v13, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
	require.NoError(t, err)
	require.Equal(t, outcome.ConversationOnHold, v13.Outcome)
	require.Equal(t, []string{"C1", "A1", "team", "agent", "On Hold"}, []string{v13.ConversationID, v13.AliasID, v13.TeamID, v13.UserID, v13.Status})
	require.Equal(t, []string{"200", "1000", "ok"}, []string{v13.APIStatus, v13.Code, v13.Description})
	require.True(t, v13.Exists)
	require.Contains(t, string(v13.Raw()), `"new":"kept"`)

	v11, err := client.SearchConversation(t.Context(), engage.SearchConversationV11{Address: smsAddress})
	require.NoError(t, err)
	require.Equal(t, "C1", v11.ConversationID)
	require.Empty(t, v11.AliasID+v11.TeamID+v11.UserID)
}

func TestAConversationWithAnIDExistsUnlessTheReplySaysOtherwise(t *testing.T) {
	for told, exists := range map[string]bool{
		``: true, `,"userId":null`: true, `,"chatExist":true`: true, `,"chatExist":false`: false, `,"conversationExists":"false"`: false,
	} {
		server := newStub(t, reply(http.StatusOK, `{"status":"success","value":{"conversationId":"C1","status":"active"`+told+`}}`))
		found, err := server.client(t).SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.NoError(t, err)
		require.Equal(t, exists, found.Exists, told)
		require.Equal(t, exists, found.Outcome == outcome.ConversationActive, told)
	}
}

func TestStatesAreReadWhateverTheirCaseAndSeparators(t *testing.T) {
	for status, want := range map[string]outcome.Edge{
		"queued": outcome.ConversationInQueue, "In Queue": outcome.ConversationInQueue, "INQUEUE": outcome.ConversationInQueue,
		"active": outcome.ConversationActive, "Picked": outcome.ConversationActive,
		"on hold": outcome.ConversationOnHold, "on_hold": outcome.ConversationOnHold, "ON-HOLD": outcome.ConversationOnHold,
		"Closed": outcome.ConversationClosed,
	} {
		found, err := newStub(t, reply(http.StatusOK, found(status))).client(t).
			SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.NoError(t, err)
		require.Equal(t, want, found.Outcome, status)
	}
}

func TestNoConversationIsFoundInASuccessOnly(t *testing.T) {
	for _, body := range []string{
		`{"status":"success","value":{"chatExist":false}}`,
		`{"status":"success","value":{"chatExist":"false","conversationId":"C1","status":"closed"}}`,
		`{"status":"success","value":{"chatExist":true,"conversationId":""}}`,
		`{"status":"success","value":{}}`,
		`{"status":"success","value":null}`,
		`{"value":{}}`,
		`{"status":"success"}`,
		`{"status":"success","value":{"customFields":[],"extras":{}}}`,
		`{"status":200,"response":{"chatExist":false}}`,
	} {
		found, err := newStub(t, reply(http.StatusOK, body)).client(t).
			SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.NoError(t, err, body)
		require.Equal(t, outcome.NoConversationFound, found.Outcome)
	}
	_, err := newStub(t, reply(http.StatusNotFound, `{"status":"failure"}`)).client(t).
		SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
	require.ErrorIs(t, err, outcome.ErrOnError, "a 404 may be a wrong path")
}

func TestAConversationIsFoundWhereverTheReplyTellsOfIt(t *testing.T) {
	for _, body := range []string{
		`{"status":"success","value":{"conversationId":"C1","chatExist":true,"status":"active"}}`,
		`{"status_code":200,"response":{"conversationId":"C1","conversationExists":true,"status":"active"}}`,
		`{"conversationId":"C1","chatExist":true,"status":"active"}`,
		`{"status":"active","value":null,"conversationId":"C1"}`,
	} {
		found, err := newStub(t, reply(http.StatusOK, body)).client(t).
			SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.NoError(t, err, body)
		require.Equal(t, outcome.ConversationActive, found.Outcome, body)
		require.Equal(t, "C1", found.ConversationID)
	}
	_, err := newStub(t, reply(http.StatusOK, `{"status":200,"conversationId":"C1"}`)).client(t).
		SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
	require.ErrorIs(t, err, outcome.ErrOnInvalidChoice, "its state is not told")
	for _, body := range []string{
		`{"status":"UP","components":{"db":{"status":"UP"}}}`,
		`{"status":"success","data":{"conversationId":"C1","chatExist":true,"status":"active"}}`,
		`{"status":"success","data":"{\"conversationId\":\"C1\"}"}`,
		`{"status":"success","response":[{"conversationId":"C1","chatExist":true,"status":"active"}]}`,
		`{"status":"success","value":{"conversation":{"conversationId":"C1","status":"active"}}}`,
		`{"status":"success","value":null,"conversations":[{"conversationId":"C1"}]}`,
	} {
		_, err = newStub(t, reply(http.StatusOK, body)).client(t).
			SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.ErrorIs(t, err, outcome.ErrOnError, "it does not say that there is none: %s", body)
	}
}
