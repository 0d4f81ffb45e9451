package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// storage is where an inbox keeps its entries: three streams and their
// subjects.
//
//	<name>         <name>.entry.<line>     what waits, a work queue
//	<name>-ledger  <name>.settled.<key>    which entries were settled
//	               <name>.returned.<line>  see [ledger.returned]
//	<name>-dead    <name>.dead.<key>       dead letters
type storage struct {
	name  string
	lines int
	js    jetstream.JetStream

	entries, dead jetstream.Stream
	ledger        ledger
}

func (s *storage) entrySubject(line int) string  { return s.name + ".entry." + strconv.Itoa(line) }
func (s *storage) deadSubject(key string) string { return s.name + ".dead." + key }

// lineOf deals the conversations out to lines. Programs of all versions must
// agree on it.
func (s *storage) lineOf(conversation string) int {
	hash := fnv.New32a()
	hash.Write([]byte(conversation))
	return int(hash.Sum32() % uint32(s.lines))
}

// linesMember is the member of a stream's metadata that holds the number of
// lines, and marks the stream as an inbox's.
const linesMember = "engage-inbox-lines"

// prepare makes the streams, or brings them up to date. The number of lines of
// an inbox that exists stays.
func (s *storage) prepare(ctx context.Context, c Config) (err error) {
	if s.lines, s.entries, err = s.prepareEntries(ctx, c); err != nil {
		return err
	}
	standard := jetstream.StreamConfig{
		Storage:           jetstream.FileStorage,
		Replicas:          s.entries.CachedInfo().Config.Replicas,
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardOld,
		MaxBytes:          -1,
	}

	kept := standard
	kept.Name, kept.Subjects = s.name+"-ledger", []string{s.name + ".settled.*", s.name + ".returned.*"}
	kept.Description = "Which entries of the inbox " + s.name + " were settled."
	kept.MaxMsgs, kept.MaxAge = c.Remembered+int64(s.lines), c.RememberFor
	kept.Duplicates = min(c.CopyWindow, c.RememberFor)
	settled, err := s.js.CreateOrUpdateStream(ctx, kept)
	if err != nil {
		return err
	}
	s.ledger = ledger{name: s.name, js: s.js, stream: settled}

	dead := standard
	dead.Name, dead.Subjects = s.name+"-dead", []string{s.name + ".dead.*"}
	dead.Description = "The dead letters of the inbox " + s.name + "."
	dead.MaxMsgs, dead.MaxBytes = c.MaxDeadLetters, c.MaxBytes
	s.dead, err = s.js.CreateOrUpdateStream(ctx, dead)
	return err
}

// linesError says that an inbox cannot be opened with another number of lines.
type linesError struct{ want, have int }

func (e *linesError) Error() string {
	return fmt.Sprintf("the inbox has %d lines, and not %d: that cannot be changed", e.have, e.want)
}

// errForeign says that the name belongs to something else.
var errForeign = errors.New("there is a stream of that name that is not an inbox's")

// prepareEntries makes the stream of entries. Of several programs that open a
// new inbox at once, the first decides how many lines there are.
func (s *storage) prepareEntries(ctx context.Context, c Config) (lines int, entries jetstream.Stream, err error) {
	config := jetstream.StreamConfig{
		Name:        s.name,
		Description: "What waits in the inbox " + s.name + ".",
		Subjects:    []string{s.name + ".entry.*"},
		Retention:   jetstream.WorkQueuePolicy,
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardNew,
		MaxMsgs:     c.MaxEntries,
		MaxBytes:    c.MaxBytes,
		Duplicates:  c.CopyWindow,
	}
	existing, err := s.js.Stream(ctx, s.name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		lines = cmp.Or(c.Lines, defaultLines)
		config.Replicas = cmp.Or(c.Replicas, defaultReplicas)
		config.Metadata = map[string]string{linesMember: strconv.Itoa(lines)}
		entries, err = s.js.CreateStream(ctx, config)
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return lines, entries, err
		}
		existing, err = s.js.Stream(ctx, s.name) // another program was first
	}
	if err != nil {
		return 0, nil, err
	}
	has := existing.CachedInfo().Config
	lines, err = strconv.Atoi(has.Metadata[linesMember])
	switch {
	case err != nil || lines < 1 || lines > maxLines:
		return 0, nil, errForeign
	case c.Lines != 0 && c.Lines != lines:
		return 0, nil, &linesError{want: c.Lines, have: lines}
	}
	config.Replicas, config.Metadata = cmp.Or(c.Replicas, has.Replicas), has.Metadata
	entries, err = s.js.UpdateStream(ctx, config)
	return lines, entries, err
}

// consumer makes the consumer of a line, or finds it, and returns its name. A
// single entry is out at a time; what was put back comes first.
func (s *storage) consumer(ctx context.Context, line int, ackWait time.Duration) (name string, err error) {
	name = "line-" + strconv.Itoa(line)
	_, err = s.entries.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: s.entrySubject(line),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxAckPending: 1,
		MaxDeliver:    -1,
	})
	return name, err
}
