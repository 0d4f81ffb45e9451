package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
)

// ErrNoDeadLetter says that there is no dead letter with an id.
var ErrNoDeadLetter = errors.New("kafka: there is no such dead letter")

// DeadLetters iterates over the dead letters that are stored when the iteration
// begins, in the order of each partition. Received is when the letter was stored. A
// letter without its record has no Data; see [HeaderOmitted]. An error ends the
// iteration: ctx's, [stream.ErrClosed], or an error of the brokers.
//
// Kafka keeps a letter, even one that was requeued, as long as the retention of
// its topic says.
func (s *Source) DeadLetters(ctx context.Context) iter.Seq2[stream.DeadLetter, error] {
	return func(yield func(stream.DeadLetter, error) bool) {
		for stored, err := range s.storedLetters(ctx) {
			var letter stream.DeadLetter
			if err == nil {
				letter = readDeadLetter(stored)
			}
			if !yield(letter, err) {
				return
			}
		}
	}
}

// readDeadLetter returns the dead letter that a record stores.
func readDeadLetter(stored *kgo.Record) stream.DeadLetter {
	r := newRecord(stored)
	entry := r.entry
	entry.ID = headerOf(stored, HeaderID)
	if entry.Conversation == r.position() {
		entry.Conversation = entry.ID // the payload has none
	}
	attempts, _ := strconv.Atoi(headerOf(stored, HeaderAttempts))
	return stream.DeadLetter{Entry: entry, Attempts: attempts, Reason: headerOf(stored, HeaderReason)}
}

// Requeue produces the dead letter with the entry's id to the partition it came
// from, behind the records there. Its attempts are counted anew. If several letters have the id, Requeue takes the newest. After an
// error, call it again: at worst the entry is handled twice. The letter stays in
// its topic, so that each call requeues it again.
//
// Requeue returns [ErrNoDeadLetter] if no letter of Config.Topics has the id.
// Otherwise it fails with ctx's error, [stream.ErrClosed], or an error of the
// brokers. It also fails if the record was left out of the letter and has been
// deleted since.
func (s *Source) Requeue(ctx context.Context, id string) error {
	var letter *kgo.Record
	for stored, err := range s.storedLetters(ctx) {
		if err != nil {
			return err
		}
		if headerOf(stored, HeaderID) != id || !slices.Contains(s.config.Topics, headerOf(stored, HeaderTopic)) {
			continue
		}
		if letter == nil || !stored.Timestamp.Before(letter.Timestamp) {
			letter = stored
		}
	}
	if letter == nil {
		return ErrNoDeadLetter
	}
	partition, err := strconv.ParseInt(headerOf(letter, HeaderPartition), 10, 32)
	if err != nil {
		return fmt.Errorf("kafka: the dead letter has no valid partition: %w", err)
	}
	again := &kgo.Record{Topic: headerOf(letter, HeaderTopic), Partition: int32(partition),
		Key: letter.Key, Value: letter.Value, Headers: letter.Headers}
	if headerOf(letter, HeaderOmitted) != "" {
		if err := s.restore(ctx, again); err != nil {
			return err
		}
	}
	producer, err := s.newClient(nil)
	if err != nil {
		return err
	}
	defer producer.Close()
	if err := producer.ProduceSync(ctx, again).FirstErr(); err != nil {
		return fmt.Errorf("kafka: requeueing failed: %w", err)
	}
	return nil
}

// errDeleted reports that a letter was stored without its record, which the broker
// has deleted since.
var errDeleted = errors.New("kafka: the record of the dead letter has been deleted")

// restore adds the key, value and headers of its record to a letter.
func (s *Source) restore(ctx context.Context, letter *kgo.Record) error {
	offset, err := strconv.ParseInt(headerOf(letter, HeaderOffset), 10, 64)
	if err != nil {
		return fmt.Errorf("kafka: the dead letter has no valid offset: %w", err)
	}
	first, err := s.listOffsets(ctx, letter.Topic, []int32{letter.Partition}, firstOffset)
	if err != nil {
		return err
	}
	if first[letter.Partition] > offset {
		return errDeleted
	}
	reader, err := s.newClient(map[string]map[int32]kgo.Offset{letter.Topic: {letter.Partition: kgo.NewOffset().At(offset)}})
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		fetches := reader.PollRecords(ctx, 1)
		if err := fetchError(fetches); err != nil {
			return err
		}
		for _, original := range fetches.Records() {
			if original.Offset != offset {
				return errDeleted
			}
			letter.Key, letter.Value = original.Key, original.Value
			letter.Headers = append(withoutDeadLetter(original.Headers), letter.Headers...)
			return nil
		}
	}
}

// storedLetters yields the records of the dead-letter topic up to its present end.
func (s *Source) storedLetters(ctx context.Context) iter.Seq2[*kgo.Record, error] {
	return func(yield func(*kgo.Record, error) bool) {
		first, end, err := s.deadLetterOffsets(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		from := map[int32]kgo.Offset{}
		for number, offset := range first {
			if offset >= end[number] {
				delete(end, number)
				continue
			}
			from[number] = kgo.NewOffset().At(offset)
		}
		if len(end) == 0 {
			return
		}
		reader, err := s.newClient(map[string]map[int32]kgo.Offset{s.config.DeadLetterTopic: from})
		if err != nil {
			yield(nil, err)
			return
		}
		defer reader.Close()
		for len(end) > 0 {
			fetches := reader.PollFetches(ctx)
			if err := cmp.Or(s.ended(ctx), fetchError(fetches)); err != nil {
				yield(nil, err)
				return
			}
			for _, r := range fetches.Records() {
				limit, reading := end[r.Partition]
				if !reading {
					continue
				}
				if r.Offset < limit && isDeadLetter(r) && !yield(r, nil) {
					return
				}
				if r.Offset+1 >= limit {
					delete(end, r.Partition)
				}
			}
		}
	}
}

// deadLetterOffsets returns, for each partition of the dead-letter topic, the
// offset of its first record and that after its last.
func (s *Source) deadLetterOffsets(ctx context.Context) (first, end map[int32]int64, err error) {
	if err := s.ended(ctx); err != nil {
		return nil, nil, err
	}
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &s.config.DeadLetterTopic
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Topics = append(metadata.Topics, topic)
	described, err := metadata.RequestWith(ctx, s.client)
	if err != nil {
		return nil, nil, fmt.Errorf("kafka: no broker answers: %w", err)
	}
	var partitions []int32
	for _, topic := range described.Topics {
		for _, partition := range topic.Partitions {
			partitions = append(partitions, partition.Partition)
		}
	}
	if first, err = s.listOffsets(ctx, s.config.DeadLetterTopic, partitions, firstOffset); err != nil {
		return nil, nil, err
	}
	end, err = s.listOffsets(ctx, s.config.DeadLetterTopic, partitions, endOffset)
	return first, end, err
}

// The timestamps for which brokers return the first offset of a partition, and
// that after its last record.
const (
	firstOffset = -2
	endOffset   = -1
)

// listOffsets returns an offset of each of the partitions of a topic.
func (s *Source) listOffsets(ctx context.Context, topic string, partitions []int32, timestamp int64) (map[int32]int64, error) {
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = topic
	for _, number := range partitions {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Partition, partition.Timestamp = number, timestamp
		asked.Partitions = append(asked.Partitions, partition)
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.IsolationLevel = 1 // only what is committed, which the client reads
	request.Topics = append(request.Topics, asked)
	reply, err := request.RequestWith(ctx, s.client)
	if err != nil {
		return nil, fmt.Errorf("kafka: no broker answers: %w", err)
	}
	offsets := map[int32]int64{}
	for _, topic := range reply.Topics {
		for _, partition := range topic.Partitions {
			if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
				return nil, fmt.Errorf("kafka: the offsets of a topic cannot be read: %w", err)
			}
			offsets[partition.Partition] = partition.Offset
		}
	}
	return offsets, nil
}

// newClient returns a client without a group. It reads from the offsets that it is
// given, and produces each record to the partition that the record names.
func (s *Source) newClient(from map[string]map[int32]kgo.Offset) (*kgo.Client, error) {
	client, err := kgo.NewClient(append(s.config.connection(),
		kgo.ConsumerGroup(""),
		kgo.ConsumeTopics(),
		kgo.ConsumePartitions(from),
		kgo.KeepControlRecords(), // the last record may be one
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)...)
	if err != nil {
		return nil, fmt.Errorf("kafka: the client rejects its options: %w", err)
	}
	return client, nil
}

// headerOf returns the value of a record's header; empty if it has none.
func headerOf(r *kgo.Record, key string) string {
	for _, header := range r.Headers {
		if header.Key == key {
			return string(header.Value)
		}
	}
	return ""
}

// fetchError returns the first error of a poll; nil for none.
func fetchError(fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		return fmt.Errorf("kafka: reading dead letters failed: %w", e.Err)
	}
	return nil
}
