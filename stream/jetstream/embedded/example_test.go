package embedded_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// An inbox on three servers goes on when one of them stops.
func ExampleServers_Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "cluster")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	servers, err := embedded.StartCluster(ctx, folder)
	if err != nil {
		log.Fatal(err)
	}
	defer servers.Close()
	inbox, err := jetstream.Open(ctx, jetstream.Config{URL: servers.URL(), Replicas: 3, Lines: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer inbox.Close()

	fmt.Println(servers.Stop(0))
	entry := stream.Entry{ID: "t-1", Conversation: "sms 777 +15550100", Data: []byte(`{}`)}
	for ctx.Err() == nil {
		// While the servers elect a leader, a Put may fail. It is safe to repeat it.
		if _, err = inbox.Put(ctx, entry); err == nil {
			break
		}
	}
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
}
