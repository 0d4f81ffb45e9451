package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// receive puts payloads into an inbox, as a receiver does.
func receive(inbox stream.Inbox, payloads ...string) {
	for _, payload := range payloads {
		entry, err := stream.NewEntry([]byte(payload))
		if err == nil {
			_, err = inbox.Put(context.Background(), entry)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// appendTo stands for a call of package engage, which the service refuses.
func appendTo(_ context.Context, _ channel.Address, _ message.Message) error {
	return &outcome.Error{Operation: outcome.AppendMessage, Edge: outcome.OnAppendMessageFailure, Effect: outcome.Refused}
}

// The error of a call says whether another attempt can help. If not, the event becomes a
// dead letter at once.
func ExampleFromOutcome() {
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
		return stream.FromOutcome(appendTo(ctx, e.Address(), content))
	})
	receive(inbox, hello)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	for _, letter := range inbox.DeadLetters() {
		fmt.Println(letter.Attempts, "attempt:", letter.Reason)
	}
	// Output: 1 attempt: engage: AppendMessage: onAppendMessageFailure, refused
}

// A handler has a few attempts. After them the event becomes a dead letter, which is
// reported, and can be handled again when the cause is gone.
func ExampleWithDeadLetters() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	broken := true
	ctx, stop := context.WithCancel(context.Background())
	worker, err := stream.NewWorker(inbox,
		stream.WithHandlers(4),
		stream.WithMaxAttempts(3),
		stream.WithBackoff(stream.Backoff(time.Millisecond, 10*time.Millisecond)), // seconds in production
		stream.WithDeadLetters(func(_ context.Context, letter stream.DeadLetter) error {
			fmt.Println("dead letter:", letter.Reason)
			stop()
			return nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		if broken {
			return errors.New("the desk is closed")
		}
		fmt.Println("handled:", e.Text)
		stop()
		return nil
	})
	receive(inbox, hello)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}

	broken = false
	for _, letter := range inbox.DeadLetters() {
		if err := inbox.Requeue(context.Background(), letter.ID); err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop = context.WithCancel(context.Background())
	defer stop()
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// dead letter: the desk is closed
	// handled: Hello!
}

// The error of a handler can say that another attempt does not help.
func ExamplePermanent() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	worker, err := stream.NewWorker(inbox, stream.WithWorkerLogger(logger.With("worker", 1)))
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnMessage(func(context.Context, stream.MessageEvent) error {
		stop()
		return stream.Permanent(errors.New("the customer is blocked"))
	})
	receive(inbox, hello)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	for _, letter := range inbox.DeadLetters() {
		fmt.Println(letter.Attempts, "attempt:", letter.Reason)
	}
	// Output: 1 attempt: the customer is blocked
}

// A program ends by a signal. Serve stops the server, and then handles what was accepted.
func ExampleServe() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		log.Fatal(err)
	}
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println("handled:", e.Text)
		return nil
	})
	receiver, err := stream.NewReceiver(inbox, stream.WithoutVerification())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	// In a program: signal.NotifyContext(context.Background(), os.Interrupt)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	receive(inbox, hello) // accepted just before

	server := &http.Server{Handler: receiver, ReadHeaderTimeout: 5 * time.Second}
	fmt.Println(stream.Serve(ctx, server, listener, worker))
	// Output:
	// handled: Hello!
	// <nil>
}

// Before a program ends, everything that was accepted is handled. Serve does this by
// itself.
func ExampleMemoryInbox_Drain() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox, stream.WithDrain(10*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println("handled:", e.Text)
		return nil
	})
	receive(inbox, hello)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- worker.Run(ctx) }()

	fmt.Println(inbox.Drain(context.Background()))
	_, err = inbox.Put(context.Background(), stream.Entry{ID: "2", Conversation: "a"})
	fmt.Println(err)
	stop()
	fmt.Println(<-ended)
	// Output:
	// handled: Hello!
	// <nil>
	// stream: the inbox is closed
	// <nil>
}

// A readiness probe stops the traffic to a program whose backlog grows.
func ExampleWorker_Ready() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /ready", worker.Ready(1000))
	probe := func() int { return statusOf(mux, httptest.NewRequest(http.MethodGet, "/ready", nil)) }

	fmt.Println("before:", probe())
	ctx, stop := context.WithCancel(context.Background())
	worker.OnMessage(func(context.Context, stream.MessageEvent) error {
		fmt.Println("while it runs:", probe())
		stop()
		return nil
	})
	receive(inbox, hello)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// before: 503
	// while it runs: 200
}

// Payloads spell a number in two ways. The handler gets one of them, and Engage has one
// conversation with the customer.
func ExampleWithoutPlus() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox, stream.WithoutPlus())
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println(e.Address())
		stop()
		return nil
	})
	receive(inbox, hello)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: {15550100 15550199}
}

// The customer ends a live chat by a button of the widget.
func ExampleWithCloseChat() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox, stream.WithCloseChat())
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnClosed(func(_ context.Context, e stream.ClosedEvent) error {
		fmt.Println("closed:", e.ThreadID)
		stop()
		return nil
	})
	receive(inbox, `{"channel":"Rtm","event":"MO","appId":"LC1","userId":"u1","thread_id":"T1","tid":"1","message":"$$$$CLOSECHAT$$$$"}`)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: closed: T1
}

// Events whose type has no handler of its own have one together.
func ExampleWorker_OnOther() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnOther(func(_ context.Context, event stream.Event) error {
		fmt.Println(event.Head().Kind, event.Head().Member("mood"))
		stop()
		return nil
	})
	receive(inbox, `{"channel":"telepathy","event":"THOUGHT","tid":"1","mood":"good"}`)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: unknown good
}

// The content of an event is a message for package engage. Its alias id is the same for
// all copies of the event.
func ExampleMessageEvent_Content() {
	event, err := stream.Decode([]byte(hello))
	if err != nil {
		log.Fatal(err)
	}
	content, err := event.(stream.MessageEvent).Content()
	if err != nil {
		log.Fatal(err)
	}
	text := content.(message.Text)
	fmt.Println(text.Direction, text.AliasID, text.Text)
	// Output: inbound 1 Hello!
}

// A sender posts events as the vendor does, here to a receiver that is busy at first.
func ExampleSender_Send() {
	answers := []int{http.StatusServiceUnavailable, http.StatusOK}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("X-Api-Key"), r.Header.Get(stream.SignatureHeader) != "")
		w.WriteHeader(answers[0])
		answers = answers[1:]
	}))
	defer receiver.Close()
	sender, err := stream.NewSender(receiver.URL,
		stream.WithSigning(stream.SHA256, stream.NewSecret("the hub secret")),
		stream.WithAuthorization(func(r *http.Request) { r.Header.Set("X-Api-Key", "abc") }),
		stream.WithSchedule(time.Millisecond, time.Second), // the default is FixedSchedule
		stream.WithAttemptTimeout(5*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	attempts, err := sender.Send(context.Background(), []byte(hello))
	for _, attempt := range attempts {
		fmt.Println(attempt.Status)
	}
	fmt.Println(err)
	// Output:
	// abc true
	// abc true
	// 503
	// 200
	// <nil>
}

// inMemory is a transport that passes requests to a handler without a network.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	m.handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// Before a URL is saved, the vendor sends a request that must be answered. A test needs no
// network for it.
func ExampleSender_Probe() {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}), stream.WithoutVerification())
	if err != nil {
		log.Fatal(err)
	}
	sender, err := stream.NewSender("https://receiver.test/events", stream.WithTransport(inMemory{receiver}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sender.Probe(context.Background()), receiver.Counts().Probes)
	// Output: <nil> 1
}

// A source without a memory of its own recognizes duplicates.
func ExampleSeen() {
	seen := stream.NewSeen(100_000)
	for _, id := range []string{"a", "b", "a"} {
		if !seen.Claim(id) {
			fmt.Println(id, "is a duplicate")
			continue
		}
		if id == "b" {
			seen.Release(id) // its handler failed
			continue
		}
		seen.Commit(id)
	}
	fmt.Println(seen.Claim("b"))
	// Output:
	// a is a duplicate
	// true
}

// An entry holds what a program needs to handle an event later.
func ExampleNewEntry() {
	entry, err := stream.NewEntry([]byte(hello))
	if err != nil {
		log.Fatal(err)
	}
	event, err := entry.Event()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Head().Kind, event.Head().Channel, len(entry.ID))
	// Output: message sms 32
}

// An event of WhatsApp names the app that it belongs to. Engage knows the conversation by the
// number of the business.
func ExampleWithBusinesses() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox, stream.WithBusinesses(map[string]string{"a_shop": "15550100"}))
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println(e.Address())
		stop()
		return nil
	})
	receive(inbox, `{"channel": "WhatsApp", "event": "MO", "waid": "15550199", "appId": "a_shop", "tid": "1", "message": "hello"}`)
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: {15550100 15550199}
}
