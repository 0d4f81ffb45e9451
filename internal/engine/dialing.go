package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// mostDials is how many connections may be opened at the same time.
	mostDials = 8
	// patience is how long a dial waits for its turn. Those before it are through
	// in less, unless they hang; then they hold nobody back for longer.
	patience = time.Second
)

// errUnwanted ends a dial whose call no longer waits for it. No caller sees it.
var errUnwanted = errors.New("the call does not wait for a connection any more")

// dialing opens the connections of one transport, and hardly more of them than
// there are calls at a time. By itself net/http dials for every call that finds
// no idle connection, and goes on dialing when the call has been given one that
// another call left. A burst of calls then opens a connection for each, and over
// HTTP/2, where one is enough for them all, hundreds for nothing.
//
// Here a dial waits for its turn, and is dropped once its call waits no more.
// One dials at a time as long as the host may speak HTTP/2. Through a proxy
// net/http speaks TLS by itself; the turn then ends with the connection to the
// proxy.
type dialing struct {
	plain  net.Dialer
	secure tls.Dialer
	// single is the one turn of dials to a host that may speak HTTP/2, several
	// are those of all others.
	single, several chan struct{}
	// http1 is set while the last host to be reached did not speak HTTP/2.
	http1 atomic.Bool
	// shared counts the connections over HTTP/2 that were opened.
	shared atomic.Int64
}

// newDialing returns a dialing whose connections over TLS are set up by config.
func newDialing(config *tls.Config) *dialing {
	plain := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &dialing{
		plain:   plain,
		secure:  tls.Dialer{NetDialer: &plain, Config: config},
		single:  make(chan struct{}, 1),
		several: make(chan struct{}, mostDials),
	}
}

// dial opens a connection without TLS.
func (d *dialing) dial(ctx context.Context, network, address string) (net.Conn, error) {
	leave, err := turn(ctx, d.several)
	if err != nil {
		return nil, err
	}
	defer leave()
	return d.plain.DialContext(ctx, network, address)
}

// dialTLS opens a connection with TLS.
func (d *dialing) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	leave, err := d.turnTLS(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	conn, err := d.secure.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	http2 := isHTTP2(conn)
	d.http1.Store(!http2)
	if http2 {
		d.shared.Add(1)
	}
	return conn, nil
}

// turnTLS waits for the turn of a dial with TLS.
func (d *dialing) turnTLS(ctx context.Context) (leave func(), err error) {
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
		// Another dial opened a connection to share meanwhile, and net/http gives
		// that to all who wait: so no turn is left to wait for, only that.
		leave()
		return turn(ctx, nil)
	}
	return leave, nil
}

// turn waits for one of turns, but for no longer than its patience lasts, nor than
// the call waits for a connection. The function it returns gives the turn back.
func turn(ctx context.Context, turns chan struct{}) (leave func(), err error) {
	unwanted := unwantedDial(ctx)
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
	// A call that was just given a connection says so only when it runs.
	runtime.Gosched()
	select {
	case <-unwanted:
		leave()
		return nil, errUnwanted
	default:
		return leave, nil
	}
}
