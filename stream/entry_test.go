package stream_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestTheEventOfAnEntryIsReadFromItsData(t *testing.T) {
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
}

func TestAnEntryWithoutAnIDOfTheSenderHasADigestOfItsPayload(t *testing.T) {
	entryOf := func(data string) stream.Entry {
		entry, err := stream.NewEntry([]byte(data))
		require.NoError(t, err)
		return entry
	}
	one, copied, other := entryOf(`{}`), entryOf("\n{} "), entryOf(`{"n":1}`)
	require.Regexp(t, "^[0-9a-f]{32}$", one.ID)
	require.Equal(t, one.ID, copied.ID)
	require.NotEqual(t, one.ID, other.ID)
	require.Equal(t, one.ID, one.Conversation)

	party := entryOf(`{"channel":"SMS","oa":"a","da":"500","message":"hello"}`)
	require.Regexp(t, "^[0-9a-f]{32}$", party.ID)
	require.Equal(t, entryOf(`{"channel":"SMS","oa":"a","da":"500","tid":"a-1"}`).Conversation, party.Conversation)
}

func TestAnEntryIsPrintedByItsID(t *testing.T) {
	entry := stream.Entry{ID: "id-1", Conversation: "c-1", Data: []byte("what the customer wrote")}
	require.Equal(t, `entry "id-1"`, entry.String())
	for _, verb := range verbs {
		require.Equal(t, entry.String(), fmt.Sprintf(verb, entry), verb)
	}
	var log strings.Builder
	logTo(&log).Info("m", "entry", entry, "delivery", stream.Delivery{Entry: entry})
	require.Equal(t, `level=INFO msg=m entry="entry \"id-1\"" delivery="entry \"id-1\""`+"\n", log.String())
}

func TestAnEntryIsPrintedWithoutItsPayload(t *testing.T) {
	entry := stream.Entry{ID: "id-1", Conversation: "c-1", Data: []byte("what the customer wrote")}
	letter := stream.DeadLetter{Entry: entry, Attempts: 3, Reason: "refused"}
	var log strings.Builder
	for _, value := range []any{
		entry, &entry, stream.Delivery{Entry: entry}, letter, []stream.Entry{entry}, []stream.DeadLetter{letter},
		map[string]stream.Delivery{"one": {Entry: entry}}, struct{ Letter *stream.DeadLetter }{&letter},
	} {
		log.Reset()
		slog.New(slog.NewTextHandler(&log, nil)).Info("taken", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("taken", "value", value)
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		require.Contains(t, string(encoded), "id-1")
		printed := fmt.Sprintf("%v %+v %#v %q %s %x", value, value, value, value, value, value) + log.String() + string(encoded)
		require.Contains(t, printed, "id-1")
		for _, private := range []string{"customer wrote", "d2hhdCB0aGUg", fmt.Sprintf("%x", "customer"), "119 104 97 116"} {
			require.NotContains(t, printed, private)
		}
	}
}
