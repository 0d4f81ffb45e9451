package outcome

import (
	"slices"
	"strings"
)

// Operation names what a call does. The names follow the vendor's nodes.
type Operation string

// The operations. Those of the standalone product only are Hold, Transfer, the
// transcript and the team's working hours (documented).
const (
	SearchConversation    Operation = "SearchConversation"
	CreateConversation    Operation = "CreateConversation"
	AppendMessage         Operation = "AppendMessage"
	UpdateConversation    Operation = "UpdateConversation"
	AddParticipant        Operation = "AddParticipant"
	RemoveParticipant     Operation = "RemoveParticipant"
	CloseConversation     Operation = "CloseConversation"
	ReopenConversation    Operation = "ReopenConversation"
	HoldConversation      Operation = "HoldConversation"
	TransferConversation  Operation = "TransferConversation"
	FetchTranscript       Operation = "FetchTranscript"
	FetchTeamWorkingHours Operation = "FetchTeamWorkingHours"
	BusinessHours         Operation = "BusinessHours"
	ResolveConversation   Operation = "ResolveConversation"
)

// Version is the version of a node, such as "1.3". It selects what a request
// may carry and which of the answer's fields are filled; it is not sent.
type Version string

// The versions that the vendor's node palette names (documented).
const (
	V10 Version = "1.0"
	V11 Version = "1.1"
	V12 Version = "1.2"
	V13 Version = "1.3"
	V14 Version = "1.4"
)

// node is one row of the table of nodes: the versions on offer, the edges that
// mean success and the node's own failures, the usual one first.
type node struct {
	operation Operation
	versions  []Version
	success   []Edge
	failure   []Edge
}

var nodes = []node{
	{SearchConversation, []Version{V10, V11, V13},
		[]Edge{NoConversationFound, ConversationActive, ConversationClosed, ConversationInQueue, ConversationOnHold}, nil},
	{CreateConversation, []Version{V10, V12, V13}, []Edge{OnConversationCreated}, []Edge{OnConversationFailed}},
	{AppendMessage, []Version{V10, V13, V14}, []Edge{OnAppendMessageSuccess}, []Edge{OnAppendMessageFailure}},
	{UpdateConversation, []Version{V10}, []Edge{OnConversationUpdatedSuccess}, []Edge{OnConversationUpdatedFailure}},
	{AddParticipant, []Version{V10}, []Edge{OnAddParticipantSuccess}, []Edge{OnAddParticipantFailure}},
	{RemoveParticipant, []Version{V10}, []Edge{OnParticipantRemoved}, []Edge{OnRemoveParticipantFailure}},
	{CloseConversation, []Version{V10}, []Edge{OnConversationClosed}, []Edge{OnCloseConversationFailure}},
	{ReopenConversation, []Version{V10}, []Edge{ConversationReopened}, []Edge{ConversationReopenFailed}},
	{HoldConversation, []Version{V10}, []Edge{Success}, []Edge{Failure}},
	{TransferConversation, []Version{V10}, []Edge{OnConversationTransferred, Success}, []Edge{OnConversationTransferFailed, Failure}},
	{FetchTranscript, []Version{V10}, []Edge{TranscriptFetched}, []Edge{Failure}},
	{FetchTeamWorkingHours, []Version{V10}, []Edge{Success}, []Edge{Failure}},
	{BusinessHours, []Version{V10}, []Edge{InWorkingHours, OnHoliday, InOverride, OnNoMatch}, nil},
	{ResolveConversation, []Version{V10, V11, V12}, []Edge{Accepted, Created, Reopened, Appended},
		[]Edge{ResolveFailed, TooManyRequests, ServiceUnavailable, TaskFailed, AppendFailed}},
}

// find returns the row of operation, or an empty row.
func find(operation Operation) node {
	for _, n := range nodes {
		if n.operation == operation {
			return n
		}
	}
	return node{}
}

// Versions lists the versions of operation, oldest first; nil for an operation
// that does not exist. The standalone nodes carry no version in the vendor's
// palette; they are listed as 1.0 (assumed).
func Versions(operation Operation) []Version { return slices.Clone(find(operation).versions) }

// Successes lists the edges on which operation reached its goal; nil for an
// operation that does not exist.
func Successes(operation Operation) []Edge { return slices.Clone(find(operation).success) }

// Failures lists operation's own failure edges, the usual one first. It is nil
// for an operation that ends all failures on standard edges, as Search does.
func Failures(operation Operation) []Edge { return slices.Clone(find(operation).failure) }

// ForNode lists every edge that a call of operation in version can end on: its
// success edges, its own failures, then the standard five. It is nil for a pair
// that does not exist. The vendor's node tables also name a generic Success,
// Failure or onFailure beside a specific edge; the SDK always reports the
// specific one, so those are left out.
func ForNode(operation Operation, version Version) []Edge {
	n := find(operation)
	if !slices.Contains(n.versions, version) {
		return nil
	}
	return slices.Concat(n.success, n.failure, standard[:])
}

// Before reports whether v is an older version than other. Versions compare
// number by number, so 1.10 comes after 1.9, and 1 before 1.0.
func (v Version) Before(other Version) bool {
	older, newer, found := string(v), string(other), true
	for found {
		var left, right string
		var more bool
		left, older, more = strings.Cut(older, ".")
		right, newer, found = strings.Cut(newer, ".")
		if a, b := number(left), number(right); a != b {
			return a < b
		}
		if !more {
			return found
		}
	}
	return false
}

// number reads a part of a version. What is not a digit is passed over.
func number(part string) int {
	number := 0
	for _, digit := range part {
		if digit >= '0' && digit <= '9' && number < 1<<20 {
			number = number*10 + int(digit-'0')
		}
	}
	return number
}
