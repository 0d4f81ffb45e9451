package engagetest_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// session sends requests to a server by hand.
type session struct {
	*engagetest.Server
	t     *testing.T
	token string
}

// answer is a reply of the server, decoded.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// start starts a server whose replies contain the ids of conversations.
func start(t *testing.T, options ...engagetest.Option) *session {
	t.Helper()
	server := engagetest.NewServer(append([]engagetest.Option{engagetest.WithConversationIDs()}, options...)...)
	t.Cleanup(server.Close)
	return &session{server, t, server.IssueToken()}
}

// request returns a request with a token. With a body it is JSON.
func (s *session) request(method, path, body string) *http.Request {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.URL()+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

// do sends a request and reads the whole reply.
func (s *session) do(request *http.Request) (answer, error) {
	response, err := s.HTTPClient().Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	got := answer{status: response.StatusCode, header: response.Header, text: string(text)}
	if json.Unmarshal(text, &got.body) != nil {
		got.body = nil
	}
	return got, err
}

func (s *session) send(method, path, body string) answer {
	s.t.Helper()
	got, err := s.do(s.request(method, path, body))
	require.NoError(s.t, err)
	return got
}

func (s *session) post(path, body string) answer {
	s.t.Helper()
	return s.send(http.MethodPost, path, body)
}

// value returns a member of the reply's value.
func (a answer) value(name string) any {
	value, _ := a.body["value"].(map[string]any)
	return value[name]
}

// conversation returns the conversation with that id. The test fails if there is none.
func (s *session) conversation(id string) engagetest.Conversation {
	s.t.Helper()
	conversation, ok := s.Conversation(id)
	require.True(s.t, ok)
	return conversation
}

const text = `{"aliasId":"a1","direction":"inbound","type":"text","text":"hello","timestamp":"2026-01-31T12:00:00Z"}`

const smsAddress = `"channel":"sms","bizAddress":"+100","customerAddress":"+199"`

func TestTheBaseURLHasAPath(t *testing.T) {
	s := start(t)
	base, err := url.Parse(s.URL())
	require.NoError(t, err)
	require.Equal(t, "/api/v1", base.Path)

	request := s.request(http.MethodPost, "", "{}")
	request.URL.Path = "/conversations/search"
	got, err := s.do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, got.status)
}

func TestRepliesHaveAnEnvelopeAndTraceIDs(t *testing.T) {
	s := start(t)

	found := s.post("/conversations/search", `{`+smsAddress+`}`)
	require.Equal(t, http.StatusOK, found.status)
	require.Equal(t, "application/json", found.header.Get("Content-Type"))
	require.Len(t, found.header.Get("trxid"), 32)
	require.Equal(t, "success", found.body["status"])
	require.Equal(t, "200", found.body["code"])
	require.NotContains(t, found.body, "tid")

	created := s.post("/conversations", `{`+smsAddress+`}`)
	require.Equal(t, http.StatusAccepted, created.status)
	require.Equal(t, created.header.Get("trxid"), created.body["tid"])
	require.NotEmpty(t, created.value("conversationId"))

	missing := s.post("/conversations/none/close", "")
	require.Equal(t, http.StatusNotFound, missing.status)
	require.Equal(t, "failure", missing.body["status"])
	require.Equal(t, "404", missing.body["code"])
	require.Equal(t, missing.header.Get("trxid"), missing.body["tid"])
}

func TestTransactionIDsDifferBetweenServers(t *testing.T) {
	one, other := start(t), start(t)
	require.NotEqual(t, one.post("/conversations/x/close", "").body["tid"], other.post("/conversations/x/close", "").body["tid"])
}

func TestInvalidRequests(t *testing.T) {
	s := start(t)
	id := s.Seed(engagetest.Conversation{})
	type sent struct{ method, path, contentType, body string }
	const asJSON = "application/json"
	for name, test := range map[string]struct {
		sent
		status int
	}{
		"unknown path":         {sent{"GET", "/nothing", "", ""}, 404},
		"unknown method":       {sent{"PUT", "/conversations/" + id, asJSON, "{}"}, 405},
		"no such conversation": {sent{"POST", "/conversations/none/close", asJSON, "{}"}, 404},
		"trailing slash":       {sent{"POST", "/conversations/", asJSON, "{}"}, 404},
		"empty id":             {sent{"POST", "/conversations//close", asJSON, "{}"}, 404},
		"not JSON by type":     {sent{"POST", "/conversations/search", "text/plain", "{" + smsAddress + "}"}, 415},
		"no content type":      {sent{"POST", "/conversations/search", "", "{" + smsAddress + "}"}, 415},
		"broken JSON":          {sent{"POST", "/conversations/search", asJSON, "{" + smsAddress}, 400},
		"a member twice":       {sent{"POST", "/conversations/search", asJSON, "{" + smsAddress + `, "channel": "sms"}`}, 400},
		"two documents":        {sent{"POST", "/conversations/search", asJSON, "{" + smsAddress + "}{}"}, 400},
		"an array":             {sent{"POST", "/conversations/search", asJSON, "[]"}, 400},
		"null":                 {sent{"POST", "/conversations/search", asJSON, "null"}, 400},
		"not UTF-8":            {sent{"POST", "/conversations/search", asJSON, "{\"channel\":\"\xff\"}"}, 400},
		"a body on DELETE":     {sent{"DELETE", "/conversations/" + id + "/participants/p", asJSON, "{}"}, 400},
		"too large":            {sent{"POST", "/conversations/search", asJSON, strings.Repeat(" ", 5<<20)}, 413},
		"a query on POST":      {sent{"POST", "/conversations/search?channel=sms", asJSON, "{" + smsAddress + "}"}, 400},
		"a query on GET":       {sent{"GET", "/conversations/" + id + "/messages?after=1", "", ""}, 400},
		"a query on DELETE":    {sent{"DELETE", "/conversations/" + id + "/participants/p?callbackURL=http://localhost", "", ""}, 400},
		"an empty address":     {sent{"POST", "/conversations/search", asJSON, `{"channel":"sms","bizAddress":"+100","customerAddress":""}`}, 422},
		"an empty customer":    {sent{"POST", "/conversations", asJSON, `{"channel":"sms","bizAddress":"+100","customerAddress":""}`}, 422},
		"no customer":          {sent{"POST", "/conversations", asJSON, `{"channel":"sms","bizAddress":"+100"}`}, 400},
		"charset is allowed":   {sent{"POST", "/conversations/search", asJSON + "; charset=utf-8", "{" + smsAddress + "}"}, 200},
		"no body to close":     {sent{"POST", "/conversations/" + id + "/close", "", ""}, 202},
	} {
		t.Run(name, func(t *testing.T) {
			request := s.request(test.method, test.path, test.body)
			request.Header.Set("Content-Type", test.contentType)
			got, err := s.do(request)
			require.NoError(t, err)
			require.Equal(t, test.status, got.status, got.text)
			require.NotNil(t, got.body, "an envelope")
		})
	}
}

func TestMethodNotAllowedListsTheMethods(t *testing.T) {
	got := start(t).send(http.MethodPut, "/conversations/x/messages", "{}")
	require.ElementsMatch(t, []string{"POST", "GET"}, got.header.Values("Allow"))
}

func TestEscapedIDIsOneSegment(t *testing.T) {
	s := start(t)
	for _, id := range []string{"a/b", "..", "a b", "a%2Fb", "ä?#"} {
		s.Seed(engagetest.Conversation{ID: id})
		got := s.post("/conversations/"+url.PathEscape(id)+"/close", "")
		require.Equal(t, http.StatusAccepted, got.status, id)
		require.Equal(t, engagetest.Closed, s.conversation(id).Status)
	}
}

func TestClockDatesConversations(t *testing.T) {
	now := time.Date(2026, 1, 31, 13, 0, 0, 0, time.FixedZone("", 3600))
	s := start(t, engagetest.WithClock(func() time.Time { return now }))
	id := s.post("/conversations", `{`+smsAddress+`}`).value("conversationId").(string)
	require.Equal(t, now.UTC(), s.conversation(id).CreatedAt)
}

func TestADelayedWriteHasTheTimeAtWhichItIsApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork())
		id := s.Seed(sms(engagetest.Queued))
		began := time.Now().UTC()
		s.Fail(outcome.CreateConversation, engagetest.Fault{ApplyDelay: time.Hour})
		s.Fail(outcome.UpdateConversation, engagetest.Fault{ApplyDelay: time.Hour})
		s.post("/conversations", `{"channel":"sms","bizAddress":"+100","customerAddress":"+200"}`)
		s.send(http.MethodPatch, "/conversations/"+id, `{"aliasId":"a"}`)
		time.Sleep(time.Minute)
		s.post("/conversations/"+id+"/hold", "")
		require.Equal(t, began.Add(time.Minute), s.conversation(id).UpdatedAt)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, began.Add(time.Hour), s.conversation(id).UpdatedAt)
		created := s.Conversations()[1]
		require.Equal(t, began.Add(time.Hour), created.CreatedAt)
		require.Equal(t, began.Add(time.Hour), created.UpdatedAt)
	})
}

func TestWritesCanBeAppliedAfterTheirAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork(), engagetest.WithApplyDelay(time.Minute))
		id := s.Seed(sms(engagetest.Queued))
		appended := `{"channel":"sms","messages":[` + text + `]}`
		got := s.post("/conversations/"+id+"/messages", appended)
		require.Equal(t, http.StatusAccepted, got.status)
		require.NotContains(t, got.text, id)
		require.Equal(t, http.StatusAccepted, s.post("/conversations/none/close", "").status, "only a callback reports the failure")
		require.Equal(t, http.StatusBadRequest, s.post("/conversations/"+id+"/messages", "{}").status)
		require.Empty(t, s.conversation(id).Messages)
		require.Equal(t, id, s.post("/conversations/search", `{`+smsAddress+`}`).value("conversationId"), "reads are not delayed")

		s.Fail(outcome.AppendMessage, engagetest.Fault{Status: 503})
		require.Equal(t, http.StatusServiceUnavailable, s.post("/conversations/"+id+"/messages", appended).status)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, s.conversation(id).Messages, 1, "a fault still prevents a write")
	})
}

// A gateway can send a request again while the service applies both later.
func TestARepeatedWriteIsAppliedTwiceAfterADelay(t *testing.T) {
	for name, c := range map[string]struct {
		options []engagetest.Option
		fault   engagetest.Fault
	}{
		"of the server": {[]engagetest.Option{engagetest.WithApplyDelay(time.Minute)}, engagetest.Fault{Repeated: true}},
		"of the fault":  {nil, engagetest.Fault{Repeated: true, ApplyDelay: time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var posted atomic.Int64
				s := start(t, append(c.options, engagetest.WithoutNetwork(), engagetest.WithCallbackTransport(
					engagetest.HandlerTransport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posted.Add(1) }))))...)
				id := s.Seed(sms(engagetest.Queued))
				s.Fail(outcome.AppendMessage, c.fault)
				got := s.post("/conversations/"+id+"/messages", `{"channel":"sms","messages":[`+text+`],"callbackUrl":"https://callbacks.test"}`)
				require.Equal(t, http.StatusAccepted, got.status)
				require.Empty(t, s.conversation(id).Messages)
				time.Sleep(time.Hour)
				require.Len(t, s.conversation(id).Messages, 2)
				synctest.Wait()
				require.EqualValues(t, 2, posted.Load())
			})
		})
	}
}

func TestCloseEndsWaitingRequestsAndCanBeRepeated(t *testing.T) {
	for name, options := range servers {
		t.Run(name, func(t *testing.T) {
			s := start(t, options...)
			arrived, ended := make(chan struct{}), make(chan error)
			s.FailFunc(func(engagetest.Request) engagetest.Fault {
				close(arrived)
				return engagetest.Fault{Delay: time.Hour}
			})
			go func() {
				_, err := s.do(s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`))
				ended <- err
			}()
			<-arrived
			s.Close()
			require.Error(t, <-ended)
			s.Close()
		})
	}
}

func TestTLSServerSpeaksHTTP2(t *testing.T) {
	s := start(t, engagetest.WithTLS())
	require.True(t, strings.HasPrefix(s.URL(), "https://"))
	response, err := s.HTTPClient().Do(s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, 2, response.ProtoMajor)
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestClientReachesTheServer(t *testing.T) {
	for name, options := range map[string][]engagetest.Option{
		"over HTTP": nil,
		"over TLS":  {engagetest.WithTLS()},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, options...)
			client, err := s.Client()
			require.NoError(t, err)
			found, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{
				Address: channel.SMSAddress{Business: "+100", Customer: "+199"},
			})
			require.NoError(t, err)
			require.Equal(t, outcome.NoConversationFound, found.Outcome)
		})
	}
}

func TestClientOptionsOverrideTheServers(t *testing.T) {
	s := start(t, engagetest.WithTLS())
	client, err := s.Client(engage.WithTransport(failing{}))
	require.NoError(t, err)
	_, err = client.SearchConversation(t.Context(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+100", Customer: "+199"},
	}, engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	require.ErrorIs(t, err, errFailing)

	_, err = s.Client(engage.WithReplyLimit(0))
	require.Error(t, err)
}

func TestAServerListensWhereItIsTold(t *testing.T) {
	for scheme, options := range map[string][]engagetest.Option{"http": nil, "https": {engagetest.WithTLS()}} {
		t.Run(scheme, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			s := start(t, append(options, engagetest.WithListener(listener))...)
			require.Equal(t, scheme+"://"+listener.Addr().String()+"/api/v1", s.URL())
			require.Equal(t, http.StatusOK, s.post("/conversations/search", `{`+smsAddress+`}`).status)
			s.Close()
			again, err := net.Listen("tcp", listener.Addr().String())
			require.NoError(t, err)
			require.NoError(t, again.Close())
		})
	}
}
