package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/engagesdk/engage-go/stream"
)

// How long Open waits for a cluster, how long one attempt of that may take, and
// how long each step of Close waits for the servers.
const (
	openTime        = 30 * time.Second
	openAttemptTime = 3 * time.Second
	closeTime       = 10 * time.Second
)

// Inbox is a [stream.Inbox] in JetStream. It is safe for concurrent use, and
// many programs may have the same one open. Create one with [Open].
type Inbox struct {
	storage
	logger *slog.Logger
	demand *demand
	taken  chan taken

	closing context.Context
	stop    context.CancelFunc
	fetches sync.WaitGroup
}

// Open connects to the servers and opens the inbox, which it creates if there is
// none. If a cluster is not ready yet, Open waits until ctx ends, for at most 30
// seconds. It does not wait for servers that cannot be reached at all.
//
// An error reports one of these:
//
//   - config is invalid; the error lists all violations.
//   - No server can be reached, or none accepts the credentials.
//   - JetStream is not enabled, or lacks the room for the inbox.
//   - The inbox has other Lines or another Lease than config asks for.
//   - A stream with the inbox's name belongs to something else.
func Open(ctx context.Context, config Config) (*Inbox, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	connection, err := connect(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("jetstream: connect: %w", err)
	}
	i := &Inbox{
		storage: storage{name: config.Name, connection: connection},
		logger:  config.Logger,
		demand:  newDemand(),
		taken:   make(chan taken),
	}
	if err := i.openStreams(ctx, config); err != nil {
		connection.conn.Close()
		return nil, fmt.Errorf("jetstream: open %s: %w", config.Name, err)
	}
	i.closing, i.stop = context.WithCancel(context.Background())
	for number := range i.lines {
		l := &line{inbox: i, number: number}
		i.fetches.Go(func() { l.run(i.closing) })
	}
	return i, nil
}

// openStreams opens the streams, and waits for a cluster that is not ready. One
// without a leader does not reply at all, so each attempt has a limit.
func (i *Inbox) openStreams(ctx context.Context, config Config) error {
	err := retry(ctx, notReady, func() error {
		limited, cancel := context.WithTimeout(ctx, openAttemptTime)
		defer cancel()
		return i.storage.open(limited, config)
	})
	if err != nil && ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// Put implements [stream.Inbox]. While the servers cannot be reached or elect a
// leader, it makes further attempts until ctx ends, so give ctx a deadline. It
// fails with [nats.ErrPermissionViolation] if the program may not store entries.
//
// An entry must be 2 KiB smaller than the servers' max_payload, so that it fits
// as a dead letter. This includes its headers, which have a limit of 62 KiB. Put
// refuses a larger entry with [nats.ErrMaxPayload].
func (i *Inbox) Put(ctx context.Context, entry stream.Entry) (duplicate bool, err error) {
	if entry.ID == "" || entry.Conversation == "" {
		return false, stream.ErrNoID
	}
	if err := i.ended(ctx); err != nil {
		return false, err
	}
	message := encode(i.entrySubject(i.lineOf(entry.Conversation)), entry)
	message.Header.Set(headerPut, rand.Text())
	if err := checkRoom(message, i.conn.MaxPayload()); err != nil {
		return false, i.explain(ctx, "put", err)
	}
	duplicate, err = i.put(ctx, keyOf(entry.ID), message)
	return duplicate, i.explain(ctx, "put", err)
}

// put stores the message of an entry unless the entry with key is known.
func (i *Inbox) put(ctx context.Context, key string, message *nats.Msg) (duplicate bool, err error) {
	err = retry(ctx, transient, func() error {
		duplicate, err = i.isSettled(ctx, key)
		return err
	})
	if err != nil || duplicate {
		return duplicate, err
	}
	attempts := 0
	var stored *jetstream.PubAck
	err = retry(ctx, transient, func() error {
		attempts++
		stored, err = i.publish(ctx, message, jetstream.WithMsgID(key))
		return err
	})
	if err != nil {
		return false, err
	}
	if stored.Duplicate && attempts > 1 {
		return !i.isStoredAs(ctx, message, stored.Sequence), nil
	}
	return stored.Duplicate, nil
}

// isStoredAs reports whether this very message has a number in the stream of
// entries: an earlier attempt stored it, and the reply was lost.
func (i *Inbox) isStoredAs(ctx context.Context, message *nats.Msg, sequence uint64) bool {
	stored, err := i.entries.GetMsg(ctx, sequence)
	return err == nil && stored.Header.Get(headerPut) == message.Header.Get(headerPut)
}

// Take implements [stream.Source]. While the servers cannot be reached it waits.
// It fails with [nats.ErrPermissionViolation] if the program may not request
// entries.
func (i *Inbox) Take(ctx context.Context) (stream.Delivery, error) {
	if err := i.ended(ctx); err != nil {
		return stream.Delivery{}, err
	}
	leave := i.demand.join()
	defer leave()
	for {
		select {
		case t := <-i.taken:
			if t.err != nil {
				return stream.Delivery{}, i.explain(ctx, "take", t.err)
			}
			if i.settledMeanwhile(ctx, t.entry) {
				continue
			}
			return stream.Delivery{
				Entry:      t.entry.Entry,
				Attempt:    t.entry.attempt,
				Lease:      i.lease,
				Settlement: newSettlement(i, t.entry),
			}, nil
		case <-i.closing.Done():
			return stream.Delivery{}, stream.ErrClosed
		case <-ctx.Done():
			return stream.Delivery{}, ctx.Err()
		}
	}
}

// recheckTime is how long after an entry was fetched it is delivered without another
// lookup in the ledger.
const recheckTime = 100 * time.Millisecond

// settledMeanwhile reports whether another program has settled an entry that waited
// here for a taker. Then it removes the entry from its line. If the ledger cannot be
// read while the entry may be held, it reports false.
func (i *Inbox) settledMeanwhile(ctx context.Context, entry *fetched) bool {
	if time.Since(entry.at) < recheckTime {
		return false
	}
	ctx, cancel := context.WithDeadline(ctx, entry.at.Add(i.hold()))
	defer cancel()
	if settled, err := i.isSettled(ctx, entry.key); err != nil || !settled {
		return false
	}
	if err := i.sendAck(entry.message, ack); err != nil {
		i.logger.DebugContext(ctx, "jetstream: a settled entry stays in its line", "line", entry.line, "error", err)
	}
	return true
}

// ended returns [stream.ErrClosed] if the inbox is closed, or ctx's error.
func (i *Inbox) ended(ctx context.Context) error {
	if i.closing.Err() != nil {
		return stream.ErrClosed
	}
	return ctx.Err()
}

// Counts is what an [Inbox] contains, whichever program put it there.
type Counts struct {
	// Entries counts the entries that wait or are being handled.
	Entries uint64
	// Bytes is the size of Entries.
	Bytes uint64
	// DeadLetters counts the dead letters.
	DeadLetters uint64
}

// Counts asks the servers what the inbox contains. It returns ctx's error,
// [stream.ErrClosed], or an error of the servers.
func (i *Inbox) Counts(ctx context.Context) (Counts, error) {
	if err := i.ended(ctx); err != nil {
		return Counts{}, err
	}
	entries, err := i.entries.Info(ctx)
	if err != nil {
		return Counts{}, i.explain(ctx, "counts", err)
	}
	dead, err := i.dead.Info(ctx)
	if err != nil {
		return Counts{}, i.explain(ctx, "counts", err)
	}
	return Counts{Entries: entries.State.Msgs, Bytes: entries.State.Bytes, DeadLetters: dead.State.Msgs}, nil
}

// Backlog returns how many entries the inbox holds, and when the servers stored the
// oldest of them, by their clocks. A requeued entry was stored when it was requeued.
// It fails like [Inbox.Counts]. A [stream.Worker] reports the backlog to its observer,
// and checks it in [stream.Worker.Ready].
func (i *Inbox) Backlog(ctx context.Context) (stream.Backlog, error) {
	if err := i.ended(ctx); err != nil {
		return stream.Backlog{}, err
	}
	entries, err := i.entries.Info(ctx)
	if err != nil {
		return stream.Backlog{}, i.explain(ctx, "backlog", err)
	}
	backlog := stream.Backlog{Entries: int(entries.State.Msgs)}
	if backlog.Entries > 0 {
		backlog.Oldest = entries.State.FirstTime
	}
	return backlog, nil
}

// Close closes the inbox for this program. Put and Take return
// [stream.ErrClosed], in calls that wait as well. An entry that was fetched and
// not yet taken is put back.
//
// A delivery that is not settled is delivered again when its lease ends, so
// settle all first. [stream.Worker.Run] has done so when it returns.
//
// Close takes a second if entries were just asked for, because a request cannot
// be taken back. With servers that are slow or silent it may take half a minute.
// It always returns nil. A second call does nothing.
func (i *Inbox) Close() error {
	i.stop()
	i.fetches.Wait()
	err := nats.ErrDisconnected
	if i.conn.IsConnected() {
		err = i.conn.FlushTimeout(closeTime)
	}
	if err != nil && !i.conn.IsClosed() {
		i.logger.Warn("jetstream: closed while the servers could not be reached", "error", err)
	}
	i.conn.Close()
	return nil
}
