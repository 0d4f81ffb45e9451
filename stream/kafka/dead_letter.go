package kafka

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The headers of a dead letter. They follow the headers of the record itself. The
// letter also has the record's key and value, unless it has HeaderOmitted.
const (
	// HeaderID is the id of the entry.
	HeaderID = "dead-letter-id"
	// HeaderReason is why the entry became a dead letter.
	HeaderReason = "dead-letter-reason"
	// HeaderTopic, HeaderPartition and HeaderOffset are the record's own. The
	// latter two are decimal numbers.
	HeaderTopic     = "dead-letter-topic"
	HeaderPartition = "dead-letter-partition"
	HeaderOffset    = "dead-letter-offset"
	// HeaderAttempts is how often the entry was delivered, as a decimal number.
	HeaderAttempts = "dead-letter-attempts"
	// HeaderOmitted is "true" if the record was too large for the topic of dead
	// letters. The letter then has neither the record's key, value nor headers.
	// The record is where the other headers say, until the broker deletes it.
	HeaderOmitted = "dead-letter-omitted"
)

// maxReason is the largest size of a stored reason in bytes.
const maxReason = 1 << 10

// isDeadLetter reports whether r was produced from a dead letter.
func isDeadLetter(r *kgo.Record) bool {
	return slices.ContainsFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == HeaderReason })
}

// withoutDeadLetter returns the headers that a record had before it became a dead
// letter.
func withoutDeadLetter(headers []kgo.RecordHeader) []kgo.RecordHeader {
	own := []string{HeaderID, HeaderReason, HeaderTopic, HeaderPartition, HeaderOffset, HeaderAttempts, HeaderOmitted}
	return slices.DeleteFunc(slices.Clone(headers), func(h kgo.RecordHeader) bool { return slices.Contains(own, h.Key) })
}

// newDeadLetter returns the dead letter of r. If omit is set, it leaves out what
// the record contains.
func newDeadLetter(topic string, r *record, reason string, omit bool) *kgo.Record {
	header := func(key, value string) kgo.RecordHeader { return kgo.RecordHeader{Key: key, Value: []byte(value)} }
	about := []kgo.RecordHeader{
		header(HeaderID, r.entry.ID),
		header(HeaderReason, strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")),
		header(HeaderTopic, r.kafka.Topic),
		header(HeaderPartition, strconv.Itoa(int(r.kafka.Partition))),
		header(HeaderOffset, strconv.FormatInt(r.kafka.Offset, 10)),
		header(HeaderAttempts, strconv.Itoa(r.attempts)),
	}
	if omit {
		return &kgo.Record{Topic: topic, Headers: append(about, header(HeaderOmitted, "true"))}
	}
	return &kgo.Record{Topic: topic, Key: r.kafka.Key, Value: r.kafka.Value,
		Headers: append(withoutDeadLetter(r.kafka.Headers), about...)}
}

// produceDeadLetter stores the dead letter of a record. The caller has its delivery,
// so that nothing else uses the record.
func (s *Source) produceDeadLetter(ctx context.Context, r *record, reason string) error {
	err := s.produce(ctx, newDeadLetter(s.config.DeadLetterTopic, r, reason, false))
	if errors.Is(err, kerr.UnknownTopicID) { // the topic was deleted and created again
		s.client.PurgeTopicsFromProducing(s.config.DeadLetterTopic)
		err = s.produce(ctx, newDeadLetter(s.config.DeadLetterTopic, r, reason, false))
	}
	if errors.Is(err, kerr.MessageTooLarge) {
		s.config.Logger.Warn("kafka: a record is too large for the topic of dead letters, and its letter is stored without it",
			"topic", r.kafka.Topic, "partition", r.kafka.Partition, "offset", r.kafka.Offset)
		err = s.produce(ctx, newDeadLetter(s.config.DeadLetterTopic, r, reason, true))
	}
	return err
}

// produce stores a letter on all in-sync replicas. It returns when ctx ends, even
// if the client does not; the letter may be stored then.
//
// Letters are produced one at a time, each in a batch of its own. Brokers refuse
// a batch as a whole, so that several letters may be too large together.
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
		<-s.producing // the client has finished, perhaps long after ctx ended
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
