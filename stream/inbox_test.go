package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestAnEntryIsReadAsItIs(t *testing.T) {
	entry, err := stream.NewEntry(append([]byte("\n "), payload("ann", 1)...))
	require.NoError(t, err)
	original, err := entry.Event()
	require.NoError(t, err)
	require.Equal(t, "1", original.(stream.MessageEvent).Text)

	elsewhere := stream.Entry{ID: "my-id", Conversation: "my-line", TraceID: "trace-1", Data: entry.Data}
	event, err := elsewhere.Event()
	require.NoError(t, err)
	h := event.Head()
	require.Equal(t, []string{"my-id", "my-line", "trace-1"}, []string{h.ID, h.Conversation, h.TraceID})
	require.Equal(t, original.Head().Raw, h.Raw)

	for _, data := range [][]byte{payload("bob", 2), []byte(`{broken`), nil, entry.Data[1:], entry.Data[:5]} {
		entry.Data = data
		event, err = entry.Event()
		if err == nil {
			require.Equal(t, "2", event.(stream.MessageEvent).Text)
		}
		require.Equal(t, string(data) != string(payload("bob", 2)), err != nil)
	}
}

func TestAnEntryNeedsAPayload(t *testing.T) {
	_, err := stream.NewEntry([]byte(`[]`))
	require.Equal(t, &stream.DecodeError{Problem: "is not a JSON object"}, err)
	entry, err := stream.NewEntry([]byte(`{}`))
	require.NoError(t, err)
	require.Empty(t, entry.ID)
	require.NotEmpty(t, entry.Conversation)
}
