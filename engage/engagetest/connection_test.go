package engagetest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

func TestConnectionsBreak(t *testing.T) {
	for name, test := range map[string]struct {
		fault   engagetest.Fault
		err     error
		created bool
	}{
		"closed":             {engagetest.Fault{Connection: engagetest.ConnectionClosed}, io.EOF, false},
		"closed, applied":    {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}, io.EOF, true},
		"reset":              {engagetest.Fault{Connection: engagetest.ConnectionReset}, syscall.ECONNRESET, false},
		"reset, applied":     {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset}, syscall.ECONNRESET, true},
		"cut short":          {engagetest.Fault{Connection: engagetest.ConnectionCutShort}, io.ErrUnexpectedEOF, false},
		"cut short, applied": {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionCutShort}, io.ErrUnexpectedEOF, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Fail(outcome.CreateConversation, test.fault)
			_, err := s.create()
			require.ErrorIs(t, err, test.err)
			require.Equal(t, test.created, len(s.Conversations()) == 1)
			if test.err != io.ErrUnexpectedEOF {
				require.Zero(t, s.Requests()[0].Status)
			}
		})
	}
}

func TestConnectionsAreResetOnEveryListener(t *testing.T) {
	t.Run("HTTP/1.1 over TLS", func(t *testing.T) {
		s := start(t, engagetest.WithTLS())
		transport := s.HTTPClient().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.NextProtos = nil
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetHTTP1(true)
		t.Cleanup(transport.CloseIdleConnections)
		s.Fail(outcome.CreateConversation, engagetest.Fault{Connection: engagetest.ConnectionReset})
		_, err := transport.RoundTrip(s.request(http.MethodPost, "/conversations", "{"+smsAddress+"}"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	})
	t.Run("a listener of the caller's", func(t *testing.T) {
		s := start(t)
		own := httptest.NewServer(s.Handler())
		t.Cleanup(own.Close)
		s.Fail(outcome.CreateConversation, engagetest.Fault{Connection: engagetest.ConnectionReset})
		request := s.request(http.MethodPost, "/conversations", "{"+smsAddress+"}")
		request.URL.Host = own.Listener.Addr().String()
		_, err := own.Client().Do(request)
		require.ErrorIs(t, err, syscall.ECONNRESET)
	})
}

func TestConnectionsBreakOverTLS(t *testing.T) {
	for _, connection := range []engagetest.Connection{
		engagetest.ConnectionClosed, engagetest.ConnectionReset, engagetest.ConnectionCutShort,
	} {
		s := start(t, engagetest.WithTLS())
		s.Fail(outcome.CreateConversation, engagetest.Fault{Connection: connection})
		_, err := s.create()
		require.Error(t, err, connection)
	}
}

func TestASilentConnectionSendsNothingMore(t *testing.T) {
	for name, options := range map[string][]engagetest.Option{"HTTP/1.1": nil, "HTTP/2": {engagetest.WithTLS()}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, options...)
			// unanswered sends a request and gives up when the server has handled it.
			unanswered := func(path string) {
				ctx, leave := context.WithCancel(t.Context())
				ended := make(chan error)
				before := len(s.Requests())
				go func() {
					_, err := s.do(s.request(http.MethodPost, path, "{"+smsAddress+"}").WithContext(ctx))
					ended <- err
				}()
				require.Eventually(t, func() bool { return len(s.Requests()) > before && len(s.Conversations()) == 1 }, time.Minute, time.Millisecond)
				leave()
				require.ErrorIs(t, <-ended, context.Canceled)
			}
			require.Equal(t, http.StatusOK, s.post("/conversations/search", "{"+smsAddress+"}").status)
			s.Fail(outcome.CreateConversation, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionSilent})
			unanswered("/conversations")
			if name == "HTTP/2" {
				unanswered("/conversations/search") // On the same connection.
			}

			other := &http.Client{Transport: s.HTTPClient().Transport.(*http.Transport).Clone()}
			defer other.CloseIdleConnections()
			response, err := other.Do(s.request(http.MethodPost, "/conversations/search", "{"+smsAddress+"}"))
			require.NoError(t, err, "a new connection works")
			require.NoError(t, response.Body.Close())
		})
	}
}

// connections counts the connections of the requests that a client sends.
func connections(request *http.Request, count *atomic.Int64) *http.Request {
	return request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if !got.Reused {
				count.Add(1)
			}
		},
	}))
}

func TestConnectionCloseEndsAConnectionAfterTheReply(t *testing.T) {
	for name, options := range map[string][]engagetest.Option{"HTTP/1.1": nil, "HTTP/2": {engagetest.WithTLS()}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, options...)
			s.Fail(outcome.SearchConversation, engagetest.Fault{Header: http.Header{"Connection": {"close"}}, Times: 3})
			var count atomic.Int64
			for range 3 {
				got, err := s.do(connections(s.request(http.MethodPost, "/conversations/search", "{"+smsAddress+"}"), &count))
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, got.status)
			}
			require.EqualValues(t, 3, count.Load())
		})
	}
}

func TestMaxStreamsLimitsRequestsOfAConnection(t *testing.T) {
	const most, requests = 4, 60
	s := start(t, engagetest.WithTLS(), engagetest.WithMaxStreams(most))
	s.HTTPClient().Transport.(*http.Transport).MaxConnsPerHost = 1
	arrived, proceed := make(chan struct{}, requests), make(chan struct{})
	s.FailFunc(func(engagetest.Request) engagetest.Fault {
		arrived <- struct{}{}
		<-proceed
		return engagetest.Fault{}
	})
	var done sync.WaitGroup
	for range requests {
		done.Go(func() {
			if got, err := s.do(s.request(http.MethodPost, "/conversations/search", "{"+smsAddress+"}")); err != nil || got.status != http.StatusOK {
				t.Errorf("unexpected: %v %d", err, got.status)
			}
		})
	}
	for range most {
		<-arrived
	}
	require.Empty(t, arrived)
	close(proceed)
	done.Wait()
	require.Len(t, s.Requests(), requests)
}
