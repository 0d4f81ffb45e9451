package outcome_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

// node is a row of the vendor's node tables.
type node struct {
	operation outcome.Operation
	versions  []outcome.Version
	success   []outcome.Edge
	failure   []outcome.Edge
}

var nodes = []node{
	{"SearchConversation", []outcome.Version{"1.0", "1.1", "1.3"},
		[]outcome.Edge{"noConversationFound", "conversationActive", "conversationClosed", "conversationInQueue", "conversationOnHold"}, nil},
	{"CreateConversation", []outcome.Version{"1.0", "1.2", "1.3"},
		[]outcome.Edge{"onConversationCreated"}, []outcome.Edge{"onConversationFailed"}},
	{"AppendMessage", []outcome.Version{"1.0", "1.3", "1.4"},
		[]outcome.Edge{"onAppendMessageSuccess"}, []outcome.Edge{"onAppendMessageFailure"}},
	{"UpdateConversation", []outcome.Version{"1.0"},
		[]outcome.Edge{"onConversationUpdatedSuccess"}, []outcome.Edge{"onConversationUpdatedFailure"}},
	{"AddParticipant", []outcome.Version{"1.0"},
		[]outcome.Edge{"OnAddParticipantSuccess"}, []outcome.Edge{"OnAddParticipantFailure"}},
	{"RemoveParticipant", []outcome.Version{"1.0"},
		[]outcome.Edge{"onParticipantRemoved"}, []outcome.Edge{"onRemoveParticipantFailure"}},
	{"CloseConversation", []outcome.Version{"1.0"},
		[]outcome.Edge{"onConversationClosed"}, []outcome.Edge{"onCloseConversationFailure"}},
	{"ReopenConversation", []outcome.Version{"1.0"},
		[]outcome.Edge{"ConversationReopened"}, []outcome.Edge{"ConversationReopenFailed"}},
	{"HoldConversation", []outcome.Version{"1.0"},
		[]outcome.Edge{"Success"}, []outcome.Edge{"Failure"}},
	{"TransferConversation", []outcome.Version{"1.0"},
		[]outcome.Edge{"onConversationTransferred", "Success"}, []outcome.Edge{"onConversationTransferFailed", "Failure"}},
	{"FetchTranscript", []outcome.Version{"1.0"},
		[]outcome.Edge{"success"}, []outcome.Edge{"Failure"}},
	{"FetchTeamWorkingHours", []outcome.Version{"1.0"},
		[]outcome.Edge{"Success"}, []outcome.Edge{"Failure"}},
	{"BusinessHours", []outcome.Version{"1.0"},
		[]outcome.Edge{"inWorkingHours", "onHoliday", "inOverride", "onNoMatch"}, nil},
	{"ResolveConversation", []outcome.Version{"1.0", "1.1", "1.2"},
		[]outcome.Edge{"accepted", "created", "reopened", "appended"},
		[]outcome.Edge{"error", "tooManyRequests", "serviceUnavailable", "taskFailed", "appendFailed"}},
}

var allVersions = []outcome.Version{outcome.V10, outcome.V11, outcome.V12, outcome.V13, outcome.V14}

func TestForNodeListsEveryEdgeOfEveryVersion(t *testing.T) {
	standard := []outcome.Edge{"onError", "onInvalidData", "onInvalidChoice", "onTimeout", "onAuthorizationFailure"}
	for _, n := range nodes {
		for _, version := range allVersions {
			t.Run(fmt.Sprint(n.operation, version), func(t *testing.T) {
				if !slices.Contains(n.versions, version) {
					require.Nil(t, outcome.ForNode(n.operation, version))
					return
				}
				require.Equal(t, slices.Concat(n.success, n.failure, standard), outcome.ForNode(n.operation, version))
			})
		}
		require.Equal(t, n.versions, outcome.Versions(n.operation))
		require.Equal(t, n.success, outcome.Successes(n.operation))
		require.Equal(t, n.failure, outcome.Failures(n.operation))
	}
}

func TestUnknownOperationsHaveNoVersionsAndNoEdges(t *testing.T) {
	for _, operation := range []outcome.Operation{"", "searchconversation", "DeleteConversation"} {
		require.Nil(t, outcome.Versions(operation))
		require.Nil(t, outcome.Successes(operation))
		require.Nil(t, outcome.Failures(operation))
		require.Nil(t, outcome.ForNode(operation, outcome.V10))
	}
}

func TestCallersMayChangeTheLists(t *testing.T) {
	outcome.Versions(outcome.AppendMessage)[0] = "spoilt"
	outcome.Successes(outcome.AppendMessage)[0] = "spoilt"
	outcome.Failures(outcome.AppendMessage)[0] = "spoilt"
	for i := range outcome.ForNode(outcome.AppendMessage, outcome.V10) {
		outcome.ForNode(outcome.AppendMessage, outcome.V10)[i] = "spoilt"
	}
	require.NotContains(t, outcome.ForNode(outcome.AppendMessage, outcome.V10), outcome.Edge("spoilt"))
	require.NotContains(t, outcome.Versions(outcome.AppendMessage), outcome.Version("spoilt"))
	require.True(t, outcome.OnError.IsStandard())
}

func TestVersionsAreComparedNumberByNumber(t *testing.T) {
	for _, test := range []struct {
		older, newer outcome.Version
	}{
		{outcome.V10, outcome.V11},
		{outcome.V11, outcome.V12},
		{outcome.V13, outcome.V14},
		{"1.9", "1.10"},
		{"1.4", "2.0"},
		{"", outcome.V10},
		{"1", "1.0"},
		{"1.x", "1.1"},
		{"1.4", "1.99999999999999999999999999999999999999"},
	} {
		require.True(t, test.older.Before(test.newer), "%s before %s", test.older, test.newer)
		require.False(t, test.newer.Before(test.older), "%s before %s", test.newer, test.older)
		require.False(t, test.older.Before(test.older), "%s before itself", test.older)
	}
}

func ExampleForNode() {
	for _, edge := range outcome.ForNode(outcome.CloseConversation, outcome.V10) {
		fmt.Println(edge)
	}
	// Output:
	// onConversationClosed
	// onCloseConversationFailure
	// onError
	// onInvalidData
	// onInvalidChoice
	// onTimeout
	// onAuthorizationFailure
}
