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
	return context.WithValue(ctx, connectionKey{}, withoutTLS(c))
}

// withoutTLS returns the connection below c if c is a TLS connection, else c.
func withoutTLS(c net.Conn) net.Conn {
	if frames, ok := c.(*frameConn); ok {
		c = frames.Conn
	}
	if encrypted, ok := c.(*tls.Conn); ok {
		return encrypted.NetConn()
	}
	return c
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
	if inMemory, ok := w.(*memoryWriter); ok {
		inMemory.reset = true
		abort()
	}
	hijacked, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	// Closing TLS would announce the end, so close what is below it.
	raw := withoutTLS(hijacked)
	if c, ok := raw.(*connection); ok {
		raw = c.Conn
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Close then resets the connection.
	}
	_ = raw.Close()
	abort()
}
