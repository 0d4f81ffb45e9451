package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/stream"
)

// line fetches the entries of one line, one at a time, while there are takers.
type line struct {
	inbox  *Inbox
	number int
	puller *puller // nil until the consumer is known to be there
}

// fetched is the first entry of a line, as this program has it.
type fetched struct {
	stream.Entry
	message  *nats.Msg
	line     int
	sequence uint64
	key      string
	// at is when it was fetched, or when the servers were last asked to wait for
	// this program.
	at      time.Time
	attempt int
	// returned is how often it was returned by programs without a taker.
	returned int
}

// taken is what a line hands to a taker: an entry, or what went wrong.
type taken struct {
	entry *fetched
	err   error
}

// run fetches until ctx ends.
func (l *line) run(ctx context.Context) {
	for failures := 0; l.inbox.demand.wait(ctx) == nil; {
		err := l.next(ctx)
		if err == nil || ctx.Err() != nil {
			failures = 0
			continue
		}
		failures++
		l.puller.close()
		l.puller = nil // the consumer may have been deleted
		l.report(ctx, err, pause(failures))
	}
}

// pause is how long to wait after so many failures, one after another.
func pause(failures int) time.Duration {
	return min(time.Duration(failures)*100*time.Millisecond, 2*time.Second)
}

// report tells a taker of an error that waiting does not mend, and waits before
// the next try.
func (l *line) report(ctx context.Context, err error, wait time.Duration) {
	l.inbox.logger.DebugContext(ctx, "jetstream: a line cannot be fetched", "line", l.number, "error", err)
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
		takers = nil // the message came when the inbox was closed already
	}
	select {
	case takers <- taken{entry: entry}:
		return nil
	case <-hold.C:
	case <-ctx.Done():
	}
	return l.giveBack(ctx, entry)
}

// fetch returns the line's next message, or nil if none came in time.
func (l *line) fetch(ctx context.Context) (*nats.Msg, error) {
	if l.puller == nil {
		consumer, err := l.inbox.consumer(ctx, l.number, l.inbox.ackWait())
		if err != nil {
			return nil, err
		}
		if l.puller, err = newPuller(l.inbox.connection, l.inbox.name, consumer); err != nil {
			return nil, err
		}
	}
	return l.puller.next(ctx)
}

// resolve reads a message. While that cannot be done, which is no fault of the
// entry's, it keeps the message and has the servers wait: if it gave the message
// back, that would count as an attempt, and the entry could be given up without
// ever having been given out.
func (l *line) resolve(ctx context.Context, message *nats.Msg) (*fetched, error) {
	meta, err := message.Metadata()
	if err != nil {
		return nil, err
	}
	kept := time.Now()
	entry, err := l.read(ctx, message, meta)
	for failures := 1; err != nil; failures++ {
		l.report(ctx, err, min(pause(failures), l.inbox.hold()))
		// Soon after that the servers give it to somebody else.
		last := kept.Add(l.inbox.ackWait() - l.inbox.hold())
		switch {
		case ctx.Err() != nil:
			return nil, errors.Join(err, l.inbox.signal(message, nak(0)))
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

// keep has the servers wait for this program once more. They confirm it even to
// a program that asks too late, so it gives up at last.
func (l *line) keep(ctx context.Context, message *nats.Msg, last time.Time) error {
	ctx, cancel := l.limit(ctx)
	defer cancel()
	ctx, cancelLast := context.WithDeadline(ctx, last)
	defer cancelLast()
	return l.inbox.tell(ctx, message, inProgress)
}

// limit returns the context of one step in reading a message. It outlives ctx,
// so that an entry can be given back when the inbox is closed. A read, a pause
// and a keep are over before the servers have waited long enough.
func (l *line) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), min(closeTime, l.inbox.lease/2))
}

// read makes an entry of a message. It returns nil if the message is none to be
// given out: because the entry was settled before, or because it is no entry.
func (l *line) read(ctx context.Context, message *nats.Msg, meta *nats.MsgMetadata) (*fetched, error) {
	ctx, cancel := l.limit(ctx)
	defer cancel()
	f, err := newFetched(message)
	if err != nil {
		return nil, l.bury(ctx, message, meta.Sequence.Stream, err)
	}
	f.line, f.sequence = l.number, meta.Sequence.Stream
	settled, err := l.inbox.ledger.settled(ctx, f.key)
	switch {
	case err != nil:
		return nil, err
	case settled:
		return nil, l.inbox.signal(message, ack)
	case meta.NumDelivered > 1:
		if f.returned, err = l.inbox.ledger.returned(ctx, l.number, f.sequence); err != nil {
			return nil, err
		}
	}
	f.attempt = max(1, int(meta.NumDelivered)-f.returned)
	return f, nil
}

// newFetched decodes a message. The error is errNotAnEntry, wrapped.
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

// bury makes a dead letter of a message that somebody else put into the line. One
// that leaves no room for that is cut.
func (l *line) bury(ctx context.Context, message *nats.Msg, sequence uint64, reason error) error {
	data := message.Data
	if room := max(0, l.inbox.connection.MaxPayload()-deadLetterRoom); int64(len(data)) > room {
		data, reason = data[:room], fmt.Errorf("%w; it is cut to %d of %d bytes", reason, room, len(data))
	}
	letter := unreadable(sequence, data, reason)
	l.inbox.logger.WarnContext(ctx, "jetstream: a message is not an entry", "line", l.number, "id", letter.ID, "error", reason)
	if err := l.inbox.bury(ctx, letter); err != nil {
		return err
	}
	return l.inbox.signal(message, ack)
}

// giveBack lets another program have an entry for which this one has no taker.
func (l *line) giveBack(ctx context.Context, entry *fetched) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := l.inbox.ledger.noteReturned(ctx, l.number, entry.sequence, entry.returned+1); err != nil {
		return errors.Join(err, l.inbox.signal(entry.message, nak(0)))
	}
	return l.inbox.tell(ctx, entry.message, nak(0))
}
