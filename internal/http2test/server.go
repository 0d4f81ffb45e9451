// Package http2test is an HTTP/2 server for tests. A test chooses for each request
// whether the server answers it, refuses or resets its stream, closes the connection by
// GOAWAY, or falls silent.
//
// A net/http server answers the requests. A relay in front of it passes the frames of
// each connection on, and adds, changes or drops some.
package http2test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// Error codes of RST_STREAM and GOAWAY frames.
const (
	NoError         = 0x0
	ProtocolError   = 0x1
	InternalError   = 0x2
	RefusedStream   = 0x7
	Cancel          = 0x8
	EnhanceYourCalm = 0xb
)

// Config sets up a [Server].
type Config struct {
	// Handler answers the requests. It may be nil only if no request reaches it. A
	// request that reaches a nil Handler panics.
	Handler http.Handler
	// Streams is how many requests a connection takes at a time. The server refuses
	// more with REFUSED_STREAM, also after the client has acknowledged the limit. Zero
	// means the default of net/http.
	Streams int
	// Decide chooses what becomes of a request, by the methods of its stream. The server
	// calls it before it handles the request. Nil leaves all requests to the handler.
	Decide func(*Stream)
}

// A Server is an HTTP/2 server with TLS on the loopback.
type Server struct {
	// URL is the base URL of the server.
	URL string
	// TLS is the configuration of a client that trusts the server.
	TLS *tls.Config
	// Requests counts the requests that arrived, whatever became of them.
	Requests atomic.Int32
	// Connections counts the connections that were opened.
	Connections atomic.Int32

	config  Config
	backend http.Server
	relayed pipes
	streams sync.Map // the streams by the value of streamHeader
	opened  sync.Map // the connections of clients
}

// Start starts a server, which is closed when the test ends.
func Start(t testing.TB, config Config) *Server {
	s := &Server{config: config, relayed: pipes{conns: make(chan net.Conn), closed: make(chan struct{})}}
	s.backend.Handler = http.HandlerFunc(s.handle)
	s.backend.Protocols = new(http.Protocols)
	s.backend.Protocols.SetUnencryptedHTTP2(true)
	s.backend.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: config.Streams}
	front := httptest.NewUnstartedServer(nil)
	front.TLS = &tls.Config{NextProtos: []string{"h2"}}
	front.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { s.relay(conn) },
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.backend.Serve(&s.relayed) })
	front.StartTLS()
	s.URL, s.TLS = front.URL, front.Client().Transport.(*http.Transport).TLSClientConfig
	t.Cleanup(func() {
		front.Close()
		_ = s.backend.Close()
		serving.Wait()
	})
	return s
}

// CloseConnections closes all connections without a GOAWAY. The server accepts new
// ones.
func (s *Server) CloseConnections() {
	s.opened.Range(func(conn, _ any) bool {
		_ = conn.(net.Conn).Close()
		return true
	})
}

// handle serves a request as its Stream decided.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	found, _ := s.streams.LoadAndDelete(r.Header.Get(streamHeader))
	stream := found.(*Stream)
	r.Header.Del(streamHeader)
	switch {
	case !stream.handled:
		panic(http.ErrAbortHandler) // The backend resets the stream, and the relay sets the code.
	case stream.reset:
		s.config.Handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	s.config.Handler.ServeHTTP(w, r)
}

// pipes is a listener that accepts the relayed connections.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept implements [net.Listener].
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements [net.Listener].
func (p *pipes) Addr() net.Addr { return new(net.TCPAddr) }
