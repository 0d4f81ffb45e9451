package stream_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// sample returns a payload of testdata/events.
func sample(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
	require.NoError(tb, err)
	return data
}

// sampleNames lists the payloads of testdata/events.
func sampleNames(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	require.NoError(tb, err)
	require.NotEmpty(tb, paths)
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	return paths
}

// decode returns a payload of testdata/events as an event of type E.
func decode[E stream.Event](tb testing.TB, name string) E {
	tb.Helper()
	event, err := stream.Decode(sample(tb, name))
	require.NoError(tb, err)
	require.IsType(tb, *new(E), event)
	return event.(E)
}
