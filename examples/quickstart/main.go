// Quickstart takes one customer, who writes by SMS, through a conversation. It
// prints each step and the edge that the step ended on.
//
// Without configuration the conversation is in memory. With ENGAGE_BASE_URL,
// ENGAGE_CLIENT_ID and ENGAGE_CLIENT_SECRET set it is in that tenant, and the flags
// choose the numbers and the agent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

func main() {
	program.Main("quickstart", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	business := flags.String("business", "+15550100", "the number the customer writes to")
	customer := flags.String("customer", "+15550199", "the customer's number")
	agent := flags.String("agent", "agent-7", "the agent who joins")
	if err := program.Parse(flags, args, out); err != nil {
		return err
	}
	engageTenant, err := tenant.Open(getenv)
	if err != nil {
		return err
	}
	defer engageTenant.Close()
	fmt.Fprintln(out, "Calling", engageTenant.Name)

	q := quickstart{
		client:    engageTenant.Client,
		deliverer: &engage.Deliverer{Client: engageTenant.Client},
		address:   channel.SMSAddress{Business: *business, Customer: *customer},
		agent:     *agent,
		out:       out,
	}
	for _, scene := range []struct {
		title string
		run   func(context.Context) error
	}{
		{"A customer writes for the first time", q.receive("Hello, is my order on its way?")},
		{"The same customer writes again", q.receive("It is order 17.")},
		{"An agent joins, answers and leaves", q.answer},
		{"The conversation is closed, twice", q.closeTwice},
		{"The customer comes back", q.receive("It has arrived. Thank you!")},
		{"A request is invalid and is not sent", q.invalidRequest},
	} {
		fmt.Fprintf(out, "\n%s\n", scene.title)
		if err := scene.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// quickstart is the conversation of one customer.
type quickstart struct {
	client    *engage.Client
	deliverer *engage.Deliverer
	address   channel.SMSAddress
	agent     string
	out       io.Writer
}

// step prints one step and the edge it ended on.
func (q quickstart) step(operation outcome.Operation, edge outcome.Edge) {
	fmt.Fprintf(q.out, "  %-20s %s\n", operation, edge)
}

// receive returns the scene in which the customer writes text.
func (q quickstart) receive(text string) func(context.Context) error {
	return func(ctx context.Context) error {
		delivery, err := q.deliverer.Deliver(ctx, engage.Inbound{
			Address: q.address, Message: message.Text{Direction: message.Inbound, Text: text},
		})
		for _, step := range delivery.Steps {
			q.step(step.Operation, step.Edge)
		}
		return err
	}
}

// search returns the id of the customer's conversation.
func (q quickstart) search(ctx context.Context) (string, error) {
	found, err := q.client.SearchConversation(ctx, engage.SearchConversationV13{Address: q.address})
	if err != nil {
		return "", err
	}
	q.step(outcome.SearchConversation, found.Outcome)
	return found.ConversationID, nil
}

func (q quickstart) answer(ctx context.Context) error {
	id, err := q.search(ctx)
	if err != nil {
		return err
	}
	added, err := q.client.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: id, Participant: q.agent})
	if err != nil {
		return err
	}
	q.step(outcome.AddParticipant, added.Outcome)
	if _, err = q.search(ctx); err != nil {
		return err
	}
	answered, err := q.client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: id,
		Channel:        channel.SMS,
		Messages:       []message.Message{message.Text{Direction: message.Outbound, Text: "It will be with you tomorrow."}},
	})
	if err != nil {
		return err
	}
	q.step(outcome.AppendMessage, answered.Outcome)
	removed, err := q.client.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: id, Participant: q.agent})
	if err != nil {
		return err
	}
	q.step(outcome.RemoveParticipant, removed.Outcome)
	updated, err := q.client.UpdateConversation(ctx, engage.UpdateConversationV10{ConversationID: id, AliasID: "task-17"})
	if err != nil {
		return err
	}
	q.step(outcome.UpdateConversation, updated.Outcome)
	return nil
}

func (q quickstart) closeTwice(ctx context.Context) error {
	id, err := q.search(ctx)
	if err != nil {
		return err
	}
	for range 2 {
		closed, err := q.client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id})
		if err != nil {
			return err
		}
		q.step(outcome.CloseConversation, closed.Outcome)
		if closed.AlreadyDone {
			fmt.Fprintln(q.out, "    it was closed already, code", closed.Code)
		}
	}
	return nil
}

// invalidRequest prints the violations of a request that the client does not send.
func (q quickstart) invalidRequest(ctx context.Context) error {
	_, err := q.client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: "../admin",
		Channel:        channel.SMS,
		Messages: []message.Message{message.Attachments{
			Direction:   message.Inbound,
			Attachments: []message.Attachment{{FileName: "receipt.png"}},
		}},
	})
	invalid, ok := errors.AsType[*outcome.Error](err)
	if !ok || invalid.Edge != outcome.OnInvalidData {
		return fmt.Errorf("an invalid request ended in %v", err)
	}
	q.step(outcome.AppendMessage, invalid.Edge)
	for _, violation := range invalid.Violations {
		fmt.Fprintln(q.out, "   ", violation)
	}
	return nil
}
