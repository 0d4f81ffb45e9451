package jetstream_test

import (
	"context"
	"crypto/tls"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
)

// A receiver puts events into the inbox of a cluster; workers on other machines take them.
// This example has no output, because it needs the servers.
func ExampleOpen_credentials() {
	ctx := context.Background()
	inbox, err := jetstream.Open(ctx, jetstream.Config{
		URL: "tls://a.example:4222,tls://b.example:4222,tls://c.example:4222",
		Options: []nats.Option{
			nats.Name("receiver"),
			nats.UserCredentials("/run/secrets/engage.creds"),
			nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13}),
		},
		Replicas: 3,
		Logger:   slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer inbox.Close()

	secret := stream.NewSecret(os.Getenv("HUB_SECRET")).Named("2026-11")
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, secret))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: ":8443", Handler: receiver, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServeTLS("/run/secrets/tls.crt", "/run/secrets/tls.key"))
}
