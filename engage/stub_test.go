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

// token is the token of every client in these tests. No output may contain it.
const token = "tok-5ecret"

// recorded is a request that a server received.
type recorded struct {
	method, path, query, body string
	header                    http.Header
	// length is the Content-Length; -1 for a body sent in chunks.
	length int64
}

// stub is an HTTP server that answers with a function and records the requests.
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

// written returns the writes so far.
func (s *stub) written() []recorded {
	return slices.DeleteFunc(s.seen(), func(r recorded) bool {
		return isRead(r.method, r.path)
	})
}

// client returns a client of the server whose waits between attempts are short.
func (s *stub) client(t *testing.T, options ...engage.Option) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.Endpoint(s.URL+"/api/v1"), auth.Static(token), append([]engage.Option{engage.WithCallOptions(quick)}, options...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// over returns a client that sends its requests by transport.
func over(t *testing.T, transport http.RoundTripper, options ...engage.Option) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.US, auth.Static(token), append(options, engage.WithTransport(transport))...)
	require.NoError(t, err)
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

// split answers reads with one handler and writes with another.
func split(reads, writes http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if isRead(r.Method, r.URL.Path) {
			reads(w, r)
			return
		}
		writes(w, r)
	}
}

func isRead(method, path string) bool {
	return method == http.MethodGet || strings.HasSuffix(path, "/search")
}

// inTurn answers each request with the next of answers, and all others with the last.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var count atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(count.Add(1)), len(answers))-1](w, r)
	}
}

// traced adds a trace id to the header of answer.
func traced(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("trxid", "X-1")
		answer(w, r)
	}
}

// retryAfter adds a Retry-After of zero to the header of answer.
func retryAfter(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0")
		answer(w, r)
	}
}

// hangUp closes the connection without an answer.
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

// roundTrip is a transport that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// failureOf fails the test unless err is an *outcome.Error, which it returns.
func failureOf(t *testing.T, err error) *outcome.Error {
	t.Helper()
	var failure *outcome.Error
	require.ErrorAs(t, err, &failure)
	return failure
}

// endedContext returns a context that has ended.
func endedContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// callFunc makes a call and returns the edge that it ended on.
type callFunc = func(context.Context, *engage.Client) (outcome.Edge, error)

// call is one operation in one version, made with a valid request.
type call struct {
	operation outcome.Operation
	version   outcome.Version
	do        callFunc
	// own are the edges of this call if the operation has others, too: the success, and
	// the failure.
	own []outcome.Edge
}

// successes returns the success edges of the call.
func (c call) successes() []outcome.Edge {
	if c.own != nil {
		return c.own[:1]
	}
	return outcome.Successes(c.operation)
}

// failure returns the failure edge of the call.
func (c call) failure() outcome.Edge {
	if c.own != nil {
		return c.own[1]
	}
	return append(outcome.Failures(c.operation), outcome.OnError)[0]
}

var (
	smsAddress = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	hello      = message.Text{Direction: message.Inbound, Text: "hello"}

	closeRequest  = engage.CloseConversationV10{ConversationID: "C1"}
	reopenRequest = engage.ReopenConversationV10{ConversationID: "C1"}
	removeRequest = engage.RemoveParticipantV10{ConversationID: "C1", Participant: "agent-1"}
	searchRequest = engage.SearchConversationV13{Address: smsAddress}
	holdRequest   = engage.HoldConversationV10{ConversationID: "C1"}

	transferEdges = []outcome.Edge{outcome.OnConversationTransferred, outcome.OnConversationTransferFailed}
	skillEdges    = []outcome.Edge{outcome.Success, outcome.Failure}
)

// calls are all operations in all their versions.
var calls = []call{
	{outcome.SearchConversation, outcome.V10, search(engage.SearchConversationV10{Address: smsAddress}), nil},
	{outcome.SearchConversation, outcome.V11, search(engage.SearchConversationV11{Address: smsAddress}), nil},
	{outcome.SearchConversation, outcome.V13, search(searchRequest), nil},
	{outcome.CreateConversation, outcome.V10, create(engage.CreateConversationV10{Address: smsAddress, Message: hello}), nil},
	{outcome.CreateConversation, outcome.V12, create(engage.CreateConversationV12{Address: smsAddress, Message: hello}), nil},
	{outcome.CreateConversation, outcome.V13, create(engage.CreateConversationV13{Address: smsAddress, Messages: []message.Message{hello}}), nil},
	{outcome.AppendMessage, outcome.V10, appendTo(engage.AppendMessageV10{ConversationID: "C1", Channel: channel.SMS, Message: hello}), nil},
	{outcome.AppendMessage, outcome.V13, appendTo(appendRequest), nil},
	{outcome.AppendMessage, outcome.V14, appendTo(engage.AppendMessageV14{ConversationID: "C1", Channel: channel.SMS, Messages: []message.Message{hello}}), nil},
	{outcome.UpdateConversation, outcome.V10, update(engage.UpdateConversationV10{ConversationID: "C1", AliasID: "task-1"}), nil},
	{outcome.AddParticipant, outcome.V10, addParticipant(engage.AddParticipantV10{ConversationID: "C1", Participant: "agent-1"}), nil},
	{outcome.RemoveParticipant, outcome.V10, removeParticipant(removeRequest), nil},
	{outcome.CloseConversation, outcome.V10, closing(closeRequest), nil},
	{outcome.FetchTranscript, outcome.V10, fetch(engage.FetchTranscriptV10{ConversationID: "C1", Limit: 500}), nil},
	{outcome.ReopenConversation, outcome.V10, reopen(reopenRequest), nil},
	{outcome.HoldConversation, outcome.V10, hold(holdRequest), nil},
	{outcome.TransferConversation, outcome.V10, transfer(engage.TransferConversationV10{ConversationID: "C1", Team: "sales"}), transferEdges},
	{outcome.TransferConversation, outcome.V10, transfer(engage.TransferConversationV10{ConversationID: "C1", Team: "sales", Skill: "french"}), skillEdges},
	{outcome.ResolveConversation, outcome.V10, resolve(engage.ResolveConversationV10{
		TransID: "T1", FlowID: "F1", MediaType: engage.SocialMedia, MediaChannel: engage.MediaSMS, Details: engage.SMSDetails{Address: smsAddress},
	}), nil},
	{outcome.ResolveConversation, outcome.V11, resolve(engage.ResolveConversationV11{
		TransID: "T1", FlowID: "F1", MediaType: engage.SocialMedia, MediaChannel: engage.MediaSMS, Details: engage.SMSDetails{Address: smsAddress},
	}), nil},
	{outcome.ResolveConversation, outcome.V12, resolve(resolveRequest), nil},
	{outcome.FetchTeamWorkingHours, outcome.V10, workingHours(engage.FetchTeamWorkingHoursV10{Team: "sales"}), nil},
	{outcome.BusinessHours, outcome.V10, businessHours(engage.BusinessHoursV10{ScheduleID: "S1"}), nil},
}

func search(request engage.SearchConversationRequest, options ...engage.CallOption) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		found, err := c.SearchConversation(ctx, request, options...)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return found.Outcome, nil
	}
}

func create(request engage.CreateConversationRequest, options ...engage.CallOption) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.CreateConversation(ctx, request, options...)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return receipt.Outcome, nil
	}
}

func appendTo(request engage.AppendMessageRequest, options ...engage.CallOption) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.AppendMessage(ctx, request, options...)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return receipt.Outcome, nil
	}
}

func fetch(request engage.FetchTranscriptRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		fetched, err := c.FetchTranscript(ctx, request)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return fetched.Outcome, nil
	}
}

func update(request engage.UpdateConversationRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.UpdateConversation(ctx, request))
	}
}

func addParticipant(request engage.AddParticipantRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.AddParticipant(ctx, request))
	}
}

func removeParticipant(request engage.RemoveParticipantRequest, options ...engage.CallOption) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.RemoveParticipant(ctx, request, options...))
	}
}

func closing(request engage.CloseConversationRequest, options ...engage.CallOption) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.CloseConversation(ctx, request, options...))
	}
}

func reopen(request engage.ReopenConversationRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.ReopenConversation(ctx, request))
	}
}

func hold(request engage.HoldConversationRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.HoldConversation(ctx, request))
	}
}

func transfer(request engage.TransferConversationRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		return edgeOf(c.TransferConversation(ctx, request))
	}
}

func workingHours(request engage.FetchTeamWorkingHoursRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		team, err := c.FetchTeamWorkingHours(ctx, request)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return team.Outcome, nil
	}
}

func businessHours(request engage.BusinessHoursRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		schedule, err := c.BusinessHours(ctx, request)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return schedule.Outcome, nil
	}
}

func resolve(request engage.ResolveConversationRequest) callFunc {
	return func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
		receipt, err := c.ResolveConversation(ctx, request)
		if err != nil {
			return outcome.EdgeOf(err), err
		}
		return receipt.Outcome, nil
	}
}

// edgeOf returns the edge that a write ended on, and its error.
func edgeOf(receipt *engage.Receipt, err error) (outcome.Edge, error) {
	if err != nil {
		return outcome.EdgeOf(err), err
	}
	return receipt.Outcome, nil
}

// each runs test once for every operation in every version.
func each(t *testing.T, test func(*testing.T, call)) {
	for _, c := range calls {
		t.Run(string(c.operation)+" v"+string(c.version), func(t *testing.T) { test(t, c) })
	}
}

// One unsafe, one read and one convergent call.
var (
	appendRequest      = engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: hello}
	appendMessage      = appendTo(appendRequest)
	searchConversation = search(searchRequest)
	closeConversation  = closing(closeRequest)
)

// Call options of many tests.
var (
	// quick is for short waits between attempts and between lookups.
	quick            = engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Second})
	oneAttempt       = engage.WithRetry(engage.Retry{Attempts: 1})
	twoAttempts      = engage.WithRetry(engage.Retry{Attempts: 2})
	noReconciliation = engage.WithReconciliation(engage.Reconciliation{Off: true})
	lookFirst        = engage.WithReconciliation(engage.Reconciliation{LookFirst: true})
)

// settleTime returns the option that a write is lost if it is absent after a time.
func settleTime(after time.Duration) engage.CallOption {
	return engage.WithReconciliation(engage.Reconciliation{SettleTime: after})
}

// lostReply is the fault of a write that was applied, and lostRequest that of one that
// was not. A client cannot tell them apart.
var (
	lostReply   = engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}
	lostRequest = engagetest.Fault{Connection: engagetest.ConnectionClosed}
)

// acknowledged is the reply to a write.
const acknowledged = `{"tid":"T-1"}`

// emptyTranscript is the transcript of a conversation without messages.
const emptyTranscript = `{"status":"success","value":{"countOfRecords":0,"messages":[]}}`

// found is the reply to a search that finds a conversation with status.
func found(status string) string {
	return `{"status":"success","code":1000,"value":{"chatExist":true,"conversationId":"C1","status":"` + status + `"}}`
}

// slot is the reply about a schedule whose current slot has this name.
func slot(name string) string { return `{"status":"success","value":{"slot":"` + name + `"}}` }

// success is a reply with which the operation succeeds.
func success(operation outcome.Operation) string {
	switch operation {
	case outcome.SearchConversation:
		return found("active")
	case outcome.FetchTranscript:
		return emptyTranscript
	case outcome.FetchTeamWorkingHours:
		return `{"status":"success","value":{"inWorkingHours":true}}`
	case outcome.BusinessHours:
		return slot("working_hours")
	}
	return acknowledged
}

// anyReply is a success of every operation.
const anyReply = `{"tid":"T-1","value":{"messages":[],"inWorkingHours":true,"slot":"holiday"}}`
