package engine

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/engagesdk/engage-go/outcome"
)

// mostOpening is how many calls may wait for a connection at the same time.
const mostOpening = 2

// Opening keeps a burst of calls from opening a connection each. A call that is
// about to get its connection takes a place here and gives it back as soon as it
// has one, so those that come after find the connections of those before. With
// HTTP/2 that is one for all of them. A nil Opening lets all calls through.
type Opening chan struct{}

// NewOpening returns the Opening for transport. It is nil for one that does not
// tell when a call has its connection.
func NewOpening(transport http.RoundTripper) Opening {
	if _, tells := transport.(*http.Transport); !tells {
		return nil
	}
	return make(Opening, mostOpening)
}

// departure knows of one try whether its request can have left. It cannot if
// the transport asked for a connection and never got one. A transport that does
// not say is not trusted.
type departure struct {
	trace   httptrace.ClientTrace
	waiting atomic.Bool
	opening Opening
	// placed is set while the try has a place in opening.
	placed atomic.Bool
}

// enter waits for a place in opening. It reports false if ctx ends first.
func (d *departure) enter(ctx context.Context, opening Opening) bool {
	if opening == nil {
		return true
	}
	select {
	case opening <- struct{}{}:
		d.opening = opening
		d.placed.Store(true)
		return true
	case <-ctx.Done():
		return false
	}
}

// leave gives the place back.
func (d *departure) leave() {
	if d.placed.CompareAndSwap(true, false) {
		<-d.opening
	}
}

// watch returns the context under which the request is to be sent.
func (d *departure) watch(ctx context.Context) context.Context {
	d.trace.GetConn = func(string) { d.waiting.Store(true) }
	d.trace.GotConn = func(httptrace.GotConnInfo) {
		d.waiting.Store(false)
		d.leave()
	}
	return httptrace.WithClientTrace(ctx, &d.trace)
}

// effect is what the request may have done, if no reply came.
func (d *departure) effect() outcome.Effect {
	if d.waiting.Load() {
		return outcome.NotSent
	}
	return outcome.MaybeApplied
}
