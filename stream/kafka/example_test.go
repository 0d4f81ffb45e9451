package kafka_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

// A worker handles the events of a topic. The broker of this example runs in memory.
func ExampleOpen() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "engage-events"), kfake.SeedTopics(1, "desk.dead-letters"))
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	fill(broker.ListenAddrs())

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	source, err := kafka.Open(ctx, kafka.Config{
		Brokers: broker.ListenAddrs(),
		Topics:  []string{"engage-events"},
		Group:   "desk",
	})
	if err != nil {
		log.Fatal(err)
	}
	worker, err := stream.NewWorker(source)
	if err != nil {
		log.Fatal(err)
	}
	working, stop := context.WithCancel(ctx)
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		fmt.Println(e.Customer, "says", e.Text)
		if e.Text == "bye" {
			stop()
		}
		return nil
	})
	if err := worker.Run(working); err != nil {
		log.Fatal(err)
	}
	if err := source.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("read:", source.Counts().Read)
	// Output:
	// +15551230000 says hello
	// +15551230000 says bye
	// read: 2
}

// fill produces what a data stream would.
func fill(brokers []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic("engage-events"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for _, payload := range []string{
		`{"channel":"SMS","oa":"+15551230000","da":"500","tid":"1","message":"hello"}`,
		`{"channel":"SMS","oa":"+15551230000","da":"500","tid":"2","message":"bye"}`,
	} {
		record := kgo.Record{Key: []byte("+15551230000"), Value: []byte(payload)}
		if err := client.ProduceSync(context.Background(), &record).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
}

// A configuration for brokers that require a password. Its instance id lets the
// member keep its partitions while it restarts.
func ExampleConfig() {
	config := kafka.Config{
		Brokers:         []string{"kafka-1.example.com:9093", "kafka-2.example.com:9093"},
		Topics:          []string{"engage-events"},
		Group:           "desk",
		DeadLetterTopic: "desk-given-up",
		TLS:             &tls.Config{MinVersion: tls.VersionTLS13},
		SASL: kafka.SASL{
			Mechanism: kafka.SCRAMSHA512,
			User:      "desk",
			Password:  stream.NewSecret(os.Getenv("KAFKA_PASSWORD")).Named("kafka"),
		},
		Options: []kgo.Opt{kgo.InstanceID("desk-1")},
	}
	fmt.Println(config.SASL.Password)
	// Output: secret "kafka"
}
