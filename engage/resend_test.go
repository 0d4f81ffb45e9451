package engage_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// The parts of HTTP/2 frames that resets needs.
const (
	dataFrame, resetFrame, settingsFrame = 0, 3, 4

	endOfStream, acknowledgement = 1, 1
	protocolError                = 1
)

// resets speaks HTTP/2 as far as to read each request to its end, count it and
// then reset its stream, as if it had not been understood.
func resets(conn io.ReadWriter, requests *atomic.Int32) {
	write := func(kind, flags byte, stream uint32, payload []byte) {
		frame := binary.BigEndian.AppendUint32([]byte{0, 0, byte(len(payload)), kind, flags}, stream)
		conn.Write(append(frame, payload...))
	}
	if _, err := io.CopyN(io.Discard, conn, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	write(settingsFrame, 0, 0, nil)
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		switch kind, flags := head[3], head[4]; {
		case kind == settingsFrame && flags&acknowledgement == 0:
			write(settingsFrame, acknowledgement, 0, nil)
		case kind == dataFrame && flags&endOfStream != 0:
			requests.Add(1)
			write(resetFrame, 0, binary.BigEndian.Uint32(head[5:]), []byte{0, 0, 0, protocolError})
		}
	}
}

func TestAResetOverHTTP2IsNotAnsweredWithTheSameRequestByTheTransport(t *testing.T) {
	var requests atomic.Int32
	server := &counting{Server: httptest.NewUnstartedServer(nil)}
	server.TLS = &tls.Config{NextProtos: []string{"h2"}}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { resets(conn, &requests) },
	}
	server.StartTLS()
	defer server.Close()
	plain := &http.Transport{Protocols: new(http.Protocols)}
	plain.Protocols.SetUnencryptedHTTP2(true)
	for name, c := range map[string]struct {
		url    string
		option engage.Option
	}{
		"the client's own transport": {server.URL, engage.WithTLSConfig(server.trusted())},
		"one that was given":         {server.URL, engage.WithTransport(&http.Transport{TLSClientConfig: server.trusted(), ForceAttemptHTTP2: true})},
		"one without TLS":            {resetting(t, &requests), engage.WithTransport(plain)},
	} {
		requests.Store(0)
		client, err := engage.New(engage.Endpoint(c.url), auth.Static(token), c.option)
		require.NoError(t, err)
		_, err = appendTo(appendRequest, engage.WithReconciliation(false))(t.Context(), client)
		failure := failureOf(t, err)
		require.Equal(t, outcome.MaybeApplied, failure.Effect, name)
		require.Len(t, failure.Attempts, 1, name)
		require.EqualValues(t, 1, requests.Load(), name)
		client.CloseIdleConnections()
	}
}

// resetting starts a server without TLS that resets, and returns its URL.
func resetting(t *testing.T, requests *atomic.Int32) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { resets(conn, requests) })
			t.Cleanup(func() { conn.Close() })
		}
	})
	t.Cleanup(func() { listener.Close() })
	return "http://" + listener.Addr().String()
}

func TestAnUnsafeCallIsNotMadeWithTheMethodThatTransportsRepeat(t *testing.T) {
	_, err := engage.New(engage.US, auth.Static(token), engage.WithRoute(outcome.CreateConversation, engage.Route{Method: "GET", Path: "/conversations"}))
	require.ErrorContains(t, err, "repeats a GET")
}

func TestAReadWithABodyIsRepeatedByTheEngineAlone(t *testing.T) {
	server := newStub(t, hangUp)
	client := server.client(t, engage.WithRoute(outcome.SearchConversation, engage.Route{Method: "GET", Path: "/search"}))
	_, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress}, engage.WithAttempts(3), engage.WithWaits(0, 0))
	require.Len(t, failureOf(t, err).Attempts, 3)
	require.Len(t, server.seen(), 3)
}

func TestATransportThatSendsAgainDoesNotHideThatItHadSentBefore(t *testing.T) {
	server := newStub(t, hangUp)
	inner := &http.Transport{}
	defer inner.CloseIdleConnections()
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if _, err := inner.RoundTrip(r); err == nil {
			return nil, errors.New("the server was to hang up")
		}
		again := r.Clone(r.Context())
		again.URL.Host = closedPort(t)
		again.Body, _ = r.GetBody()
		return inner.RoundTrip(again)
	})
	_, err := appendTo(appendRequest, engage.WithReconciliation(false))(t.Context(), server.client(t, engage.WithTransport(transport)))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Len(t, server.seen(), 1)
}

// brittle is a connection to which nothing can be written once it is gone.
type brittle struct {
	net.Conn
	gone *atomic.Bool
}

func (b brittle) Write(data []byte) (int, error) {
	if b.gone.Load() {
		return 0, net.ErrClosed
	}
	return b.Conn.Write(data)
}

func TestAConnectionFoundGoneIsReplacedAndOtherwiseNothingWasSent(t *testing.T) {
	for name, c := range map[string]struct {
		reachable bool
		sent      int
	}{
		"the server is still there": {true, 2},
		"it has gone as well":       {false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var gone atomic.Bool
			dials := 0
			transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				dials++
				if dials > 1 && !c.reachable {
					return nil, net.ErrClosed
				}
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				if dials == 1 {
					conn = brittle{conn, &gone}
				}
				return conn, err
			}}
			defer transport.CloseIdleConnections()
			server := newStub(t, reply(http.StatusOK, acknowledged))
			client := server.client(t, engage.WithTransport(transport), engage.WithCallOptions(engage.WithAttempts(1)))
			_, err := appendMessage(t.Context(), client)
			require.NoError(t, err)

			gone.Store(true)
			_, err = appendMessage(t.Context(), client)
			if c.reachable {
				require.NoError(t, err)
				require.Contains(t, server.seen()[1].body, hello.Text, "with its body")
			} else {
				require.Equal(t, outcome.NotSent, failureOf(t, err).Effect, "not a byte was written")
			}
			require.Len(t, server.seen(), c.sent)
			require.Equal(t, 2, dials)
		})
	}
}

func TestHeadersThatMakeATransportSendAgainAreRefused(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	for _, name := range []string{"Idempotency-Key", "x-idempotency-key", "Accept-Encoding", "Expect", "Keep-Alive", "Proxy-Connection"} {
		_, err := appendTo(appendRequest, engage.WithHeader(name, "k"))(t.Context(), server.client(t))
		require.ErrorIs(t, err, outcome.ErrOnInvalidData, name)
	}
	require.Empty(t, server.seen())
}
