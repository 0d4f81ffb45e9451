// Package flow is what happens to a customer's message: the classic inbound
// flow of Cisco's flow builder, in Go.
//
//	search ── noConversationFound ─────────────── create with the message
//	       ├─ conversationClosed ──── re-open ─── append
//	       └─ active, in queue, on hold ───────── append
package flow

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// Inbound tells what becomes of messages.
type Inbound struct {
	Client *engage.Client
	// OnStep is told of every step and the edge it ended on; nil tells nobody.
	OnStep func(step string, edge outcome.Edge)
}

// part is one way on from the search.
type part func(context.Context, *engage.SearchConversationResult, channel.Address, message.Message) (outcome.Edge, error)

// Receive brings a message that came from address into its conversation. It
// returns the edge of the last step; the error is that of the step that failed.
func (s Inbound) Receive(ctx context.Context, address channel.Address, m message.Message) (outcome.Edge, error) {
	parts := outcome.Transitions[part]{
		outcome.NoConversationFound: s.create,
		outcome.ConversationClosed:  s.reopen,
		outcome.ConversationActive:  s.add,
		outcome.ConversationInQueue: s.add,
		outcome.ConversationOnHold:  s.add,
	}
	found, err := s.Client.SearchConversation(ctx, engage.SearchConversationV13{Address: address})
	if err != nil {
		return s.tell("search", outcome.Of(err), err)
	}
	s.tell("search", found.Outcome, nil)
	next, err := parts.Next(found.Outcome)
	if err != nil {
		return s.tell("choose", outcome.Of(err), err)
	}
	return next(ctx, found, address, m)
}

func (s Inbound) create(ctx context.Context, _ *engage.SearchConversationResult, address channel.Address, m message.Message) (outcome.Edge, error) {
	receipt, err := s.Client.CreateConversation(ctx, engage.CreateConversationV13{Address: address, Messages: []message.Message{m}})
	if err != nil {
		return s.tell("create", outcome.Of(err), err)
	}
	return s.tell("create", receipt.Outcome, nil)
}

// reopen checks the message first: a conversation is not to be re-opened for a
// message that cannot follow.
func (s Inbound) reopen(ctx context.Context, found *engage.SearchConversationResult, address channel.Address, m message.Message) (outcome.Edge, error) {
	if err := appending(found, address, m).Validate(); err != nil {
		return s.tell("append", outcome.Of(err), err)
	}
	receipt, err := s.Client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: found.ConversationID})
	if err != nil {
		return s.tell("re-open", outcome.Of(err), err)
	}
	s.tell("re-open", receipt.Outcome, nil)
	return s.add(ctx, found, address, m)
}

func (s Inbound) add(ctx context.Context, found *engage.SearchConversationResult, address channel.Address, m message.Message) (outcome.Edge, error) {
	receipt, err := s.Client.AppendMessage(ctx, appending(found, address, m))
	if err != nil {
		return s.tell("append", outcome.Of(err), err)
	}
	return s.tell("append", receipt.Outcome, nil)
}

// appending is the request that appends m to the conversation that was found.
func appending(found *engage.SearchConversationResult, address channel.Address, m message.Message) engage.AppendMessageV14 {
	return engage.AppendMessageV14{
		ConversationID: found.ConversationID, Channel: address.Channel(), Messages: []message.Message{m},
	}
}

// tell tells of a step and passes on how it ended.
func (s Inbound) tell(step string, edge outcome.Edge, err error) (outcome.Edge, error) {
	if s.OnStep != nil {
		s.OnStep(step, edge)
	}
	return edge, err
}

// Violations lists what is wrong with a request that ended in err on
// onInvalidData; nil for any other error.
func Violations(err error) outcome.Violations {
	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		return failure.Violations
	}
	return nil
}
