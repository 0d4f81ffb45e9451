package stream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/stream"
)

func ExampleDecode() {
	event, err := stream.Decode([]byte(`{
		"channel": "SMS", "oa": "15550199", "da": "15550100", "message": "Where is my order?",
		"tid": "0044_7", "ts": "2026-11-02T10:30:00.250+01:00"
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	switch e := event.(type) {
	case stream.MessageEvent:
		content, err := e.Content()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Time, e.Address(), content.(message.Text).Text)
	case stream.UnknownEvent:
		fmt.Println("new to this program:", e.Name)
	}
	// Output: 2026-11-02 09:30:00.25 +0000 UTC {15550100 15550199} Where is my order?
}

// A receiver, an inbox and a worker are a whole program. A sender plays the vendor.
func Example() {
	secret := stream.NewSecret("the hub secret").Named("2026-10")
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, secret))
	if err != nil {
		fmt.Println(err)
		return
	}
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		fmt.Println(err)
		return
	}
	worker.OnTyping(func(_ context.Context, e stream.TypingEvent) error {
		fmt.Println(e.Customer, "is typing:", e.Started)
		return nil
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	go func() {
		defer stop()
		sender, err := stream.NewSender("http://"+listener.Addr().String(), stream.WithSigning(stream.SHA256, secret))
		if err != nil {
			fmt.Println(err)
			return
		}
		for range 2 { // the second one is a duplicate
			_, err = sender.Send(ctx, []byte(`{
				"channel": "AppleBusinessChat", "event": "TYPINGINDICATOR", "type": "typing_start",
				"abcUserId": "urn:mbid:AQAAY", "abcAccountId": "5f1c", "tid": "1"
			}`))
			if err != nil {
				fmt.Println(err)
				return
			}
		}
	}()

	server := &http.Server{Handler: receiver, ReadHeaderTimeout: 5 * time.Second}
	if err := stream.Serve(ctx, server, listener, worker); err != nil {
		fmt.Println(err)
		return
	}
	counts := receiver.Counts()
	fmt.Println(counts.Accepted, "accepted,", counts.Duplicates, "duplicate, signed with", counts.Secrets)
	// Output:
	// urn:mbid:AQAAY is typing: true
	// 1 accepted, 1 duplicate, signed with map[2026-10:2]
}

func ExampleToConversation() {
	server := engagetest.NewServer() // a tenant in memory
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		fmt.Println(err)
		return
	}
	deliverer := &engage.Deliverer{Client: client}
	worker.OnMessage(stream.ToConversation(deliverer.Deliver))

	entry, err := stream.NewEntry([]byte(`{"channel": "SMS", "oa": "15550199", "da": "500", "tid": "1", "message": "hello"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := inbox.Put(context.Background(), entry); err != nil { // as a Receiver does
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- worker.Run(ctx) }()
	err = inbox.Drain(ctx) // until the event is handled
	stop()
	fmt.Println(err, <-ended)
	for _, conversation := range server.Conversations() {
		fmt.Println(conversation.Channel, len(conversation.Messages))
	}
	// Output:
	// <nil> <nil>
	// sms 1
}

func ExampleHeader_AddressFor() {
	event, err := stream.Decode([]byte(`{"channel": "WhatsApp", "event": "MO", "waid": "15550199", "appId": "a_1", "tid": "1_0"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers := map[string]string{"a_1": "15550100"} // which number belongs to which app
	h := event.Head()
	fmt.Println(h.Address(), h.AddressFor(numbers[h.Business]))
	// Output: <nil> {15550100 15550199}
}

func ExampleSign() {
	secret := stream.NewSecret("Jefe").Named("test")
	fmt.Println(stream.Sign(stream.SHA256, secret, []byte("what do ya want for nothing?")))
	// Output: sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
}

func ExampleConfiguration_Validate() {
	configuration := stream.Configuration{
		Channels: []channel.Channel{channel.Apple, channel.WhatsApp},
		Events:   []stream.EventFamily{stream.AuditLogs},
	}
	advice, err := configuration.Validate()
	fmt.Println(advice)
	fmt.Println(err)
	// Output:
	// Events[0] is not offered by Webex Engage Streaming, only by other data streams; Channels[1] is not Apple, and Engage consumes Apple's typing indicators only
	// engage: onInvalidData, not sent: Events lacks the incoming events, which must not be turned off
}
