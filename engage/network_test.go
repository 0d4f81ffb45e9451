package engage_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// writers make appends at the same time, all with content of their own.
type writers struct{ count, appendsEach int }

// run makes the appends by client and returns how many ended in an error, by effect.
func (w writers) run(t *testing.T, client *engage.Client, id string) map[outcome.Effect]int {
	t.Helper()
	var mutex sync.Mutex
	failed := map[outcome.Effect]int{}
	var writing sync.WaitGroup
	for writer := range w.count {
		writing.Go(func() {
			for n := range w.appendsEach {
				_, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{
					ConversationID: id, Channel: channel.SMS,
					Message: message.Text{Direction: message.Inbound, Text: fmt.Sprintf("%d-%d", writer, n)},
				})
				if err == nil {
					continue
				}
				t.Log(err)
				mutex.Lock()
				failed[failureOf(t, err).Effect]++
				mutex.Unlock()
			}
		})
	}
	writing.Wait()
	return failed
}

// requireEachOnce requires that a conversation has the message of each append once.
func (w writers) requireEachOnce(t *testing.T, server *engagetest.Server, id string) {
	t.Helper()
	got := texts(t, server, id)
	slices.Sort(got)
	require.Len(t, slices.Compact(got), w.count*w.appendsEach)
	require.Len(t, texts(t, server, id), w.count*w.appendsEach, "no message is there twice")
}

// conversationOf returns an Engage in memory with one conversation.
func conversationOf(t *testing.T) (*engagetest.Server, string) {
	t.Helper()
	server := engagetest.NewServer()
	t.Cleanup(server.Close)
	return server, server.Seed(engagetest.Conversation{
		Channel: channel.SMS, BusinessAddress: smsAddress.Business, CustomerAddress: smsAddress.Customer,
	})
}

// clientOf returns a client of front, which passes requests on to an Engage in memory.
func clientOf(t *testing.T, front string, trusted *tls.Config, options ...engage.Option) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.Endpoint(front+"/api/v1"),
		auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret("tenant-secret")},
		append(options, engage.WithTLSConfig(trusted))...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestABurstAtAServerThatTakesFewStreamsIsAppliedOnce(t *testing.T) {
	server, id := conversationOf(t)
	front := http2test.Start(t, http2test.Config{Handler: server.Handler(), Streams: 16})
	client := clientOf(t, front.URL, front.TLS)
	burst := writers{60, 1}
	require.Empty(t, burst.run(t, client, id))
	burst.requireEachOnce(t, server, id)
}

func TestConnectionsThatAreClosedByGOAWAYLoseAndDoubleNothing(t *testing.T) {
	server, id := conversationOf(t)
	front := http2test.Start(t, http2test.Config{Handler: server.Handler(), Decide: func(s *http2test.Stream) {
		if s.Number == 50 {
			s.GoAway(s.ID, http2test.NoError)
		}
	}})
	client := clientOf(t, front.URL, front.TLS)
	many := writers{16, 50}
	require.Empty(t, many.run(t, client, id))
	many.requireEachOnce(t, server, id)
	require.Greater(t, front.Connections.Load(), int32(8))
}

// deploy serves one address by one generation of servers after the other.
type deploy struct {
	conns chan net.Conn
	addr  net.Addr
}

// generation is the listener of one generation.
type generation struct {
	*deploy
	closed chan struct{}
	once   sync.Once
}

func (g *generation) Accept() (net.Conn, error) {
	select {
	case conn := <-g.conns:
		return conn, nil
	case <-g.closed:
		return nil, net.ErrClosed
	}
}

func (g *generation) Close() error {
	g.once.Do(func() { close(g.closed) })
	return nil
}

func (g *generation) Addr() net.Addr { return g.addr }

func TestARollingRestartLosesAndDoublesNothing(t *testing.T) {
	const generations = 20
	server, id := conversationOf(t)
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	defer certified.Close()
	config := &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	d := &deploy{make(chan net.Conn), listener.Addr()}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			select {
			case d.conns <- tls.Server(conn, config):
			case <-t.Context().Done():
				_ = conn.Close()
			}
		}
	})
	start := func() *http.Server {
		s := &http.Server{Handler: server.Handler()}
		go func() { _ = s.Serve(&generation{deploy: d, closed: make(chan struct{})}) }()
		return s
	}
	var written atomic.Bool
	var deploying sync.WaitGroup
	deploying.Go(func() {
		current := start()
		for n := 0; n < generations || !written.Load(); n++ {
			next := start()
			if err := current.Shutdown(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
			current = next
		}
		_ = current.Close()
	})
	trusted := certified.Client().Transport.(*http.Transport).TLSClientConfig
	client := clientOf(t, "https://"+listener.Addr().String(), trusted)
	many := writers{48, 10}
	failed := many.run(t, client, id)
	written.Store(true)
	deploying.Wait()
	_ = listener.Close()
	accepting.Wait()
	require.Empty(t, failed)
	many.requireEachOnce(t, server, id)
}

func TestATranscriptOfManyShortPagesIsReadToItsEnd(t *testing.T) {
	client := stubWithTranscript(t, func(sent []map[string]any, offset string) string {
		from, _ := strconv.Atoi(offset)
		if from < 60 {
			return transcriptOf(62, map[string]any{"aliasId": fmt.Sprint("old-", from), "direction": "inbound", "type": "text", "text": fmt.Sprint(from)})
		}
		return transcriptOf(62, sent[min(from-60, 2):]...)
	})
	receipt, err := client.AppendMessage(t.Context(), twoTexts("C1"))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
}

func TestALookupBeforeSendingFindsAMessageThatTheServiceNormalized(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		page, _ := json.Marshal([]map[string]any{
			{"aliasId": "m-0", "direction": "inbound", "type": "text", "text": "HELLO"},
			{"aliasId": "m-1", "direction": "inbound", "type": "text", "text": "AGAIN"},
		})
		reply(200, fmt.Sprintf(`{"status":"success","value":{"countOfRecords":2,"messages":%s}}`, page))(w, r)
	})
	receipt, err := server.client(t).AppendMessage(t.Context(), textsWithAliasIDs("C1"),
		engage.WithReconciliation(engage.Reconciliation{LookFirst: true}))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
	require.Empty(t, server.written())
}

func TestARetryAfterDateIsMeasuredByTheClockOfTheServer(t *testing.T) {
	now := time.Now().Add(-3 * time.Minute)
	server := newStub(t, inTurn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(time.Hour).UTC().Format(http.TimeFormat))
		reply(429, ``)(w, r)
	}, reply(200, acknowledged)))
	_, err := appendMessage(t.Context(), server.client(t))
	require.Equal(t, time.Hour, failureOf(t, err).RetryAfter)
}

func TestARefusalOfAProxyThatIsPermanentIsNotAttemptedAgain(t *testing.T) {
	for status, attempts := range map[int]int{407: 1, 403: 1, 502: 4} {
		client, err := engage.New(engage.US, auth.Static(token), engage.WithCallOptions(quick),
			engage.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, &transport.ProxyError{Status: status} })))
		require.NoError(t, err)
		_, err = searchConversation(t.Context(), client)
		require.ErrorContains(t, err, fmt.Sprintf("the proxy refused to connect: %d", status))
		require.Len(t, failureOf(t, err).Attempts, attempts)
	}
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

func TestRetryNeverForbidsTheRepetitionOfAConvergentWrite(t *testing.T) {
	server := newStub(t, hangUp)
	_, err := server.client(t).CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"},
		engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Len(t, server.seen(), 1)
}
