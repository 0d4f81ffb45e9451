package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// fetchTime is how long the servers let a request for an entry wait. A program
// whose takers have gone may still be sent one for that long.
const fetchTime = 3 * time.Second

// lateTime is how long an answer may take beyond fetchTime.
const lateTime = time.Second

// puller asks a consumer for one message at a time. JetStream's client has the
// same, but drops a message that arrives while it is cancelled.
type puller struct {
	connection   *nats.Conn
	subject      string // where the consumer takes requests
	subscription *nats.Subscription
}

func newPuller(connection *nats.Conn, stream, consumer string) (*puller, error) {
	subscription, err := connection.SubscribeSync(connection.NewInbox())
	if err != nil {
		return nil, err
	}
	return &puller{connection, "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer, subscription}, nil
}

// statusError is what a consumer answers in place of a message.
type statusError struct{ code, description string }

func (e *statusError) Error() string {
	return fmt.Sprintf("the consumer answers %s %s", e.code, e.description)
}

// next returns the consumer's next message, or nil if none came in time. When
// ctx ends it still returns a message that is under way; the puller is of no use
// then.
func (p *puller) next(ctx context.Context) (*nats.Msg, error) {
	request, err := json.Marshal(struct {
		Batch   int           `json:"batch"`
		Expires time.Duration `json:"expires"`
	}{1, fetchTime})
	if err != nil {
		return nil, err
	}
	if err := p.connection.PublishRequest(p.subject, p.subscription.Subject, request); err != nil {
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
		return nil, nil
	}
	return nil, err
}

// last returns the message that the servers sent before they learnt that nobody
// asks any more, if there is one.
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

// close ends the subscription, if there is one.
func (p *puller) close() {
	if p != nil {
		_ = p.subscription.Unsubscribe() // it fails only if it is ended already
	}
}

// unlessStatus returns a message of the stream as it is. One that only tells
// that there is none is nil, and any other one an error.
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
