package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/stream"
)

// settlement settles one delivery.
type settlement struct {
	inbox *Inbox
	entry *fetched
	// turn holds a token while nobody settles; who has it owns what is below.
	turn    chan struct{}
	until   time.Time
	settled bool
}

func newSettlement(inbox *Inbox, entry *fetched) *settlement {
	s := &settlement{inbox: inbox, entry: entry, turn: make(chan struct{}, 1)}
	s.until = time.Now().Add(inbox.lease)
	if latest := entry.at.Add(inbox.hold() + inbox.lease); latest.Before(s.until) {
		s.until = latest
	}
	s.turn <- struct{}{}
	return s
}

// do runs step while the delivery is the taker's.
func (s *settlement) do(ctx context.Context, step func(context.Context) error) error {
	if ctx == nil {
		return errNoContext
	}
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

// Ack implements [stream.Settlement].
func (s *settlement) Ack(ctx context.Context) error {
	return s.do(ctx, func(ctx context.Context) error { return s.conclude(ctx, "ack") })
}

// Term implements [stream.Settlement]. The dead letter is stored first, so that
// it cannot be lost between the two steps. Of the reason it keeps 1.5 KiB at most,
// in which a character that is not ASCII takes 6 bytes or 10.
func (s *settlement) Term(ctx context.Context, reason string) error {
	return s.do(ctx, func(ctx context.Context) error {
		letter := stream.DeadLetter{Entry: s.entry.Entry, Attempts: s.entry.attempt, Reason: reason}
		if err := s.inbox.bury(ctx, letter); err != nil {
			return err
		}
		return s.conclude(ctx, "term")
	})
}

// conclude settles the entry for good, by writing so into the ledger.
func (s *settlement) conclude(ctx context.Context, way string) error {
	err := s.inbox.ledger.settle(ctx, s.entry.key, s.entry.message.Reply, way)
	if err != nil && err != stream.ErrSettled {
		return err
	}
	s.settled = true
	// Should this get lost, the entry is fetched again when its lease is over,
	// found in the ledger, and dropped.
	if lost := s.inbox.signal(s.entry.message, ack); lost != nil {
		s.inbox.logger.DebugContext(ctx, "jetstream: a settled entry stays in its line", "line", s.entry.line, "error", lost)
	}
	return err
}

// Nak implements [stream.Settlement].
func (s *settlement) Nak(ctx context.Context, delay time.Duration) error {
	return s.do(ctx, func(ctx context.Context) error {
		err := s.inbox.tell(ctx, s.entry.message, nak(delay))
		s.settled = err == nil
		return err
	})
}

// Extend implements [stream.Settlement].
func (s *settlement) Extend(ctx context.Context) error {
	return s.do(ctx, func(ctx context.Context) error {
		from := time.Now()
		if err := s.inbox.tell(ctx, s.entry.message, inProgress); err != nil {
			return err
		}
		s.until = from.Add(s.inbox.lease)
		return nil
	})
}

// What a consumer is told of a message.
const (
	ack        = "+ACK"
	inProgress = "+WPI"
)

// nak tells a consumer to give a message out again after delay.
func nak(delay time.Duration) string {
	if delay <= 0 {
		return "-NAK"
	}
	return fmt.Sprintf(`-NAK {"delay":%d}`, delay.Nanoseconds())
}

// tell tells a consumer something of a message, and waits until it has it.
func (i *Inbox) tell(ctx context.Context, message *nats.Msg, what string) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	_, err := i.connection.RequestWithContext(ctx, message.Reply, []byte(what))
	return err
}

// signal tells a consumer something of a message, and does not wait.
func (i *Inbox) signal(message *nats.Msg, what string) error {
	return i.connection.Publish(message.Reply, []byte(what))
}
