package engage_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestATransportThatReportsNothingMayHaveSentTheRequest(t *testing.T) {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.NewErrorResponder(errors.New("broken by https://example.com/?" + token)))
	client := over(t, transport)
	_, err := appendTo(appendRequest, noReconciliation)(t.Context(), client)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Equal(t, 1, transport.GetTotalCallCount())
	require.NotContains(t, err.Error(), token)
}

func TestAnAttemptThatWasNotSentIsNotTakenForTheOneBefore(t *testing.T) {
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
	_, err := appendTo(appendRequest, twoAttempts)(t.Context(), server.client(t, engage.WithTransport(transport)))
	failure := failureOf(t, err)
	require.Len(t, failure.Attempts, 2)
	require.Equal(t, outcome.NotSent, failure.Attempts[1].Effect)
	require.Equal(t, outcome.Refused, failure.Effect)
}

// The parts of HTTP/2 frames that resets need.
const (
	dataFrame, headersFrame, resetFrame, settingsFrame = 0, 1, 3, 4

	endOfStream, acknowledgement, endOfHeaders = 1, 1, 4
	protocolError                              = 1
	statusOK, statusNotFound                   = 0x88, 0x8d // of the table that every peer knows
)

// http2Stream is what one request over HTTP/2 is answered on.
type http2Stream struct {
	conn   io.Writer
	number uint32
}

func (s http2Stream) write(kind, flags byte, payload ...byte) {
	frame := binary.BigEndian.AppendUint32([]byte{0, 0, byte(len(payload)), kind, flags}, s.number)
	s.conn.Write(append(frame, payload...))
}

// reset answers as if the request had not been understood.
func (s http2Stream) reset() { s.write(resetFrame, 0, 0, 0, 0, protocolError) }

// notFound answers with a 404 of the service.
func (s http2Stream) notFound() {
	s.write(headersFrame, endOfHeaders, statusNotFound)
	s.write(dataFrame, endOfStream, []byte(`{"status":"failure","code":"17"}`)...)
}

// acknowledged answers with an acknowledgement of the service.
func (s http2Stream) acknowledged() {
	s.write(headersFrame, endOfHeaders, statusOK)
	s.write(dataFrame, endOfStream, []byte(`{"status":"success","tid":"T-2"}`)...)
}

// speakHTTP2 speaks HTTP/2 as far as to read each request to its end and have it
// answered.
func speakHTTP2(conn io.ReadWriter, answer func(http2Stream)) {
	if _, err := io.CopyN(io.Discard, conn, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	settings := http2Stream{conn, 0}
	settings.write(settingsFrame, 0)
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
			settings.write(settingsFrame, acknowledgement)
		case (kind == dataFrame || kind == headersFrame) && flags&endOfStream != 0:
			answer(http2Stream{conn, binary.BigEndian.Uint32(head[5:])})
		}
	}
}

// resets counts each request over HTTP/2 and resets its stream.
func resets(conn io.ReadWriter, requests *atomic.Int32) {
	speakHTTP2(conn, func(stream http2Stream) {
		requests.Add(1)
		stream.reset()
	})
}

// newHTTP2 starts a server with TLS whose connections are served by serve.
func newHTTP2(t *testing.T, serve func(io.ReadWriter)) *counting {
	t.Helper()
	server := &counting{Server: httptest.NewUnstartedServer(nil)}
	server.TLS = &tls.Config{NextProtos: []string{"h2"}}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { serve(conn) },
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestAWriteWhoseHTTP2StreamIsResetIsNotRepeatedByTheTransport(t *testing.T) {
	var requests atomic.Int32
	server := newHTTP2(t, func(conn io.ReadWriter) { resets(conn, &requests) })
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
		_, err = appendTo(appendRequest, noReconciliation)(t.Context(), client)
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

func TestARequestWithoutABodyThatNetHTTPRepeatedMayHaveBeenApplied(t *testing.T) {
	var requests atomic.Int32
	server := newHTTP2(t, func(conn io.ReadWriter) {
		speakHTTP2(conn, func(stream http2Stream) {
			if requests.Add(1) == 1 {
				stream.reset()
			} else {
				stream.notFound()
			}
		})
	})
	purge := engage.Call{Operation: "PurgeMessage", Class: engage.Convergent, Route: engage.Route{Method: http.MethodDelete, Path: "/messages/M1"}}
	for name, do := range map[string]func(*engage.Client) error{
		"a method": func(c *engage.Client) error {
			_, err := c.RemoveParticipant(t.Context(), removeRequest)
			return err
		},
		"Do": func(c *engage.Client) error {
			_, err := c.Do(t.Context(), purge)
			return err
		},
	} {
		for transport, option := range map[string]engage.Option{
			"its own transport":  engage.WithTLSConfig(server.trusted()),
			"one that was given": engage.WithTransport(&http.Transport{TLSClientConfig: server.trusted(), ForceAttemptHTTP2: true}),
		} {
			t.Run(name+" over "+transport, func(t *testing.T) {
				requests.Store(0)
				client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), option)
				require.NoError(t, err)
				defer client.CloseIdleConnections()
				failure := failureOf(t, do(client))
				require.EqualValues(t, 2, requests.Load(), "net/http does not ask where there is no body")
				require.Len(t, failure.Attempts, 1)
				require.Equal(t, http.StatusNotFound, failure.Status)
				require.Equal(t, "17", failure.Code)
				require.Equal(t, outcome.MaybeApplied, failure.Effect)

				failure = failureOf(t, do(client))
				require.EqualValues(t, 3, requests.Load())
				require.Equal(t, outcome.Refused, failure.Effect, "it was sent once")
			})
		}
	}
}

func TestAReadWithABodyIsRepeatedByTheEngineOnly(t *testing.T) {
	server := newStub(t, hangUp)
	client := server.client(t, engage.WithRoute(outcome.SearchConversation, engage.Route{Method: "GET", Path: "/search"}))
	_, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress}, engage.WithRetry(engage.Retry{Attempts: 3, FirstWait: 1, LongestWait: 0}))
	require.Len(t, failureOf(t, err).Attempts, 3)
	require.Len(t, server.seen(), 3)
}

// TestTheFailureOfOneSendingDoesNotSettleAnother has the first sending carried out and its
// stream reset. The callback tells of the second alone, which net/http makes.
func TestTheFailureOfOneSendingDoesNotSettleAnother(t *testing.T) {
	for name, answer := range map[string]func(http2Stream){
		"refused":      http2Stream.notFound,
		"acknowledged": http2Stream.acknowledged,
	} {
		t.Run(name, func(t *testing.T) {
			table := newTable()
			var requests atomic.Int32
			server := newHTTP2(t, func(conn io.ReadWriter) {
				speakHTTP2(conn, func(stream http2Stream) {
					if requests.Add(1) == 1 {
						stream.reset()
						return
					}
					table.report(callback.Report{TransactionID: "T-2", Status: callback.Failure, Code: "17"})
					answer(stream)
				})
			})
			client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), engage.WithTLSConfig(server.trusted()),
				engage.WithCallbacks(newCallbacks(t, callback.WithPending(table))), engage.WithCallOptions(oneAttempt))
			require.NoError(t, err)
			defer client.CloseIdleConnections()
			_, err = client.RemoveParticipant(t.Context(), removeRequest)
			failure := failureOf(t, err)
			require.Len(t, failure.Attempts, 1)
			require.True(t, failure.Attempts[0].SentAgain)
			require.Equal(t, outcome.OnRemoveParticipantFailure, failure.Edge)
			require.Equal(t, outcome.MaybeApplied, failure.Effect)
		})
	}
}

// sendingAgain sends each request once more if it was not answered, to another
// host where one is named.
func sendingAgain(inner http.RoundTripper, host string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		first, again := r.Clone(r.Context()), r.Clone(r.Context())
		first.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		if response, err := inner.RoundTrip(first); err == nil {
			return response, nil
		}
		again.URL.Host = cmp.Or(host, r.URL.Host)
		return inner.RoundTrip(again)
	}
}

func TestATransportThatSendsAgainMayHaveSentBefore(t *testing.T) {
	server := newStub(t, hangUp)
	inner := &http.Transport{}
	defer inner.CloseIdleConnections()
	transport := sendingAgain(inner, closedPort(t))
	_, err := appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t, engage.WithTransport(transport)))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Len(t, server.seen(), 1)
}

func TestARegisteredProtocolThatSendsAgainMayHaveSentBefore(t *testing.T) {
	inner := &http.Transport{}
	defer inner.CloseIdleConnections()
	transport := &http.Transport{}
	transport.RegisterProtocol("http", sendingAgain(inner, closedPort(t)))
	server := newStub(t, hangUp)
	_, err := appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t, engage.WithTransport(transport)))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, failure.Attempts, 1)
	require.Len(t, server.seen(), 1)
}

func TestARefusalOfWhatATransportSentAgainMayHaveBeenApplied(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusServiceUnavailable, http.StatusUnauthorized} {
		inner := &http.Transport{}
		defer inner.CloseIdleConnections()
		server := newStub(t, inTurn(hangUp, reply(status, ``)))
		source := &rotating{}
		client, err := engage.New(engage.Endpoint(server.URL), source, engage.WithTransport(sendingAgain(inner, "")))
		require.NoError(t, err)
		_, err = appendTo(appendRequest, noReconciliation)(t.Context(), client)
		failure := failureOf(t, err)
		require.Equal(t, status, failure.Status)
		require.Equal(t, outcome.MaybeApplied, failure.Effect, "status %d", status)
		require.Len(t, failure.Attempts, 1, "status %d", status)
		require.Equal(t, status == http.StatusUnauthorized, source.refused != nil, "a token that was refused is not used again")
	}
}

// brittle returns a context under which nothing can be written to a connection
// that was used before.
func brittle(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if got.Reused {
			got.Conn.SetWriteDeadline(time.Unix(1, 0))
		}
	}})
}

func TestAStaleConnectionIsReplacedOrTheRequestWasNotSent(t *testing.T) {
	given := &http.Transport{}
	defer given.CloseIdleConnections()
	for transport, c := range map[string]struct {
		options []engage.Option
		// gone and refused are the effects of a request for which there is no other
		// connection, and of one that is refused on another.
		gone, refused outcome.Effect
	}{
		"the client's own transport": {nil, outcome.NotSent, outcome.Refused},
		// A protocol that is registered there may have sent it.
		"one that was given": {[]engage.Option{engage.WithTransport(given)}, outcome.MaybeApplied, outcome.MaybeApplied},
	} {
		for name, do := range map[string]func(context.Context, *engage.Client) error{
			"a body": func(ctx context.Context, client *engage.Client) error {
				_, err := client.AppendMessage(ctx, appendRequest, noReconciliation)
				return err
			},
			"no body": func(ctx context.Context, client *engage.Client) error {
				_, err := client.RemoveParticipant(ctx, removeRequest)
				return err
			},
		} {
			t.Run(name+" over "+transport, func(t *testing.T) {
				success := reply(http.StatusOK, acknowledged)
				server := newStub(t, inTurn(success, success, reply(http.StatusConflict, `{"code":1}`), success))
				client := server.client(t, append(c.options, engage.WithCallOptions(oneAttempt))...)
				require.NoError(t, do(t.Context(), client))
				require.NoError(t, do(brittle(t.Context()), client))
				require.Len(t, server.seen(), 2)
				require.Equal(t, server.seen()[0].body == "", server.seen()[1].body == "", "with its body")

				require.Equal(t, c.refused, failureOf(t, do(brittle(t.Context()), client)).Effect)
				require.Len(t, server.seen(), 3)

				server.Listener.Close()
				require.Equal(t, c.gone, failureOf(t, do(brittle(t.Context()), client)).Effect, "not a byte was written")
				require.Len(t, server.seen(), 3)
			})
		}
	}
}
