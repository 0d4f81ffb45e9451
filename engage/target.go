package engage

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	// fixed is the URL of all calls; nil if the path has ids, and so several pieces.
	fixed *url.URL
	// success and failure are the edges of the operation; empty if it has none. success
	// is also empty if the reply decides between several.
	success, failure outcome.Edge
	// done are the codes of a failure because the state was there before.
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

// ownTarget is a request whose target is not only that of its operation.
type ownTarget interface{ target(*Client) *target }

// target returns the target of a request.
func (c *Client) target(w wireRequest) *target {
	if own, ok := w.(ownTarget); ok {
		return own.target(c)
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

// isDone reports whether a failure with code means that the state was there before.
func (t *target) isDone(code string) bool { return code != "" && slices.Contains(t.done, code) }

// placeholders lists the names in braces of a path.
func placeholders(path string) []string {
	var names []string
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := placeholder(segment); ok {
			names = append(names, name)
		}
	}
	return names
}

// placeholder returns the name in the braces of a segment, and reports whether the segment
// has braces around it.
func placeholder(segment string) (name string, ok bool) {
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false
	}
	return segment[1 : len(segment)-1], true
}

// methods are those that a route may have.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// validate returns what is wrong with a route whose ids have these names.
func (r Route) validate(names []string) outcome.Violations {
	var v outcome.Violations
	if !slices.Contains(methods, r.Method) {
		v.Add("Method", "must be one of "+strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(r.Path, "/") {
		v.Add("Path", "does not begin with a slash")
		return v
	}
	if strings.ContainsAny(r.Path, "?#\\") || !printable(r.Path) {
		v.Add("Path", "contains a query, a fragment, a backslash or a control character")
	}
	for segment := range strings.SplitSeq(r.Path[1:], "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || isDots(plain) {
			v.Add("Path", "has a segment that is empty, consists of dots or is escaped wrongly")
			break
		}
	}
	want, got := slices.Sorted(slices.Values(names)), placeholders(r.Path)
	slices.Sort(got)
	if slices.Contains(got, "") {
		v.Add("Path", "has braces without a name")
	}
	if !slices.Equal(want, got) {
		v.Add("Path", idsWanted(want))
	}
	return v
}

// idsWanted says which ids a path must contain.
func idsWanted(names []string) string {
	if len(names) == 0 {
		return "contains braces, but the call has no ids"
	}
	return "must contain each of these once and no others: {" + strings.Join(names, "}, {") + "}"
}

// pathIDs are the ids of a path.
type pathIDs struct {
	conversation, participant, team, schedule string
	// others are the ids of a [Call].
	others map[string]string
}

// named returns the id with that name in the path.
func (ids pathIDs) named(name string) string {
	switch {
	case ids.others != nil:
		return ids.others[name]
	case name == "participant":
		return ids.participant
	case name == "team":
		return ids.team
	case name == "schedule":
		return ids.schedule
	}
	return ids.conversation
}

// piece is a part of a path: fixed text, or an id.
type piece struct {
	plain, escaped string
	// id is the name of the id; empty for text.
	id string
}

// pieces splits the path of the route below the path of base.
func (r Route) pieces(base *url.URL) []piece {
	text := piece{plain: base.Path, escaped: base.EscapedPath()}
	var pieces []piece
	for segment := range strings.SplitSeq(r.Path[1:], "/") {
		text.plain += "/"
		text.escaped += "/"
		if name, ok := placeholder(segment); ok {
			pieces = append(pieces, text, piece{id: name})
			text = piece{}
			continue
		}
		plain, _ := url.PathUnescape(segment) // It is valid; see validate.
		text.plain += plain
		text.escaped += escaped(plain, segment)
	}
	if text.plain != "" {
		pieces = append(pieces, text)
	}
	return pieces
}

// escaped returns segment, the escaped form of plain, if net/url keeps it. Otherwise it
// escapes plain: net/url would escape the whole path again, and turn escaped slashes into
// real ones.
func escaped(plain, segment string) string {
	if alone := (&url.URL{Path: plain, RawPath: segment}); alone.EscapedPath() == segment {
		return segment
	}
	return url.PathEscape(plain)
}

// resolve returns base with the path of pieces, in which ids are filled in.
func resolve(base *url.URL, pieces []piece, ids pathIDs) *url.URL {
	const usual = 4
	plain, raw := make([]string, 0, usual), make([]string, 0, usual)
	for _, p := range pieces {
		if p.id != "" {
			p.plain = ids.named(p.id)
			p.escaped = url.PathEscape(p.plain)
		}
		plain, raw = append(plain, p.plain), append(raw, p.escaped)
	}
	resolved := *base
	resolved.Path, resolved.RawPath = strings.Join(plain, ""), ""
	if !slices.Equal(plain, raw) {
		resolved.RawPath = strings.Join(raw, "")
	}
	return &resolved
}
