package kafka

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// Config configures a [Source]. Printing it never shows the password.
type Config struct {
	// Brokers are addresses in the form host:port. The source finds the other
	// brokers through any one that answers. Required.
	Brokers []string
	// Topics are the topics that the vendor's support has set up for the data
	// streams; their names are not published. The topics must exist. Required.
	Topics []string
	// Group is the consumer group. Sources of one group share the partitions of
	// the topics, and the group stores what has been handled. A new group starts
	// with the oldest record. Required.
	Group string
	// DeadLetterTopic is the topic that dead letters are stored in. It must
	// exist, and must not be one of Topics. The default is the name of the group
	// followed by ".dead-letters".
	DeadLetterTopic string

	// TLS is the configuration of encrypted connections. If it is nil,
	// connections are not encrypted.
	TLS *tls.Config
	// SASL is how the source authenticates itself. The zero value means no
	// authentication.
	SASL SASL

	// MaxRecords and MaxBytes limit the records that the source holds, and the
	// size of their values. It holds the records that wait, those that are being
	// handled, and those that were handled before an earlier one of their
	// partition. Each partition has an equal share. A partition that holds its
	// share is paused, so that a conversation that makes no progress stops only
	// its own partition. MaxBytes can be exceeded, in each partition, by what the
	// client fetches at once; see [kgo.FetchMaxPartitionBytes]. The defaults are
	// 10,000 and 64 MiB.
	MaxRecords int
	MaxBytes   int64
	// Remembered is how many ids of handled events the source remembers at
	// least, in order to drop copies. Each id takes less than 100 bytes. The
	// default is 100,000.
	Remembered int
	// Lease is how long a delivery belongs to its taker, unless the taker
	// extends it. A [stream.Worker] does so by itself. When a partition moves to
	// another member, the source waits at most this long for its deliveries. The
	// default is 30 seconds.
	Lease time.Duration
	// CommitInterval is how often progress is committed, at least 100
	// milliseconds. Progress is also committed when a partition moves to another
	// member, and by [Source.Close]. The default is 1 second.
	CommitInterval time.Duration

	// Logger receives failures with their topic, partition, offset and error. It
	// never receives the content of a record. At level Debug it also receives
	// the messages of the Kafka client. Nil means no logging.
	Logger *slog.Logger
	// Options are options of the Kafka client, such as [kgo.InstanceID],
	// [kgo.Rack] or another SASL mechanism. The package overrides those that its
	// promises depend on: brokers, topics, group, commits, callbacks of
	// rebalances, and acks.
	Options []kgo.Opt
}

// minCommitInterval protects the brokers from an interval in the wrong unit.
const minCommitInterval = 100 * time.Millisecond

// Validate returns nil, or an [*outcome.Error] with the edge OnInvalidData that
// names every invalid field. [Open] calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults outcome.Violations
	required(&faults, "Brokers", c.Brokers)
	required(&faults, "Topics", c.Topics)
	if strings.TrimSpace(c.Group) == "" {
		faults.Add("Group", "is empty")
	}
	if slices.Contains(c.Topics, c.DeadLetterTopic) {
		faults.Add("DeadLetterTopic", "is one of Topics: dead letters would be read again")
	}
	c.SASL.validate(&faults, c.TLS != nil)
	for _, limit := range []struct {
		field    string
		negative bool
	}{
		{"MaxRecords", c.MaxRecords < 0},
		{"MaxBytes", c.MaxBytes < 0},
		{"Remembered", c.Remembered < 0},
		{"Lease", c.Lease < 0},
	} {
		if limit.negative {
			faults.Add(limit.field, "is negative")
		}
	}
	if c.CommitInterval < minCommitInterval {
		faults.Add("CommitInterval", "is less than 100ms")
	}
	for i, option := range c.Options {
		if option == nil {
			faults.Add(fmt.Sprintf("Options[%d]", i), "is nil")
		}
	}
	return faults.Err("", "")
}

// required adds a violation if list is empty, and one for each empty element.
func required(faults *outcome.Violations, field string, list []string) {
	if len(list) == 0 {
		faults.Add(field, "is empty")
	}
	for i, element := range list {
		if strings.TrimSpace(element) == "" {
			faults.Add(fmt.Sprintf("%s[%d]", field, i), "is empty")
		}
	}
}

func (c Config) withDefaults() Config {
	if c.DeadLetterTopic == "" {
		c.DeadLetterTopic = c.Group + ".dead-letters"
	}
	setDefault(&c.MaxRecords, 10_000)
	setDefault(&c.MaxBytes, 64<<20)
	setDefault(&c.Remembered, 100_000)
	setDefault(&c.Lease, 30*time.Second)
	setDefault(&c.CommitInterval, time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Topics = slices.Clone(c.Topics)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Mechanism is the name of a SASL mechanism, as Kafka spells it.
type Mechanism string

// The mechanisms of [SASL]. Use Config.Options for others, such as OAUTHBEARER.
const (
	Plain       Mechanism = "PLAIN"
	SCRAMSHA256 Mechanism = "SCRAM-SHA-256"
	SCRAMSHA512 Mechanism = "SCRAM-SHA-512"
)

// SASL is how a source authenticates itself. The zero value means no authentication.
// Otherwise all fields are required.
type SASL struct {
	// Mechanism is one of the constants of this package. [Plain] sends the password
	// itself, and is valid only with TLS.
	Mechanism Mechanism
	User      string
	Password  stream.Secret
}

func (s SASL) validate(faults *outcome.Violations, encrypted bool) {
	if s == (SASL{}) {
		return
	}
	switch s.Mechanism {
	case SCRAMSHA256, SCRAMSHA512:
	case Plain:
		if !encrypted {
			faults.Add("SASL.Mechanism", "is PLAIN without TLS: the password would be sent unencrypted")
		}
	default:
		faults.Add("SASL.Mechanism", "is not one of this package's mechanisms")
	}
	if s.User == "" {
		faults.Add("SASL.User", "is empty")
	}
	if s.Password.Reveal() == "" {
		faults.Add("SASL.Password", "is empty")
	}
}

// mechanism returns the client's mechanism for s, which is valid.
func (s SASL) mechanism() sasl.Mechanism {
	switch s.Mechanism {
	case SCRAMSHA256:
		return scram.Auth{User: s.User, Pass: s.Password.Reveal()}.AsSha256Mechanism()
	case SCRAMSHA512:
		return scram.Auth{User: s.User, Pass: s.Password.Reveal()}.AsSha512Mechanism()
	}
	return plain.Auth{User: s.User, Pass: s.Password.Reveal()}.AsMechanism()
}

// rebalanceReserve is how much longer than a lease a rebalance may take.
const rebalanceReserve = 30 * time.Second

// options returns the options of the group's client. Those of the caller override
// the defaults before them, and are overridden by those after them.
func (c Config) options(s *Source) []kgo.Opt {
	options := append([]kgo.Opt{
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.RebalanceTimeout(c.Lease + rebalanceReserve),
		// The client fetches a resumed partition with its next request, which
		// must not wait long for the partitions before it.
		kgo.FetchMaxWait(100 * time.Millisecond),
		// Dead letters are produced one by one.
		kgo.ProducerLinger(0),
	}, c.connection()...)
	return append(options,
		kgo.ConsumeTopics(c.Topics...),
		kgo.ConsumerGroup(c.Group),
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(s.assigned),
		kgo.OnOffsetsFetched(s.offsetsFetched),
		kgo.OnPartitionsRevoked(s.revoked),
		kgo.OnPartitionsLost(s.lost),
	)
}

// withoutGroup returns the options of a client without a group. It reads from the offsets
// that it is given, and produces each record to the partition that the record names.
func (c Config) withoutGroup(from map[string]map[int32]kgo.Offset) []kgo.Opt {
	return append(c.connection(),
		kgo.ConsumerGroup(""),
		kgo.ConsumeTopics(),
		kgo.ConsumePartitions(from),
		kgo.KeepControlRecords(), // the last record may be one
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
}

// connection returns the options of every client.
func (c Config) connection() []kgo.Opt {
	options := []kgo.Opt{
		kgo.WithLogger(clientLogger{c.Logger}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}
	if c.TLS != nil {
		options = append(options, kgo.DialTLSConfig(c.TLS.Clone()))
	}
	if c.SASL != (SASL{}) {
		options = append(options, kgo.SASL(c.SASL.mechanism()))
	}
	options = append(options, c.Options...)
	return append(options, kgo.SeedBrokers(c.Brokers...), kgo.RequiredAcks(kgo.AllISRAcks()))
}
