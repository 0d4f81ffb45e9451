package message_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
)

// golden returns the documented JSON of a sample.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name+".json"))
	require.NoError(t, err)
	return data
}

// names returns the names of the samples in alphabetical order.
func names() []string { return slices.Sorted(maps.Keys(samples)) }

// encode returns the JSON of m.
func encode(t testing.TB, m message.Message) []byte {
	t.Helper()
	data, err := json.Marshal(message.Wire(m))
	require.NoError(t, err)
	return data
}

func TestEveryTypeAndDirectionOfTheTableHasASample(t *testing.T) {
	for _, row := range message.SupportTable() {
		m, ok := samples[string(row.Type)+"-"+string(row.Direction)]
		require.True(t, ok, "%s %s", row.Direction, row.Type)
		require.Equal(t, row.Type, m.Type())
		require.Equal(t, row.Direction, message.DirectionOf(m))
	}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(samples))
}

func TestMessagesAreEncodedAsDocumented(t *testing.T) {
	for _, name := range names() {
		t.Run(name, func(t *testing.T) {
			want := string(golden(t, name))
			require.JSONEq(t, want, string(encode(t, samples[name])))

			direct, err := json.Marshal(samples[name])
			require.NoError(t, err)
			require.JSONEq(t, want, string(direct))
			require.NotContains(t, string(direct), "null")
		})
	}
}

func TestTheDocumentedJSONIsDecodedIntoTheStructOfItsType(t *testing.T) {
	for _, name := range names() {
		t.Run(name, func(t *testing.T) {
			m, err := message.Decode(golden(t, name))
			require.NoError(t, err)
			require.Equal(t, samples[name], m)
			require.Equal(t, message.DirectionOf(samples[name]), message.DirectionOf(m))
		})
	}
}
