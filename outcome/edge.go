package outcome

import (
	"slices"
	"strings"
)

// Edge is the name of an outcome, exactly as the vendor spells it. Values read
// from elsewhere may hold other names; they are kept, not rejected. The zero
// value names no outcome.
type Edge string

// The standard edges, which every node has (documented).
const (
	// OnError: the request was not processed because of an error.
	OnError Edge = "onError"
	// OnInvalidData: data the request needs is missing or unusable.
	OnInvalidData Edge = "onInvalidData"
	// OnInvalidChoice: the call ended in a way that nothing was prepared for.
	OnInvalidChoice Edge = "onInvalidChoice"
	// OnTimeout: no answer came in time.
	OnTimeout Edge = "onTimeout"
	// OnAuthorizationFailure: the token was refused, or none was to be had.
	OnAuthorizationFailure Edge = "onAuthorizationFailure"
)

// The edges of Search Conversation (documented). All of them are successes:
// they tell the state of the conversation that was looked for.
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

// The edges of Add Participant and Remove Participant (documented, the capital
// O included).
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

// The edges of the rest of the family (documented): hold, transfer, transcript,
// working hours, business hours and Resolve Conversation.
const (
	// Success and Failure are generic edges. Several nodes list them beside
	// their specific ones, where the SDK always reports the specific one.
	Success Edge = "Success"
	Failure Edge = "Failure"
	// OnFailure is the generic failure of the remove, close and re-open nodes.
	OnFailure Edge = "onFailure"

	OnConversationTransferred    Edge = "onConversationTransferred"
	OnConversationTransferFailed Edge = "onConversationTransferFailed"

	// TranscriptFetched is spelled in lower case by the vendor, unlike Success.
	TranscriptFetched Edge = "success"

	InWorkingHours Edge = "inWorkingHours"
	OnHoliday      Edge = "onHoliday"
	InOverride     Edge = "inOverride"
	OnNoMatch      Edge = "onNoMatch"

	// Accepted is intermediate: Created, Reopened or Appended follows.
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

// variants maps the vendor's other spellings, in lower case, to the one that
// this package uses. Spellings that differ only in case need no row.
var variants = map[string]Edge{
	"onauthorizationfail":        OnAuthorizationFailure,       // node tables and exported flows
	"onconversationupdated":      OnConversationUpdatedSuccess, // standalone node
	"onconversationupdatefailed": OnConversationUpdatedFailure, // standalone node
	"_inworkinghours":            InWorkingHours,               // older Business Hours node
	"_onholidays":                OnHoliday,                    // older Business Hours node
	"_inoverrides":               InOverride,                   // older Business Hours node
	"nomatch":                    OnNoMatch,                    // older Business Hours node
}

// Parse returns the edge that name spells and whether it is one this package
// knows. It folds the spellings found in the vendor's own documents: any case,
// and the other names of some node tables. A name in exact spelling always
// wins, so "Success" and "success" stay two edges. An unknown name is kept as
// it is. Surrounding space is ignored.
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

// edges lists every edge a constant names: the standard ones, the generic ones
// and those of each node.
func edges() []Edge {
	all := slices.Concat(standard[:], []Edge{Success, Failure, OnFailure})
	for _, n := range nodes {
		all = slices.Concat(all, n.success, n.failure)
	}
	return all
}
