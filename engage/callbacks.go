package engage

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
)

// WithCallbacks makes writes return with the outcome that a callback reports to
// handler. Each write is sent with a callback URL of its own (that requests have
// one is observed, its name callbackUrl is assumed).
func WithCallbacks(handler *callback.Handler) Option {
	return func(c *Client) error {
		if handler == nil {
			return errors.New("engage: WithCallbacks: the handler is nil")
		}
		c.callbacks = handler
		return nil
	}
}

// awaited is a write whose outcome a callback reports. It is nil for a client
// without callbacks.
type awaited struct {
	*callback.Awaited
	operation outcome.Operation
	version   outcome.Version
	// failure is the operation's own failure edge.
	failure outcome.Edge
}

// expect prepares for the outcome of a write that is about to be sent. It returns
// nil for a client without callbacks.
func (c *Client) expect(ctx context.Context, w wireRequest) (*awaited, error) {
	if c.callbacks == nil {
		return nil, nil
	}
	t := c.target(w)
	operation, version := w.name()
	expected, err := c.callbacks.Expect(ctx, t.done)
	if err != nil {
		return nil, &outcome.Error{
			Edge: waitEdge(err), Operation: operation, Version: version, Effect: outcome.NotSent, Err: err,
		}
	}
	return &awaited{expected, operation, version, t.failure}, nil
}

// waitEdge returns the edge of a write whose outcome cannot be awaited because of
// err: onTimeout if a context has ended, else onError.
func waitEdge(err error) outcome.Edge {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return outcome.OnTimeout
	}
	return outcome.OnError
}

// url returns the callback URL; empty without callbacks.
func (w *awaited) url() string {
	if w == nil {
		return ""
	}
	return w.URL()
}

// explain adds what callbacks have reported to the error of a write without an
// outcome.
func (w *awaited) explain(failure *outcome.Error) {
	if w != nil {
		w.Explain(failure)
	}
}

// forget stops awaiting the outcome.
func (w *awaited) forget() {
	if w != nil {
		w.Forget()
	}
}
