package engage

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/engine"
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
	// call is the call that was sent, with token.
	call  engine.Call
	token auth.Token
}

// Explain adds to the error of the write what callbacks reported before it ended.
func (a *awaited) Explain(failure *outcome.Error) {
	a.Awaited.Explain(failure)
	a.describe(failure, failure.Description)
}

// describe sets the description of failure, of which its text shows nothing that was
// sent.
func (a *awaited) describe(failure *outcome.Error, description string) {
	failure.Describe(description, a.call.Shown(description, a.token))
}

// await prepares for the outcome of a write that is about to be sent. With an error the
// write must not be sent.
func (c *Client) await(ctx context.Context, w wireRequest) (*awaited, error) {
	t := c.target(w)
	operation, version := w.name()
	expected, err := c.callbacks.Expect(ctx, t.done)
	if err != nil {
		return nil, &outcome.Error{
			Edge: engine.EdgeOf(err), Operation: operation, Version: version, Effect: outcome.NotSent, Err: err,
		}
	}
	return &awaited{Awaited: expected, operation: operation, version: version, failureEdge: t.failure}, nil
}
