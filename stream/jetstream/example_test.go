package jetstream_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// openExample opens an inbox in a folder of its own.
func openExample(ctx context.Context) (inbox *embedded.Inbox, remove func(), err error) {
	folder, err := os.MkdirTemp("", "inbox")
	if err != nil {
		return nil, nil, err
	}
	inbox, err = embedded.Open(ctx, embedded.Config{Folder: folder}, jetstream.Config{})
	return inbox, func() { _ = os.RemoveAll(folder) }, err
}

// A message is stored and handled, and its copy is dropped. The copy would also be
// dropped after a restart of the program.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	inbox, remove, err := openExample(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	defer inbox.Close()

	// What a receiver does:
	sms, err := stream.NewEntry([]byte(`{"channel":"sms","event":"MO","tid":"t-1","oa":"+15550100","da":"777","message":"Where is my parcel?"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		duplicate, err := inbox.Put(ctx, sms)
		fmt.Println("duplicate:", duplicate, err)
	}

	worker, err := stream.NewWorker(inbox)
	if err != nil {
		fmt.Println(err)
		return
	}
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println(e.Text)
		cancel()
		return nil
	})
	fmt.Println(worker.Run(ctx))
	// Output:
	// duplicate: false <nil>
	// duplicate: true <nil>
	// Where is my parcel?
	// <nil>
}

// Three servers each store every entry. In this example they run in the program;
// in production URL lists the servers, and Options hold the credentials.
func ExampleOpen() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "cluster")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	servers, err := embedded.StartCluster(ctx, folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer servers.Close()

	inbox, err := jetstream.Open(ctx, jetstream.Config{
		URL:      servers.URL(),
		Options:  []nats.Option{nats.Name("receiver 1")},
		Replicas: 3,
		Lines:    4,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer inbox.Close()
	duplicate, err := inbox.Put(ctx, stream.Entry{ID: "t-1", Conversation: "sms 777 +15550100", Data: []byte(`{}`)})
	fmt.Println(duplicate, err)
	// Output: false <nil>
}

// A dead letter is listed, and handled again after its cause was fixed.
func ExampleInbox_Requeue() {
	ctx := context.Background()
	inbox, remove, err := openExample(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	defer inbox.Close()

	if _, err := inbox.Put(ctx, stream.Entry{ID: "t-1", Conversation: "sms 777 +15550100", Data: []byte(`{}`)}); err != nil {
		fmt.Println(err)
		return
	}
	delivery, err := inbox.Take(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(delivery.Term(ctx, "the order is not known"))

	for letter, err := range inbox.DeadLetters(ctx) {
		fmt.Println(letter.ID, letter.Reason, err)
		fmt.Println(inbox.Requeue(ctx, letter.ID))
	}
	delivery, err = inbox.Take(ctx)
	fmt.Println(delivery.ID, err, delivery.Ack(ctx))
	// Output:
	// <nil>
	// t-1 the order is not known <nil>
	// <nil>
	// t-1 <nil> <nil>
}

// A worker moves to a new inbox, which has another number of lines. It handles what
// is left in the old inbox first. All receivers put into the new inbox already.
func ExampleInbox_Backlog_handleOldInbox() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	folder, err := os.MkdirTemp("", "inbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	server, err := embedded.Start(ctx, embedded.Config{Folder: folder})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	before, err := jetstream.Open(ctx, jetstream.Config{Options: server.Options()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer before.Close()
	after, err := jetstream.Open(ctx, jetstream.Config{Options: server.Options(), Name: "engage-inbox-64", Lines: 64})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer after.Close()
	for n, inbox := range []*jetstream.Inbox{before, before, after} {
		sms, err := stream.NewEntry(fmt.Appendf(nil, `{"channel":"sms","event":"MO","tid":"t-%d","oa":"+15550100","da":"777","message":"Message %[1]d"}`, n))
		if err == nil {
			_, err = inbox.Put(ctx, sms)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}

	handler := func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println(e.Text)
		if e.Text == "Message 2" {
			stop()
		}
		return nil
	}
	fmt.Println(handleOldInbox(ctx, before, handler))
	worker, err := stream.NewWorker(after)
	if err != nil {
		fmt.Println(err)
		return
	}
	worker.OnMessage(handler)
	fmt.Println(worker.Run(ctx))
	// Output:
	// Message 0
	// Message 1
	// <nil>
	// Message 2
	// <nil>
}

// handleOldInbox handles the entries of an inbox until it is empty or ctx ends.
func handleOldInbox(ctx context.Context, inbox *jetstream.Inbox, handler func(context.Context, stream.MessageEvent) error) error {
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		return err
	}
	worker.OnMessage(handler)
	working, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for working.Err() == nil {
			if backlog, err := inbox.Backlog(working); err == nil && backlog.Entries == 0 {
				stop()
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-working.Done():
			}
		}
	}()
	return worker.Run(working)
}
