package engine

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// limited is the context of one try: that of the call with a time limit of the
// try's own.
type limited struct {
	context.Context
	cancel context.CancelCauseFunc
	// limit is when the try's own time is up; zero for never.
	limit time.Time
}

// Deadline returns the time at which the try ends.
func (l *limited) Deadline() (time.Time, bool) {
	if l.limit.IsZero() {
		return l.Context.Deadline()
	}
	return l.limit, true
}

// Err tells why the try has ended, if it has.
func (l *limited) Err() error {
	err := l.Context.Err()
	if err != nil && context.Cause(l.Context) == context.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}

// departure knows of one try whether its request can have left. It cannot if
// the transport asked for a connection and never got one, in this sending or in
// one before: some transports send again by themselves. One that does not say is
// not trusted.
//
// A departure is the context of its request, so that a dial can find it.
type departure struct {
	limited

	trace httptrace.ClientTrace

	mutex sync.Mutex
	// conn is the connection that the transport got.
	conn net.Conn
	// settled, once a dial has asked for it, is closed when the try does not wait
	// for a connection any more.
	settled chan struct{}
	// waiting is set from the transport's asking for a connection to its getting
	// one.
	waiting bool
	// asked is set once the transport asked for a connection, left once it got
	// one, and http2 once headers of HTTP/2 were seen to be written to it.
	asked, left, http2 bool
	// leftBefore is set once the transport got a connection when the request may
	// have left on another.
	leftBefore bool
	// exact says that nobody but net/http sends the request, and that it does so
	// again over HTTP/1 only if not a byte was written, because its connection was
	// gone.
	exact bool
}

// departureKey is the key of a departure in its own values.
type departureKey struct{}

// Value returns the value of key, which is d itself for departureKey.
func (d *departure) Value(key any) any {
	if key == (departureKey{}) {
		return d
	}
	return d.Context.Value(key)
}

// watch returns the context under which transport is to send the request. A
// connection of the engine's own transport tells itself whether it is one of
// HTTP/2; of any other transport only the headers tell. Nor does any other show
// who sends: that of net/http may leave it to a protocol that is registered there.
func (d *departure) watch(transport http.RoundTripper, method string) context.Context {
	_, own := transport.(*Transport)
	d.exact = own && method != http.MethodGet
	d.trace.GetConn = func(string) { d.wait() }
	d.trace.GotConn = d.leave
	if !own {
		d.trace.WroteHeaderField = d.wrote
	}
	return httptrace.WithClientTrace(d, &d.trace)
}

// wait notes that the transport asks for a connection.
func (d *departure) wait() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.asked, d.waiting = true, true
	if d.exact && !isHTTP2(d.conn) {
		d.left = false // What it had a connection for before was not written.
	}
}

// leave notes that the transport has a connection.
func (d *departure) leave(got httptrace.GotConnInfo) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.leftBefore = d.leftBefore || d.left
	d.left, d.conn = true, got.Conn
	d.settle()
}

// wrote notes a header that is about to be written. Only those of HTTP/2 have
// names with a colon in front.
func (d *departure) wrote(name string, _ []string) {
	if strings.HasPrefix(name, ":") {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		d.http2 = true
	}
}

// settle notes that the transport waits for no connection. d.mutex is held.
func (d *departure) settle() {
	d.waiting = false
	if d.settled != nil {
		close(d.settled)
		d.settled = nil
	}
}

// repeatable reports whether the transport may send the request once more, which
// it asks before it does if there is a body. Over HTTP/1 net/http asks if nothing
// was written. Over HTTP/2 it also asks after a reset, which a server may send when
// it has carried out the request, and goes on for as long as there are resets.
func (d *departure) repeatable() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return !d.http2 && !isHTTP2(d.conn)
}

// isHTTP2 reports whether conn was agreed to be one of HTTP/2.
func isHTTP2(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

// unwantedDial returns a channel that is closed when no try waits for the
// connection that is dialed under ctx. It is nil for a dial of no try.
func unwantedDial(ctx context.Context) <-chan struct{} {
	d, ok := ctx.Value(departureKey{}).(*departure)
	if !ok {
		return nil
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.settled != nil {
		return d.settled
	}
	settled := make(chan struct{})
	if d.waiting {
		d.settled = settled
	} else {
		close(settled)
	}
	return settled
}

// effect is what the request may have done, now that no reply came.
func (d *departure) effect() outcome.Effect {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.settle()
	if d.asked && !d.left {
		return outcome.NotSent
	}
	return outcome.MaybeApplied
}

// again reports whether the last sending followed one that may have arrived, of
// which its reply says nothing.
func (d *departure) again() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.leftBefore
}
