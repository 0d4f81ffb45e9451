package engage

import (
	"slices"

	"github.com/engagesdk/engage-go/outcome"
)

// target is what a client knows of an operation before any call: the row of the
// table with the client's own route, worked out once.
type target struct {
	class  Class
	method string
	pieces []piece
	// success and failure are the usual edges; failure is empty where the
	// operation has none of its own.
	success, failure outcome.Edge
	// done are the codes with which the service refuses what is done already.
	done []string
}

// compile works out the target of every operation.
func (c *Client) compile() map[outcome.Operation]*target {
	targets := make(map[outcome.Operation]*target, len(rows))
	for _, r := range rows {
		route := r.route
		if own, ok := c.routes[r.name]; ok {
			route = own
		}
		t := &target{
			class:   r.class,
			method:  route.Method,
			pieces:  route.pieces(c.base),
			success: outcome.Successes(r.name)[0],
			done:    c.done[r.name],
		}
		if failures := outcome.Failures(r.name); len(failures) > 0 {
			t.failure = failures[0]
		}
		targets[r.name] = t
	}
	return targets
}

// isDone reports whether a refusal with code means that the state asked for is
// there already.
func (t *target) isDone(code string) bool { return code != "" && slices.Contains(t.done, code) }
