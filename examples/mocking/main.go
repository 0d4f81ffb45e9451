// Mocking is a small service and its tests. The service answers the SMS of customers
// outside of office hours. The tests show three ways to test a program that uses this
// SDK:
//
//   - httpmock_test.go uses httpmock, with replies from package mocked.
//   - server_test.go uses the server of package engagetest over HTTP, and loses a reply.
//   - bubble_test.go uses that server in memory, in a bubble of testing/synctest, where a
//     wait of ten minutes takes no time.
//
// Run as a program, the service answers three SMS in memory and prints the conversation.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/outcome"
)

// SMS is a short message of a customer, as the provider of the number delivers it.
type SMS struct {
	// ID is the provider's id of the SMS. It is the same if the SMS is delivered again.
	ID             string
	Customer, Text string
}

// answer is the answer to every SMS.
const answer = "Thank you. We are back at eight and will write to you then."

// Service answers the SMS to one number of the business.
type Service struct {
	Client *engage.Client
	Number string
}

// options returns the options of the service's client. If Engage asks it to wait, it waits
// up to 15 minutes, because a late answer is better than none.
func options() []engage.Option {
	return []engage.Option{engage.WithCallOptions(engage.WithRetry(engage.Retry{LongestWait: 15 * time.Minute}))}
}

// Answer brings an SMS and its answer into the customer's conversation, in one write. It
// creates the conversation if there is none, and re-opens a closed one.
func (s Service) Answer(ctx context.Context, sms SMS) error {
	address := channel.SMSAddress{Business: s.Number, Customer: sms.Customer}
	found, err := s.Client.SearchConversation(ctx, engage.SearchConversationV13{Address: address})
	if err != nil {
		return err
	}
	messages := []message.Message{
		text(sms.ID, message.Inbound, sms.Text),
		text(sms.ID+"-answer", message.Outbound, answer),
	}
	switch found.Outcome {
	case outcome.NoConversationFound:
		_, err = s.Client.CreateConversation(ctx, engage.CreateConversationV13{Address: address, Messages: messages})
		return err
	case outcome.ConversationClosed:
		_, err = s.Client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: found.ConversationID})
		if err != nil {
			return err
		}
	}
	_, err = s.Client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: found.ConversationID, Channel: channel.SMS, Messages: messages,
	})
	return err
}

// text returns a text. With an alias id of its own, the client finds the text again if
// the reply to a write is lost.
func text(aliasID string, direction message.Direction, text string) message.Text {
	return message.Text{Envelope: message.Envelope{AliasID: aliasID}, Direction: direction, Text: text}
}

func main() {
	program.Main("mocking", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Stdout)
	})
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if err := program.Parse(flag.NewFlagSet("mocking", flag.ContinueOnError), args, out); err != nil {
		return err
	}
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client(options()...)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	service := Service{Client: client, Number: "+15550100"}
	for i, question := range []string{"Are you open?", "When do you open?", "Hello?"} {
		sms := SMS{ID: fmt.Sprintf("sms-%d", i+1), Customer: "+15550199", Text: question}
		if err := service.Answer(ctx, sms); err != nil {
			return err
		}
	}
	for _, conversation := range server.Conversations() {
		fmt.Fprintf(out, "%s, %s\n", conversation.CustomerAddress, conversation.Status)
		for _, m := range conversation.Messages {
			fmt.Fprintf(out, "  %-8s  %s\n", m.Direction, m.Text)
		}
	}
	return nil
}
