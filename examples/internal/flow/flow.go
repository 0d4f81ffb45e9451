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

// arrival is a message, the address that it came from and, after the search, the
// id of its conversation.
type arrival struct {
	address        channel.Address
	message        message.Message
	conversationID string
}

// Receive brings a message from address into its conversation. It returns the
// edge of the last step, and the error of the step that failed.
func (f Inbound) Receive(ctx context.Context, address channel.Address, m message.Message) (outcome.Edge, error) {
	found, err := f.Client.SearchConversation(ctx, engage.SearchConversationV13{Address: address})
	edge := f.step("search", outcome.Of(found, err))
	if err != nil {
		return edge, err
	}

	steps := outcome.Transitions[func(context.Context, arrival) (outcome.Edge, error)]{
		outcome.NoConversationFound: f.create,
		outcome.ConversationClosed:  f.reopen,
		outcome.ConversationActive:  f.append,
		outcome.ConversationInQueue: f.append,
		outcome.ConversationOnHold:  f.append,
	}
	next, err := steps.Next(edge)
	if err != nil {
		return f.step("choose", outcome.EdgeOf(err)), err
	}
	return next(ctx, arrival{address, m, found.ConversationID})
}

func (f Inbound) create(ctx context.Context, a arrival) (outcome.Edge, error) {
	receipt, err := f.Client.CreateConversation(ctx, engage.CreateConversationV13{
		Address: a.address, Messages: []message.Message{a.message},
	})
	return f.step("create", outcome.Of(receipt, err)), err
}

// reopen validates the append first, so that it re-opens no conversation for a
// message that cannot follow.
func (f Inbound) reopen(ctx context.Context, a arrival) (outcome.Edge, error) {
	if err := a.request().Validate(); err != nil {
		return f.step("append", outcome.EdgeOf(err)), err
	}
	receipt, err := f.Client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: a.conversationID})
	if edge := f.step("re-open", outcome.Of(receipt, err)); err != nil {
		return edge, err
	}
	return f.append(ctx, a)
}

func (f Inbound) append(ctx context.Context, a arrival) (outcome.Edge, error) {
	receipt, err := f.Client.AppendMessage(ctx, a.request())
	return f.step("append", outcome.Of(receipt, err)), err
}

// request returns the request that appends the message to its conversation.
func (a arrival) request() engage.AppendMessageV14 {
	return engage.AppendMessageV14{
		ConversationID: a.conversationID, Channel: a.address.Channel(), Messages: []message.Message{a.message},
	}
}

// step reports a step and returns its edge.
func (f Inbound) step(name string, edge outcome.Edge) outcome.Edge {
	if f.OnStep != nil {
		f.OnStep(name, edge)
	}
	return edge
}
