package engagetest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// once makes one attempt of a call, without lookups.
var once = []engage.CallOption{
	engage.WithRetry(engage.Retry{Policy: engage.RetryNever}), engage.WithReconciliation(engage.Reconciliation{Off: true}),
}

// reports makes an append fail, and returns what the client reports and how many messages
// the conversation has.
func (s *session) reports(fault engagetest.Fault, options ...engage.CallOption) string {
	s.t.Helper()
	client, err := s.Client()
	require.NoError(s.t, err)
	id := s.Seed(engagetest.Conversation{Channel: channel.SMS, BusinessAddress: "+100", CustomerAddress: "+199"})
	s.Fail(outcome.AppendMessage, fault)
	receipt, err := client.AppendMessage(s.t.Context(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS, Message: message.Text{Direction: message.Outbound, Text: "hello"},
	}, options...)
	appended := len(s.conversation(id).Messages)
	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		return fmt.Sprintf("%s, %s, attempts: %d, appended: %d", failure.Edge, failure.Effect, len(failure.Attempts), appended)
	}
	require.NoError(s.t, err)
	return fmt.Sprintf("%s, %s, attempts: %d, appended: %d", receipt.Outcome, receipt.Proof, len(receipt.Attempts), appended)
}

// What the client reports of a fault.
const (
	acknowledged     = "onAppendMessageSuccess, acknowledged, attempts: 1, appended: 1"
	repeated         = "onAppendMessageSuccess, acknowledged, attempts: 2, appended: 1"
	reconciled       = "onAppendMessageSuccess, reconciled, attempts: 1, appended: 1"
	wasRefused       = "onError, refused, attempts: 1, appended: 0"
	unknown          = "onError, maybe applied, attempts: 1, appended: 0"
	unknownAndThere  = "onError, maybe applied, attempts: 1, appended: 1"
	appliedAndUnread = "onError, applied, attempts: 1, appended: 1"
)

func TestTheClientReportsEachFault(t *testing.T) {
	for name, c := range map[string]struct {
		fault engagetest.Fault
		// once is what the client reports after one attempt, and usual is what it reports by
		// default, with other attempts and lookups.
		once, usual string
	}{
		"too many requests":         {engagetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"0"}}}, wasRefused, repeated},
		"busy":                      {engagetest.Fault{Status: 503}, wasRefused, repeated},
		"a refused token":           {engagetest.Fault{Status: 401}, repeated, repeated},
		"a proxy's 503":             {engagetest.Fault{Status: 503, Shape: engagetest.PlainText}, unknown, unknown},
		"a proxy's 503, applied":    {engagetest.Fault{Applied: true, Status: 503, Shape: engagetest.PlainText}, unknownAndThere, reconciled},
		"a proxy's page":            {engagetest.Fault{Status: 502, Shape: engagetest.HTML}, unknown, unknown},
		"a proxy's page as success": {engagetest.Fault{Applied: true, Shape: engagetest.HTML}, unknownAndThere, reconciled},
		"an internal error":         {engagetest.Fault{Status: 500}, unknown, unknown},
		"a failure in a success":    {engagetest.Fault{Code: "12"}, "onAppendMessageFailure, refused, attempts: 1, appended: 0", "onAppendMessageFailure, refused, attempts: 1, appended: 0"},
		"closed":                    {engagetest.Fault{Connection: engagetest.ConnectionClosed}, unknown, unknown},
		"closed, applied":           {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}, unknownAndThere, reconciled},
		"reset":                     {engagetest.Fault{Connection: engagetest.ConnectionReset}, unknown, unknown},
		"reset, applied":            {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset}, unknownAndThere, reconciled},
		"cut short":                 {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionCutShort}, appliedAndUnread, appliedAndUnread},
		"closed after the reply":    {engagetest.Fault{Header: http.Header{"Connection": {"close"}}}, acknowledged, acknowledged},
		"without a body":            {engagetest.Fault{Applied: true, Status: 204}, acknowledged, acknowledged},
		"redirected":                {engagetest.Fault{Status: 307}, wasRefused, wasRefused},
		"redirected to a page":      {engagetest.Fault{Status: 303}, unknown, unknown},
		"gzip":                      {engagetest.Fault{Applied: true, Shape: engagetest.Gzip}, acknowledged, acknowledged},
		"byte order mark":           {engagetest.Fault{Applied: true, Shape: engagetest.ByteOrderMark}, acknowledged, acknowledged},
		"numbers":                   {engagetest.Fault{Applied: true, Shape: engagetest.Numbers}, acknowledged, acknowledged},
		"bare":                      {engagetest.Fault{Applied: true, Shape: engagetest.Bare}, acknowledged, acknowledged},
		"empty":                     {engagetest.Fault{Applied: true, Shape: engagetest.Empty}, unknownAndThere, reconciled},
		"wrong shape":               {engagetest.Fault{Applied: true, Shape: engagetest.WrongShape}, unknownAndThere, reconciled},
		"truncated":                 {engagetest.Fault{Applied: true, Shape: engagetest.Truncated}, appliedAndUnread, appliedAndUnread},
		"twice by a gateway":        {engagetest.Fault{Repeated: true}, "onAppendMessageSuccess, acknowledged, attempts: 1, appended: 2", "onAppendMessageSuccess, acknowledged, attempts: 1, appended: 2"},
		"later":                     {engagetest.Fault{ApplyDelay: time.Hour}, "onAppendMessageSuccess, acknowledged, attempts: 1, appended: 0", "onAppendMessageSuccess, acknowledged, attempts: 1, appended: 0"},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, options := range servers {
				s := start(t, options...)
				require.Equal(t, c.once, s.reports(c.fault, once...), kind)
				require.Equal(t, c.usual, s.reports(c.fault), kind)
			}
		})
	}
}

// servers has the ways to reach a server.
var servers = map[string][]engagetest.Option{
	"HTTP/1.1": nil, "HTTP/2": {engagetest.WithTLS()}, "without a network": {engagetest.WithoutNetwork()},
}

func TestTheClientReportsALargeReply(t *testing.T) {
	require.Equal(t, appliedAndUnread, start(t).reports(engagetest.Fault{Applied: true, Shape: engagetest.Oversized}))
}

func TestTheClientReportsARequestWithoutAReply(t *testing.T) {
	timeout := engage.WithRetry(engage.Retry{AttemptTimeout: time.Minute})
	for _, c := range []struct {
		fault   engagetest.Fault
		options []engage.CallOption
		want    string
	}{
		{engagetest.Fault{Connection: engagetest.ConnectionSilent}, once, "onTimeout, maybe applied, attempts: 1, appended: 0"},
		{engagetest.Fault{Connection: engagetest.ConnectionSilent}, []engage.CallOption{timeout}, "onTimeout, maybe applied, attempts: 1, appended: 0"},
		{engagetest.Fault{Applied: true, Connection: engagetest.ConnectionSilent}, []engage.CallOption{timeout}, reconciled},
		{engagetest.Fault{Applied: true, Delay: time.Hour}, once, "onTimeout, maybe applied, attempts: 1, appended: 1"},
		{engagetest.Fault{Applied: true, Delay: time.Hour}, []engage.CallOption{timeout}, reconciled},
		{engagetest.Fault{Delay: time.Second}, once, acknowledged},
	} {
		synctest.Test(t, func(t *testing.T) {
			require.Equal(t, c.want, start(t, engagetest.WithoutNetwork()).reports(c.fault, c.options...))
		})
	}
}

// A server that says over HTTP/2 that it did not get a request proves that nothing was
// sent. The client sends the request again in the same attempt. If the server says so each
// time, the effect is that nothing was sent.
func TestTheClientReportsARequestThatTheServerDidNotGet(t *testing.T) {
	for _, connection := range []engagetest.Connection{engagetest.StreamRefused, engagetest.ConnectionGoAway} {
		t.Run(string(connection), func(t *testing.T) {
			s := start(t, engagetest.WithTLS())
			require.Equal(t, acknowledged, s.reports(engagetest.Fault{Connection: connection}, once...))
			require.Equal(t, "onError, not sent, attempts: 1, appended: 0",
				s.reports(engagetest.Fault{Connection: connection, Times: engagetest.Always}, once...))
			require.Equal(t, unknown, start(t).reports(engagetest.Fault{Connection: connection}))
		})
	}
}

// A fault of one request leaves the other requests of its connection alone.
func TestARefusedStreamLeavesOthersAlone(t *testing.T) {
	for _, connection := range []engagetest.Connection{engagetest.StreamRefused, engagetest.ConnectionGoAway} {
		t.Run(string(connection), func(t *testing.T) {
			s := start(t, engagetest.WithTLS())
			waiting, proceed := make(chan struct{}), make(chan struct{})
			s.FailFunc(func(r engagetest.Request) engagetest.Fault {
				switch r.Operation {
				case outcome.CreateConversation:
					close(waiting)
					<-proceed
				case outcome.HoldConversation:
					return engagetest.Fault{Connection: connection}
				}
				return engagetest.Fault{}
			})
			var first sync.WaitGroup
			first.Go(func() {
				if got, err := s.do(s.request(http.MethodPost, "/conversations", "{"+smsAddress+"}")); err != nil || got.status != http.StatusAccepted {
					t.Errorf("unexpected: %v %d", err, got.status)
				}
			})
			<-waiting
			refused := s.request(http.MethodPost, "/conversations/none/hold", "{}")
			refused.GetBody = nil // So that net/http does not repeat it.
			_, err := s.do(refused)
			require.ErrorContains(t, err, map[engagetest.Connection]string{
				engagetest.StreamRefused: "REFUSED_STREAM", engagetest.ConnectionGoAway: "GOAWAY",
			}[connection])
			close(proceed)
			first.Wait()
			require.Equal(t, http.StatusOK, s.post("/conversations/search", "{"+smsAddress+"}").status)
			for _, request := range s.Requests() {
				require.NotContains(t, request.Header, "Engagetest-Stream")
			}
		})
	}
}

// A GOAWAY does not say of later requests that the server did not get them, because the
// client would repeat them.
func TestAConnectionThatGoesAwayAnswersLaterRequests(t *testing.T) {
	s := start(t, engagetest.WithTLS())
	waiting, proceed, repeated := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Number > 1 {
			return engagetest.Fault{}
		}
		close(waiting)
		<-proceed
		return engagetest.Fault{Connection: engagetest.ConnectionGoAway}
	})
	s.OnDelivery(func(engagetest.Delivery) { // The conversation is there, and the reply is not.
		close(proceed)
		<-repeated
	})
	go func() {
		defer close(repeated)
		if got, err := s.do(s.request(http.MethodPost, "/conversations/none/hold", "{}")); err != nil || got.status != http.StatusNotFound {
			t.Errorf("unexpected: %v %d", err, got.status)
		}
	}()
	<-waiting
	message := `{"direction":"outbound","type":"text","text":"hello","timestamp":"2026-01-02T03:04:05Z"}`
	require.Equal(t, http.StatusAccepted, s.post("/conversations", "{"+smsAddress+`,"messages":[`+message+`]}`).status)
	require.Len(t, s.Requests(), 3, "only the first one was sent again")
}

// Headers that do not fit in one frame of HTTP/2 keep their stream.
func TestARequestWithLargeHeadersIsRefused(t *testing.T) {
	s := start(t, engagetest.WithTLS())
	s.Fail(outcome.HoldConversation, engagetest.Fault{Connection: engagetest.StreamRefused})
	large := s.request(http.MethodPost, "/conversations/none/hold", "{}")
	large.GetBody = nil
	large.Header.Set("Large", strings.Repeat("abcdefgh", 10_000))
	_, err := s.do(large)
	require.ErrorContains(t, err, "REFUSED_STREAM")
	require.Len(t, s.Requests()[0].Header.Get("Large"), 80_000)
}
