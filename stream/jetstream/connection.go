package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connection is a connection to the servers. It reconnects without end. While it
// is not connected, it refuses messages instead of keeping them to send later.
type connection struct {
	conn *nats.Conn
	js   jetstream.JetStream
	// denied has an error for each subject that this program may not publish to.
	// A server reports that apart from the request, which then gets no reply.
	denied sync.Map
}

// A silent connection is noticed after three intervals, within the ten seconds
// that a sender of events waits for a receiver.
const (
	pingInterval = 2 * time.Second
	maxPingsOut  = 2
)

// connect connects to the servers. It gives up when ctx ends.
func connect(ctx context.Context, config Config) (*connection, error) {
	options := append([]nats.Option{
		nats.Name(config.Name),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials may be refused while they are changed
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(maxPingsOut),
		nats.DisconnectErrHandler(func(conn *nats.Conn, err error) {
			if !conn.IsClosed() {
				config.Logger.Warn("jetstream: disconnected", "inbox", config.Name, "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			config.Logger.Info("jetstream: connected again", "inbox", config.Name)
		}),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // not the default, which prints
	}, config.Options...)

	type result struct {
		conn *nats.Conn
		err  error
	}
	connected := make(chan result, 1)
	go func() {
		conn, err := nats.Connect(config.URL, options...)
		connected <- result{conn, err}
	}()
	select {
	case r := <-connected:
		if wrong, ok := errors.AsType[*url.Error](r.err); ok {
			return nil, wrong.Err // without the URL
		}
		if r.err != nil {
			return nil, r.err
		}
		js, err := jetstream.New(r.conn)
		if err != nil {
			r.conn.Close()
			return nil, err
		}
		c := &connection{conn: r.conn, js: js}
		c.handleErrors(config.Logger)
		return c, nil
	case <-ctx.Done():
		go func() {
			if r := <-connected; r.err == nil {
				r.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// deniedPublish finds the subject in a server's report that a program may not
// publish to it.
var deniedPublish = regexp.MustCompile(`Publish to "(\S+)"`)

// handleErrors logs the errors that belong to no call, and records missing
// permissions. The user's own handler, if there is one, is called as well.
func (c *connection) handleErrors(logger *slog.Logger) {
	next := c.conn.ErrorHandler()
	c.conn.SetErrorHandler(func(conn *nats.Conn, subscription *nats.Subscription, err error) {
		logger.Warn("jetstream: the connection reports an error", "error", err)
		// Acknowledgements have a new subject each, and no call looks for it.
		found := deniedPublish.FindStringSubmatch(err.Error())
		if errors.Is(err, nats.ErrPermissionViolation) && found != nil && !strings.HasPrefix(found[1], "$JS.ACK.") {
			c.denied.Store(found[1], err)
		}
		next(conn, subscription, err)
	})
}

// denial returns an error if a request to a subject got no reply because this
// program may not publish to it.
func (c *connection) denial(subject string) error {
	if err, denied := c.denied.LoadAndDelete(subject); denied {
		return err.(error)
	}
	return nil
}

const (
	replyTime  = 2 * time.Second  // a reply that takes longer counts as lost
	ackTime    = 10 * time.Second // the same for an acknowledgement, which is not sent twice
	retryPause = 50 * time.Millisecond
)

// retry makes attempts until one succeeds, until again returns false for the error
// of one, or until ctx ends. It returns the error of the last attempt that ctx did
// not cut short.
func retry(ctx context.Context, again func(error) bool, attempt func() error) error {
	var last error
	for {
		err := attempt()
		if err == nil || !again(err) {
			return err
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return last
		}
	}
}

// publish stores a message. If it fails, the message may have been stored.
func (c *connection) publish(ctx context.Context, message *nats.Msg, options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	limited, cancel := context.WithTimeout(ctx, replyTime)
	defer cancel()
	ack, err := c.js.PublishMsg(limited, message, options...)
	if errors.Is(err, context.DeadlineExceeded) {
		if denial := c.denial(message.Subject); denial != nil {
			return nil, denial
		}
	}
	return ack, err
}

// publishOnce stores a message with an id, by which the servers recognize it
// when an attempt is repeated. It makes attempts until ctx ends.
func (c *connection) publishOnce(ctx context.Context, message *nats.Msg, id string, options ...jetstream.PublishOpt) error {
	return retry(ctx, transient, func() error {
		_, err := c.publish(ctx, message, append(options, jetstream.WithMsgID(id))...)
		return err
	})
}

// The acknowledgements of a message to its consumer.
const (
	ack        = "+ACK"
	inProgress = "+WPI"
)

// nak returns the acknowledgement that makes a consumer deliver a message again
// after delay. The delay is at least a nanosecond: a server does not store an
// acknowledgement without one, and after a restart the message would wait for its
// whole lease.
func nak(delay time.Duration) string {
	return fmt.Sprintf(`-NAK {"delay":%d}`, max(delay, 1))
}

// sendAck sends an acknowledgement of a message and does not wait.
func (c *connection) sendAck(message *nats.Msg, kind string) error {
	return c.conn.Publish(message.Reply, []byte(kind))
}

// doubleAck sends an acknowledgement of a message and waits until the consumer
// confirms it.
func (c *connection) doubleAck(ctx context.Context, message *nats.Msg, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	_, err := c.conn.RequestWithContext(ctx, message.Reply, []byte(kind))
	return err
}
