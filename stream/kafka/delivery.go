package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/engagesdk/engage-go/stream"
)

// errLeaving is what Extend returns when the partition moves to another member.
// The lease still runs.
var errLeaving = errors.New("kafka: the partition moves to another member, and the lease cannot be extended")

// delivery is a record that was delivered. It implements [stream.Settlement].
type delivery struct {
	source       *Source
	conversation *conversation
	record       *record
	// lease calls expire when the lease runs out, at the time until.
	lease *time.Timer
	until time.Time
	// terminating reports that Term is storing the dead letter. over reports that
	// the record no longer belongs to the taker.
	terminating, over bool
}

// deliver delivers the first record of c.
func (s *Source) deliver(c *conversation) stream.Delivery {
	r := c.records[0]
	r.attempts++
	r.partition.deliveries++
	d := &delivery{source: s, conversation: c, record: r, until: time.Now().Add(s.config.Lease)}
	d.lease = time.AfterFunc(s.config.Lease, d.expire)
	c.out = d
	return stream.Delivery{Entry: r.entry, Attempt: r.attempts, Lease: s.config.Lease, Settlement: d}
}

// Ack implements [stream.Settlement]. It does not wait for the commit, which
// follows within Config.CommitInterval.
func (d *delivery) Ack(context.Context) error {
	return d.settle(d.finish)
}

// Nak implements [stream.Settlement].
func (d *delivery) Nak(_ context.Context, delay time.Duration) error {
	return d.settle(func() { d.putBack(delay) })
}

// settle calls f while it holds the source's lock. If the record no longer belongs
// to the taker, it returns [stream.ErrSettled] instead.
func (d *delivery) settle(f func()) error {
	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	if d.over || d.terminating {
		return stream.ErrSettled
	}
	f()
	return nil
}

// finish ends the delivery and settles its record.
func (d *delivery) finish() {
	d.end()
	d.source.seen.Commit(d.record.entry.ID)
	d.source.settle(d.record)
	d.source.advance(d.conversation)
}

// putBack ends the delivery without settling its record.
func (d *delivery) putBack(delay time.Duration) {
	d.end()
	if d.record.partition.leaving {
		d.source.drop(d.record.partition, false)
		return
	}
	d.source.postpone(d.conversation, delay)
}

// end takes the record away from the taker.
func (d *delivery) end() {
	d.over = true
	d.lease.Stop()
	d.conversation.out = nil
	d.record.partition.takeBack()
}

// Term implements [stream.Settlement]. It returns when the dead letter is stored,
// with at most 1 KiB of the reason. If storing fails, the delivery goes on: Term
// can be called again, or the lease runs out and the entry is delivered again.
func (d *delivery) Term(ctx context.Context, reason string) error {
	if err := d.settle(func() { d.terminating = true; d.lease.Stop() }); err != nil {
		return err
	}
	err := d.source.produceDeadLetter(ctx, d.record, reason)

	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	d.terminating = false
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
	case d.terminating:
		return nil // the lease does not run
	case d.record.partition.leaving:
		return errLeaving
	}
	d.renew()
	return nil
}

// renew starts the lease again.
func (d *delivery) renew() {
	d.until = time.Now().Add(d.source.config.Lease)
	d.lease.Reset(d.source.config.Lease)
}

// expire puts the record back when the lease runs out. The lease may have been
// renewed, or the delivery may have ended, while expire waited for the lock.
func (d *delivery) expire() {
	d.source.mu.Lock()
	defer d.source.mu.Unlock()
	if d.over || d.terminating || time.Now().Before(d.until) {
		return
	}
	d.source.config.Logger.Warn("kafka: a lease ran out", "id", d.record.entry.ID, "attempt", d.record.attempts)
	d.putBack(0)
}
