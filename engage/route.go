package engage

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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

// check returns what is wrong with a route whose ids have these names.
func (r Route) check(names []string) outcome.Violations {
	var v outcome.Violations
	if !slices.Contains(methods, r.Method) {
		v.Add("Method", "is not one of "+strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(r.Path, "/") {
		v.Add("Path", "does not begin with a slash")
		return v
	}
	if strings.ContainsAny(r.Path, "?#\\") || !printable(r.Path) {
		v.Add("Path", "holds a query, a fragment, a backslash or a control character")
	}
	for segment := range strings.SplitSeq(r.Path[1:], "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || isDots(plain) {
			v.Add("Path", "has a segment that is empty, made of dots or not escaped properly")
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

// idsWanted tells which ids a path must hold.
func idsWanted(names []string) string {
	if len(names) == 0 {
		return "holds an id in braces, and there is none to put there"
	}
	return "must hold each of these once and no others: {" + strings.Join(names, "}, {") + "}"
}

// pathIDs are the ids that stand in paths.
type pathIDs struct {
	conversation, participant string
	// others are the ids of a [Call].
	others map[string]string
}

// named returns the id that a path calls by name.
func (ids pathIDs) named(name string) string {
	switch {
	case ids.others != nil:
		return ids.others[name]
	case name == "participant":
		return ids.participant
	}
	return ids.conversation
}

// piece is a part of a path: text that is always the same, or an id.
type piece struct {
	plain, escaped string
	// id is the name of the id; empty for text.
	id string
}

// pieces takes the path of the route apart, below the path of base.
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
		plain, _ := url.PathUnescape(segment) // check has tried it.
		text.plain += plain
		text.escaped += escaped(plain, segment)
	}
	if text.plain != "" {
		pieces = append(pieces, text)
	}
	return pieces
}

// escaped returns segment, which stands for plain, if it can stand in a URL as it
// is. One that cannot would have net/url escape the whole path anew, and slashes
// that were escaped would become real ones.
func escaped(plain, segment string) string {
	if alone := (&url.URL{Path: plain, RawPath: segment}); alone.EscapedPath() == segment {
		return segment
	}
	return url.PathEscape(plain)
}

// resolve returns base with the path that pieces make with ids.
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

// requireID notes an id that cannot be one segment of a path: it is empty to the
// eye, would be read as several segments, or as a step up.
func requireID(v *outcome.Violations, field, id string) {
	switch {
	case id == "":
		v.Add(field, "is empty")
	case strings.TrimSpace(id) == "":
		v.Add(field, "is blank")
	case !utf8.ValidString(id):
		v.Add(field, "is not valid UTF-8")
	case strings.ContainsAny(id, `/\`):
		v.Add(field, "holds a slash")
	case isDots(id):
		v.Add(field, "is made of dots only")
	case !printable(id):
		v.Add(field, "holds a control character")
	}
}

func isDots(segment string) bool { return strings.Trim(segment, ".") == "" }

func printable(text string) bool { return strings.IndexFunc(text, unicode.IsControl) < 0 }
