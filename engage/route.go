package engage

import (
	"fmt"
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

// check returns what is wrong with a route that is to replace standard.
func (r Route) check(standard Route) error {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	if !slices.Contains(methods, r.Method) {
		return fmt.Errorf("the method is not one of %s", strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#\\") || !printable(r.Path) {
		return fmt.Errorf("the path does not begin with a slash, or holds a query, a fragment or a control character")
	}
	for segment := range strings.SplitSeq(r.Path[1:], "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || isDots(plain) {
			return fmt.Errorf("the path has a segment that is empty, made of dots or not escaped properly")
		}
	}
	want, got := placeholders(standard.Path), placeholders(r.Path)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return fmt.Errorf("the path must hold each of these once and no others: {%s}", strings.Join(want, "}, {"))
	}
	return nil
}

// resolve returns the URL of the route below base, with ids in place of their
// names.
func (r Route) resolve(base *url.URL, ids map[string]string) *url.URL {
	var path, escaped strings.Builder
	path.WriteString(base.Path)
	escaped.WriteString(base.EscapedPath())
	for segment := range strings.SplitSeq(r.Path[1:], "/") {
		raw := segment
		if name, ok := placeholder(segment); ok {
			raw = url.PathEscape(ids[name])
		}
		plain, err := url.PathUnescape(raw)
		if err != nil {
			plain = raw
		}
		path.WriteString("/" + plain)
		escaped.WriteString("/" + raw)
	}
	resolved := *base
	resolved.Path, resolved.RawPath = path.String(), escaped.String()
	return &resolved
}

// requireID notes an id that cannot be one segment of a path: it is empty, would
// be read as several segments, or as a step up.
func requireID(v *outcome.Violations, field, id string) {
	switch {
	case id == "":
		v.Add(field, "is empty")
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
