package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
)

// partitionID names a partition.
type partitionID struct {
	topic  string
	number int32
}

// partition is one that the group assigned to this source.
type partition struct {
	id partitionID
	// records are those that were read, in the order of their offsets, from the
	// first that is not settled on. Nothing behind that one may be committed.
	records []*record
	// bytes is the size of the payloads among them.
	bytes int64
	// next is the offset that is expected next; zero if that is not known.
	next int64
	// givenOut counts deliveries that are not settled.
	givenOut int
	// leaving says that the partition goes to another member: nothing more is
	// given out. idle is closed then once nothing is given out any more.
	leaving bool
	idle    chan struct{}
	// gone says that another member may have the partition: what is still known
	// of its records is of no consequence.
	gone bool
	// paused reports whether the client does not fetch the partition.
	paused bool
}

func newPartition(id partitionID) *partition {
	return &partition{id: id, idle: make(chan struct{})}
}

// leave has nothing more given out.
func (p *partition) leave() {
	if p.leaving {
		return
	}
	p.leaving = true
	if p.givenOut == 0 {
		close(p.idle)
	}
}

// takeBack notes that a delivery has ended.
func (p *partition) takeBack() {
	p.givenOut--
	if p.leaving && p.givenOut == 0 {
		close(p.idle)
	}
}

// record is one that was read from a partition.
type record struct {
	partition *partition
	// kafka is the record as it was read. It shares no memory with its batch,
	// because one that is stuck would keep all of that. Of a settled record
	// nothing but its place is left.
	kafka kgo.Record
	entry stream.Entry
	// unreadable says why the record is no entry; empty if it is one.
	unreadable string
	// attempts counts how often the entry was given out.
	attempts int
	// oversized says that the record's dead letter was too large for its topic.
	oversized bool
	settled   bool
	// dropped says that the record is not to be given out, though it is not
	// settled, because its partition leaves.
	dropped bool
}

// settle notes that nothing more is to be done about r, and marks what may be
// committed: all records up to the first that is not settled.
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

	var last *record
	for len(p.records) > 0 && p.records[0].settled {
		last = p.records[0]
		p.records[0] = nil
		p.records = p.records[1:]
		s.held--
	}
	if last != nil {
		s.client.MarkCommitRecords(&last.kafka)
	}
	s.regulate(p)
}
