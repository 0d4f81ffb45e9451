package engage_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// The client reaches a tenant through the proxy of a company.
func ExampleWithTransport() {
	proxy, err := url.Parse("http://proxy.company.example:3128")
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(proxy)
	client, err := engage.New(engage.UK, auth.Static("token"), engage.WithTransport(transport))
	fmt.Println(client, err)
	// Output: engage.Client(api-uk-site-1.imiengage.io) <nil>
}

// The client trusts the authority of a gateway in the company.
func ExampleWithTLSConfig() {
	server := engagetest.NewServer()
	defer server.Close()
	gateway := httptest.NewTLSServer(server.Handler())
	defer gateway.Close()

	authorities := x509.NewCertPool()
	authorities.AddCert(gateway.Certificate())
	client, err := engage.New(engage.Endpoint(gateway.URL+pathOf(server.URL())), auth.Static(server.IssueToken()),
		engage.WithTLSConfig(&tls.Config{RootCAs: authorities}))
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	fmt.Println(outcome.Of(found, err))
	// Output: noConversationFound
}

// pathOf returns the path of a URL.
func pathOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		log.Fatal(err)
	}
	return parsed.Path
}

// The log names each attempt. It contains no token, no address and no message.
func ExampleWithLogger() {
	server := engagetest.NewServer()
	defer server.Close()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := server.Client(engage.WithLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(out.String(), "operation=SearchConversation"))
	fmt.Println(strings.Contains(out.String(), "15550199"))
	// Output:
	// true
	// false
}

// Transcripts are read with an authorization of their own, as a node of a flow can have.
func ExampleWithAuthorization() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := engage.New(engage.Endpoint(server.URL()), auth.Static(server.IssueToken()),
		engage.WithAuthorization(outcome.FetchTranscript, auth.Static("revoked")))
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS})

	_, err = client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: id})
	fmt.Println(err)
	_, err = client.FetchTranscript(context.Background(), engage.FetchTranscriptV10{ConversationID: id})
	fmt.Println(outcome.EdgeOf(err))
	// Output:
	// <nil>
	// onAuthorizationFailure
}

// A tenant refuses to hold a conversation that is on hold, with a code of its own.
func ExampleWithAlreadyDoneCode() {
	server := engagetest.NewServer()
	defer server.Close()
	server.Fail(outcome.HoldConversation, engagetest.Fault{Status: http.StatusConflict, Code: "4711"})
	client, err := server.Client(engage.WithAlreadyDoneCode(outcome.HoldConversation, "4711"))
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS, Status: engagetest.OnHold})

	receipt, err := client.HoldConversation(context.Background(), engage.HoldConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome, receipt.AlreadyDone)
	// Output: Success true
}

// A program with little memory accepts smaller replies.
func ExampleWithReplyLimit() {
	server := engagetest.NewServer()
	defer server.Close()
	server.Fail(outcome.SearchConversation, engagetest.Fault{Body: strings.Repeat(" ", 100_000)})
	client, err := server.Client(engage.WithReplyLimit(64 << 10))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	}, engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	fmt.Println(outcome.EdgeOf(err))
	// Output: onError
}

// A header names the job of the company that made the call.
func ExampleWithHeader() {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	}, engage.WithHeader("TrackingId", "job-17"))
	if err != nil {
		log.Fatal(err)
	}
	requests := server.Requests()
	fmt.Println(requests[len(requests)-1].Header.Get("TrackingId"))
	// Output: job-17
}

// A tenant has a request that proves more than the base URL does.
func ExampleWithPingRoute() {
	server := engagetest.NewServer()
	defer server.Close()
	server.SeedTeam(engagetest.Team{Name: "sales"})
	client, err := server.Client(engage.WithPingRoute(engage.Route{Method: http.MethodGet, Path: "/teams/sales/working-hours"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Ping(context.Background()))
	// Output: <nil>
}

// A batch at night has time. It makes more attempts, and waits longer between them.
func ExampleWithRetry() {
	server := engagetest.NewServer()
	defer server.Close()
	server.Fail(outcome.SearchConversation, engagetest.Fault{Status: http.StatusServiceUnavailable, Times: 5})
	client, err := server.Client(engage.WithCallOptions(engage.WithRetry(engage.Retry{
		Attempts:       10,
		AttemptTimeout: time.Minute,
		FirstWait:      time.Millisecond, // a second in production
		LongestWait:    time.Minute,
	})))
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Outcome, "after", len(found.Attempts), "attempts")
	// Output: noConversationFound after 6 attempts
}

// The table of operations says how the SDK knows the wire.
func ExampleOperations() {
	for _, operation := range engage.Operations() {
		if operation.Class == engage.Unsafe {
			fmt.Println(operation.Name, operation.Route.Method, operation.Route.Path, "-", operation.RouteEvidence)
		}
	}
	// Output:
	// CreateConversation POST /conversations - assumed
	// AppendMessage POST /conversations/{conversation}/messages - assumed
	// TransferConversation POST /conversations/{conversation}/transfer - assumed
	// ResolveConversation POST /conversations/resolve - assumed
}
