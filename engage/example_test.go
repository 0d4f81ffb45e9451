package engage_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// start returns a client of an Engage in memory that holds one conversation.
func start(status engagetest.Status) (client *engage.Client, conversationID string, stop func()) {
	server := engagetest.NewServer()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	conversationID = server.Seed(engagetest.Conversation{
		Status: status, Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199",
	})
	return client, conversationID, server.Close
}

func ExampleNew() {
	client, err := engage.New(engage.EU, auth.ClientCredentials{
		ClientID:     "tenant-id",
		ClientSecret: auth.NewSecret("tenant-secret"),
	}, engage.WithCallOptions(engage.WithAttemptTimeout(5*time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Routes()[outcome.AppendMessage].Path)

	_, err = engage.New("http://engage.example.com", nil)
	fmt.Println(err)
	// Output:
	// /conversations/{conversation}/messages
	// engage: the endpoint is plain http and its host is not loopback: tokens go over https only
	// engage: the token source is nil
}

func ExampleClient_SearchConversation() {
	client, _, stop := start(engagetest.Queued)
	defer stop()

	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	switch found.Outcome {
	case outcome.NoConversationFound:
		fmt.Println("create one")
	case outcome.ConversationClosed:
		fmt.Println("re-open it")
	case outcome.ConversationActive, outcome.ConversationInQueue, outcome.ConversationOnHold:
		fmt.Println("append to it")
	}
	// Output: append to it
}

func ExampleClient_CreateConversation() {
	client, _, stop := start(engagetest.Closed)
	defer stop()

	receipt, err := client.CreateConversation(context.Background(), engage.CreateConversationV13{
		Address:      channel.WhatsAppAddress{Business: "15550100", Customer: "4915550001"},
		CustomerName: "Ann",
		AliasID:      "task-17",
		Messages:     []message.Message{message.Text{Direction: message.Inbound, Text: "Hello!"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome, len(receipt.MessageAliasIDs))
	// Output: onConversationCreated 1
}

func ExampleClient_AppendMessage() {
	client, id, stop := start(engagetest.Active)
	defer stop()

	receipt, err := client.AppendMessage(context.Background(), engage.AppendMessageV13{
		ConversationID: id,
		Channel:        channel.SMS,
		Message:        message.Text{Direction: message.Outbound, Text: "It will be with you tomorrow."},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: onAppendMessageSuccess
}

// A failed append tells whether the message may be in the conversation.
func ExampleClient_AppendMessage_failure() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199"})
	server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})

	_, err = client.AppendMessage(context.Background(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS,
		Message: message.Text{Direction: message.Inbound, Text: "Hello?"},
	})
	var failure *outcome.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Edge, "-", failure.Effect)
	}
	// Output: onError - maybe applied
}

func ExampleClient_UpdateConversation() {
	client, id, stop := start(engagetest.Active)
	defer stop()

	receipt, err := client.UpdateConversation(context.Background(), engage.UpdateConversationV10{
		ConversationID: id,
		AliasID:        "task-17",
		CustomFields:   []engage.CustomField{{Scope: engage.ProfileScope, Key: "tier", Value: "gold"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: onConversationUpdatedSuccess
}

func ExampleClient_AddParticipant() {
	client, id, stop := start(engagetest.Queued)
	defer stop()

	receipt, err := client.AddParticipant(context.Background(), engage.AddParticipantV10{ConversationID: id, Participant: "agent-7"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: OnAddParticipantSuccess
}

func ExampleClient_RemoveParticipant() {
	client, id, stop := start(engagetest.Queued)
	defer stop()

	_, err := client.AddParticipant(context.Background(), engage.AddParticipantV10{ConversationID: id, Participant: "agent-7"})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := client.RemoveParticipant(context.Background(), engage.RemoveParticipantV10{ConversationID: id, Participant: "agent-7"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: onParticipantRemoved
}

func ExampleClient_CloseConversation() {
	client, id, stop := start(engagetest.Active)
	defer stop()

	for range 2 {
		receipt, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Outcome, receipt.AlreadyClosed)
	}
	// Output:
	// onConversationClosed false
	// onConversationClosed true
}

func ExampleClient_ReopenConversation() {
	client, id, stop := start(engagetest.Closed)
	defer stop()

	receipt, err := client.ReopenConversation(context.Background(), engage.ReopenConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: ConversationReopened
}

// Validate finds every fault of a request without sending it.
func ExampleAppendMessageV10_Validate() {
	err := engage.AppendMessageV10{
		Channel: channel.SMS,
		Message: message.Text{Direction: message.Inbound},
	}.Validate()
	fmt.Println(errors.Is(err, outcome.ErrOnInvalidData))
	var failure *outcome.Error
	if errors.As(err, &failure) {
		for _, violation := range failure.Violations {
			fmt.Println(violation)
		}
	}
	// Output:
	// true
	// ConversationID is empty
	// Message.Text is empty
}

// The vendor publishes no paths: a tenant that knows better replaces them.
func ExampleWithRoute() {
	client, err := engage.New(engage.US, auth.Static("token"),
		engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "PATCH", Path: "/conversations/{conversation}/status/closed"}))
	if err != nil {
		log.Fatal(err)
	}
	route := client.Routes()[outcome.CloseConversation]
	fmt.Println(route.Method, route.Path)
	// Output: PATCH /conversations/{conversation}/status/closed
}
