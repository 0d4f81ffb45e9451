package engage

import (
	"net/http"
	"slices"

	"github.com/engagesdk/engage-go/outcome"
)

// Evidence says how a thing about the wire is known.
type Evidence string

// The kinds of evidence.
const (
	// Documented: the vendor's public documents say so.
	Documented Evidence = "documented"
	// Observed: seen in a real flow or reply.
	Observed Evidence = "observed"
	// Assumed: our own choice where the vendor publishes nothing. A route can be
	// replaced, see [WithRoute]; a request whose members are other ones can be
	// made with [Client.Do].
	Assumed Evidence = "assumed"
)

// Class says what sending an operation's request a second time would do.
type Class string

// The classes.
const (
	// Read changes nothing. It is retried.
	Read Class = "read"
	// Convergent ends in the same state however often it is done. It is
	// retried.
	Convergent Class = "convergent"
	// Unsafe would be done twice. It is sent again only if it was certainly not
	// sent, if it was refused with the advice to try again, or if it was looked
	// for and is certainly absent, see [WithReconciliation].
	Unsafe Class = "unsafe"
)

// Route is the verb and the path of an operation. The path begins with a slash
// and is joined to the base URL. A segment in braces, such as {conversation},
// stands for an id, which is escaped as one segment.
type Route struct {
	Method string
	Path   string
}

// Member is a member of a request's or a reply's JSON. Members of a reply's
// value are written value.name.
type Member struct {
	Name     string
	Evidence Evidence
}

// Operation is one row of the table of operations: all that is known, or
// assumed, of an operation on the wire.
type Operation struct {
	Name     outcome.Operation
	Versions []outcome.Version
	Class    Class
	// Route is the default; the vendor publishes no paths.
	Route         Route
	RouteEvidence Evidence
	// Successes and Failures are the operation's own edges. The standard edges
	// come on top.
	Successes     []outcome.Edge
	Failures      []outcome.Edge
	EdgesEvidence Evidence
	// Request and Reply are the members that the client writes and reads. Those
	// of a request without a body are in its query.
	Request []Member
	Reply   []Member
}

// row is the part of an operation that is not known to package outcome.
type row struct {
	name    outcome.Operation
	class   Class
	route   Route
	request []Member
	reply   []Member
}

var (
	addressMembers = []Member{
		{"channel", Assumed}, {"customerAddress", Documented}, {"bizAddress", Documented}, {"threadId", Documented},
		{"browserFingerprint", Assumed}, {"subject", Assumed}, {"toRecipients", Assumed}, {"ccRecipients", Assumed},
		{"inReplyTo", Assumed},
	}
	foundMembers = []Member{
		{"status", Observed}, {"code", Observed}, {"description", Observed}, {"value.conversationId", Observed},
		{"value.aliasId", Observed}, {"value.chatExist", Observed}, {"value.conversationExists", Documented},
		{"value.status", Observed}, {"value.teamId", Observed}, {"value.userId", Observed},
	}
	acknowledgedMembers = []Member{
		{"tid", Observed}, {"transId", Observed}, {"status", Observed}, {"code", Observed}, {"description", Observed},
		{"value.tid", Observed}, {"value.transId", Observed}, {"value.conversationId", Assumed}, {"conversationId", Assumed},
	}
	transcriptMembers = []Member{
		{"status", Observed}, {"code", Observed}, {"description", Observed}, {"value.countOfRecords", Documented},
		{"value.messages", Assumed}, {"value.transcriptJsonEsc", Documented},
	}
	// callbackMember is where a write says where to tell its outcome. That there
	// is such a member was observed; its name is assumed. A request without a
	// body has it in its query.
	callbackMember = Member{"callbackUrl", Assumed}
)

// rows is the table that client, documentation and tests read.
var rows = []row{
	{
		outcome.SearchConversation, Read, Route{http.MethodPost, "/conversations/search"},
		addressMembers, foundMembers,
	},
	{
		outcome.CreateConversation, Unsafe, Route{http.MethodPost, "/conversations"},
		slices.Concat(addressMembers, []Member{
			{"aliasId", Documented}, {"customerName", Assumed}, {"domain", Assumed}, {"proactiveId", Assumed},
			{"capabilityList", Assumed}, {"messages", Assumed}, {"customFields", Assumed}, callbackMember,
		}), acknowledgedMembers,
	},
	{
		outcome.AppendMessage, Unsafe, Route{http.MethodPost, "/conversations/{conversation}/messages"},
		[]Member{{"channel", Assumed}, {"messages", Assumed}, {"extras", Assumed}, callbackMember}, acknowledgedMembers,
	},
	{
		outcome.UpdateConversation, Convergent, Route{http.MethodPatch, "/conversations/{conversation}"},
		[]Member{{"aliasId", Documented}, {"customFields", Assumed}, callbackMember}, acknowledgedMembers,
	},
	{
		outcome.AddParticipant, Convergent, Route{http.MethodPost, "/conversations/{conversation}/participants"},
		[]Member{{"participant", Assumed}, callbackMember}, acknowledgedMembers,
	},
	{
		outcome.RemoveParticipant, Convergent, Route{http.MethodDelete, "/conversations/{conversation}/participants/{participant}"},
		[]Member{callbackMember}, acknowledgedMembers,
	},
	{
		outcome.CloseConversation, Convergent, Route{http.MethodPost, "/conversations/{conversation}/close"},
		[]Member{callbackMember}, acknowledgedMembers,
	},
	{
		outcome.ReopenConversation, Convergent, Route{http.MethodPost, "/conversations/{conversation}/reopen"},
		[]Member{callbackMember}, acknowledgedMembers,
	},
	{
		outcome.FetchTranscript, Read, Route{http.MethodGet, "/conversations/{conversation}/messages"},
		[]Member{{"offset", Assumed}, {"limit", Assumed}}, transcriptMembers,
	},
}

// find returns the row of operation.
func find(operation outcome.Operation) (row, bool) {
	for _, r := range rows {
		if r.name == operation {
			return r, true
		}
	}
	return row{}, false
}

// Operations lists all that is known and assumed of the operations this client
// offers. The rows are copies.
func Operations() []Operation {
	operations := make([]Operation, len(rows))
	for i, r := range rows {
		operations[i] = Operation{
			Name:          r.name,
			Versions:      outcome.Versions(r.name),
			Class:         r.class,
			Route:         r.route,
			RouteEvidence: Assumed,
			Successes:     outcome.Successes(r.name),
			Failures:      outcome.Failures(r.name),
			EdgesEvidence: Documented,
			Request:       slices.Clone(r.request),
			Reply:         slices.Clone(r.reply),
		}
	}
	return operations
}
