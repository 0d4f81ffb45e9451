package mocked_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/engagetest/mocked"
	"github.com/engagesdk/engage-go/outcome"
)

// open is the code under test. It opens a conversation if there is none.
func open(ctx context.Context, client *engage.Client) error {
	address := channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	found, err := client.SearchConversation(ctx, engage.SearchConversationV13{Address: address})
	if err != nil || found.Outcome != outcome.NoConversationFound {
		return err
	}
	_, err = client.CreateConversation(ctx, engage.CreateConversationV13{Address: address})
	return err
}

// A test says what the service replies to each operation. This example has no output,
// because it needs the t of a test.
func ExampleRegister() {
	var t *testing.T // the argument of the test
	mock := httpmock.NewMockTransport()
	mocked.Register(t, mock, outcome.SearchConversation, mocked.NoConversation())
	mocked.Register(t, mock, outcome.CreateConversation,
		mocked.Failure(http.StatusTooManyRequests, "", "too many requests").Then(mocked.Acknowledged("T-1")))
	client, err := engage.New(engage.US, auth.Static("token"), engage.WithTransport(mock))
	if err != nil {
		t.Fatal(err)
	}
	if err := open(t.Context(), client); err != nil {
		t.Error(err)
	}
}

// A test with httpmock inspects the state of a whole service. This example has no output,
// because it needs the t of a test.
func ExampleRegisterServer() {
	var t *testing.T // the argument of the test
	server := engagetest.New(t, engagetest.WithoutNetwork())
	httpmock.Activate(t)
	mocked.RegisterServer(t, httpmock.DefaultTransport, server)
	client, err := engage.New(engage.US, server.Credentials(), engage.WithTransport(http.DefaultTransport))
	if err != nil {
		t.Fatal(err)
	}
	if err := open(t.Context(), client); err != nil {
		t.Error(err)
	}
	if len(server.Conversations()) != 1 {
		t.Error("there should be one conversation")
	}
}

// A client has a route of its own. Its replies need no test.
func ExamplePattern() {
	mock := httpmock.NewMockTransport()
	client, err := engage.New(engage.US, auth.Static("token"), engage.WithTransport(mock),
		engage.WithRoute(outcome.CloseConversation, engage.Route{Method: http.MethodPut, Path: "/chats/{conversation}/closed"}))
	if err != nil {
		log.Fatal(err)
	}
	route := client.Routes()[outcome.CloseConversation]
	mock.RegisterRegexpResponder(route.Method, mocked.Pattern(route), mocked.Acknowledged("T-1"))

	closed, err := client.CloseConversation(context.Background(), engage.CloseConversationV10{ConversationID: "C1"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(closed.Outcome, closed.TransactionID)
	// Output: onConversationClosed T-1
}
