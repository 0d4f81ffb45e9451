package outcome_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

func TestNextReturnsTheStepOfTheEdge(t *testing.T) {
	steps := outcome.Transitions[string]{outcome.ConversationActive: "append", outcome.OnInvalidChoice: "ask a person"}

	step, err := steps.Next(outcome.ConversationActive)
	require.NoError(t, err)
	require.Equal(t, "append", step)

	step, err = steps.Next(outcome.ConversationClosed)
	require.NoError(t, err)
	require.Equal(t, "ask a person", step, "an edge without a step of its own")
}

func TestNextFailsOnAnEdgeWithoutAStep(t *testing.T) {
	for _, steps := range []outcome.Transitions[int]{nil, {}, {outcome.ConversationActive: 1}} {
		step, err := steps.Next(outcome.ConversationClosed)
		require.Zero(t, step)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
		require.Equal(t, outcome.OnInvalidChoice, outcome.EdgeOf(err))
		failure, ok := errors.AsType[*outcome.Error](err)
		require.True(t, ok)
		require.Zero(t, failure.Effect, "of the call that ended on the edge nothing is known")
		require.Equal(t, outcome.Violations{{"Transitions", "must have a step for the edge conversationClosed, or for onInvalidChoice"}}, failure.Violations)
	}
}

func TestNextQuotesAnUnprintableEdge(t *testing.T) {
	_, err := outcome.Transitions[int]{}.Next("on\nerror")
	require.EqualError(t, err, `engage: onInvalidChoice: Transitions must have a step for the edge "on\nerror", or for onInvalidChoice`)
}

func TestMissingReturnsTheEdgesWithoutAStep(t *testing.T) {
	steps := outcome.Transitions[string]{
		outcome.OnConversationClosed: "done",
		outcome.OnInvalidChoice:      "ask a person",
		outcome.ConversationActive:   "step of another node",
	}
	require.Equal(t, []outcome.Edge{
		outcome.OnCloseConversationFailure, outcome.OnError, outcome.OnInvalidData,
		outcome.OnTimeout, outcome.OnAuthorizationFailure,
	}, steps.Missing(outcome.CloseConversation, outcome.V10))
	require.Nil(t, steps.Missing(outcome.CloseConversation, outcome.V14), "there is no such version")

	for _, edge := range outcome.ForNode(outcome.CloseConversation, outcome.V10) {
		steps[edge] = "done"
	}
	require.Empty(t, steps.Missing(outcome.CloseConversation, outcome.V10))
}

func ExampleTransitions() {
	steps := outcome.Transitions[string]{
		outcome.NoConversationFound: "create",
		outcome.ConversationClosed:  "re-open",
		outcome.ConversationActive:  "append",
		outcome.OnInvalidChoice:     "ask a person",
	}
	for _, edge := range []outcome.Edge{outcome.ConversationClosed, outcome.ConversationOnHold} {
		step, err := steps.Next(edge)
		fmt.Println(edge, "→", step, err)
	}
	// Output:
	// conversationClosed → re-open <nil>
	// conversationOnHold → ask a person <nil>
}

func ExampleOf() {
	steps := outcome.Transitions[string]{
		outcome.ConversationActive: "append",
		outcome.OnTimeout:          "search again",
	}
	for _, err := range []error{nil, context.DeadlineExceeded} {
		// A client's call returns a result and an error, such as found and err.
		found := ended(outcome.ConversationActive)
		step, _ := steps.Next(outcome.Of(found, err))
		fmt.Println(step)
	}
	// Output:
	// append
	// search again
}
