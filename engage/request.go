package engage

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// wireRequest is a request of any version, ready to be validated and sent.
type wireRequest interface {
	// name returns the operation and its version.
	name() (outcome.Operation, outcome.Version)
	// validate returns all that is wrong with the request.
	validate() outcome.Violations
	// ids returns the ids of the path.
	ids() pathIDs
	// body returns what is encoded as JSON, with the callback URL unless that is
	// empty. It returns nil for a request without a body, whose callback URL is then in
	// the query.
	body(callbackURL string) any
}

// validate is the Validate method of every request.
func validate(w wireRequest) error { return w.validate().Err(w.name()) }

// prepare validates a request and its options, and returns the settings of the call,
// which are read only. Every operation begins with it.
func (c *Client) prepare(w wireRequest, options []CallOption) (*settings, error) {
	s, violations := &c.defaults, w.validate()
	if len(options) > 0 {
		s = new(c.defaults)
		violations = append(violations, s.apply(options)...)
	}
	if findable, ok := w.(findable); ok && s.reconciliation.LookFirst {
		violations = append(violations, findable.validateAliasIDs()...)
	}
	return s, violations.Err(w.name())
}

// encode returns the call of a request for the engine.
func (c *Client) encode(w wireRequest, s *settings, callbackURL string) (engine.Call, error) {
	t := c.target(w)
	call := engine.Call{
		Source:     t.source,
		Expect:     t.expect,
		Read:       t.class == Read,
		Failure:    t.failure,
		Method:     t.method,
		Repeatable: t.class != Unsafe || s.policy == RetryAlways,
		Settings:   &s.Settings,
	}
	call.Operation, call.Version = w.name()
	var query url.Values
	if q, ok := w.(interface{ query() url.Values }); ok {
		query = q.query()
	}
	body := w.body(callbackURL)
	if body == nil && callbackURL != "" {
		query = url.Values{"callbackUrl": {callbackURL}} // Only reads have a query of their own.
	}
	call.URL = t.url(c.base, w.ids(), query)
	if body == nil {
		return call, nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return call, outcome.Violations{{Field: "request", Problem: "cannot be encoded as JSON"}}.Err(w.name())
	}
	call.Body = encoded
	return call, nil
}

// read makes a call that is not a write of the client, from its request to its result.
func read[R observable](ctx context.Context, c *Client, w wireRequest, options []CallOption, do func(context.Context, *settings) (R, error)) (R, error) {
	s, err := c.prepare(w, options)
	if err != nil {
		return *new(R), err
	}
	return observed(ctx, c.observer, startOf(w), func(ctx context.Context) (R, error) { return do(ctx, s) })
}

// do sends a request without callbacks and returns its reply.
func (c *Client) do(ctx context.Context, w wireRequest, s *settings) (engine.Reply, error) {
	call, err := c.encode(w, s, "")
	if err != nil {
		return engine.Reply{}, err
	}
	return c.engine.Do(ctx, call)
}
