package stream_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/stream"
)

// hello is the event of a message by SMS.
const hello = `{"channel":"SMS","oa":"+15550199","da":"+15550100","tid":"1","message":"Hello!"}`

// posted returns a request with a payload, as the vendor sends it.
func posted(payload string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(payload))
}

// statusOf returns the status with which a handler answers a request.
func statusOf(handler http.Handler, request *http.Request) int {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer.Code
}

// A secret is rotated without losing an event: the receiver accepts the old one, in the old
// algorithm, until its count no longer grows.
func ExampleWithSignature() {
	before := stream.NewSecret("the secret of October").Named("2026-10")
	after := stream.NewSecret("the secret of November").Named("2026-11")
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		stream.WithSignature(stream.SHA256, before, after),
		stream.WithSignature(stream.SHA512, after))
	if err != nil {
		log.Fatal(err)
	}

	for _, signature := range []string{
		stream.Sign(stream.SHA256, before, []byte(hello)),
		stream.Sign(stream.SHA512, after, []byte(hello)),
		stream.Sign(stream.SHA256, stream.NewSecret("a guess"), []byte(hello)),
	} {
		request := posted(hello)
		request.Header.Set(stream.SignatureHeader, signature)
		fmt.Println(statusOf(receiver, request))
	}
	fmt.Println(receiver.Counts().Secrets, receiver.Counts().Algorithms)
	// Output:
	// 200
	// 200
	// 400
	// map[2026-10:1 2026-11:1] map[sha256:1 sha512:1]
}

// Some payloads seem to be signed without their white space. A receiver accepts both.
func ExampleWithVerifier() {
	secret := stream.NewSecret("the hub secret").Named("2026-11")
	verifier, err := stream.NewVerifier(stream.SHA256, secret)
	if err != nil {
		log.Fatal(err)
	}
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}), stream.WithVerifier(verifier.Compacted()))
	if err != nil {
		log.Fatal(err)
	}

	request := posted(strings.ReplaceAll(hello, ",", ", "))
	request.Header.Set(stream.SignatureHeader, stream.Sign(stream.SHA256, secret, []byte(hello)))
	fmt.Println(statusOf(receiver, request))
	// Output: 200
}

// A program verifies a signature outside of a receiver.
func ExampleVerifier_Verify() {
	secret := stream.NewSecret("the hub secret").Named("2026-11")
	verifier, err := stream.NewVerifier(stream.SHA256, secret)
	if err != nil {
		log.Fatal(err)
	}
	payload := []byte(hello)
	fmt.Println(verifier.Verify([]string{stream.Sign(stream.SHA256, secret, payload)}, payload))
	_, err = verifier.Verify([]string{"sha256=00"}, payload)
	fmt.Println(err)
	// Output:
	// 2026-11 <nil>
	// stream: the signature is missing or wrong
}

// The vendor's console can add basic authorization to each request, with a password that
// can be rotated.
func ExampleWithBasic() {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		stream.WithBasic("engage", stream.NewSecret("old"), stream.NewSecret("new")))
	if err != nil {
		log.Fatal(err)
	}
	request := posted(hello)
	request.SetBasicAuth("engage", "new")
	fmt.Println(statusOf(receiver, request), statusOf(receiver, posted(hello)))
	// Output: 200 400
}

// A request needs the credentials of all options.
func ExampleWithAPIKey() {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		stream.WithAPIKey("X-Api-Key", stream.NewSecret("abc")),
		stream.WithBearer(stream.NewSecret("token")))
	if err != nil {
		log.Fatal(err)
	}
	request := posted(hello)
	request.Header.Set("X-Api-Key", "abc")
	fmt.Println(statusOf(receiver, request))
	request = posted(hello)
	request.Header.Set("X-Api-Key", "abc")
	request.Header.Set("Authorization", "Bearer token")
	fmt.Println(statusOf(receiver, request))
	// Output:
	// 400
	// 200
}

// A receiver behind mutual TLS, on a small machine.
func ExampleWithoutVerification() {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{Entries: 1}),
		stream.WithoutVerification(),
		stream.WithAnyContentType(),
		stream.WithBodyLimit(256<<10),
		stream.WithConcurrency(16),
		stream.WithTimeout(2*time.Second),
		stream.WithRetryAfter(30*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		answer := httptest.NewRecorder()
		receiver.ServeHTTP(answer, posted(strings.Replace(hello, `"tid":"1"`, `"tid":"`+id+`"`, 1)))
		fmt.Printf("%d %q\n", answer.Code, answer.Header().Get("Retry-After"))
	}
	fmt.Println(receiver.Counts().Refused)
	// Output:
	// 200 ""
	// 503 "30"
	// map[full:1]
}

// Events that the stream should not send are dropped.
func ExampleWithFilter() {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		stream.WithoutVerification(),
		stream.WithFilter(stream.Configuration{Channels: []channel.Channel{channel.Apple}}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(statusOf(receiver, posted(hello)), receiver.Counts().Filtered)
	// Output: 200 1
}

// A wrong secret shows in the log, and not only at the sender.
func ExampleWithReceiverLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key != slog.LevelKey && a.Key != "reason" {
				return slog.Attr{}
			}
			return a
		},
	}))
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		stream.WithSignature(stream.SHA256, stream.NewSecret("the wrong secret")),
		stream.WithReceiverLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	statusOf(receiver, posted(hello))
	// Output: level=WARN reason=signature
}

// metrics counts results. That of a program sets the counters of its metrics system.
type metrics struct{}

func (metrics) Received(_ context.Context, result stream.Result) { fmt.Println("received:", result) }

func (metrics) Handled(_ context.Context, result stream.Result, _ time.Duration) {
	fmt.Println("handled:", result)
}

func (metrics) TraceParent(request *http.Request) string { return request.Header.Get("traceparent") }

func (metrics) HandlerStarted(ctx context.Context, _ stream.HandlerStart) context.Context { return ctx }

func (metrics) HandlerEnded(_ context.Context, handler stream.HandlerEnd) {
	fmt.Println("handler of a", handler.Kind, "ended")
}

func (metrics) Waiting(_ context.Context, backlog stream.Backlog) {
	fmt.Println("waiting:", backlog.Entries, "for", backlog.Age())
}

// An observer gets what the receiver and the worker do.
func ExampleObserver() {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithoutVerification(), stream.WithReceiverObserver(metrics{}))
	if err != nil {
		log.Fatal(err)
	}
	worker, err := stream.NewWorker(inbox, stream.WithWorkerObserver(metrics{}))
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worker.OnMessage(func(context.Context, stream.MessageEvent) error {
		stop()
		return nil
	})
	statusOf(receiver, posted(hello))
	statusOf(receiver, posted(hello))
	if err := worker.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// received: accepted
	// received: duplicate
	// handler of a message ended
	// handled: handled
}

// The copy of a configuration says which events to expect.
func ExampleConfiguration_Allows() {
	event, err := stream.Decode([]byte(hello))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stream.Configuration{}.Allows(event))
	fmt.Println(stream.Configuration{Assets: stream.ChosenAssets, AssetIDs: []string{"+15550111"}}.Allows(event))
	// Output:
	// true
	// false
}
