package engage

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// replyLimit is the default of [WithReplyLimit].
const replyLimit = 8 << 20

// Client calls one Engage tenant. It is immutable and safe for concurrent use;
// make one with [New] and share it. One that was used in a bubble of
// testing/synctest is of no use outside of it, as with every pool.
type Client struct {
	base      *url.URL
	engine    engine.Engine
	routes    map[outcome.Operation]Route
	done      map[outcome.Operation][]string
	sources   map[outcome.Operation]auth.TokenSource
	targets   map[outcome.Operation]*target
	callbacks *callback.Handler
	defaults  settings
	// tls sets up the connections of the client's own transport.
	tls *tls.Config
	// own is the transport the client made for itself; nil if it was given one.
	own *engine.Transport
}

// New returns a client for the tenant at endpoint. Every request carries a token
// of source, which goes to the endpoint's host only, over https (or to
// loopback), and never along a redirect. A source that needs to know the
// endpoint, as auth.ClientCredentials does, is told it.
//
// New sends nothing. It returns an error that names every fault of its
// arguments, but those of an auth.Cache, which belongs to its first client from
// then on, only once nothing else is at fault.
func New(endpoint Endpoint, source auth.TokenSource, options ...Option) (*Client, error) {
	c := &Client{
		routes:   map[outcome.Operation]Route{},
		sources:  map[outcome.Operation]auth.TokenSource{},
		done:     map[outcome.Operation][]string{outcome.CloseConversation: {alreadyClosed}},
		defaults: defaultSettings,
		engine:   engine.Engine{ReplyLimit: replyLimit},
	}
	var problems []error
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("engage: an option is nil"))
			continue
		}
		problems = append(problems, option(c))
	}
	problems = append(problems, c.transport(), c.connect(endpoint))
	problems = append(problems, c.authorize(source, errors.Join(problems...) != nil))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	c.targets = c.compile()
	return c, nil
}

// transport settles what requests are sent by.
func (c *Client) transport() error {
	switch {
	case c.engine.Transport == nil:
		c.own = engine.NewTransport(cmp.Or(c.tls, &tls.Config{}))
		c.engine.Transport = c.own
	case c.tls != nil:
		return errors.New("engage: WithTLSConfig: the transport of WithTransport has its own")
	}
	return nil
}

// connect settles where requests and tokens go.
func (c *Client) connect(endpoint Endpoint) error {
	base, err := endpoint.BaseURL()
	if err != nil {
		return err
	}
	c.base = base
	c.engine.Hosts, err = auth.NewHosts(base.String())
	return err
}

// authorize settles where tokens come from. A client that fails leaves its caches
// to another.
func (c *Client) authorize(source auth.TokenSource, fails bool) error {
	if nothing.In(source) {
		return errors.New("engage: the token source is nil")
	}
	var problems []error
	bind := func(source auth.TokenSource) auth.TokenSource {
		binder, ok := source.(auth.Binder)
		_, cache := source.(*auth.Cache)
		if !ok || c.base == nil || fails && cache {
			return source
		}
		bound, err := binder.Bind(c.base, c.engine.Transport)
		if err == nil && nothing.In(bound) {
			err = errors.New("its Bind returned nil")
		}
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

// String tells the host that the client calls.
func (c *Client) String() string {
	if c == nil || c.base == nil {
		return "engage.Client()"
	}
	return "engage.Client(" + c.base.Host + ")"
}

// Format writes String for every verb: a client holds headers, which may hold
// secrets.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer] with String.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// CloseIdleConnections closes the connections that wait for their next call, if
// the client made its own transport. The client can still be used.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// Routes returns the routes this client uses, the replaced ones included; those
// of a nil client are the default ones. The map is a copy.
func (c *Client) Routes() map[outcome.Operation]Route {
	routes := make(map[outcome.Operation]Route, len(rows))
	for _, r := range rows {
		routes[r.name] = r.route
	}
	if c != nil {
		maps.Copy(routes, c.routes)
	}
	return routes
}
