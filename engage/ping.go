package engage

import (
	"context"
	"fmt"
	"net/http"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// pingOperation names a ping in errors and logs.
const pingOperation outcome.Operation = "Ping"

// Ping checks that a client can work, such as when a program starts. It gets a token of
// the client's source, and sends a GET for the base URL with it. It touches no conversation
// and is retried as a read.
//
// It returns nil if the service answers with a status of 2xx. The vendor documents no
// request for this purpose, so the base URL itself may have no resource: 404 and 405 count
// as an answer, too. They prove the host and that there is a token, and neither its
// validity nor the path of the base URL. [WithPingRoute] sets a request that proves more.
//
// The error is an [*outcome.Error] on a standard edge, such as onAuthorizationFailure if
// there is no token, or if the service refuses it.
func (c *Client) Ping(ctx context.Context, options ...CallOption) error {
	s := new(c.defaults)
	if violations := s.apply(options); violations != nil {
		return violations.Err(pingOperation, "")
	}
	call := engine.Call{
		Operation: pingOperation, Expect: engine.Anything, Read: true, Repeatable: true,
		Method: http.MethodGet, URL: c.base, Settings: &s.Settings,
	}
	isDefault := c.ping == Route{}
	if !isDefault {
		call.Method, call.URL = c.ping.Method, resolve(c.base, c.ping.pieces(c.base), pathIDs{})
	}
	_, err := observed(ctx, c.observer, CallStart{Operation: pingOperation}, func(ctx context.Context) (Reply, error) {
		reply, err := c.engine.Do(ctx, call)
		if isDefault && (reply.Status == http.StatusNotFound || reply.Status == http.StatusMethodNotAllowed) {
			err = nil
		}
		return Reply{Attempts: reply.Attempts}, err
	})
	return err
}

// WithPingRoute sets the request of [Client.Ping], such as a GET of your tenant that
// changes nothing. The path contains no ids. Only a status of 2xx is a success then.
func WithPingRoute(route Route) Option {
	return func(c *Client) error {
		if violations := route.validate(nil); violations != nil {
			return fmt.Errorf("engage: WithPingRoute: %w", violations)
		}
		c.ping = route
		return nil
	}
}
