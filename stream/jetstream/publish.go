package jetstream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// How long the servers may take to store a message, and how long to wait before
// the next try.
const (
	storeTime  = 2 * time.Second
	storePause = 50 * time.Millisecond
)

// publish stores a message, and tries again as long as again says so of the
// error. The message has an id, so that it is stored once.
func publish(ctx context.Context, js jetstream.JetStream, message *nats.Msg, again func(error) bool, options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	for {
		ack, err := publishOnce(ctx, js, message, options...)
		if err == nil || !again(err) {
			return ack, err
		}
		select {
		case <-time.After(storePause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func publishOnce(ctx context.Context, js jetstream.JetStream, message *nats.Msg, options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	return js.PublishMsg(ctx, message, options...)
}
