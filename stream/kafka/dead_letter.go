package kafka

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
)

// The headers of a dead letter. They stand behind those of the record itself,
// whose key and value are kept, unless there is HeaderOmitted.
const (
	// HeaderReason says why the record was given up.
	HeaderReason = "dead-letter-reason"
	// HeaderTopic, HeaderPartition and HeaderOffset say where the record is
	// from; the latter two are decimal numbers.
	HeaderTopic     = "dead-letter-topic"
	HeaderPartition = "dead-letter-partition"
	HeaderOffset    = "dead-letter-offset"
	// HeaderAttempts is how often the entry was given out, as a decimal number;
	// 0 if the record could not be read.
	HeaderAttempts = "dead-letter-attempts"
	// HeaderOmitted says that the letter was too large for its topic, and holds
	// nothing of the record itself: that is where the other headers say, until
	// the broker deletes it. Its value is "true".
	HeaderOmitted = "dead-letter-omitted"
)

// maxReason is how many bytes of a reason are kept at most.
const maxReason = 1 << 10

// deadLetter returns the record to be stored in topic for one that is given up.
func deadLetter(topic string, r *record, reason string) *kgo.Record {
	number := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	about := []kgo.RecordHeader{
		{Key: HeaderReason, Value: []byte(strings.ToValidUTF8(reason[:min(len(reason), maxReason)], ""))},
		{Key: HeaderTopic, Value: []byte(r.kafka.Topic)},
		{Key: HeaderPartition, Value: number(int64(r.kafka.Partition))},
		{Key: HeaderOffset, Value: number(r.kafka.Offset)},
		{Key: HeaderAttempts, Value: number(int64(r.attempts))},
	}
	if r.oversized {
		return &kgo.Record{Topic: topic, Headers: append(about, kgo.RecordHeader{Key: HeaderOmitted, Value: []byte("true")})}
	}
	return &kgo.Record{Topic: topic, Key: r.kafka.Key, Value: r.kafka.Value, Headers: slices.Concat(r.kafka.Headers, about)}
}

// noteOversized reports whether err says that the dead letter of r was too large,
// which that of an oversized record cannot be.
func (s *Source) noteOversized(r *record, err error) bool {
	if r.oversized || !errors.Is(err, kerr.MessageTooLarge) {
		return false
	}
	r.oversized = true
	s.config.Logger.Warn("kafka: a record is too large for the topic of dead letters, and stays out of its letter",
		"topic", r.kafka.Topic, "partition", r.kafka.Partition, "offset", r.kafka.Offset)
	return true
}

// produceLetter stores the dead letter of a record that was given out. Nobody
// else has the record.
func (s *Source) produceLetter(ctx context.Context, r *record, reason string) error {
	err := s.produce(ctx, deadLetter(s.config.DeadLetterTopic, r, reason))
	if s.noteOversized(r, err) {
		err = s.produce(ctx, deadLetter(s.config.DeadLetterTopic, r, reason))
	}
	return err
}

// produce stores a letter on all replicas in sync, and obeys ctx even where the
// client cannot: the letter may be stored all the same then.
//
// Letters go one at a time, each in a batch of its own: brokers refuse a whole
// batch, and so letters that are too large only together.
func (s *Source) produce(ctx context.Context, letter *kgo.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.producing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	s.client.Produce(ctx, letter, func(_ *kgo.Record, err error) {
		<-s.producing // even if ctx ended long ago: the client had the letter until now
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// burial is a record that cannot be read and is to be stored as a dead letter,
// for the attempt-th time.
type burial struct {
	*record
	attempt int
}

// bury has records that cannot be read stored as dead letters, in that order,
// and settles them then. It does not wait, and does not give up while the
// records are the source's: until then they are not committed.
func (s *Source) bury(burials ...burial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.burials = append(s.burials, burials...)
	if !s.burying && len(s.burials) > 0 {
		s.burying = true
		go s.buryAll()
	}
}

// buryAll ends when there is nothing to bury, which it soon is once the source's
// life has ended.
func (s *Source) buryAll() {
	for b, found := s.nextBurial(); found; b, found = s.nextBurial() {
		err := s.produce(s.life, deadLetter(s.config.DeadLetterTopic, b.record, b.unreadable))
		s.buried(b, err)
	}
}

// nextBurial returns the next record that is not another member's by now.
func (s *Source) nextBurial() (next burial, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.burials) > 0 {
		next, s.burials = s.burials[0], s.burials[1:]
		if !next.partition.gone {
			return next, true
		}
	}
	s.burials, s.burying = nil, false
	return burial{}, false
}

// buried settles a record whose letter is stored. One that could not be stored
// is tried again later.
func (s *Source) buried(b burial, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.counts.DeadLetters++
		s.settle(b.record)
	case s.life.Err() == nil && !b.partition.gone:
		s.noteOversized(b.record, err)
		s.config.Logger.Warn("kafka: a dead letter could not be stored", "topic", b.kafka.Topic,
			"partition", b.kafka.Partition, "offset", b.kafka.Offset, "error", err)
		wait := stream.Backoff(buryBase, buryLimit)(b.attempt)
		time.AfterFunc(wait, func() { s.bury(burial{b.record, b.attempt + 1}) })
	}
}

// How long a dead letter that could not be stored waits.
const (
	buryBase  = 500 * time.Millisecond
	buryLimit = 30 * time.Second
)
