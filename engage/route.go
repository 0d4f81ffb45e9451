package engage

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

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
		return "contains an id in braces, and there is no such id"
	}
	return "must contain each of these once and no others: {" + strings.Join(names, "}, {") + "}"
}

// pathIDs are the ids of a path.
type pathIDs struct {
	conversation, participant string
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

// escaped returns segment, the escaped form of plain, if net/url accepts it. Else it
// escapes plain anew: net/url would do so with the whole path, and turn escaped
// slashes into real ones.
func escaped(plain, segment string) string {
	if alone := (&url.URL{Path: plain, RawPath: segment}); alone.EscapedPath() == segment {
		return segment
	}
	return url.PathEscape(plain)
}

// resolve returns base with the path of pieces, in which ids are filled in.
func resolve(base *url.URL, pieces []piece, ids pathIDs) *url.URL {
	const usual = 4
	plain, escaped := make([]string, 0, usual), make([]string, 0, usual)
	for _, p := range pieces {
		if p.id != "" {
			p.plain = ids.named(p.id)
			p.escaped = url.PathEscape(p.plain)
		}
		plain, escaped = append(plain, p.plain), append(escaped, p.escaped)
	}
	resolved := *base
	resolved.Path, resolved.RawPath = strings.Join(plain, ""), ""
	if !slices.Equal(plain, escaped) {
		resolved.RawPath = strings.Join(escaped, "")
	}
	return &resolved
}
