package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/engagesdk/engage-go/stream"
)

// How long the servers may take: until they are ready when an inbox is opened,
// for one try of that, to settle a delivery, and to be told that the inbox is
// closed.
const (
	openTime   = 30 * time.Second
	tryTime    = 3 * time.Second
	settleTime = 10 * time.Second
	closeTime  = 3 * time.Second
)

// Inbox is a [stream.Inbox] in JetStream. It is safe for concurrent use, and
// many programs may have the same one open. Make one with [Open]: any other one
// is closed.
type Inbox struct {
	storage
	connection *nats.Conn
	lease      time.Duration
	logger     *slog.Logger

	demand *demand
	taken  chan taken

	closing context.Context
	stop    context.CancelFunc
	fetches sync.WaitGroup
}

// errNoContext says that a context is nil.
var errNoContext = errors.New("jetstream: the context is nil")

// Open connects to the servers and opens the inbox, which it makes if there is
// none. It waits until ctx ends, and half a minute at most, for a cluster that
// is not ready yet, but not for servers that cannot be reached at all.
//
// It fails without a ctx, on a Config that cannot be obeyed, with every violation at once, if
// no server can be reached or lets the program in, if JetStream is not enabled,
// if it has not the room that the inbox is to have, on a number of lines other
// than the inbox has, and if its name belongs to a stream that is no inbox.
func Open(ctx context.Context, config Config) (*Inbox, error) {
	if ctx == nil {
		return nil, errNoContext
	}
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
		connection: connection,
		lease:      config.Lease,
		logger:     config.Logger,
		demand:     newDemand(),
		taken:      make(chan taken),
	}
	if err := i.prepare(ctx, config); err != nil {
		connection.Close()
		return nil, fmt.Errorf("jetstream: open %s: %w", config.Name, err)
	}
	i.closing, i.stop = context.WithCancel(context.Background())
	for number := range i.lines {
		l := &line{inbox: i, number: number}
		i.fetches.Go(func() { l.run(i.closing) })
	}
	return i, nil
}

// connect returns a connection that reconnects for ever. What it cannot send at
// once it refuses, so that nobody takes it for sent.
func connect(ctx context.Context, config Config) (*nats.Conn, error) {
	options := append([]nats.Option{
		nats.Name(config.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(connection *nats.Conn, err error) {
			if !connection.IsClosed() {
				config.Logger.Warn("jetstream: disconnected", "inbox", config.Name, "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			config.Logger.Info("jetstream: connected again", "inbox", config.Name)
		}),
	}, config.Options...)

	type result struct {
		connection *nats.Conn
		err        error
	}
	connected := make(chan result, 1)
	go func() {
		connection, err := nats.Connect(config.URL, options...)
		connected <- result{connection, err}
	}()
	select {
	case r := <-connected:
		if wrong, ok := errors.AsType[*url.Error](r.err); ok {
			return nil, wrong.Err // without the URL
		}
		return r.connection, r.err
	case <-ctx.Done():
		go func() {
			if r := <-connected; r.err == nil {
				r.connection.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// prepare makes the streams as soon as the servers can.
func (i *Inbox) prepare(ctx context.Context, config Config) error {
	js, err := jetstream.New(i.connection)
	if err != nil {
		return err
	}
	i.storage = storage{name: config.Name, js: js}
	for {
		err := i.try(ctx, config)
		if err == nil || !notReady(err) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// try makes the streams. A cluster without a leader answers nothing at all, so
// the time of one try is limited.
func (i *Inbox) try(ctx context.Context, config Config) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	return i.storage.prepare(ctx, config)
}

// ackWait is how long the servers let an entry out: the lease, and before it
// the time that a program holds the entry for a taker, and after it some for
// what is under way.
func (i *Inbox) ackWait() time.Duration { return i.lease + 2*i.hold() }

// hold is how long an entry is held for a taker.
func (i *Inbox) hold() time.Duration { return i.lease / 4 }

// Put implements [stream.Inbox]. An entry must be 2 KiB smaller than the servers'
// max_payload, so that it fits as a dead letter; that counts its headers, whose
// own limit is 62 KiB. A larger one is refused with [nats.ErrMaxPayload].
func (i *Inbox) Put(ctx context.Context, entry stream.Entry) (duplicate bool, err error) {
	if entry.ID == "" || entry.Conversation == "" {
		return false, stream.ErrNoID
	}
	if err := i.ended(ctx); err != nil {
		return false, err
	}
	message := encode(i.entrySubject(i.lineOf(entry.Conversation)), entry)
	if err := checkRoom(message, i.connection.MaxPayload()); err != nil {
		return false, i.explain(ctx, "put", err)
	}
	key := keyOf(entry.ID)
	settled, err := i.ledger.settled(ctx, key)
	if settled || err != nil {
		return settled, i.explain(ctx, "put", err)
	}
	ack, err := publish(ctx, i.js, message, inProcess, jetstream.WithMsgID(key))
	if err != nil {
		return false, i.explain(ctx, "put", err)
	}
	return ack.Duplicate, nil
}

// Take implements [stream.Source]. While the servers cannot be reached it waits.
func (i *Inbox) Take(ctx context.Context) (stream.Delivery, error) {
	if err := i.ended(ctx); err != nil {
		return stream.Delivery{}, err
	}
	leave := i.demand.join()
	defer leave()
	select {
	case t := <-i.taken:
		if t.err != nil {
			return stream.Delivery{}, i.explain(ctx, "take", t.err)
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

// ended says why nothing can be done any more, if so.
func (i *Inbox) ended(ctx context.Context) error {
	if !i.opened() || i.closing.Err() != nil {
		return stream.ErrClosed
	}
	if ctx == nil {
		return errNoContext
	}
	return ctx.Err()
}

// opened reports whether Open made the inbox.
func (i *Inbox) opened() bool { return i != nil && i.closing != nil }

// Close ends the inbox for this program: Put and Take return
// [stream.ErrClosed], those that wait among them. Entries that were given out
// and not settled are given out again when their leases are over; so settle
// first, which [stream.Worker.Run] has done when it returns. If the server ends
// at the same time, an entry that had been fetched for the next taker waits as
// long. Close takes a few seconds if the servers cannot be reached. It returns
// nil, and closing twice is harmless.
func (i *Inbox) Close() error {
	if !i.opened() {
		return nil
	}
	i.stop()
	i.fetches.Wait()
	if err := i.connection.FlushTimeout(closeTime); err != nil && !i.connection.IsClosed() {
		i.logger.Warn("jetstream: closed while the servers could not be reached", "error", err)
	}
	i.connection.Close()
	return nil
}
