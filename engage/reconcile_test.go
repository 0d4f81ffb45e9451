package engage_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// engageServer starts an Engage in memory with one conversation, and a client.
func engageServer(t *testing.T, options ...engage.Option) (*engagetest.Server, *engage.Client, string) {
	t.Helper()
	server := engagetest.NewServer()
	t.Cleanup(server.Close)
	client, err := server.Client(append([]engage.Option{engage.WithCallOptions(quick)}, options...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	id := server.Seed(engagetest.Conversation{
		Channel: channel.SMS, BusinessAddress: smsAddress.Business, CustomerAddress: smsAddress.Customer,
	})
	return server, client, id
}

// texts lists the texts of a conversation.
func texts(t *testing.T, server *engagetest.Server, id string) []string {
	t.Helper()
	conversation, ok := server.Conversation(id)
	require.True(t, ok)
	texts := []string{}
	for _, m := range conversation.Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// sent counts the requests of an operation.
func sent(server *engagetest.Server, operation outcome.Operation) int {
	count := 0
	for _, r := range server.Requests() {
		if r.Operation == operation {
			count++
		}
	}
	return count
}

// twoTexts is a request with two messages.
func twoTexts(id string) engage.AppendMessageV14 {
	second := hello
	second.Text = "again"
	return engage.AppendMessageV14{ConversationID: id, Channel: channel.SMS, Messages: []message.Message{hello, second}}
}

// freshTexts is twoTexts with content that no other request has.
func freshTexts(id string) engage.AppendMessageV14 {
	request := twoTexts(id)
	for i, m := range request.Messages {
		text := m.(message.Text)
		text.Text = rand.Text()
		request.Messages[i] = text
	}
	return request
}

// textsWithAliasIDs is twoTexts with alias ids of the caller.
func textsWithAliasIDs(id string) engage.AppendMessageV14 {
	request := twoTexts(id)
	for i, m := range request.Messages {
		text := m.(message.Text)
		text.AliasID = fmt.Sprint("M-", i)
		request.Messages[i] = text
	}
	return request
}

func TestAnAppendWhoseReplyIsLostIsReconciled(t *testing.T) {
	faults := map[string]engagetest.Fault{
		"closed":      lostReply,
		"reset":       {Applied: true, Connection: engagetest.ConnectionReset},
		"502 HTML":    {Applied: true, Status: 502, Shape: engagetest.HTML},
		"500":         {Applied: true, Status: 500, Code: "5000"},
		"504":         {Applied: true, Status: 504, Shape: engagetest.Empty},
		"too late":    {Applied: true, Delay: time.Minute},
		"200 and 500": {Applied: true, Status: 200, Body: `{"status":500,"tid":"T"}`},
		"200 HTML":    {Applied: true, Status: 200, Shape: engagetest.HTML},
		"503 of a proxy": {
			Applied: true, Status: 503, Header: http.Header{"Content-Type": {"text/plain"}},
			Body: "upstream connect error or disconnect/reset before headers",
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			server, client, id := engageServer(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: 500 * time.Millisecond})))
			server.Fail(outcome.AppendMessage, fault)
			receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
			require.NoError(t, err)
			require.Equal(t, engage.Reconciled, receipt.Proof)
			require.Equal(t, outcome.OnAppendMessageSuccess, receipt.Outcome)
			require.Equal(t, id, receipt.ConversationID)
			require.Len(t, receipt.MessageAliasIDs, 2)
			require.Equal(t, outcome.MaybeApplied, receipt.Attempts[0].Effect, "the attempts are reported")
			require.Equal(t, []string{"hello", "again"}, texts(t, server, id))
			require.Equal(t, 1, sent(server, outcome.AppendMessage))
			settled, err := receipt.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, receipt.Receipt, settled)
		})
	}
}

func TestACreateWhoseReplyIsLostIsReconciled(t *testing.T) {
	address := channel.WhatsAppAddress{Business: "15550100", Customer: "4915550001"}
	for name, request := range map[string]engage.CreateConversationRequest{
		"by its message":  engage.CreateConversationV10{Address: address, Message: hello},
		"by its messages": engage.CreateConversationV13{Address: address, Messages: []message.Message{hello, hello}},
		"by its alias id": engage.CreateConversationV13{Address: address, AliasID: "task-1"},
		"by both":         engage.CreateConversationV13{Address: address, AliasID: "task-1", Messages: []message.Message{hello}},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, _ := engageServer(t)
			server.Fail(outcome.CreateConversation, lostReply)
			receipt, err := client.CreateConversation(t.Context(), request)
			require.NoError(t, err)
			require.Equal(t, engage.Reconciled, receipt.Proof)
			require.Equal(t, outcome.OnConversationCreated, receipt.Outcome)
			require.Len(t, server.Conversations(), 2)
			require.Equal(t, server.Conversations()[1].ID, receipt.ConversationID)
			require.Equal(t, 1, sent(server, outcome.CreateConversation))
		})
	}
}

func TestAReconciledReceiptContainsTheReplyToTheWrite(t *testing.T) {
	server := newStub(t, split(reply(200, transcriptOf(1, map[string]any{"aliasId": "event-1"})), traced(reply(500, `{"tid":"T-1"}`))))
	receipt, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: event})
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
	require.Equal(t, 500, receipt.HTTPStatus)
	require.Equal(t, []outcome.TraceID{{Name: "trxid", Value: "X-1"}, {Name: "tid", Value: "T-1"}}, receipt.TraceIDs)
	require.Len(t, receipt.Attempts, 1)
}

func TestAFailureThatIsCutShortIsReconciled(t *testing.T) {
	for _, fault := range []engagetest.Fault{
		{Code: "7", Shape: engagetest.Truncated},
		{Code: "7", Connection: engagetest.ConnectionCutShort},
	} {
		server, client, id := engageServer(t)
		server.Fail(outcome.AppendMessage, fault)
		_, err := client.AppendMessage(t.Context(), twoTexts(id))
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
		require.ErrorContains(t, err, "lookup: ")
		require.Empty(t, texts(t, server, id))
	}
}

func TestAnAnsweredWriteIsNotLookedUp(t *testing.T) {
	server, client, id := engageServer(t)
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Acknowledged, receipt.Proof)
	_, err = receipt.Wait(t.Context())
	require.ErrorIs(t, err, engage.ErrNoCallbacks)
	require.Zero(t, sent(server, outcome.FetchTranscript))

	server.Fail(outcome.AppendMessage, engagetest.Fault{Status: 409})
	_, err = client.AppendMessage(t.Context(), twoTexts(id))
	require.Equal(t, outcome.Refused, failureOf(t, err).Effect)
	require.Zero(t, sent(server, outcome.FetchTranscript))
}

func TestReconciliationCanBeSwitchedOff(t *testing.T) {
	server, client, id := engageServer(t, engage.WithCallOptions(noReconciliation))
	server.Fail(outcome.AppendMessage, lostReply)
	_, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Zero(t, sent(server, outcome.FetchTranscript))
}

func TestAWriteWhoseContextEndedIsNotLookedUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newStub(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := appendMessage(ctx, server.client(t))
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Len(t, server.seen(), 1)
}

func TestAWriteThatIsNotFoundMayHaveBeenApplied(t *testing.T) {
	server, client, id := engageServer(t)
	server.Fail(outcome.AppendMessage, lostRequest)
	_, err := client.AppendMessage(t.Context(), twoTexts(id))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.ErrorContains(t, err, "lookup: the conversation does not contain it")
	require.ErrorIs(t, err, io.EOF, "the error contains the cause")
	require.Len(t, failure.Attempts, 1)
	require.Equal(t, 1, sent(server, outcome.AppendMessage))
	require.Equal(t, 4, sent(server, outcome.FetchTranscript), "there are as many lookups as attempts")

	server.Fail(outcome.AppendMessage, lostRequest)
	_, err = client.AppendMessage(t.Context(), twoTexts(id), oneAttempt)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Equal(t, 5, sent(server, outcome.FetchTranscript))
}

func TestTheErrorSaysWhyTheLookupFoundNothing(t *testing.T) {
	server, client, id := engageServer(t)
	server.Fail(outcome.AppendMessage, engagetest.Fault{Status: http.StatusInternalServerError})
	_, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.ErrorContains(t, err, "lookup: the conversation does not contain it", "the lookup is the only cause")

	server.Fail(outcome.CreateConversation, lostReply)
	server.Fail(outcome.SearchConversation, engagetest.Fault{Status: http.StatusForbidden, Times: engagetest.Always})
	_, err = client.CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress})
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.ErrorContains(t, err, "lookup: engage: SearchConversation v1.3: onAuthorizationFailure")
	require.Equal(t, 1, sent(server, outcome.SearchConversation), "another lookup would fail, too")
}

func TestAWriteThatIsAbsentAfterTheSettleTimeIsSentOnceMore(t *testing.T) {
	server, client, id := engageServer(t, engage.WithCallOptions(settleTime(20*time.Millisecond)))
	server.Fail(outcome.AppendMessage, lostRequest)
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Acknowledged, receipt.Proof)
	require.Len(t, receipt.Attempts, 2)
	require.Equal(t, []string{"hello", "again"}, texts(t, server, id))
	var bodies []string
	for _, r := range server.Requests() {
		if r.Operation == outcome.AppendMessage {
			bodies = append(bodies, string(r.Body))
		}
	}
	require.Len(t, bodies, 2)
	require.Equal(t, bodies[0], bodies[1], "with the same alias ids")

	server.Fail(outcome.AppendMessage, lostRequest, lostReply)
	receipt, err = client.AppendMessage(t.Context(), freshTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof, "the repetition is looked up, too")
	require.Len(t, texts(t, server, id), 4)

	server.Fail(outcome.AppendMessage, lostRequest, lostRequest)
	_, err = client.AppendMessage(t.Context(), freshTexts(id))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, failure.Attempts, 2, "once")

	server.Fail(outcome.AppendMessage, lostRequest)
	_, err = client.AppendMessage(t.Context(), freshTexts(id), oneAttempt)
	require.Len(t, failureOf(t, err).Attempts, 1, "the repetition counts as an attempt")
	server.Fail(outcome.AppendMessage, lostRequest)
	_, err = client.AppendMessage(t.Context(), freshTexts(id), engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	require.Len(t, failureOf(t, err).Attempts, 1)
	require.Len(t, texts(t, server, id), 4)

	server.Fail(outcome.AppendMessage, lostRequest, engagetest.Fault{Applied: true, Shape: engagetest.Truncated})
	_, err = client.AppendMessage(t.Context(), freshTexts(id))
	require.Equal(t, outcome.Applied, failureOf(t, err).Effect, "the reply to the repetition decides")
	require.Len(t, texts(t, server, id), 6)
}

func TestACreateThatIsAbsentAfterTheSettleTimeIsSentOnceMore(t *testing.T) {
	server, client, _ := engageServer(t)
	request := engage.CreateConversationV10{Address: channel.APIAddress{BusinessID: "1", UserID: "2"}}
	server.Fail(outcome.CreateConversation, lostRequest)
	_, err := client.CreateConversation(t.Context(), request)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect, "not without a settle time")
	require.ErrorContains(t, err, "there is no conversation at the address")

	server.Fail(outcome.CreateConversation, lostRequest)
	receipt, err := client.CreateConversation(t.Context(), request, settleTime(time.Millisecond))
	require.NoError(t, err)
	require.Equal(t, engage.Acknowledged, receipt.Proof)
	require.Len(t, server.Conversations(), 2)
}

func TestAnAbsentWriteIsSentAgainAsSoonAsTheSettleTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes []time.Time
		client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			switch {
			case r.Method == http.MethodGet:
				return httpmock.NewStringResponse(http.StatusOK, emptyTranscript), nil
			case len(writes) == 0:
				writes = append(writes, time.Now())
				return nil, io.ErrUnexpectedEOF
			}
			writes = append(writes, time.Now())
			return httpmock.NewStringResponse(http.StatusAccepted, acknowledged), nil
		}))
		_, err := appendTo(appendRequest, settleTime(time.Minute))(t.Context(), client)
		require.NoError(t, err)
		require.Len(t, writes, 2)
		require.Equal(t, time.Minute, writes[1].Sub(writes[0]))
	})
}

func TestARepetitionCountsTheAttemptsWithoutTheRefusedToken(t *testing.T) {
	server := emptyService(t, func(n int, _ func(string)) http.HandlerFunc {
		return []http.HandlerFunc{reply(401, ``), hangUp, reply(202, acknowledged)}[n-1]
	})
	client, err := engage.New(engage.Endpoint(server.URL), &rotating{}, engage.WithCallOptions(
		twoAttempts, settleTime(time.Millisecond), quick))
	require.NoError(t, err)
	receipt, err := client.AppendMessage(t.Context(), appendRequest)
	require.NoError(t, err)
	require.Len(t, receipt.Attempts, 3)
}

func TestARefusedTokenThatIsNotReplacedCountsAsAnAttempt(t *testing.T) {
	server := emptyService(t, func(n int, _ func(string)) http.HandlerFunc {
		return []http.HandlerFunc{reply(500, ``), reply(401, ``), reply(202, acknowledged)}[n-1]
	})
	_, err := appendTo(appendRequest, engage.WithRetry(engage.Retry{Policy: engage.RetryAlways, Attempts: 2}), settleTime(time.Millisecond))(t.Context(), server.client(t))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, failure.Attempts, 2)
}

// gateway is a transport that fails each append and delivers it later to a
// conversation. It answers with the transcript of that conversation.
type gateway struct {
	delay    time.Duration
	mutex    sync.Mutex
	messages []map[string]any
	late     sync.WaitGroup
}

func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if r.Method == http.MethodGet {
		return httpmock.NewStringResponse(http.StatusOK, transcriptOf(len(g.messages), g.messages...)), nil
	}
	var body struct {
		Messages []map[string]any `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	g.late.Add(1)
	time.AfterFunc(g.delay, func() {
		defer g.late.Done()
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.messages = append(g.messages, body.Messages...)
	})
	return nil, errors.New("the gateway closed the connection")
}

func TestARequestThatAGatewayDeliversLateIsNotDoubled(t *testing.T) {
	const settled = 2 * time.Minute
	settle := settleTime(settled)
	for name, c := range map[string]struct {
		delay       time.Duration
		limit       time.Duration // of the context
		options     []engage.CallOption
		found       bool
		least, most time.Duration // that the call takes
	}{
		"without a settle time":            {time.Hour, time.Hour, nil, false, 0, 2 * time.Second},
		"one attempt, one lookup":          {time.Hour, time.Hour, []engage.CallOption{engage.WithRetry(engage.Retry{Attempts: 1, FirstWait: time.Minute, LongestWait: time.Minute})}, false, 0, 0},
		"within the settle time":           {time.Minute, time.Hour, []engage.CallOption{settle}, true, settled, settled},
		"between two lookups":              {100 * time.Millisecond, time.Hour, []engage.CallOption{engage.WithRetry(engage.Retry{FirstWait: time.Minute, LongestWait: time.Minute})}, true, 0, 3 * time.Minute},
		"before the second lookup":         {time.Millisecond, time.Hour, []engage.CallOption{settle}, true, 0, 2 * time.Second},
		"the deadline comes earlier":       {time.Minute, time.Second, []engage.CallOption{settle}, false, 0, time.Second},
		"the deadline comes with the end":  {time.Minute, settled, []engage.CallOption{settle, oneAttempt}, false, 0, 0},
		"too short with one attempt":       {time.Minute, time.Minute, []engage.CallOption{settle, oneAttempt}, false, 0, 0},
		"one attempt, two lookups":         {time.Minute, time.Hour, []engage.CallOption{settle, oneAttempt}, true, settled, settled},
		"as late as the settle time lasts": {settled - 1, time.Hour, []engage.CallOption{settle}, true, settled, settled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gateway{delay: c.delay}
				client := over(t, g)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), c.limit)
				defer cancel()
				receipt, err := client.AppendMessage(ctx, twoTexts("C1"), c.options...)
				require.GreaterOrEqual(t, time.Since(began), c.least)
				require.LessOrEqual(t, time.Since(began), c.most)
				if c.found {
					require.NoError(t, err)
					require.Equal(t, engage.Reconciled, receipt.Proof)
				} else {
					require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
					require.ErrorContains(t, err, "lookup: the conversation does not contain it")
				}
				g.late.Wait()
				require.Len(t, g.messages, 2)
			})
		})
	}
}

func TestAConvergentWriteIsRepeatedAndAlreadyDoneIsSuccess(t *testing.T) {
	server, client, id := engageServer(t, engage.WithAlreadyDoneCode(outcome.ReopenConversation, "409"))
	server.Fail(outcome.CloseConversation, lostReply)
	closed, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
	require.NoError(t, err)
	require.True(t, closed.AlreadyDone)
	require.True(t, closed.AlreadyDone)
	require.Equal(t, engage.Confirmed, closed.Proof)
	require.Equal(t, []outcome.Effect{outcome.MaybeApplied, outcome.Refused}, []outcome.Effect{closed.Attempts[0].Effect, closed.Attempts[1].Effect})

	server.Fail(outcome.ReopenConversation, lostReply)
	reopened, err := client.ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: id})
	require.NoError(t, err, "by the code of WithAlreadyDoneCode")
	require.True(t, reopened.AlreadyDone)

	server.Fail(outcome.RemoveParticipant, engagetest.Fault{Applied: true, Status: 500})
	server.Seed(engagetest.Conversation{ID: id, Channel: channel.SMS, Participants: []string{"agent-1"}})
	_, err = client.RemoveParticipant(t.Context(), engage.RemoveParticipantV10{ConversationID: id, Participant: "agent-1"})
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnRemoveParticipantFailure, failure.Edge, "no code means that it was removed before")
	require.Equal(t, outcome.MaybeApplied, failure.Effect, "the refusal may follow from the first attempt")
}
