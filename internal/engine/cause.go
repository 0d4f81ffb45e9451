package engine

import (
	"context"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/transport"
)

// cause returns the error of the transport under ctx without secrets. If ctx has ended,
// it returns the error of ctx, whatever the transport returned.
func (c *call) cause(ctx context.Context, err error) error {
	if _, own := c.engine.Client.Transport.(*transport.Transport); own {
		return safeerror.Cause(ctx, err)
	}
	return c.causeOfUser(ctx, err)
}

// causeOfUser returns the error of the user's code under ctx, such as a token source, a
// limiter or a transport. It cuts the token, the body, and the values of the query and
// the header from the text. If ctx has ended, it returns the error of ctx.
func (c *call) causeOfUser(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return safeerror.Cause(ctx, err)
	}
	return safeerror.Show(err, append(c.quotable(), c.token.Reveal())...)
}
