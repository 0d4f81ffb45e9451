package engagetest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
)

// connection is a connection of the server that can go silent.
type connection struct {
	net.Conn
	silent atomic.Bool
}

// Write sends p. On a silent connection it sends nothing and succeeds.
func (c *connection) Write(p []byte) (int, error) {
	if c.silent.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// listener accepts connections that can go silent.
type listener struct{ net.Listener }

// Accept waits for the next connection and returns it.
func (l listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connection{Conn: accepted}, nil
}

// connectionKey is the key of a request's connection in its context.
type connectionKey struct{}

// withConnection is the ConnContext of the server.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	return context.WithValue(ctx, connectionKey{}, c)
}

// silence makes the connection of a request silent and waits for ctx to end. Other
// requests on the connection get no reply either.
func silence(ctx context.Context) {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		c.silent.Store(true)
	}
	<-ctx.Done()
	abort()
}

// abort ends a request in the way of net/http, without the rest of the reply.
func abort() { panic(http.ErrAbortHandler) }

// reset resets the connection of a request. Over HTTP/2, where requests share a
// connection, it only aborts the request.
func reset(w http.ResponseWriter) {
	hijacked, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	if c, ok := hijacked.(*connection); ok {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	_ = hijacked.Close()
	abort()
}
