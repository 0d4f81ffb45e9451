package conformance

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
)

// Report is what a tenant did, beside what is known of the API. It contains no token, no
// address and no text of a message.
type Report struct {
	// Rows are in the order of engage.Operations. The behaviors come last.
	Rows []Row
	// Routes are those by which the tenant works, where they differ from the client's.
	Routes map[outcome.Operation]engage.Route
}

// Row is a row of a [Report].
type Row struct {
	// Operation is empty for a behavior, which is not of one operation.
	Operation outcome.Operation `json:"operation,omitempty"`
	// What is a route, the name of a member of the reply, or a behavior.
	What string `json:"what"`
	// Known says how it is known. It is "candidate" for a route of the target or of the
	// suite, and "unknown" for a member that is not in the table of operations.
	Known engage.Evidence `json:"known"`
	// Tenant says what the tenant did. Codes and names of members are as the tenant wrote
	// them, with characters that are not printable.
	Tenant string `json:"tenant"`
}

// What is known of a route that the caller or the suite proposed, and of a member that
// is not in the table of operations.
const (
	candidate engage.Evidence = "candidate"
	unknown   engage.Evidence = "unknown"
)

// noteRoute notes what the tenant did with a request by a route.
func (s *suite) noteRoute(operation outcome.Operation, route engage.Route, reply engage.Reply, note string, err error) {
	known := candidate
	if route == rowOf(operation).Route {
		known = rowOf(operation).RouteEvidence
	}
	did := answer(reply, err)
	if note != "" {
		did += ", " + note
	}
	s.rows = append(s.rows, Row{operation, route.Method + " " + route.Path, known, did})
}

// see notes the members of a successful reply to an operation.
func (s *suite) see(operation outcome.Operation, reply engage.Reply) {
	for _, name := range memberNames(reply.Raw()) {
		if seen := s.seen[operation]; len(seen) < maxNames && !slices.Contains(seen, name) {
			s.seen[operation] = append(seen, name)
		}
	}
}

// members returns a row for each member that is known of the replies to an operation, and
// for each that was seen.
func (s *suite) members(operation outcome.Operation) []Row {
	seen := slices.Clone(s.seen[operation])
	if seen == nil {
		return nil
	}
	var rows []Row
	for _, member := range rowOf(operation).Reply {
		did := "no"
		if i := slices.IndexFunc(seen, func(name string) bool { return strings.EqualFold(name, member.Name) }); i >= 0 {
			did = "yes"
			if seen[i] != member.Name {
				did = "yes, as " + seen[i]
			}
			seen = slices.Delete(seen, i, i+1)
		}
		rows = append(rows, Row{operation, member.Name, member.Evidence, did})
	}
	for _, name := range seen {
		rows = append(rows, Row{operation, name, unknown, "yes"})
	}
	return rows
}

// behavior notes what the tenant did in a situation.
func (s *suite) behavior(what string, known engage.Evidence, did string) {
	s.rows = append(s.rows, Row{"", what, known, did})
}

// rowOf returns the row of an operation in the client's table.
func rowOf(operation outcome.Operation) engage.Operation {
	operations := engage.Operations()
	return operations[slices.IndexFunc(operations, func(o engage.Operation) bool { return o.Name == operation })]
}

// yes returns the answer to a question.
func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// answer describes the reply to a call, or its error. It shows no text of the tenant but
// its code.
func answer(reply engage.Reply, err error) string {
	status, code, edge, effect := reply.HTTPStatus, reply.Code, reply.Outcome, ""
	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		status, code, edge, effect = failure.Status, failure.Code, failure.Edge, failure.Effect.String()
	}
	parts := []string{"no reply"}
	if status != 0 {
		parts = []string{strconv.Itoa(status)}
	}
	if code != "" && code != strconv.Itoa(status) {
		parts = append(parts, "code "+code)
	}
	parts = append(parts, string(edge))
	if err != nil {
		parts = append(parts, effect)
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// maxNames is the most members of an operation that the report shows.
const maxNames = 50

// memberNames returns the names of the members of a reply and of its value, sorted.
func memberNames(body []byte) []string {
	var reply, value map[string]json.RawMessage
	_ = json.Unmarshal(body, &reply) // A reply that is no object has no members.
	_ = json.Unmarshal(reply["value"], &value)
	if value != nil {
		delete(reply, "value")
	}
	names := slices.Sorted(maps.Keys(reply))
	for _, name := range slices.Sorted(maps.Keys(value)) {
		names = append(names, "value."+name)
	}
	return names
}

// String returns the report as a table, followed by the options of engage.New that set
// the routes. What is not printable is in quotes.
func (r Report) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "operation\twhat\tknown\tthis tenant")
	last := ""
	for _, row := range r.Rows {
		name := cmp.Or(string(row.Operation), "behavior")
		if name == last {
			name = ""
		} else {
			last = name
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", name, shown(row.What), row.Known, shown(row.Tenant))
	}
	_ = table.Flush() // A strings.Builder accepts everything.
	text.WriteString("\n" + r.patch())
	return text.String()
}

// shown returns a text in the form that the report may contain: at most 256 bytes, and in
// quotes if it has anything that is not printable.
func shown(text string) string {
	text = text[:min(len(text), 256)]
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// sorted returns the rows by operation, with those that were not tested, and the
// behaviors last.
func (s *suite) sorted() []Row {
	var sorted []Row
	for _, o := range engage.Operations() {
		tested := slices.DeleteFunc(slices.Clone(s.rows), func(r Row) bool { return r.Operation != o.Name })
		if len(tested) == 0 {
			tested = []Row{{o.Name, o.Route.Method + " " + o.Route.Path, o.RouteEvidence, s.untested(o.Name)}}
		}
		sorted = append(append(sorted, tested...), s.members(o.Name)...)
	}
	for _, r := range s.rows {
		if r.Operation == "" {
			sorted = append(sorted, r)
		}
	}
	return sorted
}

// untested says that an operation was not tested, and which field of the target changes
// that.
func (s *suite) untested(operation outcome.Operation) string {
	field := ""
	switch {
	case operation == outcome.ResolveConversation: // It belongs to a flow.
	case operation == outcome.FetchTeamWorkingHours && s.Team == "":
		field = "Team"
	case operation == outcome.BusinessHours && s.Schedule == "":
		field = "Schedule"
	case !s.Writes:
		field = "Writes"
	case operation == outcome.TransferConversation && s.Team == "":
		field = "Team"
	case operation == outcome.AddParticipant && s.Participant == "", operation == outcome.RemoveParticipant && s.Participant == "":
		field = "Participant"
	}
	if field == "" {
		return "not tested"
	}
	return "not tested: set " + field
}

// patch returns the options that set the routes of the tenant.
func (r Report) patch() string {
	if len(r.Routes) == 0 {
		return "No route differs from that of the client, as far as it was tested.\n"
	}
	operations := slices.Sorted(maps.Keys(r.Routes))
	text := "This tenant has other routes. Add these options to engage.New:\n\n"
	for _, operation := range operations {
		route := r.Routes[operation]
		text += fmt.Sprintf("\tengage.WithRoute(outcome.%s, engage.Route{Method: %q, Path: %q}),\n", operation, route.Method, route.Path)
	}
	return text
}
