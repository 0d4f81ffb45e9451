package kafka

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
)

// partitionID names a partition.
type partitionID struct {
	topic  string
	number int32
}

// partition is a partition that the group has assigned to this source.
type partition struct {
	id partitionID
	// records are the records that the source holds, in the order of their
	// offsets. The first one is not settled.
	records []*record
	// bytes is the size of their values.
	bytes int64
	// next is the offset of the next record to read; -1 if it is not known.
	// epoch is the leader epoch of the record before records[0]; -1 if it is not
	// known.
	next  int64
	epoch int32
	// known is what the group had stored about records that are not read yet, and
	// committed what it stores now.
	known     runs
	committed progress
	// deliveries is how many deliveries are not settled.
	deliveries int
	// leaving reports that the partition moves to another member, and that no
	// more of it is delivered. idle is closed when, in addition, deliveries is 0.
	leaving bool
	idle    chan struct{}
	// gone reports that another member may have the partition.
	gone bool
	// paused reports whether the client has stopped fetching the partition.
	paused bool
}

func newPartition(id partitionID) *partition {
	return &partition{id: id, next: -1, epoch: -1, idle: make(chan struct{})}
}

// unsettled returns how many records are not settled.
func (p *partition) unsettled() (n int) {
	for _, r := range p.records {
		if !r.settled {
			n++
		}
	}
	return n
}

// leave marks p as leaving.
func (p *partition) leave() {
	if p.leaving {
		return
	}
	p.leaving = true
	if p.deliveries == 0 {
		close(p.idle)
	}
}

// takeBack notes that a delivery has ended.
func (p *partition) takeBack() {
	p.deliveries--
	if p.leaving && p.deliveries == 0 {
		close(p.idle)
	}
}

// record is a record that the source has read.
type record struct {
	partition *partition
	// kafka is a copy of the record, because a record of the client keeps its
	// whole batch in memory. Once the record is settled, only its position is
	// left.
	kafka kgo.Record
	entry stream.Entry
	// deadLetter reports whether the record was produced from a dead letter.
	deadLetter bool
	// claimed reports whether the record has claimed its id in Source.seen.
	claimed bool
	// attempts is how often the entry was delivered.
	attempts int
	settled  bool
	// dropped reports that the record is not delivered, although it is not
	// settled, because its partition leaves.
	dropped bool
}

// byteOrderMark may precede JSON. RFC 8259 allows readers to ignore it.
var byteOrderMark = []byte("\uFEFF")

// newRecord copies and decodes a record. The entry of a record that is not a JSON
// object has its value all the same: a worker cannot decode it either, and makes a
// dead letter of it. The record's position is its id and its conversation.
func newRecord(read *kgo.Record) *record {
	r := &record{
		kafka: kgo.Record{
			Key:         bytes.Clone(read.Key),
			Value:       bytes.Clone(read.Value),
			Headers:     slices.Clone(read.Headers),
			Topic:       read.Topic,
			Partition:   read.Partition,
			LeaderEpoch: read.LeaderEpoch,
			Offset:      read.Offset,
		},
		deadLetter: isDeadLetter(read),
	}
	for i, header := range r.kafka.Headers {
		r.kafka.Headers[i].Value = bytes.Clone(header.Value)
	}
	data := bytes.TrimPrefix(r.kafka.Value, byteOrderMark)
	entry, err := stream.NewEntry(data)
	if err != nil {
		entry = stream.Entry{ID: r.position(), Conversation: r.position(), Data: data}
	}
	entry.Received = read.Timestamp.UTC()
	r.entry = entry
	return r
}

// position returns where the record is, as one text.
func (r *record) position() string {
	return fmt.Sprintf("%s/%d/%d", r.kafka.Topic, r.kafka.Partition, r.kafka.Offset)
}

// settle marks r as settled. Then its partition drops all records before the first
// that is not settled.
func (s *Source) settle(r *record) {
	p := r.partition
	if p.gone || r.settled {
		return
	}
	r.settled = true
	size := int64(len(r.kafka.Value))
	p.bytes -= size
	s.bytes -= size
	r.entry = stream.Entry{}
	r.kafka.Key, r.kafka.Value, r.kafka.Headers = nil, nil, nil

	for len(p.records) > 0 && p.records[0].settled {
		p.epoch = p.records[0].kafka.LeaderEpoch
		p.records[0] = nil
		p.records = p.records[1:]
		s.held--
	}
	s.regulate(p)
}
