package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/sent"
)

const (
	// dialSlots is how many dials may run at the same time, unless some of them hang.
	dialSlots = 8
	// patience is how long a dial waits for a slot. It then goes ahead without one,
	// because the dials before it hang.
	patience = time.Second
	// dialTimeout is how long opening a connection may take. It is also how long the
	// TLS handshake through a proxy may take.
	dialTimeout = 10 * time.Second
)

// errUnwanted ends a dial whose request does not wait for a connection any more. No
// caller sees it.
var errUnwanted = errors.New("the request does not wait for a connection any more")

// dialFunc opens a connection.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer opens the connections of one transport, and hardly more of them than there
// are requests at a time. net/http dials for each request that finds no idle connection.
// It continues to dial when the request has got another connection. A burst of requests
// then opens a connection for each. Over HTTP/2, where one connection serves them all,
// hundreds of connections are useless.
//
// So a dial waits for a slot. It ends if its request does not wait for a connection any
// more. While the host may speak HTTP/2, there is one slot.
//
// Through an HTTP proxy, net/http does the TLS handshake with the host after dial has
// returned. Through an HTTPS proxy, dialTLS does the handshake with the proxy, and
// net/http that with the host. In both cases the dial gives its slot back before the
// handshake with the host.
type dialer struct {
	open   dialFunc
	config *tls.Config
	// one is the slot of dials to a host that may speak HTTP/2.
	one chan struct{}
	// many are the slots of all other dials.
	many chan struct{}
	// http1 is set while the host that was connected last did not speak HTTP/2.
	http1 atomic.Bool
	// opened counts the HTTP/2 connections that were opened.
	opened atomic.Int64
}

// newDialer returns a dialer that opens connections by open and sets up TLS by config.
func newDialer(config *tls.Config, open dialFunc) *dialer {
	return &dialer{
		open:   open,
		config: config,
		one:    make(chan struct{}, 1),
		many:   make(chan struct{}, dialSlots),
	}
}

// dial opens a connection without TLS.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	release, err := acquire(ctx, d.many)
	if err != nil {
		return nil, err
	}
	defer release()
	return d.open(ctx, network, address)
}

// dialTLS opens a connection with TLS.
func (d *dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	release, err := d.acquireTLS(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	conn, err := d.secure(ctx, network, address)
	if err != nil {
		return nil, err
	}
	http2 := sent.IsHTTP2(conn)
	d.http1.Store(!http2)
	if http2 {
		d.opened.Add(1)
	}
	return conn, nil
}

// secure opens a connection and does the TLS handshake.
func (d *dialer) secure(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	config := d.config
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		config = config.Clone()
		config.ServerName = host
	}
	plain, err := d.open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(plain, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, err
	}
	return conn, nil
}

// acquireTLS waits for the slot of a dial with TLS.
func (d *dialer) acquireTLS(ctx context.Context) (release func(), err error) {
	if d.http1.Load() {
		return acquire(ctx, d.many)
	}
	opened := d.opened.Load()
	release, err = acquire(ctx, d.one)
	switch {
	case err != nil:
		return nil, err
	case d.http1.Load():
		release()
		return acquire(ctx, d.many)
	case d.opened.Load() != opened:
		release()
		return awaitShared(ctx)
	}
	return release, nil
}

// awaitShared waits until the request gets the HTTP/2 connection that another dial has
// just opened. net/http gives it to all requests that wait. awaitShared returns
// errUnwanted then. If the request gets no connection before patience ends, awaitShared
// lets the dial go ahead without a slot.
func awaitShared(ctx context.Context) (release func(), err error) {
	return acquire(ctx, nil) // Nil has no slots.
}

// acquire waits for one of slots, and release gives it back. If no slot is free before
// patience ends, acquire succeeds without one. acquire returns an error if the request
// does not wait for a connection any more, or if ctx ends.
func acquire(ctx context.Context, slots chan struct{}) (release func(), err error) {
	unwanted := sent.Unwanted(ctx)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case slots <- struct{}{}:
		release = func() { <-slots }
	case <-timer.C:
		release = func() {}
	case <-unwanted:
		return nil, errUnwanted
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// A request that has just got a connection must run before it closes unwanted.
	runtime.Gosched()
	select {
	case <-unwanted:
		release()
		return nil, errUnwanted
	default:
		return release, nil
	}
}
