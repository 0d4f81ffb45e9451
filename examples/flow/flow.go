package main

import (
	"context"
	"fmt"
	"io"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// step is the name of a step of the flow: a node, or one of the ends below.
type step string

const (
	search        step = "Search Conversation"
	create        step = "Create Conversation"
	reopen        step = "Re-open Conversation"
	appendMessage step = "Append Message"

	delivered     step = "end: delivered"
	tryLater      step = "end: try again later"
	askPerson     step = "end: a person decides"
	returnMessage step = "end: return the message to its sender"
	alert         step = "end: alert an administrator"
)

// node makes one call, and leads to the next step by the edge that the call ended on.
type node struct {
	operation outcome.Operation
	version   outcome.Version
	call      func(*delivery, context.Context) (outcome.Edge, error)
	edges     outcome.Transitions[step]
}

// nodes are the nodes of the flow with the lines between them. The search lacks a line for
// conversationOnHold on purpose: an edge without a line leads where onInvalidChoice does.
//
// A search or a re-open can be repeated. A create or an append that ends on onError or
// onTimeout may have been applied, so a person decides.
var nodes = map[step]node{
	search: {outcome.SearchConversation, outcome.V13, (*delivery).search, outcome.Transitions[step]{
		outcome.NoConversationFound:    create,
		outcome.ConversationActive:     appendMessage,
		outcome.ConversationInQueue:    appendMessage,
		outcome.ConversationClosed:     reopen,
		outcome.OnError:                tryLater,
		outcome.OnTimeout:              tryLater,
		outcome.OnInvalidData:          returnMessage,
		outcome.OnInvalidChoice:        askPerson,
		outcome.OnAuthorizationFailure: alert,
	}},
	create: {outcome.CreateConversation, outcome.V13, (*delivery).create, outcome.Transitions[step]{
		outcome.OnConversationCreated:  delivered,
		outcome.OnConversationFailed:   askPerson,
		outcome.OnError:                askPerson,
		outcome.OnTimeout:              askPerson,
		outcome.OnInvalidData:          returnMessage,
		outcome.OnInvalidChoice:        askPerson,
		outcome.OnAuthorizationFailure: alert,
	}},
	reopen: {outcome.ReopenConversation, outcome.V10, (*delivery).reopen, outcome.Transitions[step]{
		outcome.ConversationReopened:     appendMessage,
		outcome.ConversationReopenFailed: askPerson,
		outcome.OnError:                  tryLater,
		outcome.OnTimeout:                tryLater,
		outcome.OnInvalidData:            returnMessage,
		outcome.OnInvalidChoice:          askPerson,
		outcome.OnAuthorizationFailure:   alert,
	}},
	appendMessage: {outcome.AppendMessage, outcome.V14, (*delivery).append, outcome.Transitions[step]{
		outcome.OnAppendMessageSuccess: delivered,
		outcome.OnAppendMessageFailure: askPerson,
		outcome.OnError:                askPerson,
		outcome.OnTimeout:              askPerson,
		outcome.OnInvalidData:          returnMessage,
		outcome.OnInvalidChoice:        askPerson,
		outcome.OnAuthorizationFailure: alert,
	}},
}

// delivery takes one message through the flow.
type delivery struct {
	client         *engage.Client
	address        channel.Address
	message        message.Message
	conversationID string
}

// run follows the edges from the search to an end. It prints each call with its edge and
// the step that the edge leads to. After a failure it prints the effect of the call, too. It
// returns an error only if an edge leads nowhere.
func (d *delivery) run(ctx context.Context, out io.Writer) error {
	at := search
	for {
		node, ok := nodes[at]
		if !ok {
			return nil // an end
		}
		edge, err := node.call(d, ctx)
		next, noStep := node.edges.Next(edge)
		if noStep != nil {
			return noStep
		}
		fmt.Fprintf(out, "  %-20s  %-24s  %s", at, edge, next)
		if effect := outcome.EffectOf(err); effect != 0 {
			fmt.Fprintf(out, " (%s)", effect)
		}
		fmt.Fprintln(out)
		at = next
	}
}

func (d *delivery) search(ctx context.Context) (outcome.Edge, error) {
	found, err := d.client.SearchConversation(ctx, engage.SearchConversationV13{Address: d.address})
	if err == nil {
		d.conversationID = found.ConversationID
	}
	return outcome.Of(found, err), err
}

func (d *delivery) create(ctx context.Context) (outcome.Edge, error) {
	created, err := d.client.CreateConversation(ctx, engage.CreateConversationV13{
		Address: d.address, Messages: []message.Message{d.message},
	})
	return outcome.Of(created, err), err
}

func (d *delivery) reopen(ctx context.Context) (outcome.Edge, error) {
	reopened, err := d.client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: d.conversationID})
	return outcome.Of(reopened, err), err
}

func (d *delivery) append(ctx context.Context) (outcome.Edge, error) {
	appended, err := d.client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: d.conversationID, Channel: d.address.Channel(), Messages: []message.Message{d.message},
	})
	return outcome.Of(appended, err), err
}
