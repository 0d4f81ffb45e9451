package engage

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// Option sets up a [Client]. An option that cannot be obeyed makes [New] return
// an error.
type Option func(*Client) error

// WithTransport has requests sent by transport, those for tokens included. The
// default is a transport of the client's own, sized for many callers and one
// host, which keeps a burst of calls from opening a connection each. Redirects
// are never followed, and the client never closes the connections of a transport
// it was given.
//
// Pass a *http.Transport, or something that passes requests on to one and sends
// them in no other way: the client then knows for certain of some failed writes
// that they were not sent.
func WithTransport(transport http.RoundTripper) Option {
	return func(c *Client) error {
		if nothing.In(transport) {
			return fmt.Errorf("engage: WithTransport: the transport is nil")
		}
		c.engine.Transport = transport
		return nil
	}
}

// WithTLSConfig sets up the TLS of the client's own transport: the authorities it
// trusts, say, or the certificate it shows. The protocols to negotiate are the
// client's own to choose, HTTP/2 first. config is copied. It cannot be combined
// with [WithTransport].
func WithTLSConfig(config *tls.Config) Option {
	return func(c *Client) error {
		if config == nil {
			return fmt.Errorf("engage: WithTLSConfig: the configuration is nil")
		}
		c.tls = config
		return nil
	}
}

// WithLogger has every try of every call logged at level Debug: its operation,
// status, duration and trace ids, of one that failed its edge, effect and cause
// too, and never its URL, header or body. The default is not to log.
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
			return fmt.Errorf("engage: WithRoute: the client has no method for that operation; Call.Route is the route of one made with Do")
		}
		if faults := route.check(placeholders(standard.route.Path)); faults != nil {
			return fmt.Errorf("engage: WithRoute(%s): %v", operation, faults)
		}
		if route.Method == http.MethodGet && standard.class == Unsafe {
			return fmt.Errorf("engage: WithRoute(%s): the operation is unsafe, and net/http repeats a GET by itself", operation)
		}
		c.routes[operation] = route
		return nil
	}
}

// WithAuthorization has one operation authorized by another source than the
// client's: that of another named authorization, say, as each node of a flow has
// its own. It is bound to the client as the client's own is.
func WithAuthorization(operation outcome.Operation, source auth.TokenSource) Option {
	return func(c *Client) error {
		if operation == "" {
			return fmt.Errorf("engage: WithAuthorization: the operation is empty")
		}
		if nothing.In(source) {
			return fmt.Errorf("engage: WithAuthorization(%s): the token source is nil", operation)
		}
		c.sources[operation] = source
		return nil
	}
}

// Limiter holds calls back so that the service is not asked too often. A
// *rate.Limiter of golang.org/x/time/rate is one.
type Limiter interface {
	// Wait returns nil when the next request may be sent, and an error if it may
	// not, as when ctx ends. It is called from many goroutines.
	Wait(ctx context.Context) error
}

// WithLimiter has every try of every call wait for limiter, those that look for a
// write in doubt included and requests for tokens not. The wait is not part of
// the try: an attempt timeout begins after it. An error of the limiter ends the
// call with nothing sent by that try, on onTimeout if a context has ended and
// else on onError; errors.Is reaches it.
func WithLimiter(limiter Limiter) Option {
	return func(c *Client) error {
		if nothing.In(limiter) {
			return fmt.Errorf("engage: WithLimiter: the limiter is nil")
		}
		c.engine.Limiter = limiter
		return nil
	}
}

// WithAlreadyDoneCode names a code with which the service refuses a convergent
// write because the state asked for is there already. Such a refusal is then a
// success, and the receipt's AlreadyDone says so. For CloseConversation 4547 is
// known (observed); the vendor publishes no others.
func WithAlreadyDoneCode(operation outcome.Operation, code string) Option {
	return func(c *Client) error {
		if r, ok := find(operation); !ok || r.class != Convergent {
			return fmt.Errorf("engage: WithAlreadyDoneCode: no convergent operation has that name")
		}
		if code == "" {
			return fmt.Errorf("engage: WithAlreadyDoneCode(%s): the code is empty", operation)
		}
		c.done[operation] = append(c.done[operation], code)
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
