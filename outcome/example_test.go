package outcome_test

import (
	"fmt"

	"github.com/engagesdk/engage-go/outcome"
)

// A program checks at its start that it has a step for each edge of a call.
func ExampleTransitions_Missing() {
	steps := outcome.Transitions[string]{
		outcome.OnConversationClosed:       "done",
		outcome.OnCloseConversationFailure: "ask a person",
		outcome.OnError:                    "log",
		outcome.OnTimeout:                  "log",
	}
	fmt.Println(steps.Missing(outcome.CloseConversation, outcome.V10))
	// Output: [onInvalidData onInvalidChoice onAuthorizationFailure]
}

// The edges of an operation are those that its node has in the vendor's flow builder.
func ExampleSuccesses() {
	fmt.Println(outcome.Successes(outcome.AppendMessage), outcome.Failures(outcome.AppendMessage))
	fmt.Println(outcome.Versions(outcome.AppendMessage))
	// Output:
	// [onAppendMessageSuccess] [onAppendMessageFailure]
	// [1.0 1.3 1.4]
}

// Once an attempt may have been applied, a refusal of a later one does not change that.
func ExampleEffect_Then() {
	fmt.Println(outcome.NotSent.Then(outcome.MaybeApplied).Then(outcome.Refused))
	// Output: maybe applied
}

// Violations go into an error that names all of them.
func ExampleViolations_Err() {
	var violations outcome.Violations
	violations.Add("Text", "is empty")
	violations.Within("Address", outcome.Violations{{Field: "Customer", Problem: "is empty"}})
	fmt.Println(violations.Err(outcome.AppendMessage, outcome.V14))
	fmt.Println(outcome.Violations{}.Err(outcome.AppendMessage, outcome.V14))
	// Output:
	// engage: AppendMessage v1.4: onInvalidData, not sent: Text is empty; Address.Customer is empty
	// <nil>
}
