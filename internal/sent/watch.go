package sent

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// A Watch reports whether one request has been sent. The zero value is ready for
// use. A Watch is for one call of [Client.Send] and must not be copied. The transport may
// use it longer than the call lasts. Its methods are safe for concurrent use.
type Watch struct {
	// Context is the context of the request. The Watch wraps it, so that a dial for
	// the request finds the Watch.
	context.Context

	body  bytes.Reader
	trace httptrace.ClientTrace
	// direct is set if the transport is one of net/http, with no wrapper around it but
	// a middleware.
	direct bool
	// wrapped is set if there is a middleware around the transport.
	wrapped bool
	// repeatsSafely is set if, over HTTP/1.1, the transport asks for another connection
	// only if nothing was written to the one before.
	repeatsSafely bool
	// seesHeader is set if trace calls wroteHeaders.
	seesHeader bool

	// mutex guards the fields below.
	mutex sync.Mutex
	// conn is the connection that the transport got last.
	conn net.Conn
	// settled is made when a dial waits for a slot. It is closed when the request
	// does not wait for a connection any more.
	settled chan struct{}
	// waiting is set while the transport waits for a connection.
	waiting bool
	// asked is set once the transport asked for a connection or got one.
	asked bool
	// mayHaveWritten is set if the request may have been written to a connection.
	mayHaveWritten bool
	// wroteHeader is set once the header was written to conn.
	wroteHeader bool
	// repeated is set once the transport got another connection when the request
	// may have been written to one before.
	repeated bool
	// notSent is the result of NotSent.
	notSent bool

	// sendings counts how often a middleware sent the request, and inFlight how many of
	// these sendings have not returned.
	sendings, inFlight int
	// status and err are the result of the last sending that returned.
	status int
	err    error
	// ended is set once the request must not be sent any more.
	ended bool
	// unproven is the result of Unproven.
	unproven bool
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
	if w.settled != nil {
		return w.settled
	}
	settled := make(chan struct{})
	if w.waiting {
		w.settled = settled
	} else {
		close(settled)
	}
	return settled
}

// IsHTTP2 reports whether both ends of conn agreed on HTTP/2 during the TLS
// handshake. It does not recognize unencrypted HTTP/2.
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

// begin prepares w for sending request by transport to a host that speaks HTTP/1 or
// HTTP/2. It returns the context for the request.
func (w *Watch) begin(request *http.Request, transport http.RoundTripper, http1 bool) context.Context {
	w.Context = request.Context()
	_, w.direct = transport.(netHTTP)
	w.repeatsSafely = w.direct && !repeatable(request)
	w.trace.GetConn = w.getConn
	w.trace.GotConn = w.gotConn
	if !http1 {
		w.seesHeader = true
		w.trace.WroteHeaders = w.wroteHeaders
	}
	// This adds the hooks of the caller's own trace to w.trace.
	return httptrace.WithClientTrace(w, &w.trace)
}

// getConn notes that the transport asks for a connection.
func (w *Watch) getConn(string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.asked, w.waiting = true, true
	w.forget()
}

// resume notes that the Client repeats the request.
func (w *Watch) resume() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.ended, w.sendings, w.err = false, 0, nil
}

// gotConn notes that the transport got a connection.
func (w *Watch) gotConn(got httptrace.GotConnInfo) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.forget()
	w.repeated = w.repeated || w.mayHaveWritten
	// net/http does not report that it asks for a connection that another request has
	// just opened.
	w.asked = true
	w.conn, w.mayHaveWritten, w.wroteHeader = got.Conn, true, false
	w.settle()
}

// forget forgets the last connection if nothing was written to it. Over HTTP/2 the hook
// for the header shows that. Over HTTP/1.1 it follows from repeatsSafely. w.mutex is
// held.
func (w *Watch) forget() {
	if w.repeated {
		return
	}
	unwritten := w.repeatsSafely
	if IsHTTP2(w.conn) {
		unwritten = w.seesHeader && !w.wroteHeader
	}
	if unwritten {
		w.mayHaveWritten = false
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
	if w.settled != nil {
		close(w.settled)
		w.settled = nil
	}
}

// rewind returns the body for a repetition by net/http. It returns an error after an
// HTTP/2 connection, because there net/http also repeats what may have arrived.
func (w *Watch) rewind(body []byte) (io.ReadCloser, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if IsHTTP2(w.conn) {
		return nil, errMayHaveArrived
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// failed notes that a sending ended with err. It reports whether the Client can repeat
// the request at once.
func (w *Watch) failed(err error) (again bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.settle()
	w.notSent = false
	w.ended = true
	if w.repeated || w.sendings > 1 || w.inFlight > 0 {
		return false
	}
	if !w.mayHaveWritten {
		w.notSent = w.asked || w.direct && (!w.wrapped || w.sendings == 1)
		return false
	}
	if w.wrapped {
		err = w.err // The middleware may return any other.
	}
	w.notSent, again = proof(err)
	if again {
		w.conn, w.mayHaveWritten = nil, false
	}
	return again
}
