package sent_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/internal/transport"
)

// overHTTP2 returns a transport to a server, which is closed when the test ends.
func overHTTP2(t *testing.T, server *http2test.Server) *http.Transport {
	transport := &http.Transport{TLSClientConfig: server.TLS, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// send sends one request and reads the response to its end.
func send(ctx context.Context, client *sent.Client, method, url string, body []byte, watch *sent.Watch) (int, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Send(request, body, watch)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// applying is a handler that counts how often it gets each body.
type applying struct{ bodies sync.Map }

func (a *applying) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	count, _ := a.bodies.LoadOrStore(string(body), new(atomic.Int32))
	count.(*atomic.Int32).Add(1)
	_, _ = w.Write(body)
}

// applied returns how many different bodies came, and the largest number of times that
// the same body came.
func (a *applying) applied() (different, most int) {
	a.bodies.Range(func(_, count any) bool {
		different++
		most = max(most, int(count.(*atomic.Int32).Load()))
		return true
	})
	return different, most
}

// wrapper is a transport of the user's own around another.
type wrapper struct{ http.RoundTripper }

// load sends that many requests with different bodies, some at once, and requires that
// each succeeds.
func load(t *testing.T, transport http.RoundTripper, url string, requests, atOnce int) {
	t.Helper()
	client := &sent.Client{Transport: transport}
	var number atomic.Int32
	var sending sync.WaitGroup
	for range atOnce {
		sending.Go(func() {
			for {
				n := number.Add(1)
				if int(n) > requests {
					return
				}
				body := []byte{byte(n >> 8), byte(n)}
				if _, err := send(t.Context(), client, http.MethodPost, url, body, new(sent.Watch)); err != nil {
					t.Errorf("request %d: %v", n, err)
				}
			}
		})
	}
	sending.Wait()
}

func TestRefusedStreamsAreSentAgain(t *testing.T) {
	for name, wrap := range transports {
		t.Run(name, func(t *testing.T) {
			var handler applying
			server := http2test.Start(t, http2test.Config{Handler: &handler, Streams: 16})
			load(t, wrap(overHTTP2(t, server)), server.URL, 60, 60)
			different, most := handler.applied()
			require.Equal(t, 60, different)
			require.Equal(t, 1, most)
		})
	}
}

// transports are the SDK's own transport and those that users give.
var transports = map[string]func(*http.Transport) http.RoundTripper{
	"the SDK's own": func(given *http.Transport) http.RoundTripper { return transport.New(given.TLSClientConfig) },
	"of net/http":   func(given *http.Transport) http.RoundTripper { return given },
	"a wrapper":     func(given *http.Transport) http.RoundTripper { return wrapper{given} },
}

func TestAConnectionThatIsClosedInAnOrderlyWayLosesAndDoublesNothing(t *testing.T) {
	for name, wrap := range transports {
		t.Run(name, func(t *testing.T) {
			var handler applying
			server := http2test.Start(t, http2test.Config{Handler: &handler, Decide: func(s *http2test.Stream) {
				if s.Number == 50 {
					// The last stream is in turn this one and the one before.
					s.GoAway(s.ID-2*uint32(s.Connection%2), http2test.NoError)
				}
			}})
			load(t, wrap(overHTTP2(t, server)), server.URL, 400, 16)
			different, most := handler.applied()
			require.Equal(t, 400, different)
			require.Equal(t, 1, most)
		})
	}
}

func TestWhatMayHaveArrivedOverHTTP2IsSentOnce(t *testing.T) {
	for name, decide := range map[string]func(*http2test.Stream){
		"PROTOCOL_ERROR":    func(s *http2test.Stream) { s.Reset(http2test.ProtocolError) },
		"INTERNAL_ERROR":    func(s *http2test.Stream) { s.Reset(http2test.InternalError) },
		"CANCEL":            func(s *http2test.Stream) { s.Reset(http2test.Cancel) },
		"ENHANCE_YOUR_CALM": func(s *http2test.Stream) { s.Reset(http2test.EnhanceYourCalm) },
	} {
		t.Run(name, func(t *testing.T) {
			var handler applying
			server := http2test.Start(t, http2test.Config{Handler: &handler, Decide: decide})
			client := &sent.Client{Transport: overHTTP2(t, server)}
			for n := range int32(2) {
				var watch sent.Watch
				_, err := send(t.Context(), client, http.MethodPost, server.URL, []byte{'x', byte(n)}, &watch)
				require.Error(t, err)
				require.False(t, watch.NotSent())
				require.False(t, watch.Repeated())
				require.Equal(t, n+1, server.Requests.Load())
			}
			_, most := handler.applied()
			require.Equal(t, 1, most)
		})
	}
}

func TestAServerThatRefusesEverythingIsNotAskedForEver(t *testing.T) {
	server := http2test.Start(t, http2test.Config{Decide: (*http2test.Stream).Refuse})
	client := &sent.Client{Transport: overHTTP2(t, server)}
	var watch sent.Watch
	_, err := send(t.Context(), client, http.MethodPost, server.URL, []byte("x"), &watch)
	require.ErrorContains(t, err, "REFUSED_STREAM")
	require.True(t, watch.NotSent())
	require.EqualValues(t, 7, server.Requests.Load())
}

func TestAContextThatEndedIsNotSentAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := http2test.Start(t, http2test.Config{Decide: func(s *http2test.Stream) {
		if s.Number == 2 {
			s.Silence()
			cancel()
			return
		}
		s.Refuse()
	}})
	var watch sent.Watch
	_, err := send(ctx, &sent.Client{Transport: overHTTP2(t, server)}, http.MethodPost, server.URL, []byte("x"), &watch)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, watch.NotSent(), "the second sending may have arrived")
	require.EqualValues(t, 2, server.Requests.Load())
}

func TestARequestWithoutABodyThatNetHTTPRepeatedIsReported(t *testing.T) {
	server := http2test.Start(t, http2test.Config{Handler: new(applying), Decide: func(s *http2test.Stream) {
		if s.Connection == 1 {
			s.Reset(http2test.ProtocolError)
		}
	}})
	var watch sent.Watch
	status, err := send(t.Context(), &sent.Client{Transport: overHTTP2(t, server)}, http.MethodDelete, server.URL, nil, &watch)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.True(t, watch.Repeated())
	require.EqualValues(t, 2, server.Requests.Load())
}

// brittle returns a context under which nothing can be written to an HTTP/1.1
// connection that was used before.
func brittle(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if got.Reused {
			_ = got.Conn.SetWriteDeadline(time.Unix(1, 0))
		}
	}})
}

// netHTTP is a transport of net/http that nobody can register a protocol with.
type netHTTP struct{ *http.Transport }

func (netHTTP) IsNetHTTP() {}

func TestAStaleConnectionOverHTTP1IsReplaced(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		for _, body := range [][]byte{nil, []byte("x")} {
			t.Run(name+" "+string(body), func(t *testing.T) {
				var handler applying
				server := httptest.NewUnstartedServer(&handler)
				start(server)
				t.Cleanup(server.Close)
				inner := server.Client().Transport.(*http.Transport)
				own, given := &sent.Client{Transport: netHTTP{inner}}, &sent.Client{Transport: inner}
				for n, client := range []*sent.Client{own, given} {
					for i, ctx := range []context.Context{t.Context(), brittle(t.Context())} {
						var watch sent.Watch
						_, err := send(ctx, client, http.MethodPut, server.URL, body, &watch)
						require.NoError(t, err)
						require.Equal(t, client == given && i == 1, watch.Repeated(), "only what is net/http alone proves that nothing was written")
						_, most := handler.applied()
						require.Equal(t, 2*n+i+1, most)
					}
				}
				// There is no other connection.
				server.Listener.Close()
				for _, client := range []*sent.Client{own, given} {
					var watch sent.Watch
					_, err := send(brittle(t.Context()), client, http.MethodPut, server.URL, body, &watch)
					require.Error(t, err)
					if client == own {
						require.True(t, watch.NotSent())
					}
				}
			})
		}
	}
}

// cut is a handler that breaks the connection without an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func TestARequestWithoutAnAnswerMayHaveArrived(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			cut(w, r)
		}
	}))
	t.Cleanup(server.Close)
	client := &sent.Client{Transport: server.Client().Transport}
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		requests.Store(0)
		_, err := send(t.Context(), client, http.MethodPost, server.URL, []byte("x"), new(sent.Watch))
		require.NoError(t, err)
		var watch sent.Watch
		_, err = send(t.Context(), client, method, server.URL, []byte("x"), &watch)
		require.Error(t, err, method)
		require.False(t, watch.NotSent(), method)
		require.EqualValues(t, 2, requests.Load(), method)
	}
}

// net/http takes a request with such a key for one that can be repeated.
func TestAnIdempotencyKeyDoesNotRepeatWhatMayHaveArrived(t *testing.T) {
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		var requests atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 2 {
				cut(w, r)
			}
		}))
		t.Cleanup(server.Close)
		client := &sent.Client{Transport: server.Client().Transport}
		_, err := send(t.Context(), client, http.MethodPost, server.URL, []byte("x"), new(sent.Watch))
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
		require.NoError(t, err)
		request.Header.Set(key, "1")
		var watch sent.Watch
		_, err = client.Send(request, []byte("x"), &watch)
		require.Error(t, err, key)
		require.False(t, watch.NotSent(), key)
		require.EqualValues(t, 2, requests.Load(), key)
	}
}

func TestAWaitThatItsContextEndsReturnsTheErrorOfTheLastSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		refused := errors.New("stream error: stream ID 1; REFUSED_STREAM; received from peer")
		sendings := 0
		client := &sent.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if sendings++; sendings == 2 {
				time.AfterFunc(0, cancel)
			}
			httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
			return nil, refused
		})}
		var watch sent.Watch
		_, err := send(ctx, client, http.MethodPost, "https://engage.example", []byte("x"), &watch)
		require.Equal(t, refused, err)
		require.Equal(t, 2, sendings)
		require.True(t, watch.NotSent())
	})
}

func TestAGetThatNetHTTPRepeatedIsReported(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 2:
			cut(w, r)
		case 3:
			w.WriteHeader(http.StatusConflict)
		}
	}))
	t.Cleanup(server.Close)
	client := &sent.Client{Transport: netHTTP{server.Client().Transport.(*http.Transport)}}
	for n, want := range []int{http.StatusOK, http.StatusConflict, http.StatusOK} {
		var watch sent.Watch
		status, err := send(t.Context(), client, http.MethodGet, server.URL, nil, &watch)
		require.NoError(t, err)
		require.Equal(t, want, status)
		require.Equal(t, n == 1, watch.Repeated())
	}
}

func TestAHostThatTurnsToHTTP2GetsNothingTwice(t *testing.T) {
	before := httptest.NewServer(new(applying))
	t.Cleanup(before.Close)
	after := http2test.Start(t, http2test.Config{Handler: new(applying), Decide: func(s *http2test.Stream) { s.Reset(http2test.ProtocolError) }})
	transport := overHTTP2(t, after)
	client := &sent.Client{Transport: transport}
	_, err := send(t.Context(), client, http.MethodPost, before.URL, []byte("x"), new(sent.Watch))
	require.NoError(t, err)
	var watch sent.Watch
	_, err = send(t.Context(), client, http.MethodPost, after.URL, []byte("x"), &watch)
	require.ErrorContains(t, err, "the request may have arrived")
	require.False(t, watch.NotSent())
	require.EqualValues(t, 1, after.Requests.Load())
}

func TestARefusedConnectionIsNotSent(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	var watch sent.Watch
	_, err := send(t.Context(), &sent.Client{Transport: server.Client().Transport}, http.MethodPost, server.URL, []byte("x"), &watch)
	require.Error(t, err)
	require.True(t, watch.NotSent())
}

// roundTrip is a transport that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestATransportThatReportsNoConnectionMayHaveSent(t *testing.T) {
	for name, transport := range map[string]roundTrip{
		"an error":       func(*http.Request) (*http.Response, error) { return nil, errors.New("http2: client conn not usable") },
		"nothing at all": func(*http.Request) (*http.Response, error) { return nil, nil },
	} {
		var watch sent.Watch
		_, err := send(t.Context(), &sent.Client{Transport: transport}, http.MethodPost, "https://engage.example", []byte("x"), &watch)
		require.Error(t, err, name)
		require.False(t, watch.NotSent(), name)
	}
}

// again returns a transport that sends everything once more if it failed.
func again(inner http.RoundTripper) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		var response *http.Response
		var err error
		for range 2 {
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(&reader{body})
			if response, err = inner.RoundTrip(r); err == nil {
				break
			}
		}
		return response, err
	}
}

// reader reads a body from memory.
type reader struct{ rest []byte }

func (r *reader) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	if r.rest = r.rest[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestATransportThatSendsAgainDoesNotHideThatItHadSentBefore(t *testing.T) {
	server := http2test.Start(t, http2test.Config{Handler: new(applying), Decide: func(s *http2test.Stream) {
		if s.Connection == 1 {
			s.Reset(http2test.ProtocolError)
			return
		}
		s.Refuse()
	}})
	var watch sent.Watch
	_, err := send(t.Context(), &sent.Client{Transport: again(overHTTP2(t, server))}, http.MethodPost, server.URL, []byte("x"), &watch)
	require.ErrorContains(t, err, "REFUSED_STREAM")
	require.False(t, watch.NotSent())
	require.True(t, watch.Repeated())
	require.EqualValues(t, 2, server.Requests.Load())
}

func TestARepetitionThatMayHaveArrivedIsNotTakenForTheFirstSending(t *testing.T) {
	var server *http2test.Server
	server = http2test.Start(t, http2test.Config{Handler: new(applying), Decide: func(s *http2test.Stream) {
		if server.Requests.Load() == 2 {
			s.Reset(http2test.ProtocolError)
			return
		}
		s.Refuse()
	}})
	inner, first := overHTTP2(t, server), true
	client := &sent.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if first {
			first = false
			return inner.RoundTrip(r)
		}
		return again(inner)(r)
	})}
	var watch sent.Watch
	_, err := send(t.Context(), client, http.MethodPost, server.URL, []byte("x"), &watch)
	require.ErrorContains(t, err, "REFUSED_STREAM")
	require.False(t, watch.NotSent())
	require.EqualValues(t, 3, server.Requests.Load())
}

func TestACallersOwnTraceDoesNotHideThatARequestMayHaveArrived(t *testing.T) {
	before := httptest.NewServer(new(applying))
	t.Cleanup(before.Close)
	after := http2test.Start(t, http2test.Config{Handler: new(applying), Decide: func(s *http2test.Stream) {
		if s.Connection == 1 {
			s.Reset(http2test.ProtocolError)
		}
	}})
	client := &sent.Client{Transport: overHTTP2(t, after)}
	_, err := send(t.Context(), client, http.MethodPost, before.URL, []byte("x"), new(sent.Watch))
	require.NoError(t, err)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteHeaders: func() {}})
	var watch sent.Watch
	_, err = send(ctx, client, http.MethodDelete, after.URL, nil, &watch)
	require.NoError(t, err)
	require.True(t, watch.Repeated())
	require.EqualValues(t, 2, after.Requests.Load())
}

func TestABodyOfTheRequestItselfIsNeitherSentNorRepeated(t *testing.T) {
	var handler applying
	server := http2test.Start(t, http2test.Config{Handler: &handler, Decide: func(s *http2test.Stream) {
		if s.Connection == 1 {
			s.Reset(http2test.ProtocolError)
		}
	}})
	client := &sent.Client{Transport: overHTTP2(t, server)}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("not this"))
	require.NoError(t, err)
	_, err = client.Send(request, []byte("this"), new(sent.Watch))
	require.ErrorContains(t, err, "PROTOCOL_ERROR")
	require.EqualValues(t, 1, server.Requests.Load())
	response, err := client.Send(request, nil, new(sent.Watch))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	_, found := handler.bodies.Load("not this")
	require.False(t, found)
}

func TestARequestThatFailsBeforeAConnectionIsAskedForIsNotSent(t *testing.T) {
	inner := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no proxy") }}
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		for transport, notSent := range map[http.RoundTripper]bool{netHTTP{inner}: true, wrapper{inner}: false} {
			var watch sent.Watch
			_, err := send(t.Context(), &sent.Client{Transport: transport}, method, "https://engage.example", nil, &watch)
			require.EqualError(t, err, "no proxy")
			require.Equal(t, notSent, watch.NotSent(), "%s %T", method, transport)
		}
	}
}

func TestAnEmptyBodyIsNone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	status, err := send(t.Context(), &sent.Client{Transport: server.Client().Transport}, http.MethodPost, server.URL, []byte{}, new(sent.Watch))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
}

func TestSendAllocatesSix(t *testing.T) {
	response := &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1}
	client := &sent.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return response, nil })}
	target := &url.URL{Scheme: "https", Host: "engage.example"}
	header, body, ctx := http.Header{}, []byte("x"), t.Context()
	watches := make([]sent.Watch, 1002)
	used := 0
	require.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		request := http.Request{Method: http.MethodPost, URL: target, Header: header}
		_, _ = client.Send(request.WithContext(ctx), body, &watches[used])
		used++
	}), 6.0, "the request, its context, its body, GetBody, and two hooks")
}
