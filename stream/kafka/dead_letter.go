package kafka

import (
	"context"
	"errors"
	"slices"
	"strconv"
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

// maxReason is how many bytes of a reason are kept.
const maxReason = 1 << 10

// deadLetter returns the record to be stored in topic for one that is given up.
func deadLetter(topic string, r *record, reason string) *kgo.Record {
	number := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	about := []kgo.RecordHeader{
		{Key: HeaderReason, Value: []byte(reason[:min(len(reason), maxReason)])},
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

// produce stores a record on all replicas in sync, and obeys ctx even where the
// client cannot: the record may be stored all the same then.
func (s *Source) produce(ctx context.Context, letter *kgo.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	s.client.Produce(ctx, letter, func(_ *kgo.Record, err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bury stores a record that cannot be read as a dead letter, and settles it
// then. It does not wait, and does not give up while the record is the source's:
// until then the record is not committed.
func (s *Source) bury(r *record, attempt int) {
	s.client.TryProduce(s.life, deadLetter(s.config.DeadLetterTopic, r, r.unreadable), func(_ *kgo.Record, err error) {
		s.mu.Lock()
		defer s.unlock()
		switch {
		case err == nil:
			s.counts.DeadLetters++
			s.settle(r)
		case s.life.Err() == nil && !r.partition.gone:
			s.noteOversized(r, err)
			s.config.Logger.Warn("kafka: a dead letter could not be stored", "topic", r.kafka.Topic,
				"partition", r.kafka.Partition, "offset", r.kafka.Offset, "error", err)
			wait := stream.Backoff(buryBase, buryLimit)(attempt)
			time.AfterFunc(wait, func() { s.buryAgain(r, attempt+1) })
		}
	})
}

// How long a dead letter that could not be stored waits.
const (
	buryBase  = 500 * time.Millisecond
	buryLimit = 30 * time.Second
)

// buryAgain tries once more, unless the record is another member's by now.
func (s *Source) buryAgain(r *record, attempt int) {
	s.mu.Lock()
	gone := r.partition.gone
	s.mu.Unlock()
	if !gone && s.life.Err() == nil {
		s.bury(r, attempt)
	}
}
