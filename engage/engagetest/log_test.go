package engagetest_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

func TestInvalidOptionsAreNamed(t *testing.T) {
	for want, options := range map[string][]engagetest.Option{
		"WithTLS: there are no connections because of WithoutNetwork":                    {engagetest.WithoutNetwork(), engagetest.WithTLS()},
		"WithMaxStreams: there are no connections because of WithoutNetwork":             {engagetest.WithoutNetwork(), engagetest.WithMaxStreams(1)},
		"WithListener: there are no connections because of WithoutNetwork":               {engagetest.WithoutNetwork(), engagetest.WithListener(&net.TCPListener{})},
		"WithListener: the listener is nil":                                              {engagetest.WithListener(nil)},
		"WithClock: the function is nil":                                                 {engagetest.WithClock(nil)},
		"WithMaxStreams: there is no HTTP/2 without WithTLS":                             {engagetest.WithMaxStreams(1)},
		"WithMaxStreams: the number is negative":                                         {engagetest.WithTLS(), engagetest.WithMaxStreams(-1)},
		"WithTranscriptPages: the size is not positive":                                  {engagetest.WithTranscriptPages(0)},
		"WithRateLimit: the number is not positive, or the period is less than a second": {engagetest.WithRateLimit(0, time.Hour)},
		"WithApplyDelay: the delay is negative":                                          {engagetest.WithApplyDelay(-1)},
		"WithTokenLifetime: the lifetime is less than a second":                          {engagetest.WithTokenLifetime(time.Millisecond)},
	} {
		require.PanicsWithValue(t, "engagetest: "+want, func() { engagetest.NewServer(options...) })

		spy := &spy{TB: t}
		spy.run(func() { engagetest.New(spy, options...) })
		require.Equal(t, []string{"engagetest: " + want}, spy.errors)
	}
}

// spy is the test that New gets. It records what New reports.
type spy struct {
	testing.TB
	failed   bool
	errors   []string
	logged   []string
	cleanups []func()
}

// run runs a test function, which may end early, and then its cleanups.
func (s *spy) run(test func()) {
	defer func() {
		if problem := recover(); problem != nil && problem != errStopped {
			panic(problem)
		}
		for _, cleanup := range s.cleanups {
			cleanup()
		}
	}()
	test()
}

var errStopped = errors.New("the test has stopped")

func (s *spy) Failed() bool           { return s.failed }
func (s *spy) Log(args ...any)        { s.logged = append(s.logged, fmt.Sprint(args...)) }
func (s *spy) Error(args ...any)      { s.errors, s.failed = append(s.errors, fmt.Sprint(args...)), true }
func (s *spy) Fatal(args ...any)      { s.Error(args...); panic(errStopped) }
func (s *spy) Cleanup(cleanup func()) { s.cleanups = append(s.cleanups, cleanup) }

func TestNewReportsRefusedRequests(t *testing.T) {
	spy := &spy{TB: t}
	spy.run(func() {
		server := engagetest.New(spy, engagetest.WithoutNetwork())
		s := &session{server, t, server.IssueToken()}
		s.post("/conversations/search", `{`+smsAddress+`}`)
		s.post("/conversations", `{`+smsAddress+`, "mesages": []}`)
		s.post("/conversation", `{}`)
		require.NotEmpty(t, server.Requests()[1].Refusal)
	})
	require.Len(t, spy.errors, 1)
	require.Equal(t, `engagetest: the server refused 2 of the requests:
   #2 CreateConversation POST /api/v1/conversations: 400 onInvalidData
      refused: mesages is not known
   #3 unknown operation POST /api/v1/conversation: 404
      refused: no such path
If the test wants this, create the server with WithRefusalsAllowed.`, spy.errors[0])
	require.Equal(t, []string{`engagetest: the server received 3 requests
   #1 SearchConversation POST /api/v1/conversations/search: 200 noConversationFound
   #2 CreateConversation POST /api/v1/conversations: 400 onInvalidData
      refused: mesages is not known
   #3 unknown operation POST /api/v1/conversation: 404
      refused: no such path`}, spy.logged)
}

func TestNewReportsNothingAfterNormalWork(t *testing.T) {
	closed := engagetest.Conversation{ID: "closed", Status: engagetest.Closed}
	for name, c := range map[string]struct {
		options []engagetest.Option
		request func(*session)
	}{
		"an unknown conversation": {nil, func(s *session) { s.post("/conversations/none/close", "") }},
		"the state of one":        {nil, func(s *session) { s.Seed(closed); s.post("/conversations/closed/close", "") }},
		"an expired token":        {nil, func(s *session) { s.RevokeTokens(); s.post("/conversations/none/close", "") }},
		"a fault": {nil, func(s *session) {
			s.Fail(outcome.CloseConversation, engagetest.Fault{Status: 422})
			s.post("/conversations/none/close", "")
		}},
		"a refusal that is allowed": {[]engagetest.Option{engagetest.WithRefusalsAllowed()}, func(s *session) { s.post("/nothing", "") }},
	} {
		t.Run(name, func(t *testing.T) {
			spy := &spy{TB: t}
			spy.run(func() {
				server := engagetest.New(spy, append(c.options, engagetest.WithoutNetwork())...)
				s := &session{server, t, server.IssueToken()}
				c.request(s)
				require.Len(t, s.Requests(), 1)
			})
			require.Empty(t, spy.errors)
			require.Empty(t, spy.logged)
		})
	}
}

// Refused requests that were dropped from the record still fail the test.
func TestNewCountsRefusedRequestsThatWereDropped(t *testing.T) {
	for want, count := range map[string]struct{ refused, understood int }{
		"engagetest: the server refused 60 of the requests, and these are the newest 50:\n  #11 ": {60, 0},
		"engagetest: the server refused 2 of the requests, which have been dropped since\n":       {2, 10_000},
	} {
		spy := &spy{TB: t}
		spy.run(func() {
			server := engagetest.New(spy, engagetest.WithoutNetwork())
			handler, token := server.Handler(), server.IssueToken()
			send := func(path string) {
				request := httptest.NewRequest(http.MethodGet, path, nil)
				request.Header.Set("Authorization", "Bearer "+token)
				handler.ServeHTTP(httptest.NewRecorder(), request)
			}
			for range count.refused {
				send("/nothing")
			}
			for range count.understood {
				send("/api/v1/conversations/none/messages")
			}
		})
		require.Len(t, spy.errors, 1)
		require.Contains(t, spy.errors[0], want)
	}
}

func TestNewReportsWrongCredentials(t *testing.T) {
	spy := &spy{TB: t}
	spy.run(func() {
		server := engagetest.New(spy)
		s := &session{server, t, ""}
		form := s.credentials()
		form.Set("client_secret", "wrong")
		require.Equal(t, http.StatusUnauthorized, s.requestToken(form.Encode()).status)
	})
	require.Len(t, spy.errors, 1)
	require.Contains(t, spy.errors[0], "refused: client_id or client_secret is wrong")
	require.NotContains(t, spy.errors[0], "wrong&")
}

func TestNewLogsTheNewestRequestsOfAFailedTest(t *testing.T) {
	spy := &spy{TB: t}
	spy.run(func() {
		server := engagetest.New(spy, engagetest.WithoutNetwork())
		s := &session{server, t, server.IssueToken()}
		for range 60 {
			s.post("/conversations/search", `{`+smsAddress+`}`)
		}
		s.Fail(outcome.CloseConversation, engagetest.Fault{Connection: engagetest.ConnectionClosed})
		_, err := s.do(s.request(http.MethodPost, "/conversations/none/close", ""))
		require.Error(t, err)
		spy.Error("the test has failed")
	})
	require.Len(t, spy.logged, 1)
	lines := strings.Split(spy.logged[0], "\n")
	require.Len(t, lines, 51)
	require.Equal(t, "engagetest: the server received 61 requests, and these are the newest 50", lines[0])
	require.Equal(t, "  #61 CloseConversation POST /api/v1/conversations/none/close: no reply", lines[50])
}

func TestTheLogHasTheStreamEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := start(t, engagetest.WithoutNetwork()), newReceiver(t)
		s.StreamTo(r.sender)
		at := time.Now()
		_, err := s.Write(addresses["SMS"], message.Stamp(says(addresses["SMS"], "a secret"), "m-1", at))
		require.NoError(t, err)
		synctest.Wait()
		receipt, err := engagetest.Delivery{Address: addresses["SMS"], Message: message.Stamp(message.Text{}, "m-2", at)}.Receipt("Read")
		require.NoError(t, err)
		s.SendEvent(receipt)
		synctest.Wait()
		_, err = s.Write(addresses["API"], says(addresses["API"], "a secret"))
		require.NoError(t, err)
		require.Equal(t, `engagetest: the server received 0 requests
stream event "m-1", attempts: 1: received
stream event "m-2", attempts: 1: received
stream event "", attempts: 0: engagetest: Event: no document shows an event of the channel "api"`, s.Log())
	})
}
