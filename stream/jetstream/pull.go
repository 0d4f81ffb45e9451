package jetstream

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// fetchTime is how long a request for a message stays valid. A program can get a
// message that long after its takers have gone, and closing takes that long.
const fetchTime = time.Second

// lateTime is how long a puller waits for a reply beyond fetchTime. Then it takes the
// request, or the reply, for lost.
const lateTime = 2 * time.Second

// pullRequest asks for one message.
var pullRequest = fmt.Appendf(nil, `{"batch":1,"expires":%d}`, fetchTime)

// puller requests messages of a consumer, one at a time. JetStream's client can
// do so as well, but loses a message that arrives while it is canceled: the
// message would wait for its lease, and count as an attempt. A request cannot be
// taken back, so a puller waits until it is answered.
type puller struct {
	connection   *connection
	subject      string             // of requests to the consumer
	subscription *nats.Subscription // for the replies; nil until the first request
}

func newPuller(connection *connection, stream, consumer string) *puller {
	return &puller{connection: connection, subject: "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer}
}

// statusError is a consumer's reply that it gives no message.
type statusError struct{ code, description string }

func (e *statusError) Error() string {
	return fmt.Sprintf("the consumer answers %s %s", e.code, e.description)
}

// next requests a message and returns it, or nil if there was none in time. It
// fails if the connection does, if the consumer is gone, and if this program may
// not request messages.
func (p *puller) next() (_ *nats.Msg, err error) {
	conn := p.connection.conn
	if p.subscription == nil {
		if p.subscription, err = conn.SubscribeSync(conn.NewInbox()); err != nil {
			return nil, err
		}
	}
	if err := conn.PublishRequest(p.subject, p.subscription.Subject, pullRequest); err != nil {
		return nil, err
	}
	message, err := p.subscription.NextMsg(fetchTime + lateTime)
	switch {
	case err == nil:
		return unlessStatus(message)
	case errors.Is(err, nats.ErrTimeout):
		// A late message must not wait here until there is a taker again.
		return p.last(), p.connection.denial(p.subject)
	}
	return nil, err
}

// last ends the subscription. If a message arrives before the servers know that,
// it returns the message.
func (p *puller) last() *nats.Msg {
	subscription := p.subscription
	p.subscription = nil
	if err := subscription.Drain(); err != nil || !p.connection.conn.IsConnected() {
		return nil
	}
	for {
		message, err := subscription.NextMsg(closeTime)
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
	if p.subscription != nil {
		_ = p.subscription.Unsubscribe() // it fails only if it is ended already
	}
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
