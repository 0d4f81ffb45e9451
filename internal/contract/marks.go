package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage"
)

// evidences are the values of x-evidence.
var evidences = []string{string(engage.Documented), string(engage.Observed), string(engage.Assumed)}

// Marks finds the operations, webhooks, callbacks, parameters, headers, members, edges,
// servers and rows of x-support without a valid x-evidence, or without an x-source that
// x-sources lists. It also finds those that are not assumed and whose source has no page. A
// property that is a reference may have the marks of what it refers to. The alternatives in
// oneOf, anyOf and not have no marks.
func (d *Document) Marks() []string {
	c := &marks{Document: d}
	c.walk("", map[string]any(d.tree))
	slices.Sort(c.findings)
	return c.findings
}

// marks collects the findings of [Document.Marks].
type marks struct {
	*Document
	findings []string
}

// walk checks what is below value, which is an object, a list or neither. where is the path
// to it.
func (c *marks) walk(where string, value any) {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			c.element(fmt.Sprintf("%s[%d]", where, i), element)
			c.walk(fmt.Sprintf("%s[%d]", where, i), element)
		}
	case map[string]any:
		for name, inner := range value {
			below, object := where+"/"+name, node(value).at(name)
			switch {
			case slices.Contains([]string{"example", "examples", "oneOf", "anyOf", "not"}, name):
			case name == "properties", name == "headers":
				// The names in it are those of members, whatever they are.
				for member := range object {
					c.check(below+"/"+member, c.resolve(object.at(member)))
					c.walk(below+"/"+member, object[member])
				}
			case slices.Contains(methods, name) && object["responses"] != nil:
				c.check(below, object)
				c.walk(below, inner)
			default:
				c.walk(below, inner)
			}
		}
	}
}

// element checks an element of a list that is a parameter, an edge, a server or a row of
// x-support. Others have no marks.
func (c *marks) element(where string, value any) {
	n, _ := value.(map[string]any)
	resolved := c.resolve(n)
	isMarked := resolved["in"] != nil || resolved["edge"] != nil || resolved["channelEvidence"] != nil || resolved["x-region"] != nil
	if isMarked {
		c.check(where, resolved)
	}
}

// check finds missing and unknown marks of n.
func (c *marks) check(where string, n node) {
	if evidence := n.text("x-evidence"); !slices.Contains(evidences, evidence) {
		c.findings = append(c.findings, fmt.Sprintf("%s: x-evidence is %q, and not one of %s", where, evidence, strings.Join(evidences, ", ")))
	}
	source := c.tree.at("x-sources", n.text("x-source"))
	switch {
	case source == nil:
		c.findings = append(c.findings, fmt.Sprintf("%s: x-source is %q, which x-sources does not list", where, n.text("x-source")))
	case source.text("url") == "" && n.text("x-evidence") != string(engage.Assumed):
		c.findings = append(c.findings, fmt.Sprintf("%s: x-evidence is %q, but the source has no page", where, n.text("x-evidence")))
	}
}
