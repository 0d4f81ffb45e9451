// Package flow is what the examples do with a message of a customer: the inbound
// flow of Cisco's flow builder, in Go.
//
//	search ── noConversationFound ─────────────── create with the message
//	       ├─ conversationClosed ──── re-open ─── append
//	       └─ active, in queue, on hold ───────── append
package flow

import (
	"context"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// Inbound brings messages of customers into their conversations.
type Inbound struct {
	Client *engage.Client
	// OnStep, if not nil, is called after each step with the edge it ended on.
	OnStep func(step string, edge outcome.Edge)
}

// Arrival is a message with what its conversation needs to know of the customer.
type Arrival struct {
	// Address and Message are required.
	Address channel.Address
	Message message.Message
	// CustomerName is the name that agents see. It may be empty.
	CustomerName string
	// CapabilityList says what the customer's Apple device can show. It is empty on
	// other channels.
	CapabilityList string
}

// Receive brings a message into its conversation. It returns the edge of the last
// step, and the error of the step that failed.
func (f Inbound) Receive(ctx context.Context, a Arrival) (outcome.Edge, error) {
	found, err := f.Client.SearchConversation(ctx, engage.SearchConversationV13{Address: a.Address})
	if err != nil {
		return f.failed("search", err)
	}
	f.step("search", found.Outcome)

	steps := outcome.Transitions[func(context.Context, Arrival, string) (outcome.Edge, error)]{
		outcome.NoConversationFound: f.create,
		outcome.ConversationClosed:  f.reopen,
		outcome.ConversationActive:  f.append,
		outcome.ConversationInQueue: f.append,
		outcome.ConversationOnHold:  f.append,
	}
	next, err := steps.Next(found.Outcome)
	if err != nil {
		return f.failed("choose", err)
	}
	return next(ctx, a, found.ConversationID)
}

func (f Inbound) create(ctx context.Context, a Arrival, _ string) (outcome.Edge, error) {
	receipt, err := f.Client.CreateConversation(ctx, engage.CreateConversationV13{
		Address: a.Address, Messages: []message.Message{a.Message},
		CustomerName: a.CustomerName, CapabilityList: a.CapabilityList,
	})
	if err != nil {
		return f.failed("create", err)
	}
	return f.step("create", receipt.Outcome), nil
}

// reopen validates the append first, so that it re-opens no conversation for a
// message that cannot follow.
func (f Inbound) reopen(ctx context.Context, a Arrival, conversationID string) (outcome.Edge, error) {
	if err := a.appendTo(conversationID).Validate(); err != nil {
		return f.failed("append", err)
	}
	receipt, err := f.Client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: conversationID})
	if err != nil {
		return f.failed("re-open", err)
	}
	f.step("re-open", receipt.Outcome)
	return f.append(ctx, a, conversationID)
}

func (f Inbound) append(ctx context.Context, a Arrival, conversationID string) (outcome.Edge, error) {
	receipt, err := f.Client.AppendMessage(ctx, a.appendTo(conversationID))
	if err != nil {
		return f.failed("append", err)
	}
	return f.step("append", receipt.Outcome), nil
}

// appendTo returns the request that appends the message to a conversation.
func (a Arrival) appendTo(conversationID string) engage.AppendMessageV14 {
	return engage.AppendMessageV14{
		ConversationID: conversationID, Channel: a.Address.Channel(), Messages: []message.Message{a.Message},
		CapabilityList: a.CapabilityList,
	}
}

// step reports a step and returns its edge.
func (f Inbound) step(name string, edge outcome.Edge) outcome.Edge {
	if f.OnStep != nil {
		f.OnStep(name, edge)
	}
	return edge
}

// failed reports the step that ended in err, and returns its edge and err.
func (f Inbound) failed(name string, err error) (outcome.Edge, error) {
	return f.step(name, outcome.EdgeOf(err)), err
}
