package kafka_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/engagesdk/engage-go/stream/kafka"
)

// A tool lists the dead letters of a group and requeues them, without joining the group.
// The group then handles them again. The broker of this example runs in memory.
func ExampleOpenDeadLetterTopic() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "engage-events"), kfake.SeedTopics(1, "desk.dead-letters"))
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	config := kafka.Config{Brokers: broker.ListenAddrs(), Topics: []string{"engage-events"}, Group: "desk"}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	giveUp(ctx, config)

	letters, err := kafka.OpenDeadLetterTopic(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer letters.Close()
	for letter, err := range letters.DeadLetters(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(letter.Reason)
		if err := letters.Requeue(ctx, letter.ID); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// the desk is closed
	// the desk is closed
}

// giveUp makes dead letters of two events.
func giveUp(ctx context.Context, config kafka.Config) {
	fill(config.Brokers)
	source, err := kafka.Open(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		delivery, err := source.Take(ctx)
		if err == nil {
			err = delivery.Term(ctx, "the desk is closed")
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := source.Close(ctx); err != nil {
		log.Fatal(err)
	}
}

// A program watches how far its group is behind.
func ExampleSource_Backlog() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "engage-events"), kfake.SeedTopics(1, "desk.dead-letters"))
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	fill(broker.ListenAddrs())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	source, err := kafka.Open(ctx, kafka.Config{Brokers: broker.ListenAddrs(), Topics: []string{"engage-events"}, Group: "desk"})
	if err != nil {
		log.Fatal(err)
	}
	delivery, err := source.Take(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := delivery.Ack(ctx); err != nil {
		log.Fatal(err)
	}
	backlog, err := source.Backlog(ctx)
	fmt.Println(backlog.Entries, err, source.Close(ctx))
	// Output: 1 <nil> <nil>
}
