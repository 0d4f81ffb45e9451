package engage

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// Option sets up a [Client]. [New] returns an error for an invalid option.
type Option func(*Client) error

// WithTransport sends requests by transport, those for tokens included. The client never
// follows redirects, and never closes the connections of transport.
//
// The default is a transport of the client's own for many callers and one host. It does
// not open a connection for each call of a burst. It pings connections over HTTP/2, so
// that a dead one costs one attempt.
//
// Pass an [*http.Transport], or one that passes each request once to an http.Transport.
// The client then knows of some failed writes for certain that they were not sent.
func WithTransport(transport http.RoundTripper) Option {
	return func(c *Client) error {
		if nothing.In(transport) {
			return errors.New("engage: WithTransport: the transport is nil")
		}
		c.engine.Client.Transport = transport
		return nil
	}
}

// WithTLSConfig sets the TLS configuration of the client's own transport, such as the
// authorities that it trusts or its certificate. The client chooses the protocols
// itself, HTTP/2 first. It copies config. The option cannot be combined with
// [WithTransport].
func WithTLSConfig(config *tls.Config) Option {
	return func(c *Client) error {
		if config == nil {
			return errors.New("engage: WithTLSConfig: the configuration is nil")
		}
		c.tls = config
		return nil
	}
}

// WithMiddleware puts a middleware around the transport of the client: its own, or that of
// [WithTransport]. The middleware gets the transport to call, and sees each attempt, with
// its token, and the requests for tokens. With several options the first one sees a
// request first. The connections of the transport stay as they are.
//
// A middleware must pass on the context of the request, and wait for the transport. A
// write that fails has the effect [outcome.MaybeApplied] if the middleware sent it several
// times, made the reply itself, or called no transport. To stop attempts, use
// [WithLimiter]. Once the middleware has returned, the transport may refuse the request.
func WithMiddleware(middleware func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *Client) error {
		if middleware == nil {
			return errors.New("engage: WithMiddleware: the middleware is nil")
		}
		c.middleware = append(c.middleware, func(next http.RoundTripper) http.RoundTripper {
			if outer := middleware(next); !nothing.In(outer) {
				return outer
			}
			return nil // New returns an error.
		})
		return nil
	}
}

// WithRoute replaces the assumed verb and path of an operation. The path must contain
// the same names in braces as the one that it replaces; see [Operations]. An unsafe
// operation cannot use GET, which net/http repeats by itself.
func WithRoute(operation outcome.Operation, route Route) Option {
	return func(c *Client) error {
		standard, ok := find(operation)
		if !ok {
			return fmt.Errorf("engage: WithRoute(%.64q): the client has no method of that name; set Call.Route of a call made with Do", operation)
		}
		if violations := route.validate(placeholders(standard.route.Path)); violations != nil {
			return fmt.Errorf("engage: WithRoute(%s): %v", operation, violations)
		}
		if route.Method == http.MethodGet && standard.class == Unsafe {
			return fmt.Errorf("engage: WithRoute(%s): the operation is unsafe, and net/http repeats a GET by itself", operation)
		}
		c.routes[operation] = route
		return nil
	}
}

// WithAuthorization sets the token source of one operation, in place of the client's. It
// does what another named authorization of a node does in a flow. The lookup of a write is
// a call of SearchConversation or FetchTranscript, with their source. A ping always has
// the client's.
func WithAuthorization(operation outcome.Operation, source auth.TokenSource) Option {
	return func(c *Client) error {
		if operation == "" {
			return errors.New("engage: WithAuthorization: the operation is empty")
		}
		if nothing.In(source) {
			return fmt.Errorf("engage: WithAuthorization(%s): the token source is nil", operation)
		}
		c.sources[operation] = source
		return nil
	}
}

// Limiter delays attempts, so that they keep below a rate. A *rate.Limiter of
// golang.org/x/time/rate is one. It must be safe for concurrent use.
type Limiter interface {
	// Wait returns nil when the next attempt may start. It returns an error if the
	// attempt must not start, as when ctx ends.
	Wait(ctx context.Context) error
}

// WithLimiter delays every attempt of every call, lookups included. Requests for tokens
// are not delayed. The time of the attempt begins after the wait. An error of limiter
// ends the call, on onTimeout if the context has ended and else on onError; that
// attempt was not sent. errors.Is finds the error of limiter.
func WithLimiter(limiter Limiter) Option {
	return func(c *Client) error {
		if nothing.In(limiter) {
			return errors.New("engage: WithLimiter: the limiter is nil")
		}
		c.engine.Limiter = limiter
		return nil
	}
}

// WithAlreadyDoneCode makes a failure of a convergent write with code a success, because
// the state was there before. AlreadyDone of the receipt is set then. Known is code 4547
// for CloseConversation (observed); the vendor publishes no others.
func WithAlreadyDoneCode(operation outcome.Operation, code string) Option {
	return func(c *Client) error {
		if r, ok := find(operation); !ok || r.class != Convergent {
			return fmt.Errorf("engage: WithAlreadyDoneCode(%.64q): no convergent operation has that name; they are %s", operation, convergent())
		}
		if code == "" {
			return fmt.Errorf("engage: WithAlreadyDoneCode(%s): the code is empty", operation)
		}
		c.done[operation] = append(c.done[operation], code)
		return nil
	}
}

// convergent lists the convergent operations.
func convergent() string {
	var names []string
	for _, r := range rows {
		if r.class == Convergent {
			names = append(names, string(r.name))
		}
	}
	return strings.Join(names, ", ")
}

// WithReplyLimit sets the largest reply in bytes. A larger one is an error. The default
// is 8 MiB. A client reads at most 16 replies above 64 KiB at the same time, so that its
// memory stays bounded. The others wait within their attempt.
func WithReplyLimit(bytes int64) Option {
	return func(c *Client) error {
		if bytes < 1 {
			return errors.New("engage: WithReplyLimit: the limit is not positive")
		}
		c.engine.ReplyLimit = bytes
		return nil
	}
}

// WithCallOptions applies options to every call, before those of the call.
func WithCallOptions(options ...CallOption) Option {
	return func(c *Client) error {
		if violations := c.defaults.apply(options); violations != nil {
			return fmt.Errorf("engage: WithCallOptions: %s", violations)
		}
		return nil
	}
}
