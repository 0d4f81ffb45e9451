package engage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// appendMessage and searchConversation are one unsafe and one read call.
var (
	appendRequest      = engage.AppendMessageV13{ConversationID: "C1", Channel: "sms", Message: hello}
	appendMessage      = appendTo(appendRequest)
	searchConversation = search(engage.SearchConversationV13{Address: smsAddress})
	closeConversation  = calls[12].do
)

// failing answers the first requests with fault and the rest with success.
func failing(times int, fault, success http.HandlerFunc) http.HandlerFunc {
	var count atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if int(count.Add(1)) <= times {
			fault(w, r)
			return
		}
		success(w, r)
	}
}

// hangUp breaks the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		connection.(*net.TCPConn).SetLinger(0)
		connection.Close()
	}
}

func TestAnUnsafeWriteIsNotRepeatedBlindly(t *testing.T) {
	for name, fault := range map[string]http.HandlerFunc{
		"reply lost": hangUp,
		"500":        reply(500, ``), "502 HTML": reply(502, `<html>`), "504": reply(504, ``), "408": reply(408, ``),
	} {
		server := newStub(t, failing(1, fault, reply(200, acknowledged)))
		_, err := appendMessage(t.Context(), server.client(t))
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect, name)
		require.Len(t, server.written(), 1, name)
	}
}

func TestAnUnsafeWriteThatWasRefusedOrNotSentIsRepeated(t *testing.T) {
	for name, refusal := range map[string]http.HandlerFunc{
		"429":                    reply(429, ``),
		"503 in an envelope":     reply(503, `{"status":"failure","code":"5030"}`),
		"503 with a Retry-After": retryAfter(reply(503, `<html>`)),
		"429 with a Retry-After": retryAfter(reply(429, ``)),
	} {
		server := newStub(t, failing(2, refusal, reply(200, acknowledged)))
		_, err := appendMessage(t.Context(), server.client(t))
		require.NoError(t, err, name)
		require.Len(t, server.seen(), 3, name)
	}

	address := "http://" + closedPort(t) + "/api/v1"
	client, err := engage.New(engage.Endpoint(address), auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: 0, Attempts: 3})))
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.NotSent, failure.Effect)
	require.Len(t, failure.Attempts, 3)
	for _, attempt := range failure.Attempts {
		require.Equal(t, outcome.NotSent, attempt.Effect)
		require.Error(t, attempt.Err)
	}
	var refused *net.OpError
	require.ErrorAs(t, err, &refused)
}

// retryAfter answers as answer does, and asks for no wait.
func retryAfter(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0")
		answer(w, r)
	}
}

func TestAProxyAnswers503AfterTheWriteWasApplied(t *testing.T) {
	server, client, id := engageServer(t)
	server.Fail(outcome.AppendMessage, engagetest.Fault{
		Applied: true, Status: http.StatusServiceUnavailable, Header: http.Header{"Content-Type": {"text/plain"}},
		Body: "upstream connect error or disconnect/reset before headers",
	})
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
	require.Equal(t, outcome.MaybeApplied, receipt.Attempts[0].Effect)
	require.Equal(t, []string{"hello", "again"}, texts(t, server, id), "once")
	require.Equal(t, 1, sent(server, outcome.AppendMessage))
}

func TestAGatewayThatReportsA503InJSONIsNotTheService(t *testing.T) {
	for _, body := range []string{
		`{"message":"Service Unavailable"}`, `{"statusCode":503,"message":"Service Unavailable"}`,
		`{"error":"Service Unavailable"}`, `{"status":503,"error":"Service Unavailable"}`,
	} {
		server := newStub(t, reply(http.StatusServiceUnavailable, body))
		_, err := appendMessage(t.Context(), server.client(t))
		failure := failureOf(t, err)
		require.Equal(t, outcome.MaybeApplied, failure.Effect, body)
		require.Equal(t, "Service Unavailable", failure.Description, body)
		require.Len(t, server.written(), 1, body)
	}
}

func TestARedirectOfAWriteIsRefusedAndNeitherFollowedNorRepeated(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		_, err := appendMessage(t.Context(), server.client(t))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnError, failure.Edge)
		require.Equal(t, outcome.Refused, failure.Effect)
		require.Len(t, server.seen(), 1, "nor is the write looked up")
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

func TestATransportThatDoesNotTellIsNotTrusted(t *testing.T) {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.NewErrorResponder(errors.New("broken by https://example.com/?" + token)))
	client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(transport))
	require.NoError(t, err)
	_, err = appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: true}))(t.Context(), client)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Equal(t, 1, transport.GetTotalCallCount())
	require.NotContains(t, err.Error(), token)
}

func TestAProxyThatCannotBeReachedKeepsItsPassword(t *testing.T) {
	proxy := &url.URL{Scheme: "http", User: url.UserPassword("worker", token), Host: "proxy.example:3128"}
	unreachable := fmt.Errorf("no way to %s", proxy)
	client, err := engage.New(engage.US, auth.Static("t"), engage.WithTransport(&http.Transport{
		Proxy:       http.ProxyURL(proxy),
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, unreachable },
	}))
	require.NoError(t, err)
	_, err = appendTo(appendRequest, engage.WithRetry(engage.Retry{Attempts: 1}))(t.Context(), client)
	require.ErrorIs(t, err, unreachable)
	require.ErrorContains(t, err, "no way to http://")
	require.NotContains(t, err.Error(), token)
}

func TestATryThatCannotLeaveIsNotTakenForTheOneBefore(t *testing.T) {
	server := newStub(t, reply(http.StatusServiceUnavailable, `{"code":"5030"}`))
	inner := &http.Transport{}
	defer inner.CloseIdleConnections()
	tries := 0
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if tries++; tries == 2 {
			r.URL.Host = closedPort(t)
		}
		return inner.RoundTrip(r)
	})
	_, err := appendTo(appendRequest, engage.WithRetry(engage.Retry{Attempts: 2}))(t.Context(), server.client(t, engage.WithTransport(transport)))
	failure := failureOf(t, err)
	require.Len(t, failure.Attempts, 2)
	require.Equal(t, outcome.NotSent, failure.Attempts[1].Effect)
	require.Equal(t, outcome.Refused, failure.Effect)
}

func TestReadsAndConvergentWritesAreRetried(t *testing.T) {
	for name, fault := range map[string]http.HandlerFunc{
		"reply lost": hangUp, "500": reply(500, ``), "502 HTML": reply(502, `<html>`), "503": reply(503, ``),
		"504": reply(504, ``), "408": reply(408, ``), "429": reply(429, ``),
		"reset mid-body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`{"tid":`))
			w.(http.Flusher).Flush()
			hangUp(w, r)
		},
	} {
		server := newStub(t, failing(2, fault, reply(200, found("active"))))
		got, err := searchConversation(t.Context(), server.client(t))
		require.NoError(t, err, name)
		require.Equal(t, outcome.ConversationActive, got)
		require.Len(t, server.seen(), 3)

		server = newStub(t, failing(2, fault, reply(200, acknowledged)))
		_, err = closeConversation(t.Context(), server.client(t))
		require.NoError(t, err, name)
	}
}

func TestWhatIsNotTransientIsNotRetried(t *testing.T) {
	for _, status := range []int{301, 307, 400, 403, 404, 409, 422, 501} {
		server := newStub(t, reply(status, `{"code":1}`))
		_, err := searchConversation(t.Context(), server.client(t))
		require.Error(t, err)
		require.Len(t, server.seen(), 1, "status %d", status)
	}
}

func TestTheRetryPolicyIsObeyed(t *testing.T) {
	server := newStub(t, reply(503, ``))
	_, err := searchConversation(t.Context(), server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))))
	require.Len(t, failureOf(t, err).Attempts, 1)

	server = newStub(t, failing(1, reply(500, ``), reply(200, acknowledged)))
	_, err = appendMessage(t.Context(), server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}))))
	require.NoError(t, err)

	server = newStub(t, reply(500, ``))
	_, err = searchConversation(t.Context(), server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: 2}))))
	require.Len(t, failureOf(t, err).Attempts, 2)
	require.Len(t, server.seen(), 2)
}

func TestDoubtIsSticky(t *testing.T) {
	server := newStub(t, failing(1, hangUp, reply(409, `{"code":1}`)))
	_, err := appendMessage(t.Context(), server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnAppendMessageFailure, failure.Edge)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Equal(t, outcome.Refused, failure.Attempts[1].Effect)
}

func TestAHostileRetryAfterIsNotObeyed(t *testing.T) {
	past := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	for header, again := range map[string]bool{
		"86400": false, "9300000000": false, "99999999999999999999": false, "1e300": false, "Inf": false,
		"Fri, 31 Dec 9999 23:59:59 GMT": false,
		"0":                             true, "-5": true, "NaN": true, "soon": true, "": true, past: true, "0.001": true,
	} {
		server := newStub(t, failing(1, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			reply(429, ``)(w, r)
		}, reply(200, acknowledged)))
		_, err := appendMessage(t.Context(), server.client(t))
		if again {
			require.NoError(t, err, header)
			continue
		}
		failure := failureOf(t, err)
		require.Greater(t, failure.RetryAfter, time.Second, header)
		require.Len(t, failure.Attempts, 1, header)
	}
}

func TestAWaitThatTheCallerCannotAffordIsNotBegun(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		reply(503, ``)(w, r)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := appendMessage(ctx, server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Hour}))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, 503, failure.Status)
	require.Equal(t, time.Minute, failure.RetryAfter)
	require.NoError(t, ctx.Err(), "it returned before the deadline")
}

func TestAnAttemptsTimeoutIsNotTheCallersDeadline(t *testing.T) {
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	timeout := engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: 200 * time.Millisecond, Attempts: 3}))

	server := newStub(t, failing(2, slow, reply(200, found("active"))))
	_, err := searchConversation(t.Context(), server.client(t, timeout))
	require.NoError(t, err, "a read that timed out is tried again")
	require.Len(t, server.seen(), 3)

	server = newStub(t, slow)
	_, err = searchConversation(t.Context(), server.client(t, timeout))
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Len(t, failureOf(t, err).Attempts, 3)

	server = newStub(t, slow)
	_, err = appendMessage(t.Context(), server.client(t, timeout))
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Len(t, server.written(), 1, "an unsafe write that timed out is not")
}

// rotating is a source whose token changes when it is refused.
type rotating struct {
	mutex   sync.Mutex
	number  int
	refused []string
	stuck   bool
}

func (r *rotating) Token(context.Context) (auth.Token, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return auth.NewToken("token-"+strconv.Itoa(r.number), time.Time{}), nil
}

func (r *rotating) Invalidate(refused auth.Token) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.refused = append(r.refused, refused.Reveal())
	if !r.stuck {
		r.number++
	}
}

func TestATokenRefusedMidFlightIsReplacedOnce(t *testing.T) {
	only := func(good string) *stub {
		return newStub(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+good {
				reply(401, `{"message":"expired"}`)(w, r)
				return
			}
			reply(200, acknowledged)(w, r)
		})
	}
	client := func(s *stub, source auth.TokenSource) *engage.Client {
		client, err := engage.New(engage.Endpoint(s.URL), source, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever})))
		require.NoError(t, err)
		return client
	}

	server, source := only("token-1"), &rotating{}
	_, err := appendMessage(t.Context(), client(server, source))
	require.NoError(t, err, "a refused request was not carried out: it is safe to send again")
	require.Equal(t, []string{"token-0"}, source.refused)
	require.Len(t, server.seen(), 2)

	server, source = only("token-9"), &rotating{}
	_, err = appendMessage(t.Context(), client(server, source))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Len(t, server.seen(), 2, "once")
	require.Equal(t, []string{"token-0"}, source.refused)

	server, source = only("token-9"), &rotating{stuck: true}
	_, err = appendMessage(t.Context(), client(server, source))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Len(t, server.seen(), 1, "the same token is not sent again")

	server = only("token-9")
	_, err = appendMessage(t.Context(), client(server, auth.Static(token)))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Len(t, server.seen(), 1)
}

func TestATokenThatCannotBeReplacedIsTold(t *testing.T) {
	broken, asked := errors.New("vault said "+token), 0
	server := newStub(t, reply(http.StatusUnauthorized, ``))
	client, err := engage.New(engage.Endpoint(server.URL), sourceFunc(func(context.Context) (auth.Token, error) {
		if asked++; asked > 1 {
			return auth.Token{}, broken
		}
		return auth.NewToken(token, time.Time{}), nil
	}))
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnAuthorizationFailure, failure.Edge)
	require.Equal(t, http.StatusUnauthorized, failure.Status)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "vault said [cut]", "the token was sent")
	require.NotContains(t, err.Error(), token)
	require.Len(t, server.seen(), 1)
}

func TestA403DoesNotReplaceTheToken(t *testing.T) {
	source := &rotating{}
	server := newStub(t, reply(403, ``))
	client, err := engage.New(engage.Endpoint(server.URL), source)
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Empty(t, source.refused)
}

// sourceFunc is a token source of one's own.
type sourceFunc func(context.Context) (auth.Token, error)

func (f sourceFunc) Token(ctx context.Context) (auth.Token, error) { return f(ctx) }

func TestWithoutATokenNothingIsSent(t *testing.T) {
	server := newStub(t, reply(200, acknowledged))
	broken := errors.New("the vault is sealed")
	client, err := engage.New(engage.Endpoint(server.URL), sourceFunc(func(context.Context) (auth.Token, error) {
		return auth.Token{}, broken
	}))
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "the vault is sealed")
	require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)

	client, err = engage.New(engage.Endpoint(server.URL), sourceFunc(func(ctx context.Context) (auth.Token, error) {
		<-ctx.Done()
		return auth.Token{}, ctx.Err()
	}))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = appendMessage(ctx, client)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)

	for _, empty := range []auth.Token{{}, auth.NewToken("a\r\nX: y", time.Time{})} {
		client, err = engage.New(engage.Endpoint(server.URL), sourceFunc(func(context.Context) (auth.Token, error) { return empty, nil }))
		require.NoError(t, err)
		_, err = appendMessage(t.Context(), client)
		require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	}
	require.Empty(t, server.seen())
}

func TestATokenDoesNotFollowARedirect(t *testing.T) {
	other := newStub(t, reply(200, acknowledged))
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/elsewhere", status)
		})
		_, err := appendMessage(t.Context(), server.client(t))
		require.ErrorIs(t, err, outcome.ErrOnError)
		require.Equal(t, status, failureOf(t, err).Status)
	}
	require.Empty(t, other.seen())
}

// closing is a transport that tells whether its idle connections were closed.
type closing struct {
	http.RoundTripper
	closed atomic.Int32
}

func (c *closing) CloseIdleConnections() { c.closed.Add(1) }

func TestTheIdlePoolOfASharedTransportIsLeftAlone(t *testing.T) {
	transport := &closing{RoundTripper: http.DefaultTransport}
	server := newStub(t, reply(500, ``))
	client := server.client(t, engage.WithTransport(transport))
	_, err := searchConversation(t.Context(), client)
	require.Error(t, err)
	ctx := endedContext(t)
	_, err = searchConversation(ctx, client)
	require.Error(t, err)
	client.CloseIdleConnections()
	require.Zero(t, transport.closed.Load())
}

func TestAttemptsTellTheStoryOfACall(t *testing.T) {
	count := 0
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		count++
		w.Header().Set("trxid", fmt.Sprintf("X-%d", count))
		if count < 3 {
			reply(503, ``)(w, r)
			return
		}
		reply(200, found("closed"))(w, r)
	})
	result, err := server.client(t).SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
	require.NoError(t, err)
	require.Len(t, result.Attempts, 3)
	for i, attempt := range result.Attempts {
		require.Equal(t, []outcome.TraceID{{Name: "trxid", Value: fmt.Sprintf("X-%d", i+1)}}, attempt.TraceIDs)
		require.Positive(t, attempt.Duration)
	}
	require.Equal(t, []int{503, 503, 200}, []int{result.Attempts[0].Status, result.Attempts[1].Status, result.Attempts[2].Status})
	require.Zero(t, result.Attempts[2].Effect)
}

func TestTheLogTellsHowEachTryEnded(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server := newStub(t, failing(1, hangUp, reply(http.StatusOK, found("active"))))
	_, err := searchConversation(t.Context(), server.client(t, engage.WithLogger(logger)))
	require.NoError(t, err)
	failed, succeeded, _ := strings.Cut(log.String(), "\n")
	require.Contains(t, failed, `attempt=1`)
	require.Contains(t, failed, `edge=onError effect="maybe applied" cause=`)
	require.Contains(t, succeeded, `attempt=2`)
	require.Contains(t, succeeded, `status=200`)
	for _, part := range []string{"edge=", "effect=", "cause="} {
		require.NotContains(t, succeeded, part, "only a failure has it")
	}
}

func TestTheLogTellsNoMoreOfATraceIDThanAnErrorDoes(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	long := "T-" + strings.Repeat("x", 125) + "é" + strings.Repeat("y", 1000)
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("trxid", "X-1")
		reply(http.StatusConflict, `{"status":"failure","tid":"`+long+`"}`)(w, r)
	})
	_, err := appendMessage(t.Context(), server.client(t, engage.WithLogger(logger)))
	require.Equal(t, long, failureOf(t, err).TraceIDs[1].Value, "the error keeps it whole")
	require.Contains(t, log.String(), " trxid=X-1 tid="+long[:127]+"… ")
	require.Contains(t, err.Error(), long[:127]+"…")
}
