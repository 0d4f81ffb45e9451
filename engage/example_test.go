package engage_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// start starts an Engage in memory that holds one conversation, and returns a client of
// it and the id of the conversation.
func start(status engagetest.Status) (server *engagetest.Server, client *engage.Client, conversationID string) {
	server = engagetest.NewServer()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	conversationID = server.Seed(engagetest.Conversation{
		Status: status, Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199",
	})
	return server, client, conversationID
}

func ExampleNew() {
	client, err := engage.New(engage.EU, auth.ClientCredentials{
		ClientID:     "tenant-id",
		ClientSecret: auth.NewSecret("tenant-secret"),
	}, engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: 5 * time.Second})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Routes()[outcome.AppendMessage].Path)

	_, err = engage.New("http://engage.example.com", nil)
	fmt.Println(err)
	// Output:
	// /conversations/{conversation}/messages
	// engage: the endpoint is neither https nor plain http to the loopback
	// engage: the token source is nil
}

func ExampleClient_SearchConversation() {
	server, client, _ := start(engagetest.Queued)
	defer server.Close()

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
	server, client, _ := start(engagetest.Closed)
	defer server.Close()

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
	server, client, id := start(engagetest.Active)
	defer server.Close()

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

// A lost reply neither loses nor doubles the message: the client looks it up in the
// conversation.
func ExampleClient_AppendMessage_lostReply() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})

	receipt, err := client.AppendMessage(context.Background(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS,
		Message: message.Text{Direction: message.Inbound, Text: "Hello?"},
	})
	if err != nil {
		log.Fatal(err)
	}
	conversation, _ := server.Conversation(id)
	fmt.Println(receipt.Outcome, "-", receipt.Proof, "-", len(conversation.Messages))
	// Output: onAppendMessageSuccess - reconciled - 1
}

// The error of an append says whether the message may be in the conversation.
func ExampleClient_AppendMessage_failure() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})

	_, err := client.AppendMessage(context.Background(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS,
		Message: message.Text{Direction: message.Inbound, Text: "Hello?"},
	}, engage.WithReconciliation(engage.Reconciliation{Off: true}))
	var failure *outcome.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Edge, "-", failure.Effect)
	}
	// Output: onError - maybe applied
}

func ExampleClient_UpdateConversation() {
	server, client, id := start(engagetest.Active)
	defer server.Close()

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
	server, client, id := start(engagetest.Queued)
	defer server.Close()

	receipt, err := client.AddParticipant(context.Background(), engage.AddParticipantV10{ConversationID: id, Participant: "agent-7"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: OnAddParticipantSuccess
}

func ExampleClient_RemoveParticipant() {
	server, client, id := start(engagetest.Queued)
	defer server.Close()

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
	server, client, id := start(engagetest.Active)
	defer server.Close()

	for range 2 {
		receipt, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Outcome, receipt.AlreadyDone)
	}
	// Output:
	// onConversationClosed false
	// onConversationClosed true
}

func ExampleClient_ReopenConversation() {
	server, client, id := start(engagetest.Closed)
	defer server.Close()

	receipt, err := client.ReopenConversation(context.Background(), engage.ReopenConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: ConversationReopened
}

func ExampleClient_FetchTranscript() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	for _, text := range []message.Text{
		{Direction: message.Inbound, Text: "Is my order on its way?"},
		{Direction: message.Outbound, Text: "It will be with you tomorrow."},
	} {
		_, err := client.AppendMessage(context.Background(), engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: text})
		if err != nil {
			log.Fatal(err)
		}
	}

	transcript, err := client.FetchTranscript(context.Background(), engage.FetchTranscriptV10{ConversationID: id, Limit: 100})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range transcript.Messages {
		if text, ok := m.(message.Text); ok {
			fmt.Println(text.Direction, "-", text.Text)
		}
	}
	// Output:
	// inbound - Is my order on its way?
	// outbound - It will be with you tomorrow.
}

// Validate reports all violations of a request without sending it.
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

// The vendor publishes no paths. A tenant that knows them replaces those of the client.
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

// A program can continue and wait for the outcome later.
func ExampleReceipt_Wait() {
	mux := http.NewServeMux()
	flows := httptest.NewServer(mux)
	defer flows.Close()
	callbacks, err := callback.New(flows.URL + "/engage/callbacks")
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/engage/callbacks/", callbacks)

	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client(engage.WithCallbacks(callbacks))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	receipt, err := client.CreateConversation(ctx, engage.CreateConversationV10{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	}, engage.WithWaitForOutcome(false))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Proof)
	settled, err := receipt.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(settled.Proof)
	// Output:
	// acknowledged
	// confirmed
}

// A limiter that several clients can share is any type with this method.
func ExampleWithLimiter() {
	limiter := oneAtATime(make(chan struct{}, 1))
	client, err := engage.New(engage.US, auth.Static("token"), engage.WithLimiter(limiter))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// oneAtATime lets one request start per second.
type oneAtATime chan struct{}

func (l oneAtATime) Wait(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		time.AfterFunc(time.Second, func() { <-l })
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func ExampleDeliverer() {
	server, client, id := start(engagetest.Closed)
	defer server.Close()
	deliverer := &engage.Deliverer{Client: client}

	delivery, err := deliverer.Deliver(context.Background(), engage.Inbound{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Message: message.Text{Direction: message.Inbound, Text: "It is here, but broken."},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range delivery.Steps {
		fmt.Println(step.Operation, "-", step.Edge)
	}
	fmt.Println(delivery.ConversationID == id)
	// Output:
	// SearchConversation - conversationClosed
	// ReopenConversation - ConversationReopened
	// AppendMessage - onAppendMessageSuccess
	// true
}

func ExampleClient_Ping() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials())
	if err != nil {
		log.Fatal(err)
	}
	// Before the program takes work: is there a token, and does the service answer?
	fmt.Println(client.Ping(context.Background()))
	// Output: <nil>
}

func ExampleEndpoint_TokenURL() {
	url, err := engage.EU.TokenURL()
	if err != nil {
		log.Fatal(err)
	}
	source := auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret("…"), TokenURL: url}
	fmt.Println(source.TokenURL, source.Validate())
	// Output: https://api-eu-site-1.imiengage.io/api/v1/oauth/token <nil>
}

// A middleware that signs each request for a gateway of the company.
func ExampleWithMiddleware() {
	server := engagetest.NewServer()
	defer server.Close()
	sign := func(next http.RoundTripper) http.RoundTripper {
		return transportFunc(func(r *http.Request) (*http.Response, error) {
			r.Header.Set("X-Gateway-Key", "…")
			return next.RoundTrip(r)
		})
	}
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials(), engage.WithMiddleware(sign))
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	fmt.Println(outcome.Of(found, err))
	// Output: noConversationFound
}

// transportFunc is an [http.RoundTripper] that is a function.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// printer is an observer that prints how calls and attempts end. A tracer starts a span in
// the Started methods and returns a context with it.
type printer struct{}

func (printer) CallStarted(ctx context.Context, _ engage.CallStart) context.Context { return ctx }

func (printer) CallEnded(_ context.Context, call engage.CallEnd) {
	fmt.Println(call.Operation, "ended on", call.Edge)
}

func (printer) AttemptStarted(ctx context.Context, _ engage.AttemptStart) context.Context {
	return ctx
}

func (printer) AttemptEnded(_ context.Context, attempt engage.AttemptEnd) {
	fmt.Println("attempt", attempt.Number, "got HTTP", attempt.Status)
}

func ExampleWithObserver() {
	server := engagetest.NewServer()
	defer server.Close()
	server.Fail(outcome.SearchConversation, engagetest.Fault{Status: http.StatusServiceUnavailable})
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials(), engage.WithObserver(printer{}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// attempt 1 got HTTP 503
	// attempt 2 got HTTP 200
	// SearchConversation ended on noConversationFound
}

// An empty value is sent, and a field that is not listed stays as it is.
func ExampleCustomField_clear() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	for _, fields := range [][]engage.CustomField{
		{{Scope: engage.ProfileScope, Key: "tier", Value: "gold"}, {Scope: engage.ProfileScope, Key: "order", Value: "17"}},
		{{Scope: engage.ProfileScope, Key: "tier", Value: ""}},
	} {
		_, err := client.UpdateConversation(context.Background(), engage.UpdateConversationV10{ConversationID: id, CustomFields: fields})
		if err != nil {
			log.Fatal(err)
		}
	}
	conversation, _ := server.Conversation(id)
	for _, field := range conversation.CustomFields {
		fmt.Printf("%s %q\n", field.Key, field.Value)
	}
	// Output:
	// tier ""
	// order "17"
}
