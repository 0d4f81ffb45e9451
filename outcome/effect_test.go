package outcome_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

func TestEffectsAreWrittenInWords(t *testing.T) {
	for effect, words := range map[outcome.Effect]string{
		0:                    "effect unknown",
		outcome.NotSent:      "not sent",
		outcome.Refused:      "refused",
		outcome.MaybeApplied: "maybe applied",
		outcome.Applied:      "applied",
		99:                   "effect unknown",
	} {
		require.Equal(t, words, effect.String())
		encoded, err := json.Marshal(effect)
		require.NoError(t, err)
		require.JSONEq(t, `"`+words+`"`, string(encoded))
	}
}

func TestALaterRefusalLeavesACallMaybeApplied(t *testing.T) {
	const unknown outcome.Effect = 0
	for _, test := range []struct {
		attempts []outcome.Effect
		want     outcome.Effect
	}{
		{nil, unknown},
		{[]outcome.Effect{outcome.NotSent}, outcome.NotSent},
		{[]outcome.Effect{outcome.NotSent, outcome.Refused}, outcome.Refused},
		{[]outcome.Effect{outcome.Refused, outcome.NotSent}, outcome.Refused},
		{[]outcome.Effect{outcome.MaybeApplied, outcome.Refused}, outcome.MaybeApplied},
		{[]outcome.Effect{outcome.MaybeApplied, outcome.NotSent, outcome.Refused}, outcome.MaybeApplied},
		{[]outcome.Effect{outcome.NotSent, outcome.MaybeApplied}, outcome.MaybeApplied},
		{[]outcome.Effect{outcome.MaybeApplied, outcome.Applied}, outcome.Applied},
		{[]outcome.Effect{outcome.Applied, outcome.Refused, outcome.MaybeApplied}, outcome.Applied},
		{[]outcome.Effect{outcome.Refused, unknown}, outcome.Refused},
	} {
		var whole outcome.Effect
		for _, attempt := range test.attempts {
			whole = whole.Then(attempt)
		}
		require.Equal(t, test.want, whole, "%v", test.attempts)
	}
}
