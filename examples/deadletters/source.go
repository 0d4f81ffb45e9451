package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	neturl "net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	natsstream "github.com/nats-io/nats.go/jetstream"

	"github.com/engagesdk/engage-go/examples/internal/admin"
	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

// deadLetters is where dead letters are.
type deadLetters interface {
	// DeadLetters iterates over the letters. An error ends the iteration.
	DeadLetters(ctx context.Context) iter.Seq2[stream.DeadLetter, error]
	// Requeue makes the workers handle the letter with an id again.
	Requeue(ctx context.Context, id string) error
}

// opens has the function that opens each kind of source. It also returns the function
// that closes the source again.
var opens = map[string]func(configuration, context.Context) (deadLetters, func(), error){
	"memory": configuration.openMemory,
	"nats":   configuration.openNATS,
	"kafka":  configuration.openKafka,
}

// openTimeout is how long a source may take to open.
const openTimeout = 20 * time.Second

func (c configuration) open(ctx context.Context) (deadLetters, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return opens[c.kind](c, ctx)
}

func (c configuration) openMemory(context.Context) (deadLetters, func(), error) {
	if _, err := os.Stat(c.memory); err != nil {
		return nil, nil, fmt.Errorf("-memory: no program serves its dead letters there: %w", err)
	}
	client := admin.Dial(c.memory)
	return client, client.Close, nil
}

func (c configuration) openNATS(ctx context.Context) (deadLetters, func(), error) {
	if c.nats == "" {
		return nil, nil, misuse("-nats is missing: the URL of the server")
	}
	var options []nats.Option
	if c.natsCredentials != "" {
		options = append(options, nats.UserCredentials(c.natsCredentials))
	}
	if err := requireInbox(ctx, c.nats, c.natsInbox, options); err != nil {
		return nil, nil, err
	}
	inbox, err := jetstream.Open(ctx, jetstream.Config{URL: c.nats, Name: c.natsInbox, Options: options})
	if err != nil {
		return nil, nil, err
	}
	return inbox, func() { _ = inbox.Close() }, nil
}

// requireInbox returns an error if the server has no inbox with the name. Without this
// check [jetstream.Open] would create one.
func requireInbox(ctx context.Context, url, name string, options []nats.Option) error {
	connection, err := nats.Connect(url, options...)
	if _, ok := errors.AsType[*neturl.Error](err); ok {
		err = errors.New("the URL is malformed") // err quotes parts of the URL, which may hold a password
	}
	if err != nil {
		return fmt.Errorf("-nats: %w", err)
	}
	defer connection.Close()
	client, err := natsstream.New(connection)
	if err != nil {
		return fmt.Errorf("-nats: %w", err)
	}
	_, err = client.Stream(ctx, name) // an inbox has the name of its stream
	if errors.Is(err, natsstream.ErrStreamNotFound) {
		return fmt.Errorf("-nats-inbox: there is no inbox with the name %s", printable(name))
	}
	if err != nil {
		return fmt.Errorf("-nats: %w", err)
	}
	return nil
}

func (c configuration) openKafka(ctx context.Context) (deadLetters, func(), error) {
	config := kafka.Config{
		Brokers: commaList(c.kafka), Topics: commaList(c.kafkaTopics), Group: c.kafkaGroup, DeadLetterTopic: c.kafkaLetters,
	}
	if c.kafkaTLS {
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.kafkaUser != "" {
		config.SASL = kafka.SASL{
			Mechanism: kafka.Mechanism(c.kafkaMechanism), User: c.kafkaUser,
			Password: stream.NewSecret(c.kafkaPassword).Named("KAFKA_PASSWORD"),
		}
	}
	if err := config.Validate(); err != nil {
		return nil, nil, fmt.Errorf("the flags of -kafka: %w", err)
	}
	topic, err := kafka.OpenDeadLetterTopic(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	return topic, topic.Close, nil
}

// commaList returns the elements of a list that commas separate.
func commaList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
