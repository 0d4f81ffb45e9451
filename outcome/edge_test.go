package outcome_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

// edges maps every edge to the vendor's spelling.
var edges = map[outcome.Edge]string{
	outcome.OnError:                      "onError",
	outcome.OnInvalidData:                "onInvalidData",
	outcome.OnInvalidChoice:              "onInvalidChoice",
	outcome.OnTimeout:                    "onTimeout",
	outcome.OnAuthorizationFailure:       "onAuthorizationFailure",
	outcome.NoConversationFound:          "noConversationFound",
	outcome.ConversationActive:           "conversationActive",
	outcome.ConversationClosed:           "conversationClosed",
	outcome.ConversationInQueue:          "conversationInQueue",
	outcome.ConversationOnHold:           "conversationOnHold",
	outcome.OnConversationCreated:        "onConversationCreated",
	outcome.OnConversationFailed:         "onConversationFailed",
	outcome.OnAppendMessageSuccess:       "onAppendMessageSuccess",
	outcome.OnAppendMessageFailure:       "onAppendMessageFailure",
	outcome.OnConversationUpdatedSuccess: "onConversationUpdatedSuccess",
	outcome.OnConversationUpdatedFailure: "onConversationUpdatedFailure",
	outcome.OnAddParticipantSuccess:      "OnAddParticipantSuccess",
	outcome.OnAddParticipantFailure:      "OnAddParticipantFailure",
	outcome.OnParticipantRemoved:         "onParticipantRemoved",
	outcome.OnRemoveParticipantFailure:   "onRemoveParticipantFailure",
	outcome.OnConversationClosed:         "onConversationClosed",
	outcome.OnCloseConversationFailure:   "onCloseConversationFailure",
	outcome.ConversationReopened:         "ConversationReopened",
	outcome.ConversationReopenFailed:     "ConversationReopenFailed",
	outcome.Success:                      "Success",
	outcome.Failure:                      "Failure",
	outcome.OnFailure:                    "onFailure",
	outcome.OnConversationTransferred:    "onConversationTransferred",
	outcome.OnConversationTransferFailed: "onConversationTransferFailed",
	outcome.TranscriptFetched:            "success",
	outcome.InWorkingHours:               "inWorkingHours",
	outcome.OnHoliday:                    "onHoliday",
	outcome.InOverride:                   "inOverride",
	outcome.OnNoMatch:                    "onNoMatch",
	outcome.Accepted:                     "accepted",
	outcome.Created:                      "created",
	outcome.Reopened:                     "reopened",
	outcome.Appended:                     "appended",
	outcome.TooManyRequests:              "tooManyRequests",
	outcome.ServiceUnavailable:           "serviceUnavailable",
	outcome.ResolveFailed:                "error",
	outcome.TaskFailed:                   "taskFailed",
	outcome.AppendFailed:                 "appendFailed",
}

func TestParseKnowsEveryEdge(t *testing.T) {
	require.Len(t, edges, 43)
	for edge, spelling := range edges {
		require.Equal(t, spelling, string(edge))

		parsed, known := outcome.Parse(spelling)
		require.True(t, known, spelling)
		require.Equal(t, edge, parsed)
	}
}

func TestParseKnowsDocumentedSpellings(t *testing.T) {
	for name, want := range map[string]outcome.Edge{
		// Exported flows have the standard edges in lower case.
		"onerror":         outcome.OnError,
		"oninvaliddata":   outcome.OnInvalidData,
		"oninvalidchoice": outcome.OnInvalidChoice,
		"ontimeout":       outcome.OnTimeout,
		// Node tables have two short forms of this edge.
		"onauthorizationfail": outcome.OnAuthorizationFailure,
		"onAuthorizationFail": outcome.OnAuthorizationFailure,
		// Standalone nodes.
		"onConversationUpdated":      outcome.OnConversationUpdatedSuccess,
		"onConversationUpdateFailed": outcome.OnConversationUpdatedFailure,
		"conversationReopened":       outcome.ConversationReopened,
		"conversationReopenFailed":   outcome.ConversationReopenFailed,
		// The older Business Hours node.
		"Nomatch":         outcome.OnNoMatch,
		"_inWorkingHours": outcome.InWorkingHours,
		"_onHolidays":     outcome.OnHoliday,
		"_inOverrides":    outcome.InOverride,
		// Any case, and surrounding space.
		"ONADDPARTICIPANTSUCCESS": outcome.OnAddParticipantSuccess,
		"SUCCESS":                 outcome.Success,
		"Error":                   outcome.ResolveFailed,
		" onError\n":              outcome.OnError,
	} {
		edge, known := outcome.Parse(name)
		require.True(t, known, name)
		require.Equal(t, want, edge, name)
	}
}

func TestParsePrefersTheExactSpelling(t *testing.T) {
	for _, edge := range []outcome.Edge{outcome.Success, outcome.TranscriptFetched} {
		parsed, known := outcome.Parse(string(edge))
		require.True(t, known)
		require.Equal(t, edge, parsed)
	}
}

func TestParseReturnsUnknownNamesUnchanged(t *testing.T) {
	for name, want := range map[string]outcome.Edge{
		"":                    "",
		"   ":                 "",
		"onSomethingNew":      "onSomethingNew",
		" spaced name ":       "spaced name",
		"onError\x00":         "onError\x00",
		"on\xffError":         "on\xffError",
		"onInvalidDataSource": "onInvalidDataSource",
	} {
		edge, known := outcome.Parse(name)
		require.False(t, known, "%q", name)
		require.Equal(t, want, edge)
	}
}

func TestFiveEdgesAreStandard(t *testing.T) {
	standard := []outcome.Edge{
		outcome.OnError, outcome.OnInvalidData, outcome.OnInvalidChoice, outcome.OnTimeout, outcome.OnAuthorizationFailure,
	}
	for edge := range edges {
		if edge.IsStandard() {
			require.Contains(t, standard, edge)
		} else {
			require.NotContains(t, standard, edge)
		}
	}
	require.False(t, outcome.Edge("onerror").IsStandard(), "only the exact spelling")
	require.False(t, outcome.Edge("").IsStandard())
}

func FuzzParse(f *testing.F) {
	for edge := range edges {
		f.Add(string(edge))
	}
	for _, name := range []string{"", " ", "onauthorizationfail", "\xff", "ſuccess", "something else"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		edge, known := outcome.Parse(name)
		if !known && string(edge) != strings.TrimSpace(name) {
			t.Errorf("Parse(%q) = %q: an unknown name has changed", name, edge)
		}
		if _, listed := edges[edge]; known != listed {
			t.Errorf("Parse(%q) = %q, %t", name, edge, known)
		}
		if again, _ := outcome.Parse(string(edge)); again != edge {
			t.Errorf("Parse(%q) = %q, but Parse(%q) = %q", name, edge, edge, again)
		}
	})
}

func ExampleParse() {
	for _, name := range []string{"onAuthorizationFail", "success", "onSomethingNew"} {
		edge, known := outcome.Parse(name)
		fmt.Println(edge, known)
	}
	// Output:
	// onAuthorizationFailure true
	// success true
	// onSomethingNew false
}
