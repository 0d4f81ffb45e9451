package auth

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// departure knows of one request whether it can have left. It cannot if the
// transport asked for a connection and never got one. A transport that does not
// say is not trusted.
type departure struct{ asked, connected atomic.Bool }

// watch returns the context under which to send the request.
func (d *departure) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { d.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { d.connected.Store(true) },
	})
}

// possible reports whether the request can have left.
func (d *departure) possible() bool { return d.connected.Load() || !d.asked.Load() }
