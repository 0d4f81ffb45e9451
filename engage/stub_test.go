package engage_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// roundTrip is a transport of one's own.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// hangUp breaks the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		connection.(*net.TCPConn).SetLinger(0)
		connection.Close()
	}
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// traced answers with a trace id in the header.
func traced(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("trxid", "X-1")
		answer(w, r)
	}
}

// retryAfter answers as answer does, and asks for no wait.
func retryAfter(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0")
		answer(w, r)
	}
}

// acknowledged is what the service answers to a write.
const acknowledged = `{"tid":"T-1"}`

// emptyTranscript is what the service answers for a conversation without
// messages.
const emptyTranscript = `{"status":"success","value":{"countOfRecords":0,"messages":[]}}`

// found is what the service answers to a search for a conversation in status.
func found(status string) string {
	return `{"status":"success","code":1000,"value":{"chatExist":true,"conversationId":"C1","status":"` + status + `"}}`
}

// success is a reply on which the operation succeeds.
func success(operation outcome.Operation) string {
	switch operation {
	case outcome.SearchConversation:
		return found("active")
	case outcome.FetchTranscript:
		return emptyTranscript
	}
	return acknowledged
}

// appendMessage and searchConversation are one unsafe and one read call.
var (
	appendRequest      = engage.AppendMessageV13{ConversationID: "C1", Channel: "sms", Message: hello}
	appendMessage      = appendTo(appendRequest)
	searchConversation = search(engage.SearchConversationV13{Address: smsAddress})
	closeConversation  = calls[12].do
)

// quick has calls hardly wait between tries and looks.
var quick = engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Second})

// lostReply is the fault that doubles messages in programs that send again
// blindly; lostRequest looks the same to the client.
var (
	lostReply   = engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}
	lostRequest = engagetest.Fault{Connection: engagetest.ConnectionClosed}
)

// token is the token of every client in these tests. No output may hold it.
const token = "tok-5ecret"

// recorded is a request as a server saw it.
type recorded struct {
	method, path, query, body string
	header                    http.Header
	// length is as the header tells it: -1 for a body sent in chunks.
	length int64
}

// stub is an HTTP server that answers with a function and records what it was
// asked.
type stub struct {
	*httptest.Server
	answer   http.HandlerFunc
	mutex    sync.Mutex
	requests []recorded
}

// newStub starts a server that answers each request with answer.
func newStub(t *testing.T, answer http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mutex.Lock()
		s.requests = append(s.requests, recorded{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header, r.ContentLength})
		s.mutex.Unlock()
		s.answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// seen returns the requests so far.
func (s *stub) seen() []recorded {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]recorded(nil), s.requests...)
}

// written returns the requests so far without those that look for a write in
// doubt.
func (s *stub) written() []recorded {
	return slices.DeleteFunc(s.seen(), func(r recorded) bool {
		return r.method == http.MethodGet || strings.HasSuffix(r.path, "/search")
	})
}

// client returns a client of the server that hardly waits between tries.
func (s *stub) client(t *testing.T, options ...engage.Option) *engage.Client {
	t.Helper()
	quick := engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Second, AttemptTimeout: 10 * time.Second}))
	client, err := engage.New(engage.Endpoint(s.URL+"/api/v1"), auth.Static(token), append([]engage.Option{quick}, options...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// reply answers with a status and a body.
func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// inTurn answers with one after the other, and goes on with the last.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var count atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(count.Add(1)), len(answers))-1](w, r)
	}
}

// failureOf fails the test unless err is an *outcome.Error, which it returns.
func failureOf(t *testing.T, err error) *outcome.Error {
	t.Helper()
	var failure *outcome.Error
	require.ErrorAs(t, err, &failure)
	return failure
}

// endedContext is the context of a caller who has left.
func endedContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// call is one operation in one version, made with a valid request.
type call struct {
	operation outcome.Operation
	version   outcome.Version
	do        func(context.Context, *engage.Client) (outcome.Edge, error)
}

var (
	smsAddress = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	hello      = message.Text{Direction: message.Inbound, Text: "hello"}
)

// calls holds every operation in every version.
var calls = []call{
	{outcome.SearchConversation, outcome.V10, search(engage.SearchConversationV10{Address: smsAddress})},
	{outcome.SearchConversation, outcome.V11, search(engage.SearchConversationV11{Address: smsAddress})},
	{outcome.SearchConversation, outcome.V13, search(engage.SearchConversationV13{Address: smsAddress})},
	{outcome.CreateConversation, outcome.V10, create(engage.CreateConversationV10{Address: smsAddress, Message: hello})},
	{outcome.CreateConversation, outcome.V12, create(engage.CreateConversationV12{Address: smsAddress, Message: hello})},
	{outcome.CreateConversation, outcome.V13, create(engage.CreateConversationV13{Address: smsAddress, Messages: []message.Message{hello}})},
	{outcome.AppendMessage, outcome.V10, appendTo(engage.AppendMessageV10{ConversationID: "C1", Channel: channel.SMS, Message: hello})},
	{outcome.AppendMessage, outcome.V13, appendTo(engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: hello})},
	{outcome.AppendMessage, outcome.V14, appendTo(engage.AppendMessageV14{ConversationID: "C1", Channel: channel.SMS, Messages: []message.Message{hello}})},
	{outcome.UpdateConversation, outcome.V10, func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.UpdateConversation(ctx, engage.UpdateConversationV10{ConversationID: "C1", AliasID: "task-1"})
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}},
	{outcome.AddParticipant, outcome.V10, func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: "C1", Participant: "agent-1"})
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}},
	{outcome.RemoveParticipant, outcome.V10, func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: "C1", Participant: "agent-1"})
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}},
	{outcome.CloseConversation, outcome.V10, func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: "C1"})
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}},
	{outcome.FetchTranscript, outcome.V10, func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		fetched, err := c.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: "C1", Limit: 500})
		if err != nil {
			return outcome.Of(err), err
		}
		return fetched.Outcome, nil
	}},
	{outcome.ReopenConversation, outcome.V10, func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: "C1"})
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}},
}

func search(request engage.SearchConversationRequest) func(context.Context, *engage.Client) (outcome.Edge, error) {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		found, err := c.SearchConversation(ctx, request)
		if err != nil {
			return outcome.Of(err), err
		}
		return found.Outcome, nil
	}
}

func create(request engage.CreateConversationRequest) func(context.Context, *engage.Client) (outcome.Edge, error) {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.CreateConversation(ctx, request)
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}
}

func appendTo(request engage.AppendMessageRequest, options ...engage.CallOption) func(context.Context, *engage.Client) (outcome.Edge, error) {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.AppendMessage(ctx, request, options...)
		if err != nil {
			return outcome.Of(err), err
		}
		return receipt.Outcome, nil
	}
}

// each runs test once for every operation in every version.
func each(t *testing.T, test func(*testing.T, call)) {
	for _, c := range calls {
		t.Run(string(c.operation)+" v"+string(c.version), func(t *testing.T) { test(t, c) })
	}
}

// anyReply satisfies every operation.
const anyReply = `{"tid":"T-1","value":{"messages":[]}}`
