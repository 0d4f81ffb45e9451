package mocked_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/engagetest/mocked"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// The conversation of the tests and the requests of all operations about it.
const id, agent = "CSR 1", "agent 7 & co"

var (
	address = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	hello   = message.Text{
		Envelope:  message.Envelope{AliasID: "M-1", Timestamp: time.Unix(1800000000, 0).UTC()},
		Direction: message.Inbound,
		Text:      "hello",
	}

	search     = engage.SearchConversationV13{Address: address}
	create     = engage.CreateConversationV13{Address: address, Messages: []message.Message{hello}}
	appendOne  = engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: hello}
	update     = engage.UpdateConversationV10{ConversationID: id, AliasID: "task-1"}
	add        = engage.AddParticipantV10{ConversationID: id, Participant: agent}
	remove     = engage.RemoveParticipantV10{ConversationID: id, Participant: agent}
	closeIt    = engage.CloseConversationV10{ConversationID: id}
	reopen     = engage.ReopenConversationV10{ConversationID: id}
	transcript = engage.FetchTranscriptV10{ConversationID: id}
)

// seeded is the conversation of the tests.
func seeded() engagetest.Conversation {
	conversation := engagetest.NewConversation(address)
	conversation.ID = id
	return conversation
}

// newServer returns a server with one conversation, a transport that answers from the
// server's state, and a client of that transport.
func newServer(t *testing.T) (*engagetest.Server, *httpmock.MockTransport, *engage.Client) {
	t.Helper()
	server := engagetest.New(t, engagetest.WithoutNetwork(), engagetest.WithRefusalsAllowed())
	server.Seed(seeded())
	mock := httpmock.NewMockTransport()
	mocked.RegisterServer(t, mock, server)
	client, err := engage.New(engage.US, server.Credentials(), engage.WithTransport(mock))
	require.NoError(t, err)
	return server, mock, client
}

// newClient returns a client whose requests mock answers.
func newClient(t *testing.T, mock *httpmock.MockTransport, options ...engage.Option) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.US, auth.Static("token"), append(options, engage.WithTransport(mock))...)
	require.NoError(t, err)
	return client
}

// failures is a test that notes its failures.
type failures struct {
	testing.TB
	texts []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func TestAServerAnswersEveryMethodOfTheClient(t *testing.T) {
	server, mock, client := newServer(t)
	ctx := t.Context()
	for _, step := range []struct {
		want outcome.Edge
		call func() (*engage.Receipt, error)
	}{
		{outcome.OnAddParticipantSuccess, func() (*engage.Receipt, error) { return client.AddParticipant(ctx, add) }},
		{outcome.OnParticipantRemoved, func() (*engage.Receipt, error) { return client.RemoveParticipant(ctx, remove) }},
		{outcome.OnConversationUpdatedSuccess, func() (*engage.Receipt, error) { return client.UpdateConversation(ctx, update) }},
		{outcome.OnConversationClosed, func() (*engage.Receipt, error) { return client.CloseConversation(ctx, closeIt) }},
		{outcome.ConversationReopened, func() (*engage.Receipt, error) { return client.ReopenConversation(ctx, reopen) }},
	} {
		receipt, err := step.call()
		require.NoError(t, err, step.want)
		require.Equal(t, step.want, receipt.Outcome)
		require.Equal(t, id, receipt.ConversationID)
	}
	appended, err := client.AppendMessage(ctx, appendOne)
	require.NoError(t, err)
	require.Equal(t, []string{"M-1"}, appended.MessageAliasIDs)
	page, err := client.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: id, Offset: 1})
	require.NoError(t, err)
	require.Equal(t, 1, page.CountOfRecords)
	require.Empty(t, page.Messages, "the query arrives, too")
	found, err := client.SearchConversation(ctx, search)
	require.NoError(t, err)
	require.Equal(t, outcome.ConversationInQueue, found.Outcome)
	require.Equal(t, "task-1", found.AliasID)
	_, err = client.CreateConversation(ctx, create)
	require.Equal(t, outcome.OnConversationFailed, outcome.EdgeOf(err), "a conversation is open at this address")

	require.Equal(t, []message.Message{hello}, server.Messages(id))
	require.Equal(t, len(server.Requests()), mock.GetTotalCallCount())
}

func TestAServerAnswersCallsOfDo(t *testing.T) {
	server, _, client := newServer(t)
	server.SeedTeam(engagetest.Team{Name: "sales & more"})
	server.SeedBusinessHours(engagetest.BusinessHours{ID: "H/1", Slot: "holiday"})
	for _, call := range []engage.Call{
		{
			Operation: outcome.HoldConversation, Class: engage.Convergent, Body: struct{}{}, IDs: map[string]string{"id": id},
			Route: engage.Route{Method: http.MethodPost, Path: "/conversations/{id}/hold"},
		},
		{
			Operation: outcome.TransferConversation, Body: map[string]string{"team": "sales"}, IDs: map[string]string{"id": id},
			Route: engage.Route{Method: http.MethodPost, Path: "/conversations/{id}/transfer"},
		},
		{
			Operation: outcome.FetchTeamWorkingHours, Class: engage.Read, IDs: map[string]string{"team": "sales & more"},
			Route: engage.Route{Method: http.MethodGet, Path: "/teams/{team}/working-hours"},
		},
		{
			Operation: outcome.BusinessHours, Class: engage.Read,
			Route: engage.Route{Method: http.MethodGet, Path: "/business-hours/H%2F1"},
		},
	} {
		_, err := client.Do(t.Context(), call)
		require.NoError(t, err, call.Operation)
	}
	_, err := client.Do(t.Context(), engage.Call{
		Operation: outcome.ResolveConversation, Body: struct{}{},
		Route: engage.Route{Method: http.MethodPost, Path: "/conversations/resolve"},
	})
	refusal := failureOf(t, err)
	require.Equal(t, http.StatusBadRequest, refusal.Status)
	require.Contains(t, refusal.Description, "transId", "the server has read the request")
}

// failureOf returns the outcome.Error in err.
func failureOf(t *testing.T, err error) *outcome.Error {
	t.Helper()
	var failure *outcome.Error
	require.ErrorAs(t, err, &failure)
	return failure
}

func TestFaultsOfTheServerApply(t *testing.T) {
	server, _, client := newServer(t)
	server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})

	receipt, err := client.AppendMessage(t.Context(), appendOne)
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
	require.Equal(t, []message.Message{hello}, server.Messages(id))
}

func TestAServerChecksTokens(t *testing.T) {
	server, mock, _ := newServer(t)
	_, err := newClient(t, mock).SearchConversation(t.Context(), search)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)

	client, err := engage.New(engage.EU, auth.Static(server.IssueToken()), engage.WithTransport(mock))
	require.NoError(t, err)
	_, err = client.SearchConversation(t.Context(), search)
	require.NoError(t, err)
}

func TestTheDefaultTransportOfHTTPMockCanAnswer(t *testing.T) {
	httpmock.Activate(t)
	mocked.Register(t, httpmock.DefaultTransport, outcome.SearchConversation, mocked.NoConversation())
	client, err := engage.New(engage.US, auth.Static("token"), engage.WithTransport(http.DefaultTransport))
	require.NoError(t, err)
	found, err := client.SearchConversation(t.Context(), search)
	require.NoError(t, err)
	require.Equal(t, outcome.NoConversationFound, found.Outcome)
}

func TestASingleReplyReplacesThatOfTheServer(t *testing.T) {
	_, mock, client := newServer(t)
	mocked.Register(t, mock, outcome.CloseConversation, mocked.Failure(http.StatusConflict, "4711", "not now"))
	_, err := client.CloseConversation(t.Context(), closeIt)
	require.Equal(t, "4711", failureOf(t, err).Code)
	_, err = client.ReopenConversation(t.Context(), reopen)
	require.Equal(t, "409", failureOf(t, err).Code)
}

func TestRepliesCombineByTheMethodsOfHTTPMock(t *testing.T) {
	mock := httpmock.NewMockTransport()
	limited := mocked.Failure(http.StatusTooManyRequests, "", "too many requests")
	mocked.Register(t, mock, outcome.AppendMessage, limited.Then(limited).Then(mocked.Acknowledged("T-2")))
	client := newClient(t, mock, engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: time.Microsecond})))
	receipt, err := client.AppendMessage(t.Context(), appendOne)
	require.NoError(t, err)
	require.Equal(t, "T-2", receipt.TransactionID)
	require.Len(t, receipt.Attempts, 3)

	mocked.Register(t, mock, outcome.AppendMessage, limited.HeaderSet(http.Header{"Retry-After": {"3600"}}))
	_, err = client.AppendMessage(t.Context(), appendOne)
	require.Equal(t, time.Hour, failureOf(t, err).RetryAfter)
}

func TestAReplacedRouteIsMatchedByItsPattern(t *testing.T) {
	for _, path := range []string{"/v2/chats/{conversation}/state.done", "/{conversation}", "/a(1)+/{conversation}"} {
		mock := httpmock.NewMockTransport()
		client := newClient(t, mock, engage.WithRoute(outcome.CloseConversation, engage.Route{Method: http.MethodPut, Path: path}))
		route := client.Routes()[outcome.CloseConversation]
		mock.RegisterRegexpResponder(route.Method, mocked.Pattern(route), mocked.Acknowledged("T-1"))
		receipt, err := client.CloseConversation(t.Context(), closeIt)
		require.NoError(t, err, path)
		require.Equal(t, "T-1", receipt.TransactionID)
	}

	pattern := mocked.Pattern(engage.Route{Path: "/a.b/{id}/c"})
	require.Equal(t, []string{"https://host/base/a.b/x%2Fy/c?q=1", "x%2Fy"}, pattern.FindStringSubmatch("https://host/base/a.b/x%2Fy/c?q=1"))
	for _, other := range []string{"/a.b/x/y/c", "/axb/x/c", "/a.b//c", "/a.b/x/c/", "/a.b/x", "/z?/a.b/x/c"} {
		require.False(t, pattern.MatchString(other), other)
	}
}

func TestAnOperationWithoutARouteIsAMistakeOfTheTest(t *testing.T) {
	require.PanicsWithValue(t, `mocked: no operation is called "Sing"`, func() {
		mocked.Register(t, httpmock.NewMockTransport(), "Sing", mocked.Acknowledged("T-1"))
	})
}

func TestARequestWithoutAResponderFailsTheTestAfterOneAttempt(t *testing.T) {
	do := func(method, path string) func(context.Context, *engage.Client) error {
		return func(ctx context.Context, client *engage.Client) error {
			_, err := client.Do(ctx, engage.Call{Operation: "Sing", Class: engage.Convergent, Route: engage.Route{Method: method, Path: path}})
			return err
		}
	}
	for _, test := range []struct {
		name, what, advice string
		call               func(context.Context, *engage.Client) error
	}{
		{
			"a read", "POST /api/v1/conversations/search (SearchConversation)",
			"register one with mocked.Register(t, mock, outcome.SearchConversation, mocked.NoConversation()), or all operations with mocked.RegisterServer",
			func(ctx context.Context, client *engage.Client) error {
				_, err := client.SearchConversation(ctx, search)
				return err
			},
		},
		{
			"a write", "POST /api/v1/conversations/CSR%201/messages (AppendMessage)",
			`register one with mocked.Register(t, mock, outcome.AppendMessage, mocked.Acknowledged("T-1")), or all operations with mocked.RegisterServer`,
			func(ctx context.Context, client *engage.Client) error {
				_, err := client.AppendMessage(ctx, appendOne)
				return err
			},
		},
		{
			"another method", "PUT /api/v1/conversations/C/messages (no operation)",
			"if the client has this route from engage.WithRoute, register one with mocked.Pattern; POST of this path is AppendMessage; GET of this path is FetchTranscript",
			do(http.MethodPut, "/conversations/C/messages"),
		},
		{
			"an unknown path", "POST /api/v1/sing (no operation)",
			"if the client has this route from engage.WithRoute, register one with mocked.Pattern",
			do(http.MethodPost, "/sing"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			mock, noted := httpmock.NewMockTransport(), &failures{TB: t}
			mocked.Register(noted, mock, outcome.CloseConversation, mocked.Acknowledged("T-1"))
			failure := failureOf(t, test.call(t.Context(), newClient(t, mock)))
			require.Equal(t, []string{"mocked: no responder for " + test.what + "; " + test.advice}, noted.texts)
			require.ErrorContains(t, failure, "no responder for "+test.what)
			require.Equal(t, test.advice, failure.Description)
			require.Equal(t, outcome.Refused, failure.Effect)
			require.Len(t, failure.Attempts, 1)
		})
	}
}

func TestARequestThatOnceDoesNotAllowFailsTheTest(t *testing.T) {
	mock, noted := httpmock.NewMockTransport(), &failures{TB: t}
	mocked.Register(noted, mock, outcome.CloseConversation, mocked.Acknowledged("T-1").Once())
	client := newClient(t, mock)
	_, err := client.CloseConversation(t.Context(), closeIt)
	require.NoError(t, err)
	_, err = client.CloseConversation(t.Context(), closeIt)
	require.ErrorContains(t, err, "no responder any more for POST /api/v1/conversations/CSR%201/close (CloseConversation)")
	require.Len(t, failureOf(t, err).Attempts, 1)
	require.Equal(t, []string{
		"mocked: no responder any more for POST /api/v1/conversations/CSR%201/close (CloseConversation); " +
			"the Once or Times of its responder allow no further request",
	}, noted.texts)

	mocked.Register(noted, mock, outcome.CloseConversation, httpmock.NewErrorResponder(io.ErrUnexpectedEOF))
	_, err = client.CloseConversation(t.Context(), closeIt, engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "another error of a responder stays as it is")
	require.Len(t, noted.texts, 1)
}

func TestARequestForATokenWithoutAResponderFailsTheTest(t *testing.T) {
	mock, test := httpmock.NewMockTransport(), &failures{TB: t}
	mocked.Register(test, mock, outcome.SearchConversation, mocked.NoConversation())
	searchOnce := func() error {
		credentials := auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret("tenant-secret")}
		client, err := engage.New(engage.US, credentials, engage.WithTransport(mock))
		require.NoError(t, err)
		_, err = client.SearchConversation(t.Context(), search)
		return err
	}
	err := searchOnce()
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.ErrorContains(t, err, "no_responder")
	require.Equal(t, []string{
		"mocked: no responder for POST /api/v1/oauth/token (Token); " +
			`register one with mocked.Register(t, mock, engagetest.Token, mocked.Token("token")), or all operations with mocked.RegisterServer`,
	}, test.texts)

	mocked.Register(test, mock, engagetest.Token, mocked.Token("token"))
	require.NoError(t, searchOnce())
}
