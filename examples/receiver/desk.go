package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/examples/internal/story"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// desk is where events end up.
type desk struct {
	client     *engage.Client
	businesses map[string]string
	out        io.Writer
}

// worker returns a worker that brings the events of source to the desk, one at
// a time so that what is printed stays in order.
func (d desk) worker(source stream.Source) (*stream.Worker, error) {
	worker, err := stream.NewWorker(source, stream.WithHandlers(1), stream.WithDrain(handleTime))
	if err != nil {
		return nil, err
	}
	worker.OnMessage(d.message)
	worker.OnTyping(func(_ context.Context, e stream.TypingEvent) error { return d.say(e, "typing started: %t", e.Started) })
	worker.OnReceipt(func(_ context.Context, e stream.ReceiptEvent) error { return d.say(e, "the message is %s", e.Status) })
	worker.OnOther(func(_ context.Context, e stream.Event) error { return d.say(e, "nothing to do") })
	return worker, nil
}

// say prints what was done with an event. It returns nil even if that fails: an
// event that was dealt with is not to be tried again.
func (d desk) say(event stream.Event, format string, values ...any) error {
	head := event.Head()
	fmt.Fprintf(d.out, "%-10s %-14s %s\n", head.Channel, head.Kind, fmt.Sprintf(format, values...))
	return nil
}

// message brings what a customer wrote into its conversation. An error that
// trying again can mend is returned as it is; any other gives the event up, for
// somebody to look at.
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
	edge, err := story.Story{Client: d.client}.Receive(ctx, address, content)
	if err == nil {
		return d.say(e, "%s %s", content.Type(), edge)
	}
	if errors.Is(err, outcome.ErrOnInvalidData) || !edge.IsStandard() || mayBeThere(err) {
		return stream.Permanent(err)
	}
	return err
}

// mayBeThere reports whether the message may be in its conversation, although
// the call that was to bring it there failed: trying again could double it. The
// client has looked for it and could not tell.
func mayBeThere(err error) bool {
	failure, ok := errors.AsType[*outcome.Error](err)
	if !ok {
		return false
	}
	brings := failure.Operation == outcome.CreateConversation || failure.Operation == outcome.AppendMessage
	return brings && failure.Effect >= outcome.MaybeApplied
}
