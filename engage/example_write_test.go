package engage_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// The error branches of a write, in the order in which to ask for them.
func ExampleClient_AppendMessage_errors() {
	server, client, id := start(engagetest.Closed)
	defer server.Close()

	_, err := client.AppendMessage(context.Background(), engage.AppendMessageV14{
		ConversationID: id, Channel: channel.SMS,
		Messages: []message.Message{message.Text{Direction: message.Inbound, Text: "Hello?"}},
	})
	switch {
	case err == nil:
		fmt.Println("appended")
	case outcome.EffectOf(err) == outcome.MaybeApplied:
		fmt.Println("find out whether the message arrived")
	case errors.Is(err, outcome.ErrOnAuthorizationFailure):
		fmt.Println("get new credentials")
	case outcome.EdgeOf(err) == outcome.OnAppendMessageFailure:
		fmt.Println("re-open the conversation first")
	}
	// Output: re-open the conversation first
}

// A handler gets an event again after the program was killed. The client looks the message
// up before it sends it.
func ExampleClient_AppendMessage_lookFirst() {
	server, client, id := start(engagetest.Active)
	defer server.Close()

	for range 2 {
		receipt, err := client.AppendMessage(context.Background(), engage.AppendMessageV14{
			ConversationID: id, Channel: channel.SMS,
			Messages: []message.Message{message.Text{
				Direction: message.Inbound, Text: "Hello?", Envelope: message.Envelope{AliasID: "event-42"},
			}},
		}, engage.WithReconciliation(engage.Reconciliation{LookFirst: true}))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Proof)
	}
	conversation, _ := server.Conversation(id)
	fmt.Println(len(conversation.Messages), "message")
	// Output:
	// acknowledged
	// reconciled
	// 1 message
}

// A tenant is known to drop requests that it has not applied within a second. After that
// time, an append that the client does not find is sent once more.
func ExampleWithReconciliation_settleTime() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	server.Fail(outcome.AppendMessage, engagetest.Fault{Connection: engagetest.ConnectionClosed}) // not applied

	receipt, err := client.AppendMessage(context.Background(), engage.AppendMessageV14{
		ConversationID: id, Channel: channel.SMS,
		Messages: []message.Message{message.Text{Direction: message.Inbound, Text: "Hello?"}},
	}, engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Millisecond})) // a second in production
	if err != nil {
		log.Fatal(err)
	}
	conversation, _ := server.Conversation(id)
	fmt.Println(receipt.Proof, "after", len(receipt.Attempts), "attempts:", len(conversation.Messages), "message")
	// Output: acknowledged after 2 attempts: 1 message
}

// The edges of a search lead to the next step, as they do in a flow.
func ExampleClient_SearchConversation_transitions() {
	server, client, id := start(engagetest.Closed)
	defer server.Close()
	ctx := context.Background()
	steps := outcome.Transitions[func() error]{
		outcome.ConversationClosed: func() error {
			receipt, err := client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: id})
			fmt.Println("re-open:", outcome.Of(receipt, err))
			return err
		},
		outcome.OnInvalidChoice: func() error { return errors.New("there is no step for this edge") },
	}

	found, err := client.SearchConversation(ctx, engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	step, err := steps.Next(outcome.Of(found, err))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(step())
	// Output:
	// re-open: ConversationReopened
	// <nil>
}

// An alias id is cleared by null or by an empty text. Which of them a tenant understands is
// not documented, and the server of engagetest refuses both.
func ExampleClient_UpdateConversation_clear() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	server.Fail(outcome.UpdateConversation, engagetest.Fault{Status: http.StatusOK, Times: 2})

	for _, clearing := range []engage.Clearing{engage.ClearWithNull, engage.ClearWithEmpty} {
		_, err := client.UpdateConversation(context.Background(), engage.UpdateConversationV10{
			ConversationID: id,
			ClearAliasID:   clearing,
		})
		if err != nil {
			log.Fatal(err)
		}
		requests := server.Requests()
		fmt.Println(string(requests[len(requests)-1].Body))
	}
	// Output:
	// {"aliasId":null}
	// {"aliasId":""}
}

// A message that may have been delivered already is delivered again after the program was
// killed. Its alias id makes sure that it is there once.
func ExampleDeliverer_again() {
	server, client, id := start(engagetest.Queued)
	defer server.Close()
	deliverer := &engage.Deliverer{Client: client}

	in := engage.Inbound{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Message: message.Text{Direction: message.Inbound, Text: "Hello?", Envelope: message.Envelope{AliasID: "event-42"}},
	}
	for _, again := range []bool{false, true} {
		in.Again = again
		delivery, err := deliverer.Deliver(context.Background(), in)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(outcome.Of(delivery, err))
	}
	conversation, _ := server.Conversation(id)
	fmt.Println(len(conversation.Messages), "message")
	// Output:
	// onAppendMessageSuccess
	// onAppendMessageSuccess
	// 1 message
}

// What a customer writes goes from the stream into the conversation of the customer, once.
func ExampleDeliverer_stream() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	deliverer := &engage.Deliverer{Client: client}
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error {
		defer stop()
		content, err := e.Content()
		if err != nil {
			return stream.Permanent(err)
		}
		// A handler can run again, so the message may have been delivered before.
		_, err = deliverer.Deliver(ctx, engage.Inbound{Address: e.Address(), Message: content, Again: true})
		return stream.FromOutcome(err)
	})
	sms, err := stream.NewEntry([]byte(`{"channel":"SMS","oa":"+15550199","da":"+15550100","tid":"1","message":"Hello!"}`))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := inbox.Put(ctx, sms); err != nil { // what a receiver does
		log.Fatal(err)
	}
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	for _, conversation := range server.Conversations() {
		fmt.Println(conversation.CustomerAddress, conversation.Messages[0].Text)
	}
	// Output: +15550199 Hello!
}

// oneAtOnce is a locker for one program, with one turn for all keys. That of several
// programs is shared, such as the one of package pglock.
type oneAtOnce chan struct{}

func (l oneAtOnce) Lock(ctx context.Context, _ string) (context.Context, func(), error) {
	select {
	case l <- struct{}{}:
		return ctx, func() { <-l }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// The programs of a company take turns by a locker.
func ExampleLocker() {
	server, client, _ := start(engagetest.Queued)
	defer server.Close()
	deliverer := &engage.Deliverer{Client: client, Locker: make(oneAtOnce, 1)}

	delivery, err := deliverer.Deliver(context.Background(), engage.Inbound{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Message: message.Text{Direction: message.Inbound, Text: "Hello?"},
	})
	fmt.Println(outcome.Of(delivery, err))
	// Output: onAppendMessageSuccess
}

// The service resolves what becomes of a message, and reports it to a callback.
func ExampleResolveConversationReceipt_Wait() {
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
	receipt, err := client.ResolveConversation(ctx, engage.ResolveConversationV12{
		TransID: "transaction-17", FlowID: "flow-1", MediaType: engage.SocialMedia, MediaChannel: engage.MediaSMS,
		Details: engage.SMSDetails{
			Address:       channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
			CommonDetails: engage.CommonDetails{Text: "Hello?", PCI: &engage.PCICheck{Compliant: true, Done: true}},
		},
	}, engage.WithWaitForOutcome(false))
	if err != nil {
		log.Fatal(err)
	}
	settled, err := receipt.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(settled.Outcome, settled.Proof)
	// Output: created confirmed
}

// Without callbacks, a receipt proves that the service has accepted the write.
func ExampleReceipt() {
	server, client, id := start(engagetest.Active)
	defer server.Close()

	receipt, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Proof, receipt.TransactionID != "")
	_, err = receipt.Wait(context.Background())
	fmt.Println(err)
	// Output:
	// acknowledged true
	// engage: no outcome will arrive: the client has no callbacks
}

// A reply says how many more requests the service accepts.
func ExampleReply_RateLimit() {
	server, client, _ := start(engagetest.Active)
	defer server.Close()
	server.Fail(outcome.SearchConversation, engagetest.Fault{
		Header: http.Header{"Rate-Limit-Limit": {"10000"}, "Rate-Limit-Remaining": {"9"}},
	})
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	limit, ok := found.RateLimit()
	fmt.Println(limit.Remaining, "of", limit.Limit, ok)
	// Output: 9 of 10000 true
}
