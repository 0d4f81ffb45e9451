package engage

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
)

// replyLimit is the default of [WithReplyLimit].
const replyLimit = 8 << 20

// Client calls one Engage tenant. Make one with [New] and share it: it is immutable
// and safe for concurrent use. A client that was used inside a testing/synctest bubble
// cannot be used outside of it, because of its connections.
type Client struct {
	base      *url.URL
	engine    *engine.Engine
	routes    map[outcome.Operation]Route
	done      map[outcome.Operation][]string // codes that mean that the state was there
	sources   map[outcome.Operation]auth.TokenSource
	targets   map[outcome.Operation]*target
	callbacks *callback.Handler
	ping      Route // zero for the base URL
	defaults  settings
	observer  Observer // nil for none
	log       *log     // nil for none
	// tls is the TLS configuration of the client's own transport.
	tls *tls.Config
	// own is the client's own transport; nil if it was given one.
	own *transport.Transport
	// middleware is around the transport, the outermost first.
	middleware []func(http.RoundTripper) http.RoundTripper
}

// New returns a client for the tenant at endpoint. Every request carries a token of
// source; see also [WithAuthorization]. The token goes to the host of the endpoint only,
// over https or to the loopback, and never to the target of a redirect. A source that
// needs the endpoint, such as [auth.ClientCredentials], gets it.
//
// New sends nothing. Its error names everything that is wrong with the arguments.
func New(endpoint Endpoint, source auth.TokenSource, options ...Option) (*Client, error) {
	c := &Client{
		routes:   map[outcome.Operation]Route{},
		sources:  map[outcome.Operation]auth.TokenSource{},
		done:     map[outcome.Operation][]string{outcome.CloseConversation: {alreadyClosed}},
		defaults: newSettings(),
		engine:   engine.New(),
	}
	c.engine.ReplyLimit = replyLimit
	var problems []error
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("engage: an option is nil"))
			continue
		}
		problems = append(problems, option(c))
	}
	problems = append(problems, c.setTransport(), c.connect(endpoint))
	problems = append(problems, c.bindSources(source))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	c.targets = c.compile()
	c.setObserver()
	return c, nil
}

// setTransport makes the client's own transport, unless it was given one. It returns an
// error for a TLS configuration beside a transport.
func (c *Client) setTransport() error {
	switch {
	case c.engine.Client.Transport == nil:
		c.own = transport.New(c.tls)
		c.engine.Client.Transport = c.own
	case c.tls != nil:
		return errors.New("engage: WithTLSConfig: the transport of WithTransport has a TLS configuration of its own")
	}
	if !c.engine.Wrap(c.middleware) {
		return errors.New("engage: WithMiddleware: the middleware returned no transport")
	}
	return nil
}

// connect sets where requests and tokens go.
func (c *Client) connect(endpoint Endpoint) error {
	base, err := endpoint.BaseURL()
	if err != nil {
		return err
	}
	c.base = base
	c.engine.Hosts, err = auth.NewHosts(base.String())
	return err
}

// bindSources binds the token sources to the endpoint and the transport.
func (c *Client) bindSources(source auth.TokenSource) error {
	if nothing.In(source) {
		return errors.New("engage: the token source is nil")
	}
	var problems []error
	bind := func(source auth.TokenSource) auth.TokenSource {
		if c.base == nil {
			return source
		}
		bound, err := auth.Bind(source, c.base, c.engine.Client.Transport)
		if err != nil {
			problems = append(problems, fmt.Errorf("engage: the token source: %w", err))
		}
		return bound
	}
	c.engine.Source = bind(source)
	for operation, source := range c.sources {
		c.sources[operation] = bind(source)
	}
	return errors.Join(problems...)
}

// String returns the host that the client calls.
func (c *Client) String() string { return "engage.Client(" + c.base.Host + ")" }

// Format writes String for every verb, because a client contains secrets.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer] with String.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// CloseIdleConnections closes the idle connections of the client's own transport.
// The client can still be used.
func (c *Client) CloseIdleConnections() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// Routes returns the routes that the client uses, those of [WithRoute] included. The map
// is a copy.
func (c *Client) Routes() map[outcome.Operation]Route {
	routes := make(map[outcome.Operation]Route, len(rows))
	for _, r := range rows {
		routes[r.name] = r.route
	}
	maps.Copy(routes, c.routes)
	return routes
}
