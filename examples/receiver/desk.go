package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/stream"
)

// desk handles events: it brings messages into their conversations and prints the rest.
type desk struct {
	deliverer  *engage.Deliverer
	businesses map[string]string
	out        io.Writer
}

// worker returns a worker that handles the events of source one at a time, so that the
// lines are printed in order.
func (d desk) worker(source stream.Source) (*stream.Worker, error) {
	worker, err := stream.NewWorker(source,
		stream.WithHandlers(1), stream.WithDrain(shutdownTime), stream.WithWorkerLogger(slog.Default()))
	if err != nil {
		return nil, err
	}
	worker.OnMessage(d.message)
	worker.OnTyping(func(_ context.Context, e stream.TypingEvent) error { return d.say(e, "typing started: %t", e.Started) })
	worker.OnReceipt(func(_ context.Context, e stream.ReceiptEvent) error { return d.say(e, "the message is %s", e.Status) })
	worker.OnOther(func(_ context.Context, e stream.Event) error { return d.say(e, "nothing to do") })
	return worker, nil
}

// say prints what was done with an event. It returns nil even if printing fails, so
// that the event is not handled again.
func (d desk) say(event stream.Event, format string, values ...any) error {
	head := event.Head()
	fmt.Fprintf(d.out, "%-10s %-14s %s\n", head.Channel, head.Kind, fmt.Sprintf(format, values...))
	return nil
}

// message brings a customer's message into its conversation.
func (d desk) message(ctx context.Context, e stream.MessageEvent) error {
	address := e.AddressFor(d.businesses[e.Business])
	if address == nil {
		address = e.Address()
	}
	if address == nil {
		return d.say(e, "no conversation on this channel")
	}
	content, err := e.Content()
	if err != nil {
		return stream.Permanent(err)
	}
	if content == nil {
		return d.say(e, "nothing that a conversation could hold")
	}
	delivery, err := d.deliverer.Deliver(ctx, engage.Inbound{
		Address: address, Message: content, CustomerName: e.CustomerName(), CapabilityList: e.CapabilityList(),
	})
	if err != nil {
		return stream.FromOutcome(err)
	}
	return d.say(e, "%s %s", content.Type(), delivery.Edge())
}
