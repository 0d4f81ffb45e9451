package engine

import (
	"context"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/transport"
)

// cause returns the error of an exchange under ctx in a form that can be shown, or
// nil if err is nil. If ctx has ended, that is the cause, whatever the transport
// returned.
func (c *call) cause(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, own := c.engine.Client.Transport.(*transport.Transport); own {
		return safeerror.Cause(ctx, err)
	}
	return c.causeOfUser(ctx, err)
}

// causeOfUser returns an error that the user's code returned under ctx, such as that of
// a token source, a limiter or a transport. It shows its text without what was sent.
func (c *call) causeOfUser(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return safeerror.Cause(ctx, err)
	}
	secrets := []string{c.token.Reveal(), string(c.Body)}
	for _, values := range c.URL.Query() {
		secrets = append(secrets, values...)
	}
	for _, values := range c.Header {
		secrets = append(secrets, values...)
	}
	return safeerror.Show(err, secrets...)
}
