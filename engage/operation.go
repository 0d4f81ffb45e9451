package engage

import (
	"net/http"
	"slices"

	"github.com/engagesdk/engage-go/outcome"
)

// Evidence says how something about the wire is known.
type Evidence string

const (
	// Documented evidence is in the public documents of the vendor.
	Documented Evidence = "documented"
	// Observed evidence was seen in a real flow or reply.
	Observed Evidence = "observed"
	// Assumed evidence is a choice of this SDK where the vendor publishes nothing.
	// [WithRoute] replaces a route. [Client.Do] sends a request with other members.
	Assumed Evidence = "assumed"
)

// Class says what a repetition of an operation would do: [Read], [Convergent] or
// [Unsafe].
type Class string

const (
	// Read changes nothing. It is retried.
	Read Class = "read"
	// Convergent operations end in the same state however often they are applied.
	// They are retried. An earlier attempt can arrive late, and undo what the caller did
	// after the repetition: a close hangs, its repetition succeeds, the caller re-opens
	// the conversation, and then the first close closes it. [RetryNever] forbids the
	// repetition.
	Convergent Class = "convergent"
	// Unsafe operations would be applied twice. They are sent again if they were
	// certainly not sent, or if the service refused them with a reason to try again. A
	// lookup can prove that they were not applied, too; see [Reconciliation]. With
	// [RetryAlways] they are sent again after any transient failure.
	Unsafe Class = "unsafe"
)

// Route is the verb and the path of an operation. The path begins with a slash and is
// joined to the base URL. A segment in braces, such as {conversation}, stands for an
// id, which is escaped as one segment.
type Route struct {
	Method string
	Path   string
}

// Member is a member of the JSON of a request or a reply. The name of a member in the
// value of a reply begins with "value.".
type Member struct {
	Name     string
	Evidence Evidence
}

// Operation is a row of the table of operations: what is known or assumed of an
// operation on the wire.
type Operation struct {
	Name     outcome.Operation
	Versions []outcome.Version
	Class    Class
	// Route is the default route. The vendor publishes no paths.
	Route         Route
	RouteEvidence Evidence
	// Successes and Failures are the edges of the operation. The standard edges come
	// in addition.
	Successes     []outcome.Edge
	Failures      []outcome.Edge
	EdgesEvidence Evidence
	// Request and Reply are the members that the client writes and reads. A request
	// without a body has them in its query. Reply leaves out what only a failure has,
	// such as errors, and other spellings that the client accepts.
	Request []Member
	Reply   []Member
}

// row is what package outcome does not say about an operation.
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
	teamMembers = []Member{
		{"status", Observed}, {"code", Observed}, {"description", Observed}, {"value.inWorkingHours", Documented},
		{"value.oooResponse", Documented}, {"value.timezone", Documented},
	}
	scheduleMembers = []Member{
		{"status", Observed}, {"code", Observed}, {"description", Observed}, {"value.slot", Documented},
		{"value.workingHourSlot", Documented}, {"value.holiday", Documented}, {"value.override", Documented}, {"value.timezone", Assumed},
	}
	// callbackMember is the callback URL of a write. That requests have one was
	// observed; its name is assumed.
	callbackMember = Member{"callbackUrl", Assumed}
)

// rows is the table of operations.
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
		outcome.HoldConversation, Convergent, Route{http.MethodPost, "/conversations/{conversation}/hold"},
		[]Member{callbackMember}, acknowledgedMembers,
	},
	{
		outcome.TransferConversation, Unsafe, Route{http.MethodPost, "/conversations/{conversation}/transfer"},
		[]Member{{"team", Assumed}, {"skill", Assumed}, callbackMember}, acknowledgedMembers,
	},
	{
		outcome.ResolveConversation, Unsafe, Route{http.MethodPost, "/conversations/resolve"},
		[]Member{
			{"transId", Assumed}, {"flowId", Assumed}, {"mediaType", Assumed}, {"mediaChannel", Assumed}, {"details", Assumed},
			{"overrideDefaultClose", Observed}, callbackMember,
		},
		slices.Concat(acknowledgedMembers, []Member{
			{"taskId", Documented}, {"conversationOperation", Documented}, {"value.taskId", Assumed}, {"value.conversationOperation", Assumed},
		}),
	},
	{
		outcome.FetchTranscript, Read, Route{http.MethodGet, "/conversations/{conversation}/messages"},
		[]Member{{"offset", Assumed}, {"limit", Assumed}}, transcriptMembers,
	},
	{
		outcome.FetchTeamWorkingHours, Read, Route{http.MethodGet, "/teams/{team}/working-hours"},
		nil, teamMembers,
	},
	{
		outcome.BusinessHours, Read, Route{http.MethodGet, "/business-hours/{schedule}"},
		nil, scheduleMembers,
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

// Operations returns the table of the operations for which the client has a method.
// The rows are copies.
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
