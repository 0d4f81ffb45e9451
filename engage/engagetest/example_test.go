package engagetest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// reply is the code under test. It answers a customer whose conversation is active.
func reply(ctx context.Context, client *engage.Client, customer string) error {
	found, err := client.SearchConversation(ctx, engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: customer},
	})
	if err != nil {
		return err
	}
	if found.Outcome != outcome.ConversationActive {
		return fmt.Errorf("cannot answer: %s", found.Outcome)
	}
	_, err = client.AppendMessage(ctx, engage.AppendMessageV13{
		ConversationID: found.ConversationID,
		Channel:        channel.SMS,
		Message:        message.Text{Direction: message.Outbound, Text: "Your order is on its way."},
	})
	return err
}

// A test seeds a conversation, runs the code under test and inspects the result.
func Example() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{
		Channel:         channel.SMS,
		BusinessAddress: "+15550100",
		CustomerAddress: "+15550199",
		Participants:    []string{"anna"},
	})

	fmt.Println(reply(context.Background(), client, "+15550199"))
	fmt.Println(reply(context.Background(), client, "+15550111"))

	conversation, _ := server.Conversation(id)
	for _, m := range conversation.Messages {
		fmt.Println(m.Direction, m.Text)
	}
	// Output:
	// <nil>
	// cannot answer: noConversationFound
	// outbound Your order is on its way.
}

// A server without a network serves a client in the same process.
func ExampleWithoutNetwork() {
	server := engagetest.NewServer(engagetest.WithoutNetwork())
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS})

	receipt, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	conversation, _ := server.Conversation(id)
	fmt.Println(receipt.Outcome, conversation.Status)
	// Output: onConversationClosed closed
}

// The reply to an append is lost after the message was appended. The client finds the
// message in the transcript and does not append it again.
func ExampleServer_Fail() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS})
	server.Fail(outcome.AppendMessage, engagetest.Fault{
		Applied:    true,
		Connection: engagetest.ConnectionClosed,
	})

	receipt, err := client.AppendMessage(context.Background(), engage.AppendMessageV13{
		ConversationID: id,
		Channel:        channel.SMS,
		Message:        message.Text{Direction: message.Inbound, Text: "hello"},
	})
	if err != nil {
		log.Fatal(err)
	}
	conversation, _ := server.Conversation(id)
	fmt.Println(receipt.Proof, len(conversation.Messages))
	// Output: reconciled 1
}

// Every third request is refused.
func ExampleServer_FailFunc() {
	server := engagetest.NewServer()
	defer server.Close()
	server.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation != engagetest.Token && r.Number%3 == 0 {
			return engagetest.Fault{Status: 503}
		}
		return engagetest.Fault{}
	})
	client, err := server.Client(engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: time.Second})))
	if err != nil {
		log.Fatal(err)
	}
	for range 4 {
		found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
			Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(found.Outcome, len(found.Attempts))
	}
	// Output:
	// noConversationFound 1
	// noConversationFound 2
	// noConversationFound 1
	// noConversationFound 2
}

// A token expires when the test says so.
func ExampleWithClock() {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	server := engagetest.NewServer(
		engagetest.WithClock(func() time.Time { return now }),
		engagetest.WithTokenLifetime(time.Minute),
	)
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	search := func() {
		found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
			Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(found.Outcome)
	}
	search()
	now = now.Add(time.Hour)
	search()
	for _, request := range server.Requests() {
		fmt.Println(request.Operation, request.Status)
	}
	// Output:
	// noConversationFound
	// noConversationFound
	// Token 200
	// SearchConversation 200
	// SearchConversation 401
	// Token 200
	// SearchConversation 200
}

// A test compares the messages of a conversation with those that it wants.
func ExampleDiff() {
	server := engagetest.NewServer()
	defer server.Close()
	address := channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	id := server.Seed(engagetest.NewConversation(address,
		message.Text{Direction: message.Inbound, Text: "Where is my order?"},
		message.Text{Direction: message.Outbound, Text: "On its way"},
	))

	want := []message.Message{
		message.Text{Direction: message.Inbound, Text: "Where is my order?"},
		message.Text{Direction: message.Outbound, Text: "It is on its way."},
	}
	fmt.Print(engagetest.Diff(want, server.Messages(id)))
	// Output:
	//   inbound text "Where is my order?"
	// - outbound text "It is on its way."
	// + outbound text "On its way"
}

// A stream event with a customer's message reaches a receiver under test, signed and
// without a network.
func ExampleEvent() {
	secret := stream.NewSecret("the hub secret")
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, secret))
	if err != nil {
		log.Fatal(err)
	}
	sender, err := stream.NewSender("https://receiver.test/events",
		stream.WithSigning(stream.SHA256, secret),
		stream.WithTransport(engagetest.HandlerTransport(receiver)))
	if err != nil {
		log.Fatal(err)
	}
	event, err := engagetest.Event(
		channel.SMSAddress{Business: "15550100", Customer: "15550199"},
		message.Text{Direction: message.Inbound, Text: "Where is my order?"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := sender.Send(context.Background(), event); err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		log.Fatal(err)
	}
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println(e.Address(), e.Text)
		cancel()
		return nil
	})
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: {15550100 15550199} Where is my order?
}

// The customer of a conversation writes, and answers the agent's question by a tap.
func ExampleServer_Write() {
	ctx := context.Background()
	server := engagetest.NewServer(engagetest.WithoutNetwork())
	defer server.Close()
	server.OnDelivery(func(d engagetest.Delivery) {
		answer, err := engagetest.Answer(d.Message, message.Choice{Identifier: "yes"})
		if err != nil {
			log.Fatal(err)
		}
		if _, err := server.Write(d.Address, answer); err != nil {
			log.Fatal(err)
		}
	})
	customer := channel.WhatsAppAddress{Business: "+15550100", Customer: "+15550199"}
	id, err := server.Write(customer, message.Text{Direction: message.Inbound, Text: "Where is my order?"})
	if err != nil {
		log.Fatal(err)
	}

	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: id,
		Channel:        channel.WhatsApp,
		Messages: []message.Message{message.NewWhatsAppButtons("It is at your neighbor's. Is that all?",
			message.NewWhatsAppButton("yes", "Yes, thanks"), message.NewWhatsAppButton("no", "No"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range server.Messages(id) {
		fmt.Printf("%s: %s\n", message.DirectionOf(m), message.TextOf(m))
	}
	// Output:
	// inbound: Where is my order?
	// outbound: It is at your neighbor's. Is that all? [Yes, thanks | No]
	// inbound: Yes, thanks
}
