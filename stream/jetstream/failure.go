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

// Codes of JetStream's API that its client does not name, and what it says when
// a stream is full.
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

// explain gives an error of the servers the name that package stream has for it.
func (i *Inbox) explain(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, stream.ErrSettled):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case i.closing.Err() != nil:
		return stream.ErrClosed
	case full(err):
		return fmt.Errorf("jetstream: %s: %w: %w", doing, stream.ErrFull, err)
	}
	return fmt.Errorf("jetstream: %s: %w", doing, err)
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

// inProcess reports whether a copy is just being stored, so that it is not
// certain yet that this is one.
func inProcess(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.ErrorCode == codeInProcess
}

// transient reports whether an error goes away when the servers, or enough of
// them, are there again.
func transient(err error) bool {
	for _, passing := range []error{
		context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, jetstream.ErrNoStreamResponse,
		nats.ErrReconnectBufExceeded, nats.ErrDisconnected, nats.ErrConnectionReconnecting,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	if _, ok := errors.AsType[*statusError](err); ok {
		return true
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.Code == http.StatusServiceUnavailable || inProcess(err)
}

// notReady reports whether an error may go away while a cluster starts.
func notReady(err error) bool {
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return false
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return transient(err) || ok && api.ErrorCode == codeNoPeers
}
