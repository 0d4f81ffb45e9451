package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// Token is the id of the call for a token in the document. It is no operation of the
// client, so no table has it.
const Token = "Token"

// standard are the edges that every operation has.
var standard = []outcome.Edge{outcome.OnError, outcome.OnInvalidData, outcome.OnInvalidChoice, outcome.OnTimeout, outcome.OnAuthorizationFailure}

// Operations compares the operations of the document with a table of operations, in both
// directions: names, verbs, paths, versions, classes, edges, members and evidence.
func (d *Document) Operations(table []engage.Operation) []string {
	c := &comparison{Document: d}
	left := d.operations()
	delete(left, Token)
	for _, row := range table {
		found, ok := left[string(row.Name)]
		if !ok {
			c.add("%s: the document has no operation with this id", row.Name)
			continue
		}
		delete(left, string(row.Name))
		c.operation(row, found)
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		c.add("%s: the table has no such operation", id)
	}
	c.edges("x-standard-edges", standard, engage.Documented, d.tree.list("x-standard-edges"))
	return c.findings
}

// Support compares the marks x-support of the message types with a table of support, in
// both directions.
func (d *Document) Support(table []message.Support) []string {
	c := &comparison{Document: d}
	want := map[string]bool{}
	for _, row := range table {
		want[supportRow(string(row.Type), string(row.Direction), texts(row.Channels), string(row.Append), string(row.Create), row.ChannelEvidence, row.Evidence)] = true
	}
	got := map[string]bool{}
	for _, reference := range d.tree.at("components", "schemas", "Message").list("oneOf") {
		schema := d.resolve(reference)
		typ := schema.at("properties", "type").text("const")
		for _, row := range schema.list("x-support") {
			got[supportRow(typ, row.text("direction"), row.texts("channels"), row.text("append"), row.text("create"), row.text("channelEvidence"), row.text("x-evidence"))] = true
		}
	}
	c.sets("x-support", want, got)
	c.sets("the message types", setOf(texts(message.Types())), setOf(d.tree.at("components", "schemas", "MessageType").texts("enum")))
	return c.findings
}

// supportRow returns a row of the support in words.
func supportRow(typ, direction string, channels []string, since, created, channelEvidence, evidence string) string {
	return fmt.Sprintf("%s %s on %s (%s) since AppendMessage %s and CreateConversation %s (%s)",
		direction, typ, strings.Join(channels, ", "), channelEvidence, since, created, evidence)
}

// Regions compares the servers of the document with the regions, in both directions.
func (d *Document) Regions(table []engage.Region) []string {
	c := &comparison{Document: d}
	want, got := map[string]bool{}, map[string]bool{}
	for _, region := range table {
		want[string(region.Name)+" "+region.BaseURL] = true
	}
	for _, server := range d.tree.list("servers") {
		got[server.text("x-region")+" "+server.text("url")] = true
	}
	c.sets("servers", want, got)
	return c.findings
}

// comparison collects what differs between the document and a table.
type comparison struct {
	*Document
	findings []string
}

func (c *comparison) add(format string, values ...any) {
	c.findings = append(c.findings, fmt.Sprintf(format, values...))
}

// equal adds a finding if a value of the document is not that of the table.
func (c *comparison) equal(where, what, table, document string) {
	if table != document {
		c.add("%s: %s is %q in the table and %q in the document", where, what, table, document)
	}
}

// sets adds a finding for each element that only one of two sets has.
func (c *comparison) sets(where string, table, document map[string]bool) {
	for _, element := range slices.Sorted(maps.Keys(table)) {
		if !document[element] {
			c.add("%s: the document lacks %q, which the table has", where, element)
		}
	}
	for _, element := range slices.Sorted(maps.Keys(document)) {
		if !table[element] {
			c.add("%s: the table lacks %q, which the document has", where, element)
		}
	}
}

// operation compares a row of the table with the operation of its name.
func (c *comparison) operation(row engage.Operation, o operation) {
	name := string(row.Name)
	c.equal(name, "the verb", row.Route.Method, o.method)
	c.equal(name, "the path", row.Route.Path, o.path)
	c.equal(name, "the evidence of the route", string(row.RouteEvidence), o.text("x-evidence"))
	c.equal(name, "the class", string(row.Class), o.text("x-class"))
	c.equal(name, "the list of versions", strings.Join(texts(row.Versions), ", "), strings.Join(o.texts("x-versions"), ", "))
	c.edges(name+" successes", row.Successes, row.EdgesEvidence, o.at("x-edges").list("successes"))
	c.edges(name+" failures", row.Failures, row.EdgesEvidence, o.at("x-edges").list("failures"))
	c.members(name+" request", row.Request, c.request(o))
	c.members(name+" reply", row.Reply, c.reply(o))
	for segment := range strings.SplitSeq(o.path, "/") {
		if id := strings.Trim(segment, "{}"); id != segment && c.parameters(o, "path")[id] == nil {
			c.add("%s: the document does not describe the parameter %q of the path", name, id)
		}
	}
}

// edges compares edges, in their order, and their evidence.
func (c *comparison) edges(where string, table []outcome.Edge, evidence engage.Evidence, document []node) {
	var names []string
	for _, edge := range document {
		names = append(names, edge.text("edge"))
		c.equal(where+" "+edge.text("edge"), "the evidence", string(evidence), edge.text("x-evidence"))
	}
	c.equal(where, "the list of edges", strings.Join(texts(table), ", "), strings.Join(names, ", "))
}

// members compares the names and the evidence of members.
func (c *comparison) members(where string, table []engage.Member, document map[string]node) {
	want := map[string]bool{}
	for _, member := range table {
		want[member.Name] = true
		if found, ok := document[member.Name]; ok {
			c.equal(where+" "+member.Name, "the evidence", string(member.Evidence), found.text("x-evidence"))
		}
	}
	c.sets(where, want, setOf(slices.Collect(maps.Keys(document))))
}

// request returns the members of the body and of the query of an operation.
func (c *comparison) request(o operation) map[string]node {
	all := c.parameters(o, "query")
	maps.Copy(all, c.properties(o.at("requestBody", "content", "application/json", "schema")))
	return all
}

// reply returns the members of the reply with the status 200, and of its value. It leaves
// out other spellings and what only a failure has.
func (c *comparison) reply(o operation) map[string]node {
	all := map[string]node{}
	response := c.resolve(o.at("responses", "200"))
	for name, property := range c.properties(response.at("content", "application/json", "schema")) {
		switch {
		case property["x-variant-of"] != nil || property["x-failure-only"] != nil:
		case name == "value":
			for inner, member := range c.properties(property) {
				all["value."+inner] = member
			}
		default:
			all[name] = property
		}
	}
	return all
}

// texts returns names as texts.
func texts[S ~string](names []S) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return all
}

// setOf returns the set of names.
func setOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}
