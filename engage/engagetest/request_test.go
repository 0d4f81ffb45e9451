package engagetest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

func TestRequestsAreRecordedInOrder(t *testing.T) {
	s := start(t)
	search := s.post("/conversations/search", `{`+smsAddress+`}`)
	s.post("/conversations/a%2Fb/close", "")
	s.send(http.MethodGet, "/nothing?x=1", "")

	requests := s.Requests()
	require.Len(t, requests, 3)
	require.Equal(t, outcome.SearchConversation, requests[0].Operation)
	require.Equal(t, "/api/v1/conversations/search", requests[0].Path)
	require.Equal(t, http.MethodPost, requests[0].Method)
	require.JSONEq(t, `{`+smsAddress+`}`, string(requests[0].Body))
	require.Equal(t, http.StatusOK, requests[0].Status)
	require.Equal(t, search.header.Get("trxid"), requests[0].TransactionID)
	require.Equal(t, "/api/v1/conversations/a%2Fb/close", requests[1].Path)
	require.Equal(t, outcome.CloseConversation, requests[1].Operation)
	require.Equal(t, http.StatusNotFound, requests[1].Status)
	require.Empty(t, requests[2].Operation)
	require.Equal(t, "/api/v1/nothing?x=1", requests[2].Path)
	require.Equal(t, []int{1, 2, 3}, []int{requests[0].Number, requests[1].Number, requests[2].Number})
}

func TestRecordedRequestsHaveNoSecret(t *testing.T) {
	s := start(t, engagetest.WithCredentials("me", "a secret"))
	s.requestToken(s.credentials().Encode())
	s.requestToken("client_secret=a%20secret&%zz")
	s.post("/conversations/search", `{`+smsAddress+`}`)
	s.post("/oauth/token", `{"client_secret":"a secret"}`)
	s.post("/oauth/token?client_secret=a%20secret", "")

	requests := s.Requests()
	form, err := url.ParseQuery(string(requests[0].Body))
	require.NoError(t, err)
	require.Equal(t, engagetest.Token, requests[0].Operation)
	require.Equal(t, "[redacted]", form.Get("client_secret"))
	require.Equal(t, "me", form.Get("client_id"))
	require.Equal(t, "[redacted]", string(requests[1].Body))
	require.Equal(t, "[redacted]", requests[2].Header.Get("Authorization"))
	require.Equal(t, "[redacted]", string(requests[3].Body), "JSON is no form")
	require.Equal(t, "/api/v1/oauth/token?[redacted]", requests[4].Path)
	for _, i := range []int{0, 1, 3, 4} {
		require.Equal(t, "[redacted]", string(requests[i].Reply))
	}
}

func TestARequestForATokenByAWrongPathHasNoSecret(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/token", "/conversations/search"} {
		wrong := s.request(http.MethodPost, path, "client_id=me&client_secret=hunter2")
		wrong.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, err := s.do(wrong)
		require.NoError(t, err)
	}
	s.send(http.MethodGet, "/oauth/token?client_secret=hunter2", "")
	s.send(http.MethodGet, "/token?client_secret=hunter2", "")
	s.send(http.MethodGet, "/token?client_secret=hunter2%zz", "")
	several := s.request(http.MethodGet, "/token", "")
	several.Header["Authorization"] = []string{"", "Basic hunter2"}
	_, err := s.do(several)
	require.NoError(t, err)
	for _, request := range s.Requests() {
		require.NotContains(t, string(request.Body)+request.Path+fmt.Sprint(request.Header), "hunter2")
	}
	require.NotContains(t, s.Log(), "hunter2")
}

func TestAWriteThatCloseDropsWasNotApplied(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork(), engagetest.WithApplyDelay(time.Hour))
	require.Equal(t, http.StatusAccepted, s.post("/conversations", "{"+smsAddress+"}").status)
	require.Equal(t, outcome.MaybeApplied, s.Requests()[0].Effect)
	s.Close()
	require.Equal(t, outcome.Refused, s.Requests()[0].Effect)
	require.Empty(t, s.Conversations())
}

func TestRecordedRequestsHaveTheEdgeOfTheReply(t *testing.T) {
	s, r := start(t), receive(t)
	s.Seed(engagetest.Conversation{ID: "open", Channel: "sms", BusinessAddress: "+15550100", CustomerAddress: "+15550199"})
	s.Seed(engagetest.Conversation{ID: "closed", Status: engagetest.Closed})
	s.Seed(engagetest.Conversation{ID: "left", Participants: []string{"p"}})
	s.SeedTeam(engagetest.Team{Name: "t"})
	for slot := range map[string]bool{"working_hours": true, "holiday": true, "override": true, "no_match": true, "lunch": true} {
		s.SeedBusinessHours(engagetest.BusinessHours{ID: slot, Slot: slot})
	}
	search := `{"channel":"sms","bizAddress":"+15550100","customerAddress":"+15550199"}`
	resolve := func(customer string) string {
		return resolveBody("social", "sms", `{"messageDetails":{"senderNumber":"`+customer+`","serviceNumber":"+15550100","message":"x"}}`)
	}
	status := func(status engagetest.Status) func() {
		return func() { s.Update("open", func(c *engagetest.Conversation) { c.Status = status }) }
	}
	fail := func(operation outcome.Operation, fault engagetest.Fault) func() {
		return func() { s.Fail(operation, fault) }
	}
	for i, c := range []struct {
		before             func()
		method, path, body string
		edge               outcome.Edge
	}{
		{nil, "POST", "/conversations/search", `{` + smsAddress + `}`, "noConversationFound"},
		{status("queued"), "POST", "/conversations/search", search, "conversationInQueue"},
		{status("active"), "POST", "/conversations/search", search, "conversationActive"},
		{status("onhold"), "POST", "/conversations/search", search, "conversationOnHold"},
		{status("closed"), "POST", "/conversations/search", search, "conversationClosed"},
		{status("parked"), "POST", "/conversations/search", search, "onInvalidChoice"},
		{fail(outcome.SearchConversation, engagetest.Fault{Status: 404}), "POST", "/conversations/search", search, "onError"},
		{status("queued"), "POST", "/conversations", search, "onConversationFailed"},
		{nil, "POST", "/conversations", `{` + smsAddress + `}`, "onConversationCreated"},
		{status("queued"), "POST", "/conversations/open/messages", `{"channel":"sms","messages":[` + text + `]}`, "onAppendMessageSuccess"},
		{nil, "POST", "/conversations/none/messages", `{"channel":"sms","messages":[` + text + `]}`, "onAppendMessageFailure"},
		{nil, "GET", "/conversations/open/messages", "", "success"},
		{nil, "GET", "/conversations/none/messages", "", "Failure"},
		{nil, "PATCH", "/conversations/open", `{"aliasId":"a"}`, "onConversationUpdatedSuccess"},
		{nil, "PATCH", "/conversations/none", `{"aliasId":"a"}`, "onConversationUpdatedFailure"},
		{nil, "POST", "/conversations/open/participants", `{"participant":"p"}`, "OnAddParticipantSuccess"},
		{nil, "POST", "/conversations/none/participants", `{"participant":"p"}`, "OnAddParticipantFailure"},
		{nil, "DELETE", "/conversations/left/participants/p", "", "onParticipantRemoved"},
		{nil, "DELETE", "/conversations/left/participants/p", "", "onRemoveParticipantFailure"},
		{nil, "POST", "/conversations/open/hold", "", "Success"},
		{nil, "POST", "/conversations/none/hold", "", "Failure"},
		{nil, "POST", "/conversations/open/transfer", `{"team":"t"}`, "onConversationTransferred"},
		{nil, "POST", "/conversations/none/transfer", `{"team":"t"}`, "onConversationTransferFailed"},
		{nil, "POST", "/conversations/open/transfer", `{"team":"t","skill":"s"}`, "Success"},
		{nil, "POST", "/conversations/none/transfer", `{"team":"t","skill":"s"}`, "Failure"},
		{fail(outcome.TransferConversation, engagetest.Fault{ApplyDelay: time.Hour}), "POST", "/conversations/open/transfer", `{"team":"t","skill":"s"}`, "Success"},
		{fail(outcome.TransferConversation, engagetest.Fault{Callback: engagetest.CallbackLost}), "POST", "/conversations/none/transfer", `{"team":"t","skill":"s","callbackUrl":"http://127.0.0.1:1"}`, "Success"},
		{fail(outcome.TransferConversation, engagetest.Fault{Status: 409}), "POST", "/conversations/open/transfer", `{"team":"t","skill":"s"}`, "Failure"},
		{fail(outcome.TransferConversation, engagetest.Fault{Status: 409}), "POST", "/conversations/open/transfer", `{"team":"t"}`, "onConversationTransferFailed"},
		{nil, "POST", "/conversations/open/close", "", "onConversationClosed"},
		{nil, "POST", "/conversations/open/close", "", "onCloseConversationFailure"},
		{nil, "POST", "/conversations/open/reopen", "", "ConversationReopened"},
		{nil, "POST", "/conversations/open/reopen", "", "ConversationReopenFailed"},
		{nil, "GET", "/teams/t/working-hours", "", "Success"},
		{nil, "GET", "/teams/none/working-hours", "", "Failure"},
		{nil, "GET", "/business-hours/working_hours", "", "inWorkingHours"},
		{nil, "GET", "/business-hours/holiday", "", "onHoliday"},
		{nil, "GET", "/business-hours/override", "", "inOverride"},
		{nil, "GET", "/business-hours/lunch", "", "onInvalidChoice"},
		{nil, "GET", "/business-hours/no_match", "", "onNoMatch"},
		{nil, "GET", "/business-hours/none", "", "onError"},
		{nil, "POST", "/conversations/resolve", resolve("+1"), "accepted"},
		{fail(outcome.ResolveConversation, engagetest.Fault{Status: 429}), "POST", "/conversations/resolve", resolve("+1"), "tooManyRequests"},
		{fail(outcome.ResolveConversation, engagetest.Fault{Status: 503}), "POST", "/conversations/resolve", resolve("+1"), "serviceUnavailable"},
		{fail(outcome.ResolveConversation, engagetest.Fault{Status: 409}), "POST", "/conversations/resolve", resolve("+1"), "error"},
		{fail(outcome.HoldConversation, engagetest.Fault{Status: 403}), "POST", "/conversations/open/hold", "", "onAuthorizationFailure"},
		{fail(outcome.HoldConversation, engagetest.Fault{Status: 504}), "POST", "/conversations/open/hold", "", "onTimeout"},
		{fail(outcome.HoldConversation, engagetest.Fault{Status: 429}), "POST", "/conversations/open/hold", "", "onError"},
		{fail(outcome.HoldConversation, engagetest.Fault{Status: 503}), "POST", "/conversations/open/hold", "", "onError"},
		{fail(outcome.HoldConversation, engagetest.Fault{Status: 500}), "POST", "/conversations/open/hold", "", "onError"},
		{fail(outcome.HoldConversation, engagetest.Fault{Code: "12"}), "POST", "/conversations/open/hold", "", "Failure"},
		{fail(outcome.HoldConversation, engagetest.Fault{Applied: true, Status: 204}), "POST", "/conversations/open/hold", "", "Success"},
		{fail(outcome.HoldConversation, engagetest.Fault{Applied: true, Shape: engagetest.Bare}), "POST", "/conversations/open/hold", "", "Success"},
		{fail(outcome.HoldConversation, engagetest.Fault{Applied: true, Shape: engagetest.HTML}), "POST", "/conversations/open/hold", "", ""},
		{fail(outcome.HoldConversation, engagetest.Fault{Body: "{}"}), "POST", "/conversations/open/hold", "", ""},
		{nil, "POST", "/conversations/open/hold", `{"unknown":1}`, "onInvalidData"},
		{nil, "GET", "/nothing", "", ""},
	} {
		if c.before != nil {
			c.before()
		}
		got := s.send(c.method, c.path, c.body)
		recorded := s.Requests()[i]
		require.Equal(t, c.edge, recorded.Edge, "%s %s %d", c.method, c.path, i)
		require.Equal(t, got.text, string(recorded.Reply))
	}

	s.post("/conversations/resolve", strings.Replace(resolve("+2"), "{", `{"callbackUrl":"`+r.URL+`",`, 1))
	<-r.got
	require.Eventually(t, func() bool { return len(s.Callbacks()) == 1 }, time.Minute, time.Millisecond)
	require.EqualValues(t, "created", s.Callbacks()[0].Edge)
}

func TestRecordedRequestsAreCopies(t *testing.T) {
	s := start(t)
	s.post("/conversations/search", `{`+smsAddress+`}`)
	got := s.Requests()
	got[0].Body[0] = 'x'
	got[0].Reply[0] = 'x'
	got[0].Header.Set("Content-Type", "changed")
	require.Equal(t, byte('{'), s.Requests()[0].Body[0])
	require.Equal(t, byte('{'), s.Requests()[0].Reply[0])
	require.Equal(t, "application/json", s.Requests()[0].Header.Get("Content-Type"))
}

// The effect is what became of the write, whatever the client gets to know.
func TestRecordedRequestsHaveTheEffectOfTheWrite(t *testing.T) {
	for name, c := range map[string]struct {
		fault engagetest.Fault
		path  string
		want  outcome.Effect
	}{
		"applied":                    {engagetest.Fault{}, "/conversations/open/close", outcome.Applied},
		"the state forbids it":       {engagetest.Fault{}, "/conversations/closed/close", outcome.Refused},
		"invalid":                    {engagetest.Fault{}, "/conversations/open/messages", outcome.Refused},
		"a read":                     {engagetest.Fault{}, "/conversations/search", 0},
		"an unknown path":            {engagetest.Fault{}, "/conversations/open/closed", 0},
		"the reply is lost":          {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset}, "/conversations/open/close", outcome.Applied},
		"the request is lost":        {engagetest.Fault{Connection: engagetest.ConnectionReset}, "/conversations/open/close", outcome.Refused},
		"a success that is not true": {engagetest.Fault{Status: 200}, "/conversations/open/close", outcome.Refused},
		"a failure that is not true": {engagetest.Fault{Status: 503, Applied: true}, "/conversations/open/close", outcome.Applied},
		"a refused repetition":       {engagetest.Fault{Repeated: true}, "/conversations/open/close", outcome.Applied},
		"applied later":              {engagetest.Fault{ApplyDelay: time.Hour}, "/conversations/open/close", outcome.MaybeApplied},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, engagetest.WithoutNetwork())
			s.Seed(engagetest.Conversation{ID: "open"})
			s.Seed(engagetest.Conversation{ID: "closed", Status: engagetest.Closed})
			s.FailFunc(func(engagetest.Request) engagetest.Fault { return c.fault })
			_, _ = s.do(s.request(http.MethodPost, c.path, ""))
			require.Equal(t, c.want, s.Requests()[0].Effect)
		})
	}
}

func TestRecordedRequestsAreBounded(t *testing.T) {
	s := start(t)
	handler := s.Handler()
	for range 10_050 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, s.URL()+"/nothing", nil))
	}
	requests := s.Requests()
	require.Len(t, requests, 10_000)
	require.Equal(t, 51, requests[0].Number, "older requests have been dropped")
	require.Contains(t, s.Log(), "the server received 10050 requests, and these are the newest 50")
}

// A few large requests take the place of many small ones.
func TestRecordedRequestsAreBoundedByTheirSize(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	for name, request := range map[string]func() *http.Request{
		"body": func() *http.Request {
			return httptest.NewRequest(http.MethodPost, "/nothing", strings.NewReader(large))
		},
		"header": func() *http.Request {
			request := httptest.NewRequest(http.MethodGet, "/nothing", nil)
			request.Header.Set("Large", large)
			return request
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, engagetest.WithoutNetwork())
			for range 70 {
				s.Handler().ServeHTTP(httptest.NewRecorder(), request())
			}
			requests := s.Requests()
			require.Less(t, len(requests), 65)
			require.Greater(t, len(requests), 60)
			require.Equal(t, 70, requests[len(requests)-1].Number)
		})
	}
}
