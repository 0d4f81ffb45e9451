// Command client searches for a conversation with the SDK, and appends to it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

func main() {
	client, err := engage.New(engage.Endpoint(os.Getenv("ENGAGE_BASE_URL")), auth.ClientCredentials{
		ClientID:     os.Getenv("ENGAGE_CLIENT_ID"),
		ClientSecret: auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET")),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	found, err := client.SearchConversation(ctx, engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := client.AppendMessage(ctx, engage.AppendMessageV13{
		ConversationID: found.ConversationID,
		Channel:        channel.SMS,
		Message:        message.Text{Direction: message.Inbound, Text: "hello"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
}
