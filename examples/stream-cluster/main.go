// Stream-cluster shows two workers that share the events of one inbox in a
// JetStream cluster. One of the three servers stops in the middle. The program
// needs no configuration: it runs the servers itself, on the loopback address
// and in a temporary folder.
//
// It prints how many events each worker handled. It exits with status 1 if an
// event was lost or handled out of order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

const (
	customers = 20
	messages  = 15 // of each customer
	workers   = 2
	patience  = 2 * time.Minute // an event that is not handled by then is lost
)

func main() {
	program.Main("stream-cluster", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Stdout)
	})
}

func run(interrupted context.Context, args []string, out io.Writer) (err error) {
	if err := program.Parse(flag.NewFlagSet("stream-cluster", flag.ContinueOnError), args, out); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(interrupted, patience)
	defer cancel()
	folder, err := os.MkdirTemp("", "stream-cluster")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	servers, err := embedded.StartCluster(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()

	t := newTally()
	t.half = func() { t.stopped = servers.Stop(0) }
	working, stop := context.WithCancel(ctx)
	t.all = stop
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()

	// Workers and receiver each open the inbox, as separate programs would.
	config := jetstream.Config{URL: servers.URL(), Replicas: 3, Lines: 8, Lease: 5 * time.Second}
	for number := range workers {
		inbox, worker, err := open(ctx, config)
		if err != nil {
			return err
		}
		worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error { return t.handle(number, e) })
		group.Go(func() {
			defer inbox.Close()
			_ = worker.Run(working) // it returns nil when working ends
		})
	}
	inbox, err := jetstream.Open(ctx, config)
	if err != nil {
		return err
	}
	defer inbox.Close()
	duplicates, err := send(ctx, inbox)
	if err != nil {
		return err
	}
	<-working.Done()
	group.Wait()
	if interrupted.Err() != nil {
		return context.Cause(interrupted)
	}
	fmt.Fprintf(out, "sent %d events twice: %d duplicates were dropped\n", customers*messages, duplicates)
	return t.summarize(out)
}

// open opens the inbox and returns it with a worker.
func open(ctx context.Context, config jetstream.Config) (*jetstream.Inbox, *stream.Worker, error) {
	inbox, err := jetstream.Open(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		return nil, nil, errors.Join(err, inbox.Close())
	}
	return inbox, worker, nil
}

// send puts every event twice. It repeats a failed put, as the vendor's sender
// does. It returns how many events the inbox recognized as duplicates.
func send(ctx context.Context, inbox stream.Inbox) (duplicates int, err error) {
	for message := range messages {
		for customer := range customers {
			payload := fmt.Appendf(nil, `{"channel":"sms","event":"MO","tid":"t-%d-%d","oa":"+155501%02d","da":"777","message":"%d"}`,
				customer, message, customer, message)
			entry, err := stream.NewEntry(payload)
			if err != nil {
				return 0, err
			}
			for stored := 0; stored < 2; {
				duplicate, err := putWithin(ctx, time.Second, inbox, entry)
				switch {
				case ctx.Err() != nil:
					return 0, context.Cause(ctx)
				case err != nil:
					select {
					case <-time.After(50 * time.Millisecond):
					case <-ctx.Done():
					}
					continue
				case stored == 1 && duplicate:
					duplicates++
				}
				stored++
			}
		}
	}
	return duplicates, nil
}

func putWithin(ctx context.Context, limit time.Duration, inbox stream.Inbox, entry stream.Entry) (duplicate bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return inbox.Put(ctx, entry)
}
