package engage

import (
	"encoding/json"
	"net/url"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// wireRequest is a request of any version, in the one shape in which it is
// validated and sent.
type wireRequest interface {
	// name returns the operation and its version.
	name() (outcome.Operation, outcome.Version)
	// validate returns all that is wrong with the request.
	validate() outcome.Violations
	// ids returns the ids that stand in the path.
	ids() pathIDs
	// body returns what is encoded as JSON; nil for nothing. In a write it holds
	// the callback URL, unless that is empty.
	body(callbackURL string) any
}

// validate is the Validate method of every request.
func validate(w wireRequest) error { return w.validate().Err(w.name()) }

// prepare validates a request and its options, and returns the settings of the
// call. Every operation begins with it.
func (c *Client) prepare(w wireRequest, options []CallOption) (*settings, error) {
	s, violations := &c.defaults, w.validate()
	if len(options) > 0 {
		s = new(c.defaults)
		violations = append(violations, s.apply(options)...)
	}
	if write, ok := w.(findable); ok && s.reconciliation.LookFirst {
		violations = append(violations, write.validateAliasIDs()...)
	}
	return s, violations.Err(w.name())
}

// call encodes a request for the engine.
func (c *Client) call(w wireRequest, s *settings, callbackURL string) (engine.Call, error) {
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
		query = url.Values{"callbackUrl": {callbackURL}}
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
