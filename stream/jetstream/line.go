package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/stream"
)

// stepTime is how long one step of reading a message may take.
const stepTime = 3 * time.Second

// line fetches the entries of one line, one at a time, while there are takers.
type line struct {
	inbox  *Inbox
	number int
	puller *puller // nil until the consumer exists
	// reconnects is how often the connection was replaced before puller was made.
	reconnects uint64
}

// fetched is the first entry of a line, which this program has fetched.
type fetched struct {
	stream.Entry
	message  *nats.Msg
	line     int
	sequence uint64
	key      string
	// at is when it was fetched, or when the servers were last asked to wait.
	at      time.Time
	attempt int
	// returned is how often programs without a taker returned it.
	returned int
}

// taken is what a line hands to a taker: an entry or an error.
type taken struct {
	entry *fetched
	err   error
}

// run fetches entries until ctx ends.
func (l *line) run(ctx context.Context) {
	for failures := 0; l.inbox.demand.wait(ctx) == nil; {
		err := l.next(ctx)
		if err == nil || ctx.Err() != nil {
			failures = 0
			continue
		}
		failures++
		if l.puller != nil {
			l.puller.close()
			l.puller = nil // the consumer may have been deleted
		}
		l.report(ctx, err, pause(failures))
	}
}

// pause returns how long to wait after a number of failures in a row.
func pause(failures int) time.Duration {
	return min(time.Duration(failures)*100*time.Millisecond, 2*time.Second)
}

// report logs err and waits before the next attempt. If err is not transient and a
// taker comes meanwhile, it hands err to the taker and returns at once.
func (l *line) report(ctx context.Context, err error, wait time.Duration) {
	l.inbox.logger.DebugContext(ctx, "jetstream: an entry cannot be fetched", "line", l.number, "error", err)
	var takers chan<- taken
	if !transient(err) {
		takers = l.inbox.taken
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case takers <- taken{err: err}:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// next fetches an entry, if there is one, and hands it to a taker.
func (l *line) next(ctx context.Context) error {
	message, err := l.fetch(ctx)
	if message == nil {
		return err
	}
	entry, err := l.resolve(ctx, message)
	if entry == nil {
		return err
	}
	hold := time.NewTimer(time.Until(entry.at.Add(l.inbox.hold())))
	defer hold.Stop()
	takers := l.inbox.taken
	if ctx.Err() != nil {
		takers = nil // the message arrived after the inbox was closed
	}
	select {
	case takers <- taken{entry: entry}:
		return nil
	case <-hold.C:
	case <-ctx.Done():
	}
	return l.giveBack(ctx, entry)
}

// fetch returns the line's next message, or nil if there was none in time.
func (l *line) fetch(ctx context.Context) (*nats.Msg, error) {
	if reconnects := l.inbox.conn.Stats().Reconnects; l.puller != nil && l.reconnects != reconnects {
		l.puller.close()
		l.puller = nil // the server may have been restarted
	}
	if l.puller == nil {
		if err := l.open(ctx); err != nil {
			return nil, err
		}
	}
	return l.puller.next()
}

// open opens the line's consumer, and removes the entries that the server should
// have removed before it ended.
func (l *line) open(ctx context.Context) error {
	reconnects := l.inbox.conn.Stats().Reconnects
	consumer, err := l.inbox.consumer(ctx, l.number)
	if err != nil {
		return err
	}
	err = l.inbox.removeSettled(ctx, l.number, consumer.AckFloor.Stream)
	if err != nil && !l.inbox.mayNotRemove() {
		return err
	}
	l.puller, l.reconnects = newPuller(l.inbox.connection, l.inbox.name, consumer.Name), reconnects
	return nil
}

// resolve reads a message. As long as the ledger cannot be read, it keeps the
// message and asks the servers to wait. Giving it back would count as an attempt,
// and the worker could make the entry a dead letter before its first real one.
func (l *line) resolve(ctx context.Context, message *nats.Msg) (*fetched, error) {
	meta, err := message.Metadata()
	if err != nil {
		return nil, err
	}
	kept := time.Now()
	entry, err := l.read(ctx, message, meta)
	for failures := 1; err != nil; failures++ {
		l.report(ctx, err, min(pause(failures), l.inbox.hold()))
		// Soon after last, the servers give the entry to another program.
		last := kept.Add(l.inbox.ackWait() - l.inbox.hold())
		switch {
		case ctx.Err() != nil:
			return nil, errors.Join(err, l.inbox.doubleAck(context.WithoutCancel(ctx), message, nak(0)))
		case !time.Now().Before(last):
			return nil, err
		}
		asked := time.Now()
		if err = l.keep(ctx, message, last); err == nil {
			kept = asked
			entry, err = l.read(ctx, message, meta)
		}
	}
	if entry != nil {
		entry.at = kept
	}
	return entry, nil
}

// keep asks the servers to wait longer for this program. It must not succeed
// after last, because servers confirm even a request that comes too late.
func (l *line) keep(ctx context.Context, message *nats.Msg, last time.Time) error {
	ctx, cancel := l.limit(ctx)
	defer cancel()
	ctx, cancelLast := context.WithDeadline(ctx, last)
	defer cancelLast()
	return l.inbox.doubleAck(ctx, message, inProgress)
}

// limit returns the context of one step of reading a message. It outlives ctx,
// so that an entry can be given back after the inbox was closed. A read, a pause
// and a keep together take less time than the servers wait.
func (l *line) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), min(stepTime, l.inbox.lease/2))
}

// read returns the entry of a message, or nil if the entry was settled before or
// the message is not an entry.
func (l *line) read(ctx context.Context, message *nats.Msg, meta *nats.MsgMetadata) (*fetched, error) {
	ctx, cancel := l.limit(ctx)
	defer cancel()
	f, err := newFetched(message)
	if err != nil {
		return nil, l.bury(ctx, message, meta.Sequence.Stream, err)
	}
	f.line, f.sequence = l.number, meta.Sequence.Stream
	settled, err := l.inbox.isSettled(ctx, f.key)
	switch {
	case err != nil:
		return nil, err
	case settled:
		return nil, l.inbox.sendAck(message, ack)
	case meta.NumDelivered > 1:
		if f.returned, err = l.inbox.returned(ctx, l.number, f.sequence); err != nil {
			return nil, err
		}
	}
	f.attempt = max(1, int(meta.NumDelivered)-f.returned)
	return f, nil
}

// newFetched decodes a message. The error wraps errNotAnEntry.
func newFetched(message *nats.Msg) (*fetched, error) {
	entry, err := decode(message.Header, message.Data)
	if err != nil {
		return nil, err
	}
	key, err := settlementKey(message.Header, entry)
	if err != nil {
		return nil, err
	}
	return &fetched{Entry: entry, message: message, key: key}, nil
}

// bury makes a dead letter of a message that is not an entry. It cuts one that
// is too large for what a dead letter adds.
func (l *line) bury(ctx context.Context, message *nats.Msg, sequence uint64, reason error) error {
	data := message.Data
	if room := max(0, l.inbox.conn.MaxPayload()-deadLetterRoom); int64(len(data)) > room {
		data, reason = data[:room], fmt.Errorf("%w; it is cut to %d of %d bytes", reason, room, len(data))
	}
	letter := unreadable(sequence, data, reason)
	l.inbox.logger.WarnContext(ctx, "jetstream: a message is not an entry", "line", l.number, "id", letter.ID, "error", reason)
	if err := l.inbox.bury(ctx, letter, message.Reply); err != nil {
		return err
	}
	return l.inbox.sendAck(message, ack)
}

// giveBack lets another program have an entry for which this one has no taker. It
// notes first that this was no attempt. If the note cannot be stored, this counts as
// an attempt.
func (l *line) giveBack(ctx context.Context, entry *fetched) error {
	ctx = context.WithoutCancel(ctx) // the inbox may be closed
	noting, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	replyLost := func(err error) bool { return transient(err) && !notSent(err) }
	noted := retry(noting, replyLost, func() error {
		return l.inbox.noteReturned(noting, l.number, entry.sequence, entry.returned+1)
	})
	return errors.Join(noted, l.inbox.doubleAck(ctx, entry.message, nak(0)))
}
