package kafka

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/outcome"
)

// Config says where a [Source] reads and how much it may hold. However it is
// printed, it shows no password.
type Config struct {
	// Brokers are addresses as host:port; one that answers is enough to find
	// all. Required.
	Brokers []string
	// Topics are those that the vendor's support set the data streams up for;
	// their names are not published. They must exist. Required.
	Topics []string
	// Group is the consumer group. Sources with one group share the partitions
	// of the topics, and the group remembers what was handled. A group that is
	// new starts with the oldest record there is. Required.
	Group string
	// DeadLetterTopic is where records go that are given up or cannot be read.
	// It must exist, and must not be one of Topics. The default is the group's
	// name and ".dead-letters".
	DeadLetterTopic string

	// TLS encrypts connections with this configuration; nil means that they are
	// not encrypted.
	TLS *tls.Config
	// SASL is how the source says who it is. The zero value says nothing.
	SASL SASL

	// MaxRecords and MaxBytes limit what is held: records that wait, are being
	// handled, or were handled while one before them in their partition was
	// not; and the payloads among them. Each partition may hold its share, and
	// rests while it does, so that one conversation that is stuck stops only
	// its partition in the end. After a crash at most as many records are given
	// out again. The bytes can be exceeded, in each partition, by what the client
	// fetches of it at once; see [kgo.FetchMaxPartitionBytes]. The defaults are
	// 10,000 and 64 MiB.
	MaxRecords int
	MaxBytes   int64
	// Remembered is how many of the newest ids that were handled are known, at
	// least, so that copies are dropped. Each takes less than 100 bytes. The
	// default is 100,000.
	Remembered int
	// Lease is how long a delivery belongs to its taker unless it is extended,
	// as a worker does by itself. A rebalance waits no longer than this for
	// deliveries of partitions that go to another member. The default is 30
	// seconds.
	Lease time.Duration
	// CommitInterval is how often progress is committed, at least 100
	// milliseconds. It is also committed in a rebalance and by [Source.Close].
	// The default is 1 second.
	CommitInterval time.Duration

	// Logger gets what goes wrong: topics, partitions, offsets and errors, and
	// never a payload. At level Debug it gets what the Kafka client tells. Nil
	// means not to log.
	Logger *slog.Logger
	// Options are for the Kafka client, such as [kgo.InstanceID], [kgo.Rack] or
	// another SASL mechanism. The package's own settings, on which its promises
	// rest, win over them: brokers, topics, group, commits, callbacks of
	// rebalances, and acks.
	Options []kgo.Opt
}

// minCommitInterval is the client's limit.
const minCommitInterval = 100 * time.Millisecond

// Validate returns an error that names every field that cannot be obeyed, as an
// [outcome.Error] with the edge OnInvalidData. [Open] calls it.
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

// required adds a fault if a list is empty or has an element that is.
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

// rebalanceReserve is how much longer than a lease a rebalance may take.
const rebalanceReserve = 30 * time.Second

// options returns what the client is made of: defaults, which the caller's
// options may change, then those, then what must be so.
func (c Config) options(s *Source) []kgo.Opt {
	options := []kgo.Opt{
		kgo.WithLogger(clientLogger{c.Logger}),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.RebalanceTimeout(c.Lease + rebalanceReserve),
		// A partition that rested is read again only with the next fetch: none
		// may wait long for others that have nothing.
		kgo.FetchMaxWait(100 * time.Millisecond),
		// Only letters are produced, and each goes alone.
		kgo.ProducerLinger(0),
	}
	if c.TLS != nil {
		options = append(options, kgo.DialTLSConfig(c.TLS.Clone()))
	}
	if c.SASL != (SASL{}) {
		options = append(options, kgo.SASL(c.SASL.mechanism()))
	}
	options = append(options, c.Options...)
	return append(options,
		kgo.SeedBrokers(c.Brokers...),
		kgo.ConsumeTopics(c.Topics...),
		kgo.ConsumerGroup(c.Group),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(c.CommitInterval),
		kgo.AutoCommitCallback(s.committed),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(s.assigned),
		kgo.OnPartitionsRevoked(s.revoked),
		kgo.OnPartitionsLost(s.lost),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	)
}
