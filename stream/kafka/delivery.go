package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/engagesdk/engage-go/stream"
)

// errLeaving is what Extend returns while the delivery's partition goes to
// another member: the lease runs, and is not renewed.
var errLeaving = errors.New("kafka: the partition goes to another member: the lease cannot be renewed")

// delivery settles a record that was given out. It implements
// [stream.Settlement].
type delivery struct {
	source       *Source
	conversation *conversation
	record       *record
	lease        *time.Timer
	// until is when the lease runs out.
	until time.Time
	// burying says that Term waits for the dead letter to be stored; over, that
	// the record is no longer the taker's.
	burying, over bool
}

// give gives the first record of c out.
func (s *Source) give(c *conversation) stream.Delivery {
	r := c.records[0]
	r.attempts++
	r.partition.givenOut++
	d := &delivery{source: s, conversation: c, record: r, until: time.Now().Add(s.config.Lease)}
	d.lease = time.AfterFunc(s.config.Lease, d.expire)
	c.out = d
	return stream.Delivery{Entry: r.entry, Attempt: r.attempts, Lease: s.config.Lease, Settlement: d}
}

// Ack implements [stream.Settlement]. It does not wait for the commit, which
// comes within Config.CommitInterval once all records before this one in its
// partition are settled.
func (d *delivery) Ack(context.Context) error {
	return d.settle(func() { d.finish() })
}

// Nak implements [stream.Settlement].
func (d *delivery) Nak(_ context.Context, delay time.Duration) error {
	return d.settle(func() { d.putBack(delay) })
}

// settle runs as under the source's lock, unless the delivery is over.
func (d *delivery) settle(as func()) error {
	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	if d.over || d.burying {
		return stream.ErrSettled
	}
	as()
	return nil
}

// finish ends the delivery of a record that is handled or buried.
func (d *delivery) finish() {
	d.end()
	d.source.seen.Commit(d.record.entry.ID)
	d.source.settle(d.record)
	d.source.advance(d.conversation)
}

// putBack ends the delivery of a record that is not settled.
func (d *delivery) putBack(delay time.Duration) {
	d.end()
	if d.record.partition.leaving {
		d.source.drop(d.record.partition, false)
		return
	}
	d.source.postpone(d.conversation, delay)
}

// end takes the record from its taker.
func (d *delivery) end() {
	d.over = true
	d.lease.Stop()
	d.conversation.out = nil
	d.record.partition.takeBack()
}

// Term implements [stream.Settlement]. It returns once the dead letter is
// stored, with 1 KiB of the reason at most. If that fails, the delivery goes on:
// Term can be called again, or the lease runs out and the entry is given out
// again.
func (d *delivery) Term(ctx context.Context, reason string) error {
	if err := d.settle(func() { d.burying = true; d.lease.Stop() }); err != nil {
		return err
	}
	err := d.source.produceDeadLetter(ctx, d.record, reason)

	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	d.burying = false
	switch {
	case d.over:
		return stream.ErrSettled
	case err == nil:
		d.source.counts.DeadLetters++
		d.finish()
	case d.record.partition.leaving:
		d.putBack(0)
	default:
		d.renew()
	}
	return err
}

// Extend implements [stream.Settlement].
func (d *delivery) Extend(context.Context) error {
	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	switch {
	case d.over:
		return stream.ErrSettled
	case d.burying:
		return nil // the lease does not run
	case d.record.partition.leaving:
		return errLeaving
	}
	d.renew()
	return nil
}

func (d *delivery) renew() {
	d.until = time.Now().Add(d.source.config.Lease)
	d.lease.Reset(d.source.config.Lease)
}

// expire puts the record back, whose taker was not heard of. The lease can have
// been renewed or ended while expire waited for its turn.
func (d *delivery) expire() {
	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	if d.over || d.burying || time.Now().Before(d.until) {
		return
	}
	d.source.config.Logger.Warn("kafka: a lease ran out", "id", d.record.entry.ID, "attempt", d.record.attempts)
	d.putBack(0)
}
