package stream

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// Serve receives events with server and handles them with worker until ctx ends. Then
// it stops both, in an order that loses no accepted event:
//
//  1. The server accepts no more requests and answers those that it has.
//  2. If the worker's source is a [MemoryInbox], the worker handles all that it holds.
//  3. The worker takes no more events, and its handlers finish.
//
// Together the steps may take as long as [WithDrain] says. After that the server closes its
// connections, the handlers' contexts end, and the events that they did not finish are put
// back. Serve returns when all handlers have returned. It closes listener, but not the
// worker's source.
//
// Serve also stops when the server or the worker ends before ctx. It returns their
// errors. It also returns an error if a step was not finished in time. It returns nil if
// every accepted event was settled or is in a durable source.
//
// A server with a TLSConfig serves TLS. In the second step Serve calls the source's method
// Drain(context.Context) error, if it has one, as MemoryInbox has.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, worker *Worker) error {
	// Both outlive ctx until they are stopped.
	taking, stopTaking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopTaking()
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	ready, stopReady := context.WithCancel(ctx)
	defer stopReady()
	serving := start(func() error { return serve(server, listener) })
	handling := start(func() error { return worker.work(ready, taking, working) })
	select {
	case <-ctx.Done():
	case <-serving.ended:
	case <-handling.ended:
	}
	stopReady()

	limited, cancel := context.WithTimeout(working, worker.drain)
	defer cancel()
	// No event is taken after the handlers' contexts have ended: each attempt would
	// fail at once.
	defer context.AfterFunc(limited, func() { stopTaking(); stopWorking() })()
	var failures []error
	if err := server.Shutdown(limited); err != nil {
		failures = append(failures, err, server.Close())
	}
	if err := serving.wait(); err != http.ErrServerClosed {
		failures = append(failures, err)
	}
	if source, ok := worker.source.(interface{ Drain(context.Context) error }); ok && !handling.hasEnded() {
		failures = append(failures, source.Drain(limited))
	}
	stopTaking()
	return errors.Join(append(failures, handling.wait())...)
}

func serve(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// process is a function that runs in a goroutine of its own.
type process struct {
	ended chan struct{}
	err   error
}

func start(run func() error) *process {
	p := &process{ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		p.err = run()
	}()
	return p
}

// wait waits for the end of the function and returns its error.
func (p *process) wait() error {
	<-p.ended
	return p.err
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
