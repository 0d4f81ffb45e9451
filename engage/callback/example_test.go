package callback_test

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
)

// A client with callbacks returns from a write with its outcome.
func Example() {
	mux := http.NewServeMux()
	flows := httptest.NewServer(mux) // in production, behind TLS
	defer flows.Close()
	handler, err := callback.New(flows.URL + "/engage/callbacks")
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/engage/callbacks/", handler)

	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client(engage.WithCallbacks(handler))
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199"})

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	closed, err := client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(closed.Outcome, "-", closed.Proof)

	_, err = client.AppendMessage(ctx, engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS,
		Message: message.Text{Direction: message.Inbound, Text: "One more thing"},
	})
	var failure *outcome.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Edge, "-", failure.Effect)
	}
	// Output:
	// onConversationClosed - confirmed
	// onAppendMessageFailure - refused
}
