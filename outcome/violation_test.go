package outcome_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

func TestNoViolationsAreNoError(t *testing.T) {
	var none outcome.Violations
	require.NoError(t, none.Err(outcome.AppendMessage, outcome.V13))
	require.NoError(t, outcome.Violations{}.Err(outcome.AppendMessage, outcome.V13))
	require.Empty(t, none.String())
}

func TestErrorNamesAllViolations(t *testing.T) {
	var v outcome.Violations
	v.Add("ConversationID", "is empty")
	v.Within("Message", outcome.Violations{{Field: "Text", Problem: "is empty"}, {Field: "Attachments[0].URL", Problem: "is not absolute"}})
	v.Within("Other", nil)

	failure, ok := errors.AsType[*outcome.Error](v.Err(outcome.AppendMessage, outcome.V13))
	require.True(t, ok)
	require.Equal(t, &outcome.Error{
		Edge: outcome.OnInvalidData, Operation: outcome.AppendMessage, Version: outcome.V13, Effect: outcome.NotSent,
		Violations: outcome.Violations{
			{"ConversationID", "is empty"},
			{"Message.Text", "is empty"},
			{"Message.Attachments[0].URL", "is not absolute"},
		},
	}, failure)
	require.Equal(t, "ConversationID is empty; Message.Text is empty; Message.Attachments[0].URL is not absolute", v.String())
}

func TestViolationIsOneShortLine(t *testing.T) {
	v := outcome.Violation{Field: "Headers[\n]", Problem: strings.Repeat("x", 5000)}
	require.Less(t, len(v.String()), 1200)
	require.NotContains(t, v.String(), "\n")
}

func ExampleViolations() {
	var v outcome.Violations
	v.Add("ConversationID", "is empty")
	v.Within("Message", outcome.Violations{{Field: "Text", Problem: "is empty"}})
	fmt.Println(v.Err(outcome.AppendMessage, outcome.V13))
	// Output:
	// engage: AppendMessage v1.3: onInvalidData, not sent: ConversationID is empty; Message.Text is empty
}
