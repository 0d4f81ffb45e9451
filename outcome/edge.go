package outcome

import (
	"slices"
	"strings"
)

// Edge is the name of an outcome in the vendor's spelling. It may hold a name that
// this package does not know. The zero value names no outcome.
type Edge string

// The standard edges. Every node has them (documented).
const (
	// OnError means that an error ended the call. The [Effect] says whether the
	// request may have been applied all the same.
	OnError Edge = "onError"
	// OnInvalidData means that the request lacks data or contains invalid data.
	OnInvalidData Edge = "onInvalidData"
	// OnInvalidChoice means that there is no next step for the edge on which a
	// call ended; see [Transitions].
	OnInvalidChoice Edge = "onInvalidChoice"
	// OnTimeout means that no reply came in time.
	OnTimeout Edge = "onTimeout"
	// OnAuthorizationFailure means that the token was refused, or that there was
	// none.
	OnAuthorizationFailure Edge = "onAuthorizationFailure"
)

// The edges of Search Conversation (documented). Each is a success and reports the
// state of the conversation.
const (
	NoConversationFound Edge = "noConversationFound"
	ConversationActive  Edge = "conversationActive"
	ConversationClosed  Edge = "conversationClosed"
	ConversationInQueue Edge = "conversationInQueue"
	ConversationOnHold  Edge = "conversationOnHold"
)

// The edges of Create Conversation, Append Message and Update Conversation
// (documented).
const (
	OnConversationCreated        Edge = "onConversationCreated"
	OnConversationFailed         Edge = "onConversationFailed"
	OnAppendMessageSuccess       Edge = "onAppendMessageSuccess"
	OnAppendMessageFailure       Edge = "onAppendMessageFailure"
	OnConversationUpdatedSuccess Edge = "onConversationUpdatedSuccess"
	OnConversationUpdatedFailure Edge = "onConversationUpdatedFailure"
)

// The edges of Add Participant and Remove Participant (documented). The capital O
// is the vendor's.
const (
	OnAddParticipantSuccess    Edge = "OnAddParticipantSuccess"
	OnAddParticipantFailure    Edge = "OnAddParticipantFailure"
	OnParticipantRemoved       Edge = "onParticipantRemoved"
	OnRemoveParticipantFailure Edge = "onRemoveParticipantFailure"
)

// The edges of Close Conversation and Re-open Conversation (documented).
const (
	OnConversationClosed       Edge = "onConversationClosed"
	OnCloseConversationFailure Edge = "onCloseConversationFailure"
	ConversationReopened       Edge = "ConversationReopened"
	ConversationReopenFailed   Edge = "ConversationReopenFailed"
)

// The edges of the other operations (documented): hold, transfer, transcript,
// working hours, business hours and Resolve Conversation.
const (
	// Success and Failure are generic edges. If a node also has a specific edge for
	// the same outcome, the SDK reports the specific one.
	Success Edge = "Success"
	Failure Edge = "Failure"
	// OnFailure is the generic failure of the remove, close and re-open nodes.
	OnFailure Edge = "onFailure"

	OnConversationTransferred    Edge = "onConversationTransferred"
	OnConversationTransferFailed Edge = "onConversationTransferFailed"

	// TranscriptFetched differs from Success in its case alone (documented).
	TranscriptFetched Edge = "success"

	InWorkingHours Edge = "inWorkingHours"
	OnHoliday      Edge = "onHoliday"
	InOverride     Edge = "inOverride"
	OnNoMatch      Edge = "onNoMatch"

	// Accepted is not final: Created, Reopened or Appended follows.
	Accepted           Edge = "accepted"
	Created            Edge = "created"
	Reopened           Edge = "reopened"
	Appended           Edge = "appended"
	TooManyRequests    Edge = "tooManyRequests"
	ServiceUnavailable Edge = "serviceUnavailable"
	// ResolveFailed is the vendor's "error" edge of Resolve Conversation.
	ResolveFailed Edge = "error"
	TaskFailed    Edge = "taskFailed"
	AppendFailed  Edge = "appendFailed"
)

// standard holds the edges that every node has.
var standard = [...]Edge{OnError, OnInvalidData, OnInvalidChoice, OnTimeout, OnAuthorizationFailure}

// IsStandard reports whether e is one of the five edges that every node has.
func (e Edge) IsStandard() bool {
	return slices.Contains(standard[:], e)
}

// variants maps other spellings of the vendor, in lower case, to the edge they
// mean. Spellings that differ in case alone need no row.
var variants = map[string]Edge{
	"onauthorizationfail":        OnAuthorizationFailure,       // node tables and exported flows
	"onconversationupdated":      OnConversationUpdatedSuccess, // standalone node
	"onconversationupdatefailed": OnConversationUpdatedFailure, // standalone node
	"_inworkinghours":            InWorkingHours,               // older Business Hours node
	"_onholidays":                OnHoliday,                    // older Business Hours node
	"_inoverrides":               InOverride,                   // older Business Hours node
	"nomatch":                    OnNoMatch,                    // older Business Hours node
}

// Parse returns the edge called name and reports whether this package knows it. It
// ignores surrounding space. The exact spelling of an edge always means that edge,
// so "Success" and "success" are two edges. Otherwise case does not matter, and the
// vendor's other spellings are known too. In any third case, as in "SUCCESS", that
// name means the generic edge, [Success]. Parse returns an unknown name without the
// surrounding space.
func Parse(name string) (Edge, bool) {
	name = strings.TrimSpace(name)
	known := edges()
	for _, edge := range known {
		if name == string(edge) {
			return edge, true
		}
	}
	for _, edge := range known {
		if strings.EqualFold(name, string(edge)) {
			return edge, true
		}
	}
	if edge, ok := variants[strings.ToLower(name)]; ok {
		return edge, true
	}
	return Edge(name), false
}

// edges returns all edges: the standard ones, the generic ones and those of each
// node. Parse takes the first that matches, so the order decides between edges
// that differ in case alone.
func edges() []Edge {
	all := slices.Concat(standard[:], []Edge{Success, Failure, OnFailure})
	for _, n := range nodes {
		all = slices.Concat(all, n.success, n.failure)
	}
	return all
}
