package engage_test

import (
	"encoding/json"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/stretchr/testify/require"
)

func TestACustomFieldIsReadAsItIsWritten(t *testing.T) {
	for encoded, field := range map[string]engage.CustomField{
		`{"scope":"profile","key":"tier","value":"gold"}`:   {Scope: engage.ProfileScope, Key: "tier", Value: "gold"},
		`{"scope":"conversation","key":"order","value":""}`: {Scope: engage.ConversationScope, Key: "order"},
		`{"scope":"profile","key":"tier","value":null}`:     {Scope: engage.ProfileScope, Key: "tier", Null: true},
	} {
		written, err := json.Marshal(field)
		require.NoError(t, err)
		require.Equal(t, encoded, string(written))
		read := engage.CustomField{Value: "old", Null: true}
		require.NoError(t, json.Unmarshal(written, &read))
		require.Equal(t, field, read)
	}
	var read engage.CustomField
	require.NoError(t, json.Unmarshal([]byte(`{"scope":"profile","key":"tier"}`), &read))
	require.False(t, read.Null, "a value that is missing clears nothing")
	require.Error(t, json.Unmarshal([]byte(`{"scope":"profile","key":"tier","value":17}`), &read))
}
