package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
)

// What a worker process reports of an event on its output. The call of a handler
// ends with the acknowledgement or with the process.
const (
	begun        = "begun"        // the handler was called
	handled      = "handled"      // the handler returns
	acknowledged = "acknowledged" // Ack returned nil
	refused      = "refused"      // Ack returned an error
	stopped      = "stopped"      // the process waits to be killed
)

// handlers is how many events a worker process handles at a time.
const handlers = 4

// sharedConfig configures the inbox of the receiver and of the worker processes.
func sharedConfig(url string) jetstream.Config {
	return jetstream.Config{URL: url, Lines: 6, Lease: 2 * time.Second, CopyWindow: 10 * time.Minute}
}

// runWorker handles the events of the inbox on the servers of a URL.
func runWorker(ctx context.Context, url string, until breakpoint) error {
	inbox, err := jetstream.Open(ctx, sharedConfig(url))
	if err != nil {
		return err
	}
	return work(ctx, inbox, until)
}

// closer is an inbox that can be closed.
type closer interface {
	stream.Source
	io.Closer
}

// work handles the events of an inbox until ctx ends, and reports what it does.
// At the breakpoint it stops, in the middle of all its events.
func work(ctx context.Context, inbox closer, until breakpoint) error {
	notes := &notes{end: ctx.Done(), kind: until.kind, left: until.n}
	worker, err := stream.NewWorker(notedSource{inbox, notes}, stream.WithHandlers(handlers))
	if err != nil {
		return err
	}
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		notes.write(begun, e.ID)
		notes.write(handled, e.ID)
		return nil
	})
	return errors.Join(worker.Run(ctx), inbox.Close())
}

// notes writes the reports of a process, which survive its death.
type notes struct {
	end  <-chan struct{}
	mu   sync.Mutex
	kind string
	left int // reports of that kind before the process stops
}

func (n *notes) write(what, id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Println(what, id)
	if what != n.kind {
		return
	}
	if n.left--; n.left == 0 {
		fmt.Println(stopped)
		<-n.end // the lock is held, so that every handler stops
	}
}

// notedSource reports whether acknowledgements succeed.
type notedSource struct {
	stream.Source
	notes *notes
}

func (s notedSource) Take(ctx context.Context) (stream.Delivery, error) {
	delivery, err := s.Source.Take(ctx)
	if err == nil {
		delivery.Settlement = notedSettlement{delivery.Settlement, delivery.ID, s.notes}
	}
	return delivery, err
}

type notedSettlement struct {
	stream.Settlement
	id    string
	notes *notes
}

func (s notedSettlement) Ack(ctx context.Context) error {
	err := s.Settlement.Ack(ctx)
	if err != nil {
		s.notes.write(refused, s.id)
		return err
	}
	s.notes.write(acknowledged, s.id)
	return nil
}
