package engage

import (
	"net/url"
	"slices"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// target is what a client knows of an operation before any call: the row of the
// table with the client's own route, worked out once.
type target struct {
	class  Class
	method string
	pieces []piece
	// fixed is where all calls go; nil where the path depends on the call.
	fixed *url.URL
	// success and failure are the usual edges. They are empty where the operation
	// has none of its own, success also where it has several that differ.
	success, failure outcome.Edge
	// done are the codes with which the service refuses what is done already.
	done []string
	// source gives the operation's tokens; nil for the client's own.
	source auth.TokenSource
	// isOther is set for an operation of whose replies nothing is known, and
	// anyValue where the value of a reply may be more than an object.
	isOther, anyValue bool
}

// compile works out the target of every operation.
func (c *Client) compile() map[outcome.Operation]*target {
	targets := make(map[outcome.Operation]*target, len(rows))
	for _, r := range rows {
		if own, ok := c.routes[r.name]; ok {
			r.route = own
		}
		targets[r.name] = newTarget(c, r)
	}
	return targets
}

// newTarget works out one target.
func newTarget(c *Client, r row) *target {
	t := &target{
		class:  r.class,
		method: r.route.Method,
		pieces: r.route.pieces(c.base),
		done:   c.done[r.name],
		source: c.sources[r.name],
	}
	if len(t.pieces) == 1 {
		t.fixed = resolve(c.base, t.pieces, pathIDs{})
	}
	t.success = usualSuccess(outcome.Successes(r.name))
	if failures := outcome.Failures(r.name); len(failures) > 0 {
		t.failure = failures[0]
	}
	return t
}

// usualSuccess returns the edge that a success ends on, whatever the reply tells:
// the only one, but for the generic one that may stand beside it. It is empty
// where the reply makes the difference.
func usualSuccess(edges []outcome.Edge) outcome.Edge {
	if len(edges) == 1 || len(edges) == 2 && edges[1] == outcome.Success {
		return edges[0]
	}
	return ""
}

// target returns the target of f.
func (c *Client) target(f form) *target {
	if other, ok := f.(*otherCall); ok {
		return other.target(c)
	}
	return c.targets[f.operation()]
}

// url returns where a call of the operation goes that has these ids and this
// query. Other calls may go to the same one, so nobody may change it.
func (t *target) url(base *url.URL, ids pathIDs, query url.Values) *url.URL {
	to := t.fixed
	if to == nil {
		to = resolve(base, t.pieces, ids)
	}
	if len(query) > 0 {
		to = new(*to)
		to.RawQuery = query.Encode()
	}
	return to
}

// isDone reports whether a refusal with code means that the state asked for is
// there already.
func (t *target) isDone(code string) bool { return code != "" && slices.Contains(t.done, code) }
