package stream

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// inbound is what a message brings into its conversation. It has the fields of
// engage.Inbound, which this package cannot import.
type inbound = struct {
	Address                           channel.Address
	Message                           message.Message
	CustomerName, Domain, ProactiveID string
	CapabilityList                    string
	Again                             bool
}

// errNoAddress says that an event does not hold the whole address of its conversation.
var errNoAddress = errors.New("stream: the event has no whole address; on WhatsApp and Messenger see WithBusinesses")

// ToConversation returns a handler for [Worker.OnMessage] that brings each message into its
// conversation. The argument is the method Deliver of an engage.Deliverer, or a function
// that calls it:
//
//	worker.OnMessage(stream.ToConversation(deliverer.Deliver))
//
// In is engage.Inbound. It has the [Header.Address], [MessageEvent.Content],
// [Header.CustomerName] and [Header.CapabilityList] of the event.
//
// Again is true from the second attempt on, so that what the first one wrote is not written
// again. It is false in the first attempt after a dead letter was requeued. After a crash it
// can be false as well, because some sources lose the count. A function of your own that
// sets Again and calls Deliver has every message looked up.
//
// The handler returns the error of deliver as [FromOutcome] does. It returns a [Permanent]
// error if the content cannot be read, or if the event does not hold the whole address. On
// WhatsApp and Messenger that is so without [WithBusinesses]. It returns nil without a call
// if Engage has no conversations on the channel, or if Content returns nil.
func ToConversation[In ~inbound, Option, Result any](
	deliver func(context.Context, In, ...Option) (Result, error),
) func(context.Context, MessageEvent) error {
	return func(ctx context.Context, e MessageEvent) error {
		content, err := e.Content()
		if err != nil {
			return Permanent(err)
		}
		if content == nil || e.addressFor(e.Business) == nil {
			return nil
		}
		address := e.Address()
		if address == nil {
			return Permanent(errNoAddress)
		}
		_, err = deliver(ctx, In(inbound{
			Address: address, Message: content, CustomerName: e.CustomerName(),
			CapabilityList: e.CapabilityList(), Again: e.Attempt > 1,
		}))
		return FromOutcome(err)
	}
}
