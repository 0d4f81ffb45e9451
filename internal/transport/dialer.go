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
	// mostDials is how many connections may be opened at the same time.
	mostDials = 8
	// patience is how long a dial waits for its turn. If those before it hang, it
	// then goes ahead.
	patience = time.Second
	// dialTimeout is how long opening a connection may take, and also how long its
	// TLS handshake may take through a proxy.
	dialTimeout = 10 * time.Second
)

// errUnwanted ends a dial whose request does not wait for a connection any more. No
// caller sees it.
var errUnwanted = errors.New("the request does not wait for a connection any more")

// dialFunc opens a connection.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer opens the connections of one transport, and hardly more of them than there
// are requests at a time. net/http dials for each request that finds no idle connection,
// and continues to dial when the request has got the connection of another. A burst of
// requests then opens a connection for each. Over HTTP/2, where one connection serves
// them all, that is hundreds for nothing.
//
// So a dial waits for its turn, and ends if its request does not wait any more. As long
// as the host may speak HTTP/2, there is one turn. Through a proxy, net/http does the
// TLS handshake by itself, and the turn ends with the connection to the proxy.
type dialer struct {
	open   dialFunc
	config *tls.Config
	// single is the one turn of dials to a host that may speak HTTP/2. several are
	// the turns of all others.
	single, several chan struct{}
	// http1 is set while the host that was connected last did not speak HTTP/2.
	http1 atomic.Bool
	// shared counts the HTTP/2 connections that were opened.
	shared atomic.Int64
}

// newDialer returns a dialer that opens connections by open. Those with TLS are set up
// by config.
func newDialer(config *tls.Config, open dialFunc) *dialer {
	return &dialer{
		open:    open,
		config:  config,
		single:  make(chan struct{}, 1),
		several: make(chan struct{}, mostDials),
	}
}

// dial opens a connection without TLS.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	leave, err := turn(ctx, d.several)
	if err != nil {
		return nil, err
	}
	defer leave()
	return d.open(ctx, network, address)
}

// dialTLS opens a connection with TLS.
func (d *dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	leave, err := d.turnTLS(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	conn, err := d.secure(ctx, network, address)
	if err != nil {
		return nil, err
	}
	http2 := sent.IsHTTP2(conn)
	d.http1.Store(!http2)
	if http2 {
		d.shared.Add(1)
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

// turnTLS waits for the turn of a dial with TLS.
func (d *dialer) turnTLS(ctx context.Context) (leave func(), err error) {
	if d.http1.Load() {
		return turn(ctx, d.several)
	}
	shared := d.shared.Load()
	leave, err = turn(ctx, d.single)
	switch {
	case err != nil:
		return nil, err
	case d.http1.Load():
		leave()
		return turn(ctx, d.several)
	case d.shared.Load() != shared:
		// Another dial opened a connection meanwhile, and net/http gives that to all
		// who wait. So there is no turn to wait for, only the connection.
		leave()
		return turn(ctx, nil)
	}
	return leave, nil
}

// turn waits for one of turns, until its patience ends or the request does not wait for
// a connection any more. leave gives the turn back.
func turn(ctx context.Context, turns chan struct{}) (leave func(), err error) {
	unwanted := sent.Unwanted(ctx)
	hanging := time.NewTimer(patience)
	defer hanging.Stop()
	select {
	case turns <- struct{}{}:
		leave = func() { <-turns }
	case <-hanging.C:
		leave = func() {}
	case <-unwanted:
		return nil, errUnwanted
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// A request that just got a connection needs to run before it can say so.
	runtime.Gosched()
	select {
	case <-unwanted:
		leave()
		return nil, errUnwanted
	default:
		return leave, nil
	}
}
