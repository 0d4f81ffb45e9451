// Richmessages appends messages of every content type to conversations, one for each
// channel, and prints what the conversations contain. Then it prints why the client
// refuses messages that are invalid, or that their channel or version does not support.
//
// Without configuration the conversations are in memory. With ENGAGE_BASE_URL,
// ENGAGE_CLIENT_ID and ENGAGE_CLIENT_SECRET set they are in that tenant, such as
// examples/simulator, which draws them.
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
	"github.com/engagesdk/engage-go/examples/internal/samples"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

func main() {
	program.Main("richmessages", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	if err := program.Parse(flag.NewFlagSet("richmessages", flag.ContinueOnError), args, out); err != nil {
		return err
	}
	t, err := tenant.Open(getenv)
	if err != nil {
		return err
	}
	defer t.Close()
	client := t.Client
	deliverer := engage.Deliverer{Client: client}
	for _, ch := range channel.All() {
		fmt.Fprintf(out, "%s\n", ch)
		id, err := greet(ctx, &deliverer, ch)
		if err != nil {
			return fmt.Errorf("%s: %w", ch, err)
		}
		for _, m := range samples.Messages(ch) {
			if err := send(ctx, client, id, ch, m); err != nil {
				return fmt.Errorf("%s: %w", m.Type(), err)
			}
		}
		if err := show(ctx, out, client, id); err != nil {
			return err
		}
	}
	return showRefusals(ctx, out, client)
}

// greet brings a first message of a customer into their conversation, and returns the id of
// the conversation. Each channel gets the members of the address that it needs.
func greet(ctx context.Context, deliverer *engage.Deliverer, ch channel.Channel) (id string, err error) {
	address, err := channel.Members{
		Channel: ch, BusinessAddress: "business", CustomerAddress: "customer", ThreadID: "thread", Subject: "Shoes",
	}.Address()
	if err != nil {
		return "", err
	}
	var hello message.Message = message.Text{Direction: message.Inbound, Text: "Hello"}
	if ch == channel.Email {
		hello = message.Email{Direction: message.Inbound, Content: message.EmailContent{From: "customer", PlainBody: "Hello"}}
	}
	delivery, err := deliverer.Deliver(ctx, engage.Inbound{Address: address, Message: hello})
	return delivery.ConversationID, err
}

// send appends one message in the newest version, which supports all types.
func send(ctx context.Context, client *engage.Client, id string, ch channel.Channel, m message.Message) error {
	_, err := client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: id, Channel: ch, Messages: []message.Message{m},
	})
	return err
}

// show prints the messages of a conversation, decoded from its transcript.
func show(ctx context.Context, out io.Writer, client *engage.Client, id string) error {
	for m, err := range client.Transcript(ctx, id, nil) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-12s  %-26s  %s\n", message.DirectionOf(m), m.Type(), message.TextOf(m))
	}
	fmt.Fprintln(out)
	return nil
}

// showRefusals prints why the client does not send some messages. It returns an error if the
// client accepts one.
func showRefusals(ctx context.Context, out io.Writer, client *engage.Client) error {
	for _, invalid := range []struct {
		name    string
		request engage.AppendMessageRequest
	}{
		{"a carousel on SMS", engage.AppendMessageV14{
			ConversationID: "CSR1", Channel: channel.SMS, Messages: []message.Message{samples.Carousel()},
		}},
		{"an announcement in version 1.0", engage.AppendMessageV10{
			ConversationID: "CSR1", Channel: channel.LiveChat, Message: message.Text{Direction: message.Announcement, Text: "left"},
		}},
		{"four buttons on WhatsApp", engage.AppendMessageV14{
			ConversationID: "CSR1", Channel: channel.WhatsApp, Messages: []message.Message{samples.WhatsAppButtons("a", "b", "c", "d")},
		}},
	} {
		_, err := client.AppendMessage(ctx, invalid.request)
		refusal, ok := errors.AsType[*outcome.Error](err)
		if !ok || refusal.Edge != outcome.OnInvalidData {
			return fmt.Errorf("%s ended in %v", invalid.name, err)
		}
		fmt.Fprintf(out, "%s: %s\n", invalid.name, refusal.Edge)
		for _, violation := range refusal.Violations {
			fmt.Fprintln(out, " ", violation)
		}
	}
	return nil
}
