package sent

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"sync"
)

// A Watch knows of one request whether it has been sent. The zero value is ready for
// use. A Watch is for one call of [Client.Send] and must not be copied. The transport may
// use it longer than the call lasts. Its methods are safe for concurrent use.
type Watch struct {
	// Context is the context of the request. The Watch stands above it, so that a
	// dial for the request finds the Watch.
	context.Context

	body  bytes.Reader
	trace httptrace.ClientTrace
	// exact is set if net/http alone sends the request. Over HTTP/1.1 it then asks
	// for another connection only if nothing was written to the one before.
	exact bool

	mutex sync.Mutex
	// conn is the connection that the transport got last.
	conn net.Conn
	// idle is made when a dial waits for its turn, and closed when the request does
	// not wait for a connection any more.
	idle chan struct{}
	// waiting is set while the transport waits for a connection.
	waiting bool
	// asked is set once the transport asked for a connection.
	asked bool
	// written is set if the request may have been written to a connection.
	written bool
	// wroteHeader is set once the header was written to conn.
	wroteHeader bool
	// repeated is set once the transport got another connection when the request
	// may have been written to one before.
	repeated bool
	// notSent is the result of NotSent.
	notSent bool
}

// NotSent reports whether the server certainly did not get the request. It is for use
// after an error of Send.
func (w *Watch) NotSent() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.notSent
}

// Repeated reports whether the transport itself repeated the request after it may
// have arrived. The response or the error is then that of the last sending, and
// proves nothing about those before.
func (w *Watch) Repeated() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.repeated
}

// Unwanted returns a channel that is closed when the request whose context is ctx
// does not wait for a connection any more. It returns nil if ctx is not the context
// of a request that a [Client] sends.
func Unwanted(ctx context.Context) <-chan struct{} {
	w, ok := ctx.Value(watchKey{}).(*Watch)
	if !ok {
		return nil
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.idle != nil {
		return w.idle
	}
	idle := make(chan struct{})
	if w.waiting {
		w.idle = idle
	} else {
		close(idle)
	}
	return idle
}

// IsHTTP2 reports whether both ends of conn agreed on HTTP/2 during the TLS
// handshake.
func IsHTTP2(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

// watchKey is the key of a Watch in its own values.
type watchKey struct{}

// Value returns w for the key of a Watch, and otherwise the value of the context.
func (w *Watch) Value(key any) any {
	if key == (watchKey{}) {
		return w
	}
	return w.Context.Value(key)
}

// getConn notes that the transport asks for a connection.
func (w *Watch) getConn(string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.asked, w.waiting = true, true
	w.forget()
}

// gotConn notes that the transport got a connection.
func (w *Watch) gotConn(got httptrace.GotConnInfo) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.forget()
	w.repeated = w.repeated || w.written
	w.conn, w.written, w.wroteHeader = got.Conn, true, false
	w.settle()
}

// forget forgets the last connection if nothing was written to it. Over HTTP/2 the hook
// for the header shows that. Over HTTP/1.1 it is so if net/http alone sends the request.
// w.mutex is held.
func (w *Watch) forget() {
	if w.repeated {
		return
	}
	unwritten := w.exact
	if IsHTTP2(w.conn) {
		unwritten = w.trace.WroteHeaders != nil && !w.wroteHeader
	}
	if unwritten {
		w.written = false
	}
}

// wroteHeaders notes that the header was written to the connection.
func (w *Watch) wroteHeaders() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.wroteHeader = true
}

// settle notes that the transport does not wait for a connection. w.mutex is held.
func (w *Watch) settle() {
	w.waiting = false
	if w.idle != nil {
		close(w.idle)
		w.idle = nil
	}
}

// rewind returns the body for a repetition by net/http. It returns an error after an
// HTTP/2 connection, because there net/http also repeats what may have arrived.
func (w *Watch) rewind(body []byte) (io.ReadCloser, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if IsHTTP2(w.conn) {
		return nil, errRepeated
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// failed notes that a sending ended with err, and reports whether it can be repeated
// at once.
func (w *Watch) failed(err error) (again bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.settle()
	switch {
	case !w.asked, w.repeated:
		w.notSent = false
	case w.written:
		w.notSent, again = proof(err)
	default:
		w.notSent = true
	}
	if again {
		w.conn, w.written = nil, false
	}
	return again
}
