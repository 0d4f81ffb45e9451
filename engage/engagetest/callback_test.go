package engagetest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// receiver receives callbacks.
type receiver struct {
	*httptest.Server
	got chan map[string]any
}

func receive(t *testing.T) receiver {
	r := receiver{got: make(chan map[string]any, 10)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var body map[string]any
		if json.NewDecoder(request.Body).Decode(&body) == nil && request.Method == http.MethodPost {
			r.got <- body
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// close closes a conversation, with a callback URL.
func (s *session) close(id string, r receiver) answer {
	s.t.Helper()
	return s.post("/conversations/"+id+"/close", `{"callbackUrl":"`+r.URL+`/cb"}`)
}

func TestCallbackReportsTheOutcomeOfAWrite(t *testing.T) {
	s, r := start(t), receive(t)
	id := s.Seed(sms(engagetest.Queued))
	got := s.close(id, r)
	require.Equal(t, http.StatusAccepted, got.status)
	require.Equal(t, map[string]any{
		"tid": got.body["tid"], "status": "success", "code": "202", "description": "accepted", "conversationId": id,
	}, <-r.got)
}

func TestCallbackReportsARefusal(t *testing.T) {
	s, r := start(t), receive(t)
	id := s.Seed(sms(engagetest.Closed))
	got := s.close(id, r)
	require.Equal(t, http.StatusAccepted, got.status)
	require.Equal(t, "success", got.body["status"])
	callback := <-r.got
	require.Equal(t, "failure", callback["status"])
	require.Equal(t, "4547", callback["code"])
	require.Equal(t, got.body["tid"], callback["tid"])

	s.close("none", r)
	require.Equal(t, "404", (<-r.got)["code"])
}

func TestInvalidRequestsAreRefusedWithoutCallback(t *testing.T) {
	s, r := start(t), receive(t)
	got := s.post("/conversations", `{"channel":"sms","callbackUrl":"`+r.URL+`"}`)
	require.Equal(t, http.StatusBadRequest, got.status)
	s.Close()
	require.Empty(t, r.got)
	require.Empty(t, s.Callbacks())
}

func TestCallbackURLInTheQueryOfADelete(t *testing.T) {
	s, r := start(t), receive(t)
	id := s.Seed(sms(engagetest.Active, "anna"))
	got := s.send(http.MethodDelete, "/conversations/"+id+"/participants/anna?callbackUrl="+r.URL, "")
	require.Equal(t, got.body["tid"], (<-r.got)["tid"])
	require.Equal(t, http.StatusUnprocessableEntity,
		s.send(http.MethodDelete, "/conversations/"+id+"/participants/anna?callbackUrl=here", "").status)
}

func TestCallbackOfALostReply(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})
	_, err := s.do(s.request(http.MethodPost, "/conversations", `{`+smsAddress+`,"callbackUrl":"`+r.URL+`"}`))
	require.Error(t, err)
	require.Equal(t, s.Requests()[0].TransactionID, (<-r.got)["tid"])
}

func TestLostCallback(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Callback: engagetest.CallbackLost})
	require.Equal(t, http.StatusAccepted, s.close(s.Seed(sms(engagetest.Queued)), r).status)
	s.Close()
	require.Empty(t, r.got)
	require.Empty(t, s.Callbacks())
}

func TestDoubledCallback(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Callback: engagetest.CallbackDoubled})
	s.close(s.Seed(sms(engagetest.Queued)), r)
	require.Equal(t, <-r.got, <-r.got)
}

func TestEarlyCallbackComesBeforeTheAcknowledgement(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Callback: engagetest.CallbackEarly})
	id := s.Seed(sms(engagetest.Queued))
	got := s.close(id, r)
	require.Len(t, r.got, 1)
	require.Equal(t, got.body["tid"], (<-r.got)["tid"])
	require.Equal(t, []engagetest.Callback{{
		TransactionID: got.body["tid"].(string), Operation: outcome.CloseConversation, ConversationID: id,
		Edge: "onConversationClosed", Success: true, Code: "202", Description: "accepted", Status: http.StatusOK,
	}}, s.Callbacks())
}

func TestOvertakenCallbackComesAfterAnother(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Callback: engagetest.CallbackOvertaken}, engagetest.Fault{CallbackDelay: time.Millisecond})
	first := s.close(s.Seed(sms(engagetest.Queued)), r)
	second := s.close(s.Seed(sms(engagetest.Queued)), r)
	require.Equal(t, second.body["tid"], (<-r.got)["tid"])
	require.Equal(t, first.body["tid"], (<-r.got)["tid"])
}

func TestARepeatedRequestHasTwoTransactions(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Repeated: true})
	id := s.Seed(sms(engagetest.Queued))
	got := s.close(id, r)
	require.Equal(t, http.StatusAccepted, got.status)
	require.Equal(t, engagetest.Closed, s.conversation(id).Status)
	second, first := <-r.got, <-r.got
	require.Equal(t, "failure", second["status"], "the conversation was closed already")
	require.Equal(t, "4547", second["code"])
	require.NotEqual(t, got.body["tid"], second["tid"])
	require.Equal(t, "success", first["status"])
	require.Equal(t, got.body["tid"], first["tid"], "the client gets the first reply")
}

func TestTheFirstCallbackOfARepeatedRequestCanBeLost(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Repeated: true, Callback: engagetest.CallbackLost})
	got := s.close(s.Seed(sms(engagetest.Queued)), r)
	require.NotEqual(t, got.body["tid"], (<-r.got)["tid"])
	s.Close()
	require.Empty(t, r.got)
}

func TestARepeatedRequestWithoutCallbackIsAppliedTwice(t *testing.T) {
	s := start(t)
	s.Fail(outcome.AppendMessage, engagetest.Fault{Repeated: true}, engagetest.Fault{Repeated: true, Status: 503})
	id := s.Seed(sms(engagetest.Queued))
	body := `{"channel":"sms","messages":[` + text + `]}`
	require.Equal(t, http.StatusAccepted, s.post("/conversations/"+id+"/messages", body).status)
	require.Equal(t, http.StatusServiceUnavailable, s.post("/conversations/"+id+"/messages", body).status)
	require.Len(t, s.conversation(id).Messages, 2)
}

func TestRepliesToWritesContainNoConversationIDByDefault(t *testing.T) {
	server := engagetest.New(t)
	s, r := &session{server, t, server.IssueToken()}, receive(t)
	got := s.post("/conversations", `{`+smsAddress+`,"callbackUrl":"`+r.URL+`"}`)
	require.Equal(t, http.StatusAccepted, got.status)
	require.NotEmpty(t, got.body["tid"])
	id := s.Conversations()[0].ID
	require.NotContains(t, got.text, id)
	require.Equal(t, id, (<-r.got)["conversationId"])
	require.Equal(t, id, s.post("/conversations/search", `{`+smsAddress+`}`).value("conversationId"))
}

func TestCloseDropsCallbacks(t *testing.T) {
	s, r := start(t), receive(t)
	s.Fail(outcome.CloseConversation,
		engagetest.Fault{CallbackDelay: time.Hour}, engagetest.Fault{Callback: engagetest.CallbackOvertaken})
	s.close(s.Seed(sms(engagetest.Queued)), r)
	s.close(s.Seed(sms(engagetest.Queued)), r)
	s.Close()
	require.Empty(t, r.got)
	require.Len(t, s.Callbacks(), 2)
	for _, callback := range s.Callbacks() {
		require.ErrorContains(t, callback.Err, "closed")
		require.Zero(t, callback.Status)
	}
}

func TestAClosedServerPostsNoCallback(t *testing.T) {
	s, r := start(t), receive(t)
	id := s.Seed(sms(engagetest.Queued))
	request := s.request(http.MethodPost, "/conversations/"+id+"/close", `{"callbackUrl":"`+r.URL+`"}`)
	s.FailFunc(func(engagetest.Request) engagetest.Fault {
		s.Close()
		return engagetest.Fault{Applied: true, Delay: time.Hour}
	})
	require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() {
		s.Handler().ServeHTTP(httptest.NewRecorder(), request)
	})
	require.Empty(t, r.got)
	require.ErrorContains(t, s.Callbacks()[0].Err, "closed")
}

func TestCallbacksStayOnLoopback(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CloseConversation, engagetest.Fault{Callback: engagetest.CallbackEarly})
	s.post("/conversations/"+s.Seed(sms(engagetest.Queued))+"/close", `{"callbackUrl":"https://example.com/secret"}`)
	require.ErrorContains(t, s.Callbacks()[0].Err, "not a loopback")
	require.NotContains(t, s.Callbacks()[0].Err.Error(), "example.com")
}

// failing is a transport that always fails with errFailing.
type failing struct{}

var errFailing = errors.New("no way out")

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errFailing }

func TestCallbacksOverAGivenTransportGoToAnyHost(t *testing.T) {
	s := start(t, engagetest.WithCallbackTransport(failing{}))
	s.Fail(outcome.CloseConversation, engagetest.Fault{Callback: engagetest.CallbackEarly})
	s.post("/conversations/"+s.Seed(sms(engagetest.Queued))+"/close", `{"callbackUrl":"https://example.com/secret"}`)
	require.ErrorIs(t, s.Callbacks()[0].Err, errFailing)
	require.NotContains(t, s.Callbacks()[0].Err.Error(), "secret", "no URL in an error")
}

func TestRepliesToWritesContainTheConversationIDIfATestAsks(t *testing.T) {
	server := engagetest.New(t, engagetest.WithConversationIDs())
	client, err := server.Client()
	require.NoError(t, err)
	receipt, err := client.CreateConversation(t.Context(), smsCreate)
	require.NoError(t, err)
	require.Equal(t, server.Conversations()[0].ID, receipt.ConversationID)
}
