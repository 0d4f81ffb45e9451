package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// fetchTime is how long a request for a message stays valid. A program can get a
// message that long after its takers have gone.
const fetchTime = 3 * time.Second

// lateTime is how long a reply may take beyond fetchTime.
const lateTime = time.Second

// pullRequest asks for one message.
var pullRequest = fmt.Appendf(nil, `{"batch":1,"expires":%d}`, fetchTime)

// puller requests messages of a consumer, one at a time. JetStream's client can
// do so as well, but loses a message that arrives while it is canceled: the
// message would wait for its lease, and count as an attempt.
type puller struct {
	connection   *connection
	subject      string // of requests to the consumer
	subscription *nats.Subscription
}

func newPuller(connection *connection, stream, consumer string) (*puller, error) {
	subscription, err := connection.conn.SubscribeSync(connection.conn.NewInbox())
	if err != nil {
		return nil, err
	}
	return &puller{connection, "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer, subscription}, nil
}

// statusError is a consumer's reply that it gives no message.
type statusError struct{ code, description string }

func (e *statusError) Error() string {
	return fmt.Sprintf("the consumer answers %s %s", e.code, e.description)
}

// next returns the consumer's next message, or nil if there was none in time.
// When ctx ends it may still return a message that was on its way; call it no
// more then. It fails if the connection does, if the consumer is gone, and if
// this program may not request messages.
func (p *puller) next(ctx context.Context) (*nats.Msg, error) {
	if err := p.connection.conn.PublishRequest(p.subject, p.subscription.Subject, pullRequest); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, fetchTime+lateTime)
	defer cancel()
	message, err := p.subscription.NextMsgWithContext(waiting)
	switch {
	case err == nil:
		return unlessStatus(message)
	case ctx.Err() != nil:
		return p.last(), ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, p.connection.denial(p.subject)
	}
	return nil, err
}

// last ends the subscription. It returns the message that a server sent before
// it knew, if there is one.
func (p *puller) last() *nats.Msg {
	if err := p.subscription.Drain(); err != nil {
		return nil
	}
	for {
		message, err := p.subscription.NextMsg(closeTime)
		if err != nil {
			return nil
		}
		if message, _ := unlessStatus(message); message != nil {
			return message
		}
	}
}

// close ends the subscription.
func (p *puller) close() {
	_ = p.subscription.Unsubscribe() // it fails only if it is ended already
}

// unlessStatus returns a message of the stream. For the reply that there is no
// message it returns nil, and for any other reply a statusError.
func unlessStatus(message *nats.Msg) (*nats.Msg, error) {
	status := message.Header.Get("Status")
	switch {
	case status == "" || len(message.Data) > 0:
		return message, nil
	case status == "404" || status == "408": // none, or none in time
		return nil, nil
	}
	return nil, &statusError{status, message.Header.Get("Description")}
}
