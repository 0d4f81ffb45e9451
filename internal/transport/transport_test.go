package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
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

// get sends one GET and reads the response to its end.
func get(ctx context.Context, client *sent.Client, url string, watch *sent.Watch) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Send(request, nil, watch)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.Proto, err
}

// memory is a server in memory, for tests in a bubble of [synctest].
type memory struct {
	http.Server
	conns  chan net.Conn
	closed chan struct{}
	// opening is how long it takes to open a connection.
	opening time.Duration
	// opened counts the connections, and dialing those that are being opened, of which
	// there were never more than mostDialing at the same time.
	opened, dialing, mostDialing atomic.Int32

	mutex sync.Mutex
	// mute holds the connections that silence mutes.
	mute []*mutable
}

// mutable is a connection that can be muted.
type mutable struct {
	net.Conn
	muted atomic.Bool
}

// Write drops what is written after the connection was muted.
func (m *mutable) Write(p []byte) (int, error) {
	if m.muted.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { return nil }
func (m *memory) Addr() net.Addr { return new(net.TCPAddr) }

// dial opens a connection to the server.
func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	now := m.dialing.Add(1)
	defer m.dialing.Add(-1)
	for {
		most := m.mostDialing.Load()
		if now <= most || m.mostDialing.CompareAndSwap(most, now) {
			break
		}
	}
	select {
	case <-time.After(m.opening):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m.opened.Add(1)
	client, server := net.Pipe()
	conn := &mutable{Conn: server}
	m.mutex.Lock()
	m.mute = append(m.mute, conn)
	m.mutex.Unlock()
	m.conns <- conn
	return client, nil
}

// silence mutes the connections that are open.
func (m *memory) silence() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, conn := range m.mute {
		conn.muted.Store(true)
	}
	m.mute = nil
}

// certificate is that of a server of net/http/httptest, and roots trusts it.
var certificate, roots = func() (tls.Certificate, *tls.Config) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	config := server.Client().Transport.(*http.Transport).TLSClientConfig
	return server.TLS.Certificates[0], &tls.Config{RootCAs: config.RootCAs, ServerName: "example.com"}
}()

// start starts a server in memory, and returns it with a client and its URL. The server
// has TLS if protocols are named.
func start(t *testing.T, handler http.HandlerFunc, protocols ...string) (*memory, *sent.Client, string) {
	t.Helper()
	m := &memory{conns: make(chan net.Conn), closed: make(chan struct{}), opening: 10 * time.Millisecond}
	m.Handler, m.ErrorLog = handler, log.New(io.Discard, "", 0)
	url := "http://127.0.0.1"
	var serving sync.WaitGroup
	if protocols == nil {
		serving.Go(func() { _ = m.Serve(m) })
	} else {
		url = "https://127.0.0.1"
		m.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: protocols}
		m.Protocols = new(http.Protocols)
		for _, protocol := range protocols {
			m.Protocols.SetHTTP1(protocol == "http/1.1" || m.Protocols.HTTP1())
			m.Protocols.SetHTTP2(protocol == "h2" || m.Protocols.HTTP2())
		}
		serving.Go(func() { _ = m.ServeTLS(m, "", "") })
	}
	own := transport.NewOver(roots, m.dial)
	t.Cleanup(func() {
		own.CloseIdleConnections()
		close(m.closed)
		_ = m.Server.Close()
		serving.Wait()
	})
	return m, &sent.Client{Transport: own}, url
}

// burst sends that many requests at once and requires that all succeed.
func burst(t *testing.T, client *sent.Client, url string, requests int) {
	t.Helper()
	var sending sync.WaitGroup
	for range requests {
		sending.Go(func() {
			if _, err := get(t.Context(), client, url, new(sent.Watch)); err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
}

// ok is a handler that answers at once.
func ok(http.ResponseWriter, *http.Request) {}

// slow is a handler that takes a minute.
func slow(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) }

// replaceDefault replaces [http.DefaultTransport] until the test ends.
func replaceDefault(t *testing.T, replacement http.RoundTripper) {
	standard := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = standard })
	http.DefaultTransport = replacement
}

func TestASilentConnectionCostsOneAttempt(t *testing.T) {
	for name, c := range map[string]struct {
		standard *http.Transport
		attempt  time.Duration
	}{
		"New":                            {nil, 15 * time.Second},
		"Default":                        {&http.Transport{}, 15 * time.Second},
		"Default with the program's own": {&http.Transport{HTTP2: &http.HTTP2Config{SendPingTimeout: time.Second, PingTimeout: time.Second}}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client, url := start(t, ok, "h2")
				if c.standard != nil {
					c.standard.DialContext, c.standard.TLSClientConfig, c.standard.ForceAttemptHTTP2 = server.dial, roots, true
					replaceDefault(t, c.standard)
					client = &sent.Client{Transport: transport.Default()}
					defer client.Transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
				}
				burst(t, client, url, 1)
				server.silence()
				ctx, cancel := context.WithTimeout(t.Context(), c.attempt)
				defer cancel()
				var watch sent.Watch
				_, err := get(ctx, client, url, &watch)
				require.ErrorContains(t, err, "connection lost")
				require.NoError(t, ctx.Err(), "the attempt still had time")
				require.False(t, watch.NotSent())
				burst(t, client, url, 1)
				require.EqualValues(t, 2, server.opened.Load())
			})
		})
	}
}

func TestARepetitionOverUnencryptedHTTP2IsReported(t *testing.T) {
	server := http2test.Start(t, http2test.Config{Handler: http.HandlerFunc(ok), Decide: func(s *http2test.Stream) {
		if s.Connection == 1 {
			s.Reset(http2test.ProtocolError)
		}
	}})
	unencrypted := new(http.Protocols)
	unencrypted.SetUnencryptedHTTP2(true)
	replaceDefault(t, &http.Transport{Protocols: unencrypted, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		config := server.TLS.Clone()
		config.NextProtos = []string{"h2"}
		conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
		return struct{ net.Conn }{conn}, err // net/http takes it for a connection without TLS.
	}})
	client := &sent.Client{Transport: transport.Default()}
	defer client.Transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, strings.Replace(server.URL, "https", "http", 1), nil)
	require.NoError(t, err)
	var watch sent.Watch
	response, err := client.Send(request, nil, &watch)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.True(t, watch.Repeated())
	require.EqualValues(t, 2, server.Requests.Load())
}

func TestABurstOverHTTP2SharesAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, url := start(t, ok, "h2", "http/1.1")
		begin := time.Now()
		for n := range 10 {
			burst(t, client, url, 60)
			require.EqualValues(t, n+1, server.opened.Load())
			client.Transport.(*transport.Transport).CloseIdleConnections()
			synctest.Wait()
		}
		require.EqualValues(t, 1, server.mostDialing.Load())
		require.Less(t, time.Since(begin), transport.Patience, "each dial gave its slot back")
		time.Sleep(2 * transport.Patience)
		require.EqualValues(t, 10, server.opened.Load(), "no dial goes on for a request that has a connection")
	})
}

func TestRequestsThatTakeLongOverHTTP2ShareAConnectionToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, url := start(t, slow, "h2")
		burst(t, client, url, 60)
		require.EqualValues(t, 1, server.opened.Load())
	})
}

func TestAHostWithoutHTTP2GetsAConnectionForEachRequest(t *testing.T) {
	for name, protocols := range map[string][]string{"TLS": {"http/1.1"}, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client, url := start(t, slow, protocols...)
				begin := time.Now()
				burst(t, client, url, 40)
				require.EqualValues(t, 40, server.opened.Load())
				require.EqualValues(t, 8, server.mostDialing.Load())
				require.Less(t, time.Since(begin), time.Minute+transport.Patience, "no dial waited in vain")
				burst(t, client, url, 40)
				require.EqualValues(t, 40, server.opened.Load(), "connections are kept")
			})
		})
	}
}

func TestEachDialGivesItsSlotBack(t *testing.T) {
	for name, protocols := range map[string][]string{"TLS": {"http/1.1"}, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client, url := start(t, ok, protocols...)
				begin := time.Now()
				for range 20 {
					burst(t, client, url, 1)
					client.Transport.(*transport.Transport).CloseIdleConnections()
					synctest.Wait()
				}
				require.EqualValues(t, 20, server.opened.Load())
				require.Less(t, time.Since(begin), transport.Patience)
			})
		})
	}
}

func TestADialThatHangsHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _, url := start(t, ok, "h2")
		var first atomic.Bool
		client := &sent.Client{Transport: transport.NewOver(roots, func(ctx context.Context, network, address string) (net.Conn, error) {
			if first.CompareAndSwap(false, true) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return server.dial(ctx, network, address)
		})}
		begin := time.Now()
		burst(t, client, url, 60)
		require.Less(t, time.Since(begin), 2*transport.Patience)
		client.Transport.(*transport.Transport).CloseIdleConnections()
		time.Sleep(time.Minute) // Until the dial that hung has ended.
	})
}

func TestNoConnectionIsOpenedForCallersThatLeft(t *testing.T) {
	for name, c := range map[string]struct {
		protocols []string
		most      int32
	}{"HTTP/2": {[]string{"h2"}, 1}, "HTTP/1.1": {[]string{"http/1.1"}, 1}, "plain": {nil, 8}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client, url := start(t, ok, c.protocols...)
				ctx, leave := context.WithTimeout(t.Context(), time.Millisecond)
				defer leave()
				var sending sync.WaitGroup
				for range 60 {
					sending.Go(func() {
						if _, err := get(ctx, client, url, new(sent.Watch)); !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
					})
				}
				sending.Wait()
				time.Sleep(time.Minute)
				require.LessOrEqual(t, server.opened.Load(), c.most)
			})
		})
	}
}

func TestAConnectionThatIsIdleForLongIsClosed(t *testing.T) {
	for _, protocol := range []string{"h2", "http/1.1"} {
		synctest.Test(t, func(t *testing.T) {
			server, client, url := start(t, ok, protocol)
			burst(t, client, url, 1)
			time.Sleep(time.Minute)
			burst(t, client, url, 1)
			require.EqualValues(t, 1, server.opened.Load(), protocol)
			time.Sleep(2 * time.Minute)
			burst(t, client, url, 1)
			require.EqualValues(t, 2, server.opened.Load(), protocol)
		})
	}
}

func TestLanesSpreadCallers(t *testing.T) {
	for callers, lanes := range map[int]int32{64: 1, 65: 2, 80: 2} {
		synctest.Test(t, func(t *testing.T) {
			var inside sync.WaitGroup
			server, client, url := start(t, func(http.ResponseWriter, *http.Request) {
				inside.Done()
				inside.Wait() // Until all of them are here.
			}, "h2")
			for range 10 {
				inside.Add(callers)
				burst(t, client, url, callers)
				require.Equal(t, lanes, server.opened.Load(), "%d callers", callers)
			}
		})
	}
}

func TestTheCertificateMustBeThatOfEachHost(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	config := &tls.Config{RootCAs: roots.RootCAs}
	own := transport.New(config)
	t.Cleanup(own.CloseIdleConnections)
	client := &sent.Client{Transport: own}
	_, err := get(t.Context(), client, server.URL, new(sent.Watch))
	require.NoError(t, err)
	var watch sent.Watch
	_, err = get(t.Context(), client, strings.Replace(server.URL, "127.0.0.1", "localhost", 1), &watch)
	var untrusted *tls.CertificateVerificationError
	require.ErrorAs(t, err, &untrusted, "the certificate does not contain this name")
	require.True(t, watch.NotSent())
	require.Empty(t, config.NextProtos, "the caller's configuration is unchanged")
	require.Empty(t, config.ServerName)
}

func TestAHostThatRefusesTheConnectionIsReported(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	server.Close()
	for _, url := range []string{server.URL, strings.Replace(server.URL, "https", "http", 1)} {
		var watch sent.Watch
		_, err := get(t.Context(), &sent.Client{Transport: transport.New(nil)}, url, &watch)
		var refused *net.OpError
		require.ErrorAs(t, err, &refused)
		require.True(t, watch.NotSent())
	}
}

func TestBothProtocolsAreSpoken(t *testing.T) {
	for protocol, offered := range map[string]string{"HTTP/2.0": "h2", "HTTP/1.1": "http/1.1"} {
		synctest.Test(t, func(t *testing.T) {
			_, client, url := start(t, ok, offered)
			got, err := get(t.Context(), client, url, new(sent.Watch))
			require.NoError(t, err)
			require.Equal(t, protocol, got)
		})
	}
}

func TestDefaultIsTheTransportThatAProgramHasPutInItsPlace(t *testing.T) {
	replaceDefault(t, http.NewFileTransport(http.Dir(".")))
	require.Equal(t, http.DefaultTransport, transport.Default())
}
