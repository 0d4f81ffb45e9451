package kafka_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

func TestAConfigNamesEveryFault(t *testing.T) {
	valid := kafka.Config{Brokers: []string{"localhost:9092"}, Topics: []string{"events"}, Group: "desk"}
	require.NoError(t, valid.Validate())

	faulty := kafka.Config{
		Brokers:         []string{"localhost:9092", " "},
		Topics:          []string{"events", ""},
		DeadLetterTopic: "events",
		SASL:            kafka.SASL{Mechanism: kafka.Plain},
		MaxRecords:      -1,
		MaxBytes:        -1,
		Remembered:      -1,
		Lease:           -1,
		CommitInterval:  time.Millisecond,
		Options:         []kgo.Opt{nil},
	}
	err := faulty.Validate()
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, field := range []string{"Brokers[1]", "Topics[1]", "Group", "DeadLetterTopic", "SASL.Mechanism", "SASL.User",
		"SASL.Password", "MaxRecords", "MaxBytes", "Remembered", "Lease", "CommitInterval", "Options[0]"} {
		require.ErrorContains(t, err, field)
	}
	_, err = kafka.Open(t.Context(), kafka.Config{})
	require.ErrorContains(t, err, "Brokers")
	require.ErrorContains(t, err, "Topics")
	valid.SASL = kafka.SASL{Mechanism: "MAGIC", User: "u", Password: stream.NewSecret("p").Named("p")}
	require.ErrorContains(t, valid.Validate(), "SASL.Mechanism")
}

func TestOptionsThatTheClientRefusesAreAnError(t *testing.T) {
	cluster := newCluster(t, 1)
	c := config(cluster)
	c.Options = []kgo.Opt{kgo.GreedyAutoCommit()}
	_, err := kafka.Open(t.Context(), c)
	require.ErrorContains(t, err, "rejects its options")
}

func TestTheCallersOptionsCannotBreakThePromises(t *testing.T) {
	cluster := newCluster(t, 1)
	c := config(cluster)
	c.Options = append(c.Options, kgo.ConsumerGroup("other"), kgo.ConsumeTopics("other"), kgo.SeedBrokers("127.0.0.1:1"),
		kgo.OnPartitionsRevoked(nil))
	source := open(t, c)
	produce(t, cluster, onto(0, message("a", 1)))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	closed(t, source)
	require.EqualValues(t, 1, committed(cluster, 0))
}

func TestASourceAuthenticatesItself(t *testing.T) {
	// A server of the standard library has a certificate for 127.0.0.1.
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	trusting := server.Client().Transport.(*http.Transport).TLSClientConfig
	encrypted := kfake.TLS(&tls.Config{Certificates: server.TLS.Certificates})

	for _, test := range []struct {
		mechanism kafka.Mechanism
		tls       *tls.Config
		options   []kfake.Opt
	}{
		{kafka.Plain, trusting, []kfake.Opt{encrypted}},
		{kafka.SCRAMSHA256, trusting, []kfake.Opt{encrypted}},
		{kafka.SCRAMSHA512, nil, nil},
	} {
		t.Run(string(test.mechanism), func(t *testing.T) {
			options := append(test.options, kfake.EnableSASL(), kfake.Superuser(string(test.mechanism), "desk", "open sesame"))
			cluster := newCluster(t, 1, options...)
			var log lockedBuffer
			c := config(cluster)
			c.TLS = test.tls
			c.SASL = kafka.SASL{Mechanism: test.mechanism, User: "desk", Password: stream.NewSecret("open sesame").Named("kafka")}
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			closed(t, open(t, c))
			require.NotContains(t, log.String(), "sesame")

			c.SASL.Password = stream.NewSecret("open barley").Named("kafka")
			// The broker hangs up, and the client tries again until ctx ends.
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c.Options = append(c.Options, kgo.WithHooks(onDisconnect(cancel)))
			_, err := kafka.Open(ctx, c)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "barley")
			require.NotContains(t, log.String(), "barley")
		})
	}
}

// lockedBuffer is a buffer that several goroutines write to. The client logs even
// after it was closed.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// onDisconnect is a function that the client calls when a connection ends.
type onDisconnect func()

func (f onDisconnect) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) { f() }

func TestASourceShowsItsGroupOnly(t *testing.T) {
	source := open(t, config(newCluster(t, 1)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, `Kafka source of group "desk"`, fmt.Sprintf(verb, source))
	}
}

func TestAConfigShowsNoPassword(t *testing.T) {
	c := kafka.Config{SASL: kafka.SASL{Mechanism: kafka.Plain, User: "desk", Password: stream.NewSecret("open sesame").Named("kafka")}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, c), "sesame")
		require.NotContains(t, fmt.Sprintf(verb, &c), "sesame")
		require.NotContains(t, fmt.Sprintf(verb, c.SASL), "sesame")
	}
	encoded, err := json.Marshal(c.SASL)
	require.NoError(t, err)
	require.NotContains(t, string(encoded), "sesame")
}
