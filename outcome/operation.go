package outcome

import (
	"cmp"
	"slices"
	"strings"
)

// Operation is the name of an operation, after the vendor's node.
type Operation string

// The operations. HoldConversation, TransferConversation, FetchTranscript and
// FetchTeamWorkingHours exist in the standalone product only (documented).
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

// Version is the version of a node, such as "1.3". It decides which fields a request
// and its result have. It is not sent.
type Version string

// The versions in the vendor's node palette (documented).
const (
	V10 Version = "1.0"
	V11 Version = "1.1"
	V12 Version = "1.2"
	V13 Version = "1.3"
	V14 Version = "1.4"
)

// node is a row of the table of nodes: its versions, its success edges and its own
// failure edges, the usual one first.
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

// find returns the row of operation, or an empty row if there is none.
func find(operation Operation) node {
	for _, n := range nodes {
		if n.operation == operation {
			return n
		}
	}
	return node{}
}

// Versions returns the versions of operation, oldest first. It returns nil for an
// unknown operation. The standalone nodes have no version in the vendor's palette;
// theirs is taken to be 1.0 (assumed).
func Versions(operation Operation) []Version { return slices.Clone(find(operation).versions) }

// Successes returns the success edges of operation. It returns nil for an unknown
// operation.
func Successes(operation Operation) []Edge { return slices.Clone(find(operation).success) }

// Failures returns the failure edges that operation has beside the standard ones,
// the usual one first. It returns nil if there are none, as for
// [SearchConversation], and for an unknown operation.
func Failures(operation Operation) []Edge { return slices.Clone(find(operation).failure) }

// ForNode returns every edge on which operation in version can end: its success
// edges, its own failure edges, then the five standard ones. It returns nil if the
// operation has no such version.
//
// The vendor's node tables also list a generic Success, Failure or onFailure beside
// some specific edges. ForNode leaves these out, because the SDK always reports the
// specific edge.
func ForNode(operation Operation, version Version) []Edge {
	n := find(operation)
	if !slices.Contains(n.versions, version) {
		return nil
	}
	return slices.Concat(n.success, n.failure, standard[:])
}

// Before reports whether v is older than other. It compares number by number: 1.9
// is before 1.10, and 1 is before 1.0.
func (v Version) Before(other Version) bool {
	byNumber := func(a, b string) int { return cmp.Compare(number(a), number(b)) }
	return slices.CompareFunc(strings.Split(string(v), "."), strings.Split(string(other), "."), byNumber) < 0
}

// number returns the number in a part of a version. It ignores what is not a digit.
func number(part string) int {
	number := 0
	for _, digit := range part {
		if digit >= '0' && digit <= '9' && number < 1<<20 {
			number = number*10 + int(digit-'0')
		}
	}
	return number
}
