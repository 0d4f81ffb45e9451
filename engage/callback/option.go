package callback

import (
	"errors"
	"log/slog"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/nothing"
)

const (
	// defaultLimit is the default of [WithLimit].
	defaultLimit = 64 << 10
	// defaultTimeout is the default of [WithTimeout].
	defaultTimeout = 2 * time.Minute
	// minSecret is the number of bytes that [WithSecret] requires.
	minSecret = 16
)

// Option configures a [Handler]. An invalid option makes [New] return an error.
type Option func(*Handler) error

// WithPending keeps the pending writes in table. The default is a table in memory
// that [NewPending] returns. Handlers in several processes that receive each
// other's callbacks need a table that they share, and the same [WithSecret].
func WithPending(table Pending) Option {
	return func(h *Handler) error {
		if nothing.In(table) {
			return errors.New("callback: WithPending: the table is nil")
		}
		h.pending = table
		return nil
	}
}

// WithSecret authenticates the callback URLs with secret, which must have at
// least 16 bytes. The default is a random secret. Handlers in several processes
// that receive each other's callbacks need the same one.
func WithSecret(secret auth.Secret) Option {
	return func(h *Handler) error {
		if len(secret.Reveal()) < minSecret {
			return errors.New("callback: WithSecret: the secret has fewer than 16 bytes")
		}
		h.secret = secret
		return nil
	}
}

// WithLimit sets the size of the largest body that a Handler reads, in bytes. The
// default is 64 KiB.
func WithLimit(bytes int64) Option {
	return func(h *Handler) error {
		if bytes < 1 {
			return errors.New("callback: WithLimit: the limit is not positive")
		}
		h.limit = bytes
		return nil
	}
}

// WithTimeout limits a wait for an outcome whose context has no deadline, because
// a callback may get lost. The default is two minutes.
func WithTimeout(timeout time.Duration) Option {
	return func(h *Handler) error {
		if timeout <= 0 {
			return errors.New("callback: WithTimeout: the timeout is not positive")
		}
		h.timeout = timeout
		return nil
	}
}

// WithDecoder reads the bodies of callbacks with decode, for a tenant whose
// callbacks differ from the assumed format. Only the statuses [Success] and
// [Failure] report an outcome. A callback for which decode returns an error is
// answered 400. decode must not keep the body and must be safe for concurrent
// use. The default is [DecodeReport].
func WithDecoder(decode func(body []byte) (Report, error)) Option {
	return func(h *Handler) error {
		if decode == nil {
			return errors.New("callback: WithDecoder: the decoder is nil")
		}
		h.decode = decode
		return nil
	}
}

// WithLogger logs callbacks to URLs of the Handler that lead to no outcome, at
// level Warn:
//
//   - callbacks that cannot be read, or that the table does not take;
//   - callbacks that nobody waits for;
//   - unknown statuses, and failures that decide nothing.
//
// A record holds the transaction id, status and code, and never the URL or the
// description. The default is not to log.
func WithLogger(logger *slog.Logger) Option {
	return func(h *Handler) error {
		if logger == nil {
			return errors.New("callback: WithLogger: the logger is nil")
		}
		h.logger = logger
		return nil
	}
}
