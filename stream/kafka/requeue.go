package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
)

// DeadLetterTopic is the topic with the dead letters of a group. It does not join the
// group, so that a tool can list and requeue letters while the group's sources run. Use
// [OpenDeadLetterTopic] to make one. Its methods are safe for concurrent use.
type DeadLetterTopic struct {
	config Config
	client *kgo.Client
	closed chan struct{} // closed with the topic or its source
	close  func()        // nil if the topic is that of a source, whose client it uses
}

// OpenDeadLetterTopic connects to the brokers of config and returns the topic of the dead
// letters of its group, which the caller must [DeadLetterTopic.Close]. ctx limits how long
// it takes, and has no effect afterwards. It fails as [Open] does.
func OpenDeadLetterTopic(ctx context.Context, config Config) (*DeadLetterTopic, error) {
	if err := cmp.Or(config.Validate(), ctx.Err()); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	client, err := newClient(config.withoutGroup(nil))
	if err != nil {
		return nil, err
	}
	if err := connect(ctx, client, config); err != nil {
		return nil, err
	}
	d := &DeadLetterTopic{config: config, client: client, closed: make(chan struct{})}
	d.close = sync.OnceFunc(func() { close(d.closed); client.Close() })
	return d, nil
}

// Close closes the connections to the brokers. The methods return [stream.ErrClosed] from
// then on. A second call does nothing.
func (d *DeadLetterTopic) Close() { d.close() }

// deadLetters returns the topic with the dead letters of the source's group.
func (s *Source) deadLetters() *DeadLetterTopic {
	return &DeadLetterTopic{config: s.config, client: s.client, closed: s.closed}
}

// DeadLetters iterates over the dead letters of the group as
// [DeadLetterTopic.DeadLetters] does.
func (s *Source) DeadLetters(ctx context.Context) iter.Seq2[stream.DeadLetter, error] {
	return s.deadLetters().DeadLetters(ctx)
}

// Requeue makes the group deliver a dead letter again, as [DeadLetterTopic.Requeue] does.
func (s *Source) Requeue(ctx context.Context, id string) error {
	return s.deadLetters().Requeue(ctx, id)
}

// RequeueAll makes the group deliver all dead letters again, as
// [DeadLetterTopic.RequeueAll] does.
func (s *Source) RequeueAll(ctx context.Context) iter.Seq2[string, error] {
	return s.deadLetters().RequeueAll(ctx)
}

// DeadLetters iterates over the dead letters that are stored when the iteration
// begins, in the order of each partition. Received is when the letter was stored. A
// letter without its record has no Data; see [HeaderOmitted]. An error ends the
// iteration: ctx's, [stream.ErrClosed], or an error of the brokers.
//
// Kafka keeps a letter, even one that was requeued, as long as the retention of
// its topic says.
func (d *DeadLetterTopic) DeadLetters(ctx context.Context) iter.Seq2[stream.DeadLetter, error] {
	return func(yield func(stream.DeadLetter, error) bool) {
		for stored, err := range d.storedLetters(ctx) {
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
// from, behind the records there. Its attempts are counted anew. If several letters
// have the id, Requeue takes the newest. After an error, call it again: at worst the
// entry is handled twice. The letter stays in its topic, so that each call requeues it
// again.
//
// Requeue returns [stream.ErrNoDeadLetter] if no letter of Config.Topics has the id.
// Otherwise it fails with ctx's error, [stream.ErrClosed], or an error of the
// brokers. It also fails if the record was left out of the letter and has been
// deleted since.
func (d *DeadLetterTopic) Requeue(ctx context.Context, id string) error {
	var letter *kgo.Record
	for stored, err := range d.storedLetters(ctx) {
		if err != nil {
			return err
		}
		if headerOf(stored, HeaderID) == id && d.canRequeue(stored) && isNewer(stored, letter) {
			letter = stored
		}
	}
	if letter == nil {
		return stream.ErrNoDeadLetter
	}
	producer, err := newClient(d.config.withoutGroup(nil))
	if err != nil {
		return err
	}
	defer producer.Close()
	return d.requeue(ctx, producer, letter)
}

// RequeueAll requeues the newest letter of each id, as Requeue does, and yields each id once
// its letter is requeued. An error ends the iteration. It comes with the id of the letter
// that could not be requeued, or with an empty id if the letters could not be read.
//
// RequeueAll reads the topic twice, however many letters there are. It leaves out letters
// that are stored meanwhile.
func (d *DeadLetterTopic) RequeueAll(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		newest := map[string]*kgo.Record{} // only their positions, because letters may be large
		for stored, err := range d.storedLetters(ctx) {
			if err != nil {
				yield("", err)
				return
			}
			id := headerOf(stored, HeaderID)
			if d.canRequeue(stored) && isNewer(stored, newest[id]) {
				newest[id] = &kgo.Record{Partition: stored.Partition, Offset: stored.Offset, Timestamp: stored.Timestamp}
			}
		}
		producer, err := newClient(d.config.withoutGroup(nil))
		if err != nil {
			yield("", err)
			return
		}
		defer producer.Close()
		for stored, err := range d.storedLetters(ctx) {
			if err != nil {
				yield("", err)
				return
			}
			id := headerOf(stored, HeaderID)
			if found := newest[id]; found == nil || found.Partition != stored.Partition || found.Offset != stored.Offset {
				continue
			}
			err := d.requeue(ctx, producer, stored)
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// canRequeue reports whether a stored letter is of one of Config.Topics.
func (d *DeadLetterTopic) canRequeue(stored *kgo.Record) bool {
	return slices.Contains(d.config.Topics, headerOf(stored, HeaderTopic))
}

// isNewer reports whether a stored letter is at least as new as another, or the other is nil.
func isNewer(stored, other *kgo.Record) bool {
	return other == nil || !stored.Timestamp.Before(other.Timestamp)
}

// requeue produces a stored letter to the partition it came from.
func (d *DeadLetterTopic) requeue(ctx context.Context, producer *kgo.Client, letter *kgo.Record) error {
	partition, err := strconv.ParseInt(headerOf(letter, HeaderPartition), 10, 32)
	if err != nil {
		return fmt.Errorf("kafka: the dead letter has no valid partition: %w", err)
	}
	again := &kgo.Record{Topic: headerOf(letter, HeaderTopic), Partition: int32(partition),
		Key: letter.Key, Value: letter.Value, Headers: letter.Headers}
	if headerOf(letter, HeaderOmitted) != "" {
		if err := d.restore(ctx, again); err != nil {
			return err
		}
	}
	if err := producer.ProduceSync(ctx, again).FirstErr(); err != nil {
		return fmt.Errorf("kafka: requeueing failed: %w", err)
	}
	return nil
}

// errDeleted reports that a letter was stored without its record, which the broker
// has deleted since.
var errDeleted = errors.New("kafka: the record of the dead letter has been deleted")

// restore adds the key, value and headers of its record to a letter.
func (d *DeadLetterTopic) restore(ctx context.Context, letter *kgo.Record) error {
	offset, err := strconv.ParseInt(headerOf(letter, HeaderOffset), 10, 64)
	if err != nil {
		return fmt.Errorf("kafka: the dead letter has no valid offset: %w", err)
	}
	first, end, err := offsetsOf(ctx, d.client, letter.Topic, []int32{letter.Partition})
	if err != nil {
		return err
	}
	if offset < first[letter.Partition] || offset >= end[letter.Partition] {
		return errDeleted
	}
	reader, err := newClient(d.config.withoutGroup(map[string]map[int32]kgo.Offset{
		letter.Topic: {letter.Partition: kgo.NewOffset().At(offset)},
	}))
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
			// A topic that was deleted and created again has another record there.
			if original.Offset != offset || newRecord(original).entry.ID != headerOf(letter, HeaderID) {
				return errDeleted
			}
			letter.Key, letter.Value = original.Key, original.Value
			letter.Headers = append(withoutDeadLetter(original.Headers), letter.Headers...)
			return nil
		}
	}
}

// storedLetters yields the records of the dead-letter topic up to its present end.
func (d *DeadLetterTopic) storedLetters(ctx context.Context) iter.Seq2[*kgo.Record, error] {
	return func(yield func(*kgo.Record, error) bool) {
		first, end, err := d.deadLetterOffsets(ctx)
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
		reader, err := newClient(d.config.withoutGroup(map[string]map[int32]kgo.Offset{d.config.DeadLetterTopic: from}))
		if err != nil {
			yield(nil, err)
			return
		}
		defer reader.Close()
		for len(end) > 0 {
			fetches := reader.PollFetches(ctx)
			if err := cmp.Or(ended(ctx, d.closed), fetchError(fetches)); err != nil {
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
func (d *DeadLetterTopic) deadLetterOffsets(ctx context.Context) (first, end map[int32]int64, err error) {
	if err := ended(ctx, d.closed); err != nil {
		return nil, nil, err
	}
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &d.config.DeadLetterTopic
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Topics = append(metadata.Topics, topic)
	described, err := metadata.RequestWith(ctx, d.client)
	if err != nil {
		return nil, nil, fmt.Errorf("kafka: no broker answers: %w", err)
	}
	var partitions []int32
	for _, topic := range described.Topics {
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
			return nil, nil, fmt.Errorf("kafka: topic %q: %w", d.config.DeadLetterTopic, err)
		}
		for _, partition := range topic.Partitions {
			partitions = append(partitions, partition.Partition)
		}
	}
	return offsetsOf(ctx, d.client, d.config.DeadLetterTopic, partitions)
}

// offsetsOf returns, for each of the partitions of a topic, the offset of its first record
// and that after its last.
func offsetsOf(ctx context.Context, client *kgo.Client, topic string, partitions []int32) (first, end map[int32]int64, err error) {
	if first, err = listOffsets(ctx, client, topic, partitions, firstOffset); err != nil {
		return nil, nil, err
	}
	end, err = listOffsets(ctx, client, topic, partitions, endOffset)
	return first, end, err
}

// The timestamps for which brokers return the first offset of a partition, and
// that after its last record.
const (
	firstOffset = -2
	endOffset   = -1
)

// listOffsets returns an offset of each of the partitions of a topic.
func listOffsets(ctx context.Context, client *kgo.Client, topic string, partitions []int32, timestamp int64) (map[int32]int64, error) {
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
	reply, err := request.RequestWith(ctx, client)
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
