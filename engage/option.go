package engage

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/engagesdk/engage-go/outcome"
)

// Option sets up a [Client]. An option that cannot be obeyed makes [New] return
// an error.
type Option func(*Client) error

// WithTransport has requests sent by transport, those for tokens included. The
// default is a transport of the client's own, sized for many callers and one
// host. Redirects are never followed, and the client never closes the
// connections of a transport it was given.
//
// Pass a *http.Transport, or something that passes requests on to one: the
// client then knows for certain of some failed writes that they were not sent.
func WithTransport(transport http.RoundTripper) Option {
	return func(c *Client) error {
		if isNil(transport) {
			return fmt.Errorf("engage: WithTransport: the transport is nil")
		}
		c.engine.Transport = transport
		return nil
	}
}

// WithLogger has every try of every call logged at level Debug: its operation,
// status, edge, duration and trace ids, and never its URL, header or body. The
// default is not to log.
func WithLogger(logger *slog.Logger) Option {
	return func(c *Client) error {
		if logger == nil {
			return fmt.Errorf("engage: WithLogger: the logger is nil")
		}
		c.engine.Logger = logger
		return nil
	}
}

// WithRoute replaces the assumed verb and path of an operation. The path must
// hold the same names in braces as the one it replaces, see [Operations].
func WithRoute(operation outcome.Operation, route Route) Option {
	return func(c *Client) error {
		standard, ok := find(operation)
		if !ok {
			return fmt.Errorf("engage: WithRoute: no operation has that name")
		}
		if err := route.check(standard.route); err != nil {
			return fmt.Errorf("engage: WithRoute(%s): %w", operation, err)
		}
		c.routes[operation] = route
		return nil
	}
}

// WithReplyLimit sets the size in bytes above which a reply is not read. The
// default is 8 MiB.
func WithReplyLimit(bytes int64) Option {
	return func(c *Client) error {
		if bytes < 1 {
			return fmt.Errorf("engage: WithReplyLimit: the limit is not positive")
		}
		c.engine.ReplyLimit = bytes
		return nil
	}
}

// WithCallOptions applies options to every call, before the call's own.
func WithCallOptions(options ...CallOption) Option {
	return func(c *Client) error {
		if violations := c.defaults.apply(options); violations != nil {
			return fmt.Errorf("engage: WithCallOptions: %s", violations)
		}
		return nil
	}
}
