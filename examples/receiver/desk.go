package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/stream"
)

// desk handles events: it brings messages into their conversations. It prints a line for
// each event, without its content.
type desk struct {
	deliverer  *engage.Deliverer
	businesses map[string]string // The page or number of each app.
	out        io.Writer
}

// worker returns a worker that handles the events of source one at a time, so that the
// lines are printed in order.
func (d desk) worker(source stream.Source) (*stream.Worker, error) {
	worker, err := stream.NewWorker(source,
		stream.WithHandlers(1), stream.WithDrain(shutdownTime), stream.WithWorkerLogger(slog.Default()),
		stream.WithBusinesses(d.businesses))
	if err != nil {
		return nil, err
	}
	worker.OnMessage(stream.ToConversation(d.deliver))
	worker.OnTyping(func(_ context.Context, e stream.TypingEvent) error { return d.say(e, "typing started: %t", e.Started) })
	worker.OnReceipt(func(_ context.Context, e stream.ReceiptEvent) error { return d.say(e, "the message is %s", e.Status) })
	worker.OnOther(func(_ context.Context, e stream.Event) error { return d.say(e, "nothing to do") })
	return worker, nil
}

// say prints what was done with an event that is no message. It returns nil even if printing
// fails, so that the event is not handled again.
func (d desk) say(event stream.Event, format string, values ...any) error {
	head := event.Head()
	fmt.Fprintf(d.out, "%-10s %-14s %s\n", head.Channel, head.Kind, fmt.Sprintf(format, values...))
	return nil
}

// deliver brings a message into its conversation and prints how its delivery ended.
func (d desk) deliver(ctx context.Context, in engage.Inbound, options ...engage.CallOption) (engage.Delivery, error) {
	delivery, err := d.deliverer.Deliver(ctx, in, options...)
	if err == nil {
		fmt.Fprintf(d.out, "%-10s %-14s %s\n", in.Address.Channel(), in.Message.Type(), delivery.Edge())
	}
	return delivery, err
}
