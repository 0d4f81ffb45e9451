package engage_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// counting is a server that counts the connections opened to it.
type counting struct {
	*httptest.Server
	opened atomic.Int32
}

// newCounting starts a server, with TLS and HTTP/2 if secure.
func newCounting(t *testing.T, secure bool, handler http.HandlerFunc) *counting {
	t.Helper()
	c := &counting{Server: httptest.NewUnstartedServer(handler)}
	c.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.opened.Add(1)
		}
	}
	if secure {
		c.EnableHTTP2 = true
		c.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 100} // as many servers have
		c.StartTLS()
	} else {
		c.Start()
	}
	t.Cleanup(c.Close)
	return c
}

// trusted is the configuration of a client that trusts the server.
func (c *counting) trusted() *tls.Config {
	return c.Client().Transport.(*http.Transport).TLSClientConfig
}

// burst makes calls from many callers at once, and counts those whose context ended.
// Any other failure fails the test. Every cancelEach-th call ends early; 0 for none.
func burst(t *testing.T, client *engage.Client, callers, calls, cancelEach int) (cancelled int32) {
	t.Helper()
	var count, ended atomic.Int32
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			for {
				number := int(count.Add(1))
				if number > calls {
					return
				}
				ctx, cancel := context.WithCancel(t.Context())
				if cancelEach > 0 && number%cancelEach == 0 {
					ctx = context.WithValue(ctx, cancelKey{}, cancel)
				}
				_, err := searchConversation(ctx, client)
				cancel()
				if errors.Is(err, context.Canceled) {
					ended.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
	calling.Wait()
	return ended.Load()
}

// cancelKey is the key of a context's own cancel function.
type cancelKey struct{}

// midway is a transport that ends the context of some requests while it sends them.
type midway struct{ http.RoundTripper }

func (m midway) RoundTrip(r *http.Request) (*http.Response, error) {
	if cancel, ok := r.Context().Value(cancelKey{}).(context.CancelFunc); ok {
		go cancel()
	}
	return m.RoundTripper.RoundTrip(r)
}

func TestManyCallersShareConnections(t *testing.T) {
	// Every caller makes several calls: a pool that is too small, or lanes that are too
	// few, then open connections over and over. A caller can begin to dial, and get the
	// connection of another call meanwhile: so there are at most two for each caller.
	const callsEach = 12
	for _, c := range []struct {
		callers, most int
		secure        bool
	}{{64, 128, false}, {256, 512, false}, {64, 16, true}, {256, 16, true}} {
		t.Run(fmt.Sprintf("%d callers, TLS %t", c.callers, c.secure), func(t *testing.T) {
			server := newCounting(t, c.secure, reply(http.StatusOK, found("active")))
			var options []engage.Option
			if c.secure {
				options = append(options, engage.WithTLSConfig(server.trusted()))
			}
			client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), options...)
			require.NoError(t, err)
			defer client.CloseIdleConnections()
			burst(t, client, c.callers, c.callers*callsEach, 0)
			t.Logf("%d connections", server.opened.Load())
			require.LessOrEqual(t, int(server.opened.Load()), c.most)
		})
	}
}

func TestIdleConnectionsAreClosedOnRequest(t *testing.T) {
	server := newCounting(t, false, reply(http.StatusOK, found("active")))
	client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token))
	require.NoError(t, err)
	for opened := range int32(2) {
		for range 2 {
			_, err := searchConversation(t.Context(), client)
			require.NoError(t, err, "the client can still be used")
			require.Equal(t, opened+1, server.opened.Load())
		}
		client.CloseIdleConnections()
	}
}

// hesitant is a listener whose first connection hangs until let is closed.
type hesitant struct {
	net.Listener
	accepted atomic.Int32
	dialed   chan struct{}
	let      chan struct{}
}

func (h *hesitant) Accept() (net.Conn, error) {
	conn, err := h.Listener.Accept()
	if err == nil && h.accepted.Add(1) == 1 {
		close(h.dialed)
		return held{conn, h.let}, nil
	}
	return conn, err
}

// held is a connection from which nothing is read before let is closed.
type held struct {
	net.Conn
	let chan struct{}
}

func (h held) Read(p []byte) (int, error) {
	<-h.let
	return h.Conn.Read(p)
}

// newHesitant starts a server with TLS and HTTP/2 behind a hesitant listener, and
// returns a client of it.
func newHesitant(t *testing.T) (*hesitant, *engage.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(reply(http.StatusOK, found("active")))
	listener := &hesitant{Listener: server.Listener, dialed: make(chan struct{}), let: make(chan struct{})}
	server.Listener, server.EnableHTTP2 = listener, true
	server.StartTLS()
	client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token),
		engage.WithTLSConfig((&counting{Server: server}).trusted()))
	require.NoError(t, err)
	t.Cleanup(func() {
		client.CloseIdleConnections()
		server.Close()
	})
	return listener, client
}

func TestAConnectionThatHangsDelaysNoOtherCall(t *testing.T) {
	listener, client := newHesitant(t)
	var calling sync.WaitGroup
	for range 8 {
		calling.Go(func() {
			_, err := searchConversation(t.Context(), client)
			if err != nil {
				t.Error(err)
			}
		})
	}
	calling.Wait()
	close(listener.let)
}

func TestNoConnectionIsOpenedForCallsThatHaveEnded(t *testing.T) {
	const callers = 60
	listener, client := newHesitant(t)
	ctx, leave := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			_, err := searchConversation(ctx, client)
			if !errors.Is(err, outcome.ErrOnTimeout) {
				t.Error(err)
			}
		})
	}
	<-listener.dialed
	leave()
	calling.Wait()
	close(listener.let)
	_, err := searchConversation(t.Context(), client)
	require.NoError(t, err)
	t.Logf("%d callers, %d connections", callers, listener.accepted.Load())
	require.Less(t, int(listener.accepted.Load()), callers/2)
}

func TestAHostWithoutHTTP2GetsAConnectionForEachCall(t *testing.T) {
	const callers = 32
	var under sync.WaitGroup
	under.Add(callers)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		under.Done()
		under.Wait() // Until all calls are under way at once.
		reply(http.StatusOK, found("active"))(w, r)
	}))
	counted := &counting{Server: server}
	server.StartTLS()
	defer server.Close()
	client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), engage.WithTLSConfig(counted.trusted()))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	burst(t, client, callers, callers, 0)
}

func TestCallsThatFailDoNotEmptyThePool(t *testing.T) {
	const callers, calls = 64, 6_400
	once := engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: 0}))
	t.Run("one in a hundred is refused", func(t *testing.T) {
		var answered atomic.Int32
		server := newCounting(t, false, func(w http.ResponseWriter, r *http.Request) {
			if answered.Add(1)%100 == 0 {
				reply(http.StatusServiceUnavailable, ``)(w, r)
				return
			}
			reply(http.StatusOK, found("active"))(w, r)
		})
		client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), once)
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		burst(t, client, callers, calls, 0)
		t.Logf("%d connections", server.opened.Load())
		// A few are opened in vain while the calls begin.
		require.LessOrEqual(t, int(server.opened.Load()), callers+calls/100)
	})
	t.Run("one in a hundred ends early", func(t *testing.T) {
		server := newCounting(t, false, reply(http.StatusOK, found("active")))
		transport := &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512}
		defer transport.CloseIdleConnections()
		client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), once, engage.WithTransport(midway{transport}))
		require.NoError(t, err)
		cancelled := burst(t, client, callers, calls, 100)
		require.LessOrEqual(t, cancelled, int32(calls/100))
		t.Logf("%d calls ended early, %d connections", cancelled, server.opened.Load())
		// Each of them costs a connection, and perhaps another one in its place. An
		// emptied pool costs several hundred.
		require.LessOrEqual(t, int(server.opened.Load()), callers+2*calls/100)
	})
}

// BenchmarkThroughput compares 20,000 calls by 64 callers of the client with those of the
// floor. The metric ratio is the client's calls per second divided by the floor's. Both
// take turns.
func BenchmarkThroughput(b *testing.B) {
	const callers, calls = 64, 20_000
	f, client := loopbackPair(b)
	byHand := func(ctx context.Context) error { _, err := f.search(ctx); return err }
	byTheSDK := func(ctx context.Context) error { return comparisons[0].byTheSDK(ctx, client) }
	var handTime, sdkTime time.Duration
	for b.Loop() {
		handTime += together(b, callers, calls, byHand)
		sdkTime += together(b, callers, calls, byTheSDK)
		sdkTime += together(b, callers, calls, byTheSDK)
		handTime += together(b, callers, calls, byHand)
	}
	b.ReportMetric(float64(2*calls*b.N)/sdkTime.Seconds(), "calls/s")
	b.ReportMetric(float64(handTime)/float64(sdkTime), "ratio")
	b.ReportMetric(0, "ns/op")
}

// together returns how long the callers take to make all calls.
func together(b *testing.B, callers, calls int, do func(context.Context) error) time.Duration {
	var count atomic.Int32
	var calling sync.WaitGroup
	start := time.Now()
	for range callers {
		calling.Go(func() {
			for int(count.Add(1)) <= calls {
				if err := do(b.Context()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	calling.Wait()
	return time.Since(start)
}

// closable is a transport that counts how often its idle connections are closed.
type closable struct {
	http.RoundTripper
	closed atomic.Int32
}

func (c *closable) CloseIdleConnections() { c.closed.Add(1) }

func TestTheConnectionsOfAGivenTransportAreNotClosed(t *testing.T) {
	transport := &closable{RoundTripper: http.DefaultTransport}
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
