package engage_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/http2test"
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
	server := newStub(t, traced(reply(http.StatusServiceUnavailable, `{"code":"5030"}`)))
	inner := &http.Transport{}
	defer inner.CloseIdleConnections()
	requests := 0
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if requests++; requests == 2 {
			r.URL.Host = closedPort(t)
		}
		return inner.RoundTrip(r)
	})
	_, err := appendTo(appendRequest, twoAttempts)(t.Context(), server.client(t, engage.WithTransport(transport)))
	failure := failureOf(t, err)
	require.Len(t, failure.Attempts, 2)
	require.Equal(t, outcome.NotSent, failure.Attempts[1].Effect)
	require.Zero(t, failure.Attempts[1].Status)
	require.Empty(t, failure.Attempts[1].TraceIDs)
	require.Equal(t, outcome.Refused, failure.Effect)
}

// overHTTP2 returns options with which a client reaches a server over HTTP/2: by its own
// transport, and by one that it is given.
func overHTTP2(t *testing.T, server *http2test.Server) map[string]engage.Option {
	given := &http.Transport{TLSClientConfig: server.TLS, ForceAttemptHTTP2: true}
	t.Cleanup(given.CloseIdleConnections)
	return map[string]engage.Option{"its own transport": engage.WithTLSConfig(server.TLS), "a given transport": engage.WithTransport(given)}
}

// withoutTLS returns a transport that reaches a server over HTTP/2 and sees nothing of
// the TLS below.
func withoutTLS(t *testing.T, server *http2test.Server) *http.Transport {
	config := server.TLS.Clone()
	config.NextProtos = []string{"h2"}
	transport := &http.Transport{
		Protocols: new(http.Protocols),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
			return struct{ net.Conn }{conn}, err
		},
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func TestAWriteWhoseHTTP2StreamIsResetIsNotRepeatedByTheTransport(t *testing.T) {
	server := http2test.Start(t, http2test.Config{
		Handler: reply(http.StatusOK, acknowledged),
		Decide:  func(s *http2test.Stream) { s.Reset(http2test.ProtocolError) },
	})
	options := overHTTP2(t, server)
	options["a transport without TLS"] = engage.WithTransport(withoutTLS(t, server))
	for name, option := range options {
		t.Run(name, func(t *testing.T) {
			url, before := server.URL, server.Requests.Load()
			if name == "a transport without TLS" {
				url = strings.Replace(url, "https", "http", 1)
			}
			client, err := engage.New(engage.Endpoint(url), auth.Static(token), option)
			require.NoError(t, err)
			defer client.CloseIdleConnections()
			_, err = appendTo(appendRequest, noReconciliation)(t.Context(), client)
			failure := failureOf(t, err)
			require.Equal(t, outcome.MaybeApplied, failure.Effect)
			require.Len(t, failure.Attempts, 1)
			require.Equal(t, before+1, server.Requests.Load())
		})
	}
}

// resetFirst starts a server over HTTP/2 that applies the first request and resets its
// stream, and answers the others with answer.
func resetFirst(t *testing.T, answer http.HandlerFunc) *http2test.Server {
	t.Helper()
	var server *http2test.Server
	server = http2test.Start(t, http2test.Config{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if server.Requests.Load() > 1 {
				answer(w, r)
			}
		}),
		Decide: func(s *http2test.Stream) {
			if server.Requests.Load() == 1 {
				s.Reset(http2test.ProtocolError)
			}
		},
	})
	return server
}

func TestARequestWithoutABodyThatNetHTTPRepeatedMayHaveBeenApplied(t *testing.T) {
	purge := engage.Call{Operation: "PurgeMessage", Class: engage.Convergent, Route: engage.Route{Method: http.MethodDelete, Path: "/messages/M1"}}
	for name, do := range map[string]callFunc{
		"a method": removeParticipant(removeRequest),
		"Do": func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.Do(ctx, purge)
			return outcome.EdgeOf(err), err
		},
	} {
		for _, transport := range []string{"its own transport", "a given transport"} {
			t.Run(name+" over "+transport, func(t *testing.T) {
				server := resetFirst(t, reply(http.StatusNotFound, `{"status":"failure","code":"17"}`))
				client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), overHTTP2(t, server)[transport])
				require.NoError(t, err)
				defer client.CloseIdleConnections()
				_, err = do(t.Context(), client)
				failure := failureOf(t, err)
				require.EqualValues(t, 2, server.Requests.Load())
				require.Len(t, failure.Attempts, 1)
				require.Equal(t, http.StatusNotFound, failure.Status)
				require.Equal(t, "17", failure.Code)
				require.Equal(t, outcome.MaybeApplied, failure.Effect)

				_, err = do(t.Context(), client)
				require.EqualValues(t, 3, server.Requests.Load())
				require.Equal(t, outcome.Refused, failureOf(t, err).Effect, "it was sent once")
			})
		}
	}
}

func TestAReadWithABodyIsRepeatedByTheEngineOnly(t *testing.T) {
	server := newStub(t, hangUp)
	client := server.client(t, engage.WithRoute(outcome.SearchConversation, engage.Route{Method: "GET", Path: "/search"}))
	_, err := client.SearchConversation(t.Context(), searchRequest, engage.WithRetry(engage.Retry{Attempts: 3, FirstWait: 1, LongestWait: 0}))
	require.Len(t, failureOf(t, err).Attempts, 3)
	require.Len(t, server.seen(), 3)
}

func TestTheFailureOfOneSendingDoesNotSettleAnother(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"refused":      reply(http.StatusNotFound, `{"status":"failure","code":"17"}`),
		"acknowledged": reply(http.StatusOK, `{"status":"success","tid":"T-2"}`),
	} {
		t.Run(name, func(t *testing.T) {
			table := newTable()
			server := resetFirst(t, func(w http.ResponseWriter, r *http.Request) {
				table.report(callback.Report{TransactionID: "T-2", Status: callback.Failure, Code: "17"})
				answer(w, r)
			})
			client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), engage.WithTLSConfig(server.TLS),
				engage.WithCallbacks(newCallbacks(t, callback.WithPending(table))), engage.WithCallOptions(oneAttempt))
			require.NoError(t, err)
			defer client.CloseIdleConnections()
			_, err = client.RemoveParticipant(t.Context(), removeRequest)
			failure := failureOf(t, err)
			require.Len(t, failure.Attempts, 1)
			require.True(t, failure.Attempts[0].Repeated)
			require.Equal(t, outcome.OnRemoveParticipantFailure, failure.Edge)
			require.Equal(t, outcome.MaybeApplied, failure.Effect)
		})
	}
}

// sendingAgain returns a transport that sends each request once more if it failed: to
// host, unless that is empty.
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
		require.Equal(t, status == http.StatusUnauthorized, source.refused != nil, "a refused token is replaced")
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
		// refused is the effect of a request that is refused on another connection, and
		// gone its effect if there is no other connection.
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
				require.Equal(t, c.gone, failureOf(t, do(brittle(t.Context()), client)).Effect, "nothing was written")
				require.Len(t, server.seen(), 3)
			})
		}
	}
}
