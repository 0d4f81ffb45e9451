package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// storage is what an inbox has on the servers: three streams.
//
//	stream         subjects                 contents
//	<name>         <name>.entry.<line>      entries, in a work queue
//	<name>-ledger  <name>.settled.<key>     records of settled entries, see [storage.settle]
//	               <name>.returned.<line>   see [storage.returned]
//	<name>-dead    <name>.dead.<key>        dead letters
type storage struct {
	name  string
	lines int
	lease time.Duration
	*connection

	entries, dead, settled jetstream.Stream
}

func (s *storage) entrySubject(line int) string  { return s.name + ".entry." + strconv.Itoa(line) }
func (s *storage) deadSubject(key string) string { return s.name + ".dead." + key }

// lineOf returns the line of a conversation. All versions of this package must
// agree on it.
func (s *storage) lineOf(conversation string) int {
	hash := fnv.New32a()
	hash.Write([]byte(conversation))
	return int(hash.Sum32() % uint32(s.lines))
}

// What a new inbox has if the configuration does not say.
const (
	defaultLines          = 32
	defaultLease          = 30 * time.Second
	defaultReplicas       = 1
	defaultMaxEntries     = 1_000_000
	defaultMaxBytes       = 1 << 30
	defaultRememberFor    = 24 * time.Hour
	defaultRemembered     = 1_000_000
	defaultCopyWindow     = 2 * time.Minute
	defaultMaxDeadLetters = 100_000
)

// The metadata of the stream of entries holds what is fixed when the inbox is
// created.
const (
	metadataLines = "engage-inbox-lines"
	metadataLease = "engage-inbox-lease"
)

// open creates the streams, or changes existing ones where c asks for it.
func (s *storage) open(ctx context.Context, c Config) error {
	var err error
	if s.entries, err = s.openEntries(ctx, c); err != nil {
		return err
	}
	entries := s.entries.CachedInfo().Config
	standard := jetstream.StreamConfig{
		Storage:           jetstream.FileStorage,
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardOld,
		MaxBytes:          -1,
	}

	settled := standard
	settled.Name, settled.Subjects = s.name+"-ledger", []string{s.name + ".settled.*", s.name + ".returned.*"}
	settled.Description = "Which entries of the inbox " + s.name + " were settled."
	settled.MaxMsgs, settled.MaxAge = int64(defaultRemembered+s.lines), defaultRememberFor
	s.settled, err = s.openStream(ctx, settled, func(config *jetstream.StreamConfig) error {
		if c.Remembered != 0 {
			config.MaxMsgs = c.Remembered + int64(s.lines)
		}
		config.MaxAge = cmp.Or(c.RememberFor, config.MaxAge)
		config.Duplicates = min(entries.Duplicates, config.MaxAge)
		config.Replicas = entries.Replicas
		config.AllowDirect = entries.Replicas == 1 // see storage.lookup
		return nil
	})
	if err != nil {
		return err
	}

	dead := standard
	dead.Name, dead.Subjects = s.name+"-dead", []string{s.name + ".dead.*"}
	dead.Description = "The dead letters of the inbox " + s.name + "."
	dead.MaxMsgs, dead.MaxBytes = defaultMaxDeadLetters, entries.MaxBytes
	s.dead, err = s.openStream(ctx, dead, func(config *jetstream.StreamConfig) error {
		config.MaxMsgs = cmp.Or(c.MaxDeadLetters, config.MaxMsgs)
		config.MaxBytes = cmp.Or(c.MaxBytes, config.MaxBytes)
		config.Replicas = entries.Replicas
		return nil
	})
	return err
}

// openEntries opens the stream of entries. If several programs open a new inbox
// at once, the first one determines its lines and its lease.
func (s *storage) openEntries(ctx context.Context, c Config) (jetstream.Stream, error) {
	return s.openStream(ctx, jetstream.StreamConfig{
		Name:        s.name,
		Description: "The entries of the inbox " + s.name + ".",
		Subjects:    []string{s.name + ".entry.*"},
		Retention:   jetstream.WorkQueuePolicy,
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardNew,
		Replicas:    defaultReplicas,
		MaxMsgs:     defaultMaxEntries,
		MaxBytes:    defaultMaxBytes,
		Duplicates:  defaultCopyWindow,
		Metadata:    map[string]string{metadataLines: strconv.Itoa(cmp.Or(c.Lines, defaultLines))},
	}, func(config *jetstream.StreamConfig) error {
		if err := s.fix(config.Metadata, c); err != nil {
			return err
		}
		config.Replicas = cmp.Or(c.Replicas, config.Replicas)
		config.MaxMsgs = cmp.Or(c.MaxEntries, config.MaxMsgs)
		config.MaxBytes = cmp.Or(c.MaxBytes, config.MaxBytes)
		config.Duplicates = cmp.Or(c.CopyWindow, config.Duplicates)
		return nil
	})
}

// errForeign says that the inbox's name belongs to something else.
var errForeign = errors.New("there is a stream of that name that is not an inbox's")

// fix reads the lines and the lease of the inbox. It fails if c asks for others.
// It writes the lease if there is none: in a new inbox, or in one of an earlier
// version of this package.
func (s *storage) fix(metadata map[string]string, c Config) error {
	lines, err := strconv.Atoi(metadata[metadataLines])
	if err != nil || lines < 1 || lines > maxLines {
		return errForeign
	}
	if metadata[metadataLease] == "" {
		metadata[metadataLease] = cmp.Or(c.Lease, defaultLease).String()
	}
	lease, err := time.ParseDuration(metadata[metadataLease])
	if err != nil || lease < minTime {
		return errForeign
	}
	if c.Lines != 0 && c.Lines != lines {
		return fmt.Errorf("the inbox has %d lines, which cannot be changed to %d", lines, c.Lines)
	}
	if c.Lease != 0 && c.Lease != lease {
		return fmt.Errorf("the inbox has a lease of %v, which cannot be changed to %v", lease, c.Lease)
	}
	s.lines, s.lease = lines, lease
	return nil
}

// openStream opens the stream with standard's name, or creates it as standard
// says. Then it applies change to the configuration of the stream, new or not.
func (s *storage) openStream(ctx context.Context, standard jetstream.StreamConfig, change func(*jetstream.StreamConfig) error) (jetstream.Stream, error) {
	existing, err := s.js.Stream(ctx, standard.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if err := change(&standard); err != nil {
			return nil, err
		}
		existing, err = s.js.CreateStream(ctx, standard)
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return existing, err
		}
		existing, err = s.js.Stream(ctx, standard.Name) // another program was first
	}
	if err != nil {
		return nil, err
	}
	had := existing.CachedInfo().Config
	if !slices.Equal(had.Subjects, standard.Subjects) {
		return nil, errForeign
	}
	config := had
	config.Metadata = maps.Clone(had.Metadata)
	if err := change(&config); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(config, had) {
		return existing, nil
	}
	return s.js.UpdateStream(ctx, config)
}

// hold is how long a program keeps a fetched entry for a taker.
func (s *storage) hold() time.Duration { return s.lease / 4 }

// ackWait is how long the servers wait for an entry to be settled: the lease,
// before it the time that a program may hold the entry, and some more for
// requests under way.
func (s *storage) ackWait() time.Duration { return s.lease + 2*s.hold() }

// consumer creates the consumer of a line, or finds it. It delivers a single entry
// at a time, and first what was put back.
func (s *storage) consumer(ctx context.Context, line int) (*jetstream.ConsumerInfo, error) {
	consumer, err := s.entries.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       "line-" + strconv.Itoa(line),
		FilterSubject: s.entrySubject(line),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       s.ackWait(),
		MaxAckPending: 1,
		MaxDeliver:    -1,
	})
	if err != nil {
		return nil, err
	}
	return consumer.CachedInfo(), nil
}

// removeSettled removes the settled entries of a line whose numbers are at most
// floor, up to which the line's consumer has stored acknowledgements. A server
// stores an acknowledgement before it removes the entry. If it ends between the
// two, it never removes the entry, and never delivers it again either.
func (s *storage) removeSettled(ctx context.Context, line int, floor uint64) error {
	for next := uint64(1); next <= floor; next++ {
		message, err := s.entries.GetMsg(ctx, next, jetstream.WithGetMsgSubject(s.entrySubject(line)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if next = message.Sequence; next > floor {
			return nil
		}
		// A message that is not an entry became a dead letter instead.
		if f, err := newFetched(&nats.Msg{Header: message.Header, Data: message.Data}); err == nil {
			if settled, err := s.isSettled(ctx, f.key); err != nil {
				return err
			} else if !settled {
				continue // the ledger has forgotten it
			}
		}
		// An error that is not transient says that another program removed it.
		if err := s.entries.DeleteMsg(ctx, next); err != nil && transient(err) {
			return err
		}
	}
	return nil
}

// mayNotRemove reports whether this program was refused the permission to read or
// to delete messages of the stream of entries. It takes entries nevertheless.
func (s *storage) mayNotRemove() bool {
	_, noReads := s.denied.Load("$JS.API.STREAM.MSG.GET." + s.name)
	_, noDeletes := s.denied.Load("$JS.API.STREAM.MSG.DELETE." + s.name)
	return noReads || noDeletes
}
