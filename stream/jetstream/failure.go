package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/engagesdk/engage-go/stream"
)

// Codes of JetStream's API that its client does not name, and the descriptions
// of a stream that is full.
const (
	codeAccountResources jetstream.ErrorCode = 10002
	codeNoPeers          jetstream.ErrorCode = 10005
	codeNoResources      jetstream.ErrorCode = 10023
	codeStorageResources jetstream.ErrorCode = 10047
	codeStoreFailed      jetstream.ErrorCode = 10077
	codeInProcess        jetstream.ErrorCode = 10158

	textTooManyEntries = "maximum messages exceeded"
	textTooManyBytes   = "maximum bytes exceeded"
)

// explain wraps an error of the servers in the error that package stream has
// for it. The operation is part of the text.
func (i *Inbox) explain(ctx context.Context, operation string, err error) error {
	switch {
	case err == nil, errors.Is(err, stream.ErrSettled):
		return err
	case i.closing.Err() != nil:
		return stream.ErrClosed
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("jetstream: %s: %w: %w", operation, ctx.Err(), err)
	case full(err):
		return fmt.Errorf("jetstream: %s: %w: %w", operation, stream.ErrFull, err)
	}
	return fmt.Errorf("jetstream: %s: %w", operation, err)
}

// full reports whether the servers have no room for an entry.
func full(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode {
	case codeNoResources, codeAccountResources, codeStorageResources:
		return true
	case codeStoreFailed:
		return api.Description == textTooManyEntries || api.Description == textTooManyBytes
	}
	return false
}

// notSent reports whether a request certainly reached no server that could
// apply it. [nats.ErrDisconnected] is not among these errors: it ends the requests
// that wait for a reply when the connection is replaced.
func notSent(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrReconnectBufExceeded)
}

// transient reports whether an error may go away by itself. Servers may be out of
// reach, reply late, elect a leader, or be about to store a copy of the message.
func transient(err error) bool {
	if full(err) {
		return false
	}
	if notSent(err) || errors.Is(err, nats.ErrDisconnected) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		return true
	}
	if _, ok := errors.AsType[*statusError](err); ok {
		return true
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (api.Code == http.StatusServiceUnavailable || api.ErrorCode == codeInProcess)
}

// notReady reports whether an error may go away while a cluster starts.
func notReady(err error) bool {
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return false
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return transient(err) || ok && api.ErrorCode == codeNoPeers
}
