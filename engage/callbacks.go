package engage

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
)

// WithCallbacks makes each write wait for the outcome that a callback reports to
// handler; see [WithWaitForOutcome]. The client sends each write with a callback URL of
// its own. Requests of the vendor contain one (observed); that its name is callbackUrl is
// assumed. If it is another, no callback comes, and writes end on onTimeout. A call of
// [Client.Do] has no callback URL.
func WithCallbacks(handler *callback.Handler) Option {
	return func(c *Client) error {
		if handler == nil {
			return errors.New("engage: WithCallbacks: the handler is nil")
		}
		c.callbacks = handler
		return nil
	}
}

// awaited is a write whose outcome a callback reports.
type awaited struct {
	*callback.Awaited
	operation outcome.Operation
	version   outcome.Version
	// failureEdge is the operation's own failure edge.
	failureEdge outcome.Edge
}

// await prepares for the outcome of a write that is about to be sent. With an error the
// write must not be sent.
func (c *Client) await(ctx context.Context, w wireRequest) (*awaited, error) {
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

// waitEdge returns the edge of a write whose outcome cannot be awaited because of err:
// onTimeout if a context has ended, else onError.
func waitEdge(err error) outcome.Edge {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return outcome.OnTimeout
	}
	return outcome.OnError
}
