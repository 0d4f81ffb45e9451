package engagetest_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// New closes the server when the test ends, and fails the test if the server refused a
// request. This example has no output, because it needs the t of a test.
func ExampleNew() {
	var t *testing.T // the argument of the test
	server := engagetest.New(t, engagetest.WithoutNetwork(), engagetest.WithRefusalsAllowed())
	client, err := server.Client()
	if err != nil {
		t.Fatal(err)
	}
	if err := reply(t.Context(), client, "+15550199"); err == nil {
		t.Error("there is no conversation to reply to")
	}
}

// A fixed id and secret are those of a configuration under test.
func ExampleWithCredentials() {
	server := engagetest.NewServer(engagetest.WithCredentials("tenant", "secret"))
	defer server.Close()
	fmt.Println(server.ClientID(), server.ClientSecret())
	// Output: tenant secret
}

// The client speaks HTTP/2 over TLS, as it does with the service. The server refuses what
// exceeds its limit of requests on a connection.
func ExampleWithTLS() {
	server := engagetest.NewServer(engagetest.WithTLS(), engagetest.WithMaxStreams(10))
	defer server.Close()
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials(), engage.WithTransport(server.HTTPClient().Transport))
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	fmt.Println(outcome.Of(found, err))
	// Output: noConversationFound
}

// The service may differ from what is assumed. A test shows that a program copes with it.
func ExampleOption() {
	server := engagetest.NewServer(
		engagetest.WithRepeatsIgnored(),             // a message is appended once per alias id
		engagetest.WithAliasIDsReplaced(),           // transcripts do not contain the alias ids
		engagetest.WithTextTrimmed(),                // transcripts contain normalized texts
		engagetest.WithTranscriptPages(1),           // pages are shorter than asked for
		engagetest.WithConversationIDs(),            // replies name the conversation
		engagetest.WithApplyDelay(time.Millisecond), // writes are applied late
	)
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.NewConversation(channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		message.Text{Direction: message.Inbound, Text: "  Where is my order?  "},
		message.Text{Direction: message.Outbound, Text: "On its way."}))

	for m, err := range client.Transcript(context.Background(), id, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", m.(message.Text).Text)
	}
	// Output:
	// "Where is my order?"
	// "On its way."
}

// A server on a fixed address is one that other programs can be configured with.
func ExampleWithListener() {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // or a port that is known
	if err != nil {
		log.Fatal(err)
	}
	server := engagetest.NewServer(engagetest.WithListener(listener))
	defer server.Close()
	fmt.Println(strings.Contains(server.URL(), listener.Addr().String()))
	// Output: true
}

// A limit of requests shows what a program does when the service asks it to wait.
func ExampleWithRateLimit() {
	server := engagetest.NewServer(engagetest.WithRateLimit(1, time.Minute))
	defer server.Close()
	client, err := server.Client(engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever})))
	if err != nil {
		log.Fatal(err)
	}
	request := engage.SearchConversationV13{Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}}
	for range 2 {
		found, err := client.SearchConversation(context.Background(), request)
		fmt.Println(outcome.Of(found, err))
	}
	// Output:
	// noConversationFound
	// onError
}

// Callbacks reach their handler without a network.
func ExampleWithCallbackTransport() {
	handler, err := callback.New("https://flows.test/callbacks")
	if err != nil {
		log.Fatal(err)
	}
	server := engagetest.NewServer(engagetest.WithoutNetwork(),
		engagetest.WithCallbackTransport(engagetest.HandlerTransport(handler)))
	defer server.Close()
	client, err := server.Client(engage.WithCallbacks(handler))
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS})

	closed, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(closed.Outcome, "-", closed.Proof)
	// Output: onConversationClosed - confirmed
}

// A test goes on from the state that another one left.
func ExampleServer_Snapshot() {
	first := engagetest.NewServer(engagetest.WithoutNetwork())
	defer first.Close()
	id := first.Seed(engagetest.Conversation{Channel: channel.SMS, CustomerName: "Ann"})
	state, err := first.Snapshot()
	if err != nil {
		log.Fatal(err)
	}

	second := engagetest.NewServer(engagetest.WithoutNetwork())
	defer second.Close()
	if err := second.Restore(state); err != nil {
		log.Fatal(err)
	}
	conversation, ok := second.Conversation(id)
	fmt.Println(conversation.CustomerName, ok)
	// Output: Ann true
}

// A test inspects what a program has sent, and how the service answered.
func ExampleServer_Requests() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	server.Fail(outcome.CloseConversation, engagetest.Fault{Status: http.StatusServiceUnavailable})
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS})
	if _, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id}); err != nil {
		log.Fatal(err)
	}
	for _, request := range server.Requests() {
		if request.Operation != engagetest.Token {
			fmt.Println(request.Method, request.Operation, request.Status)
		}
	}
	// Output:
	// POST CloseConversation 503
	// POST CloseConversation 202
}
