package jetstream

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/engagesdk/engage-go/stream"
)

// settlement settles one delivery.
type settlement struct {
	inbox *Inbox
	entry *fetched
	// id differs in each delivery. The message's reply subject does not: a new consumer
	// counts its deliveries anew.
	id string
	// turn holds a token while no call is in progress. The call that takes it
	// owns the fields below.
	turn    chan struct{}
	until   time.Time // when the lease ends
	settled bool
}

func newSettlement(inbox *Inbox, entry *fetched) *settlement {
	s := &settlement{inbox: inbox, entry: entry, id: rand.Text(), turn: make(chan struct{}, 1)}
	s.until = time.Now().Add(inbox.lease)
	if latest := entry.at.Add(inbox.hold() + inbox.lease); latest.Before(s.until) {
		s.until = latest
	}
	s.turn <- struct{}{}
	return s
}

// do runs step unless the delivery is settled or its lease is over. The step's
// context ends with the lease.
func (s *settlement) do(ctx context.Context, step func(context.Context) error) error {
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.settled || !time.Now().Before(s.until) {
		return stream.ErrSettled
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	leased, cancel := context.WithDeadline(ctx, s.until)
	defer cancel()
	return s.inbox.explain(ctx, "settle", step(leased))
}

// Ack implements [stream.Settlement]. While the servers cannot be reached, it
// makes further attempts until ctx or the lease ends.
func (s *settlement) Ack(ctx context.Context) error {
	return s.do(ctx, func(ctx context.Context) error { return s.conclude(ctx, "ack") })
}

// Term implements [stream.Settlement]. It makes further attempts as Ack does. It
// stores the dead letter before it settles the entry, so that neither is lost.
// It keeps at most 1.5 KiB of the reason, in which a character that is not ASCII
// takes 6 bytes or 10.
func (s *settlement) Term(ctx context.Context, reason string) error {
	return s.do(ctx, func(ctx context.Context) error {
		letter := stream.DeadLetter{Entry: s.entry.Entry, Attempts: s.entry.attempt, Reason: reason}
		if err := s.inbox.bury(ctx, letter, s.id); err != nil {
			return err
		}
		return s.conclude(ctx, "term")
	})
}

// conclude settles the entry for good by a record in the ledger.
func (s *settlement) conclude(ctx context.Context, way string) error {
	err := s.inbox.settle(ctx, s.entry.key, s.id, way)
	if err != nil && err != stream.ErrSettled {
		return err
	}
	s.settled = true
	// If this is lost, the entry is fetched again when its lease is over, found
	// in the ledger, and dropped.
	if lost := s.inbox.sendAck(s.entry.message, ack); lost != nil {
		s.inbox.logger.DebugContext(ctx, "jetstream: a settled entry stays in its line", "line", s.entry.line, "error", lost)
	}
	return err
}

// Nak implements [stream.Settlement]. It makes further attempts while a request
// cannot be sent. A request that may have been applied ends the delivery: if its
// reply is lost, later calls return [stream.ErrSettled].
func (s *settlement) Nak(ctx context.Context, delay time.Duration) error {
	return s.do(ctx, func(ctx context.Context) error {
		err := retry(ctx, notSent, func() error { return s.inbox.doubleAck(ctx, s.entry.message, nak(delay)) })
		// Servers apply a nak of an earlier delivery, too. A repetition could take
		// the entry from its next taker.
		s.settled = !notSent(err)
		return err
	})
}

// Extend implements [stream.Settlement].
func (s *settlement) Extend(ctx context.Context) error {
	return s.do(ctx, func(ctx context.Context) error {
		var sent time.Time
		err := retry(ctx, notSent, func() error {
			sent = time.Now()
			return s.inbox.doubleAck(ctx, s.entry.message, inProgress)
		})
		if err == nil {
			s.until = sent.Add(s.inbox.lease)
		}
		return err
	})
}
