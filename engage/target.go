package engage

import (
	"net/url"
	"slices"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// target is what a client knows of an operation before any call: the row of the
// table, compiled with the options of the client.
type target struct {
	class  Class
	expect engine.Expect
	method string
	pieces []piece
	// fixed is the URL of all calls; nil if the path has ids.
	fixed *url.URL
	// success and failure are the edges of the operation. They are empty if it has
	// none; success also if it has several of different meaning.
	success, failure outcome.Edge
	// done are the codes of a refusal because the state is there already.
	done []string
	// source provides the tokens; nil for the source of the client.
	source auth.TokenSource
}

// compile returns the targets of all operations.
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

// newTarget compiles one row.
func newTarget(c *Client, r row) *target {
	t := &target{
		class:  r.class,
		expect: engine.Acknowledgement,
		method: r.route.Method,
		pieces: r.route.pieces(c.base),
		done:   c.done[r.name],
		source: c.sources[r.name],
	}
	if r.class == Read {
		t.expect = engine.Value
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

// usualSuccess returns the success edge of an operation whose replies mean the same:
// the only edge, beside which there may be the generic one. It returns none if the
// reply decides between several.
func usualSuccess(edges []outcome.Edge) outcome.Edge {
	if len(edges) == 1 || len(edges) == 2 && edges[1] == outcome.Success {
		return edges[0]
	}
	return ""
}

// target returns the target of a request.
func (c *Client) target(w wireRequest) *target {
	if other, ok := w.(*otherCall); ok {
		return other.target(c)
	}
	operation, _ := w.name()
	return c.targets[operation]
}

// url returns the URL of a call with these ids and this query. Calls may share it,
// so it must not be changed.
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

// isDone reports whether a refusal with code means that the state is there already.
func (t *target) isDone(code string) bool { return code != "" && slices.Contains(t.done, code) }
