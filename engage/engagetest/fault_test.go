package engagetest_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// create sends a request to create a conversation.
func (s *session) create() (answer, error) {
	return s.do(s.request(http.MethodPost, "/conversations", "{"+smsAddress+"}"))
}

func TestFaultsReplaceTheReply(t *testing.T) {
	for name, test := range map[string]struct {
		fault   engagetest.Fault
		status  int
		text    string
		header  string
		created bool
	}{
		"refused": {engagetest.Fault{Status: 503, Header: http.Header{"retry-after": {"2"}}}, 503,
			`"status":"failure","code":"503"`, "2", false},
		"refused with a code": {engagetest.Fault{Status: 409, Code: "4711", Description: "no"}, 409,
			`"status":"failure","code":"4711","description":"no"`, "", false},
		"refused after applying": {engagetest.Fault{Applied: true, Status: 500}, 500, `"failure"`, "", true},
		"a failure in a 200":     {engagetest.Fault{Code: "4711"}, 200, `"status":"failure","code":"4711"`, "", false},
		"a false success":        {engagetest.Fault{Status: 202}, 202, `"status":"success"`, "", false},
		"an invalid status":      {engagetest.Fault{Status: 42}, 500, `"failure"`, "", false},
		"no content":             {engagetest.Fault{Applied: true, Status: 204}, 204, ``, "", true},
		"a proxy's page":         {engagetest.Fault{Status: 502, Shape: engagetest.HTML}, 502, `<html>`, "", false},
		"an empty body":          {engagetest.Fault{Applied: true, Shape: engagetest.Empty}, 202, ``, "", true},
		"another shape":          {engagetest.Fault{Applied: true, Shape: engagetest.WrongShape}, 202, `["unexpected"]`, "", true},
		"numbers":                {engagetest.Fault{Applied: true, Shape: engagetest.Numbers}, 202, `"code":202`, "", true},
		"a bare acknowledgement": {engagetest.Fault{Applied: true, Shape: engagetest.Bare}, 202, `{"TransId":"`, "", true},
		"a given body":           {engagetest.Fault{Status: 400, Body: `{"errors":[]}`}, 400, `{"errors":[]}`, "", false},
		"a header alone":         {engagetest.Fault{Header: http.Header{"Retry-After": {"1"}}}, 202, `"success"`, "1", true},
		"an unknown status word": {engagetest.Fault{Body: `{"status":"under maintenance"}`}, 200, `{"status":"under maintenance"}`, "", false},
		"a page with 200":        {engagetest.Fault{Shape: engagetest.HTML}, 200, `<html>`, "", false},
		"a page to retry later": {engagetest.Fault{Status: 503, Shape: engagetest.HTML, Header: http.Header{"Retry-After": {"3"}}}, 503,
			`<html>`, "3", false},
		"a byte order mark":   {engagetest.Fault{Applied: true, Shape: engagetest.ByteOrderMark}, 202, "\ufeff{\"status\":\"success\"", "", true},
		"a marked failure":    {engagetest.Fault{Status: 409, Code: "1", Shape: engagetest.ByteOrderMark}, 409, "\ufeff{\"status\":\"failure\"", "", false},
		"a short delay":       {engagetest.Fault{Delay: time.Nanosecond}, 202, `"success"`, "", true},
		"a short delay after": {engagetest.Fault{Delay: time.Nanosecond, Applied: true}, 202, `"success"`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Fail(outcome.CreateConversation, test.fault)
			got, err := s.create()
			require.NoError(t, err)
			require.Equal(t, test.status, got.status)
			require.Contains(t, got.text, test.text)
			require.Equal(t, test.header, got.header.Get("Retry-After"))
			require.NotEmpty(t, got.header.Get("trxid"))
			require.Equal(t, test.created, len(s.Conversations()) == 1)
			require.Equal(t, test.status, s.Requests()[0].Status)
		})
	}
}

func TestHTMLHasItsContentType(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Status: 502, Shape: engagetest.HTML})
	got, err := s.create()
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(got.header.Get("Content-Type"), "text/html"))
}

func TestAProxyThatLosesItsConnectionAnswersInPlainText(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Applied: true, Status: 503, Shape: engagetest.PlainText})
	got, err := s.create()
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "text/plain", got.header.Get("Content-Type"))
	require.Equal(t, "upstream connect error or disconnect/reset before headers", got.text)
	for _, name := range []string{"Retry-After", "trxid", "TrackingId"} {
		require.Empty(t, got.header.Get(name), "the service has added nothing")
	}
	require.Len(t, s.Conversations(), 1)
}

func TestStatusesWithoutABody(t *testing.T) {
	for _, options := range [][]engagetest.Option{nil, {engagetest.WithTLS()}} {
		for _, status := range []int{http.StatusNoContent, http.StatusResetContent} {
			s := start(t, options...)
			s.Fail(outcome.CreateConversation, engagetest.Fault{Applied: true, Status: status})
			got, err := s.create()
			require.NoError(t, err)
			require.Equal(t, status, got.status)
			require.Empty(t, got.text)
			require.Empty(t, got.header.Get("Content-Type"))
			require.NotEmpty(t, got.header.Get("trxid"))
			require.Len(t, s.Conversations(), 1)
			require.Equal(t, http.StatusOK, s.post("/conversations/search", "{"+smsAddress+"}").status, "the connection is usable")
		}
	}
}

func TestRedirectsApplyNothing(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		s := start(t)
		s.Fail(outcome.CreateConversation, engagetest.Fault{Status: status}, engagetest.Fault{Status: status, Header: http.Header{"Location": {"/there"}}})
		client := s.HTTPClient()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, location := range []string{"/api/v1/conversations", "/there"} {
			got, err := s.create()
			require.NoError(t, err)
			require.Equal(t, status, got.status)
			require.Equal(t, location, got.header.Get("Location"))
			require.Equal(t, "failure", got.body["status"])
			require.Empty(t, s.Conversations())
		}

		client.CheckRedirect = nil
		s.Fail(outcome.CreateConversation, engagetest.Fault{Status: status})
		got, err := s.create()
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, got.status, "a client that follows it repeats the request")
		require.Len(t, s.Conversations(), 1)
	}
}

func TestGzipComesToClientsThatDoNotAcceptIt(t *testing.T) {
	s := start(t)
	s.HTTPClient().Transport.(*http.Transport).DisableCompression = true
	s.Fail(outcome.CreateConversation,
		engagetest.Fault{Applied: true, Shape: engagetest.Gzip}, engagetest.Fault{Status: 502, Body: "<html>", Shape: engagetest.Gzip})
	for _, want := range []struct{ text, contentType string }{{`"status":"success"`, "application/json"}, {"<html>", "text/html; charset=utf-8"}} {
		got, err := s.create()
		require.NoError(t, err)
		require.Empty(t, s.Requests()[0].Header.Get("Accept-Encoding"))
		require.Equal(t, "gzip", got.header.Get("Content-Encoding"))
		require.Equal(t, want.contentType, got.header.Get("Content-Type"))
		unpacked, err := gzip.NewReader(strings.NewReader(got.text))
		require.NoError(t, err)
		text, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		require.Contains(t, string(text), want.text)
	}
	require.Len(t, s.Conversations(), 1)
}

func TestARetryAfterDateHasADateToMeasureItFrom(t *testing.T) {
	s := start(t)
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Status: 429, Header: http.Header{
		"Date":        {now.Format(http.TimeFormat)},
		"Retry-After": {now.Add(2 * time.Second).Format(http.TimeFormat)},
	}})
	got, err := s.create()
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Equal(t, []string{"Sat, 31 Jan 2026 12:00:00 GMT"}, got.header.Values("Date"))
	require.Equal(t, "Sat, 31 Jan 2026 12:00:02 GMT", got.header.Get("Retry-After"))
}

func TestAWriteCanBeAppliedAfterItsAcknowledgement(t *testing.T) {
	s, r := start(t), receive(t)
	id := s.Seed(sms(engagetest.Queued))
	s.Fail(outcome.CloseConversation, engagetest.Fault{ApplyDelay: time.Hour})
	got := s.close(id, r)
	require.Equal(t, http.StatusAccepted, got.status)
	require.NotEmpty(t, got.body["tid"])
	require.Equal(t, engagetest.Queued, s.conversation(id).Status)

	s.Fail(outcome.CloseConversation, engagetest.Fault{ApplyDelay: time.Millisecond, Connection: engagetest.ConnectionClosed})
	_, err := s.do(s.request(http.MethodPost, "/conversations/"+id+"/close", `{"callbackUrl":"`+r.URL+`"}`))
	require.ErrorIs(t, err, io.EOF, "lost, and lands later")
	callback := <-r.got
	require.Equal(t, "success", callback["status"])
	require.Equal(t, engagetest.Closed, s.conversation(id).Status)

	s.Fail(outcome.CloseConversation, engagetest.Fault{ApplyDelay: time.Millisecond})
	got = s.close(id, r)
	require.Equal(t, "success", got.body["status"])
	callback = <-r.got
	require.Equal(t, []any{"failure", "4547", got.body["tid"]}, []any{callback["status"], callback["code"], callback["tid"]})

	s.Fail(outcome.CloseConversation, engagetest.Fault{ApplyDelay: time.Hour})
	require.Equal(t, http.StatusBadRequest, s.post("/conversations/"+id+"/close", `{"x":1}`).status, "what is invalid is refused at once")
	s.Fail(outcome.SearchConversation, engagetest.Fault{ApplyDelay: time.Hour})
	require.Equal(t, true, s.post("/conversations/search", "{"+smsAddress+"}").value("chatExist"), "a read is not delayed")
	s.Close()
	require.Empty(t, r.got)
}

func TestTruncatedJSONComesInACompleteReply(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Applied: true, Shape: engagetest.Truncated})
	got, err := s.create()
	require.NoError(t, err)
	require.Nil(t, got.body)
	require.NotEmpty(t, got.text)
	require.Len(t, s.Conversations(), 1)
}

func TestAnOversizedBodyIsLarge(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Shape: engagetest.Oversized})
	response, err := s.HTTPClient().Do(s.request(http.MethodPost, "/conversations", "{"+smsAddress+"}"))
	require.NoError(t, err)
	n, err := io.CopyN(io.Discard, response.Body, 20<<20)
	require.NoError(t, err)
	require.EqualValues(t, 20<<20, n)
	require.NoError(t, response.Body.Close())
}

func TestDelayEndsWhenTheClientLeaves(t *testing.T) {
	for name, test := range map[string]struct {
		applied bool
		created int
	}{"before the operation": {false, 0}, "after the operation": {true, 1}} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			ctx, leave := context.WithCancel(t.Context())
			s.FailFunc(func(engagetest.Request) engagetest.Fault {
				leave()
				return engagetest.Fault{Delay: time.Hour, Applied: test.applied}
			})
			_, err := s.do(s.request(http.MethodPost, "/conversations", "{"+smsAddress+"}").WithContext(ctx))
			require.Error(t, err)
			s.Close() // Would wait for an hour if the delay went on.
			require.Len(t, s.Conversations(), test.created)
			require.Zero(t, s.Requests()[0].Status)
		})
	}
}

func TestFaultsAreUsedInOrder(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Status: 503}, engagetest.Fault{Status: 429, Times: 2})
	s.Fail(outcome.CreateConversation, engagetest.Fault{Status: 500})
	var statuses []int
	for range 5 {
		got, err := s.create()
		require.NoError(t, err)
		statuses = append(statuses, got.status)
	}
	require.Equal(t, []int{503, 429, 429, 500, 202}, statuses)
}

func TestFaultsAffectOnlyTheirOperation(t *testing.T) {
	s := start(t)
	s.Fail(outcome.AppendMessage, engagetest.Fault{Status: 503})
	got, err := s.create()
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, got.status)
}

func TestClearFaultsRemovesAllFaults(t *testing.T) {
	s := start(t)
	s.Fail(outcome.SearchConversation, engagetest.Fault{Status: 503, Times: engagetest.Always})
	for range 3 {
		require.Equal(t, 503, s.post("/conversations/search", "{"+smsAddress+"}").status)
	}
	s.FailFunc(func(engagetest.Request) engagetest.Fault { return engagetest.Fault{Status: 500} })
	s.ClearFaults()
	require.Equal(t, 200, s.post("/conversations/search", "{"+smsAddress+"}").status)
}

func TestFaultsOfAnOperationAreRemoved(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	s.Fail(outcome.SearchConversation, engagetest.Fault{Status: 503, Times: engagetest.Always})
	s.Fail(outcome.CreateConversation, engagetest.Fault{Status: 503, Times: engagetest.Always})
	s.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation == outcome.HoldConversation {
			return engagetest.Fault{Status: 504}
		}
		return engagetest.Fault{}
	})
	s.ClearFaults(outcome.SearchConversation)
	require.Equal(t, 200, s.post("/conversations/search", "{"+smsAddress+"}").status)
	require.Equal(t, 503, s.post("/conversations", "{"+smsAddress+"}").status)
	require.Equal(t, 504, s.post("/conversations/none/hold", "").status)
}

func TestFaultsAreRandomButTheSameForASeed(t *testing.T) {
	failed := func(part float64, seed uint64, operations ...outcome.Operation) (numbers []int) {
		s := start(t, engagetest.WithoutNetwork())
		s.FailFunc(engagetest.Randomly(part, seed, engagetest.Fault{Status: 503}, operations...))
		for i := range 200 {
			if s.post("/conversations/search", "{"+smsAddress+"}").status == 503 {
				numbers = append(numbers, i)
			}
		}
		return numbers
	}
	some := failed(0.5, 1)
	require.InDelta(t, 100, len(some), 60)
	require.Equal(t, some, failed(0.5, 1))
	require.Equal(t, some, failed(0.5, 1, outcome.CreateConversation, outcome.SearchConversation))
	require.NotEqual(t, some, failed(0.5, 2))
	require.Empty(t, failed(0, 1))
	require.Len(t, failed(1, 1), 200)
	require.Empty(t, failed(1, 1, outcome.CreateConversation))
}

func TestRequestsForATokenCanFail(t *testing.T) {
	s := start(t)
	s.Fail(engagetest.Token,
		engagetest.Fault{Status: 401, Code: "invalid_client", Description: "disabled"},
		engagetest.Fault{Status: 502, Shape: engagetest.HTML},
		engagetest.Fault{Applied: true, Shape: engagetest.Truncated},
		engagetest.Fault{Applied: true, Shape: engagetest.Numbers})
	refused := s.requestToken(s.credentials().Encode())
	require.Equal(t, 401, refused.status)
	require.Equal(t, map[string]any{"error": "invalid_client", "error_description": "disabled"}, refused.body)
	require.Equal(t, 502, s.requestToken(s.credentials().Encode()).status)
	require.Nil(t, s.requestToken(s.credentials().Encode()).body)
	require.NotEmpty(t, s.requestToken(s.credentials().Encode()).body["access_token"], "a token has no envelope")
}

func TestFailNamesWhatItDoesNotKnow(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	for want, fault := range map[string]engagetest.Fault{
		`the Shape "xml" is unknown`:        {Shape: "xml"},
		`the Connection "slow" is unknown`:  {Connection: "slow"},
		`the Callback "tripled" is unknown`: {Callback: "tripled"},
	} {
		require.PanicsWithValue(t, "engagetest: Fail: "+want, func() { s.Fail(outcome.CloseConversation, fault) })
		s.FailFunc(func(engagetest.Request) engagetest.Fault { return fault })
		require.PanicsWithValue(t, "engagetest: FailFunc: "+want, func() { s.post("/conversations/none/close", "") })
	}
	require.PanicsWithValue(t, `engagetest: Fail: the server has no operation "Archive"`, func() { s.Fail("Archive", engagetest.Fault{}) })
}

func TestFailFuncChoosesWhereTheQueueIsEmpty(t *testing.T) {
	s := start(t)
	s.Fail(outcome.CreateConversation, engagetest.Fault{Status: 503})
	s.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation == outcome.CreateConversation && strings.Contains(string(r.Body), "+199") {
			return engagetest.Fault{Status: 500, Times: 7}
		}
		return engagetest.Fault{}
	})
	var statuses []int
	for range 2 {
		got, err := s.create()
		require.NoError(t, err)
		statuses = append(statuses, got.status)
	}
	require.Equal(t, []int{503, 500}, statuses)
	require.Equal(t, 200, s.post("/conversations/search", "{"+smsAddress+"}").status)
}

// TestConcurrentAppends appends from many goroutines, with a random mix of faults, and
// counts the messages.
func TestConcurrentAppends(t *testing.T) {
	s := start(t)
	const writers, each = 8, 50
	id := s.Seed(sms(engagetest.Queued))
	mix := []engagetest.Fault{
		{}, {}, {Status: 503}, {Connection: engagetest.ConnectionReset}, {Applied: true, Shape: engagetest.Empty},
	}
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	var lost atomic.Int64
	s.FailFunc(func(engagetest.Request) engagetest.Fault {
		mu.Lock()
		defer mu.Unlock()
		fault := mix[random.IntN(len(mix))]
		if fault.Status != 0 || fault.Connection != "" {
			lost.Add(1)
		}
		return fault
	})
	var done sync.WaitGroup
	for range writers {
		done.Go(func() {
			for range each {
				got, err := s.do(s.request(http.MethodPost, "/conversations/"+id+"/messages", `{"channel":"sms","messages":[`+text+`]}`))
				if err == nil && got.status == http.StatusAccepted || errors.Is(err, syscall.ECONNRESET) || got.status == 503 {
					continue
				}
				t.Errorf("unexpected: %v %d", err, got.status)
			}
			s.Conversations()
			s.Requests()
		})
	}
	done.Wait()
	require.Len(t, s.conversation(id).Messages, writers*each-int(lost.Load()))
	require.Len(t, s.Requests(), writers*each)
}
