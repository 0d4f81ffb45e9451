package jetstream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
)

func deadLetters(t testing.TB, inbox *jetstream.Inbox) []stream.DeadLetter {
	t.Helper()
	var letters []stream.DeadLetter
	for letter, err := range inbox.DeadLetters(t.Context()) {
		require.NoError(t, err)
		letters = append(letters, letter)
	}
	return letters
}

func TestDeadLettersAreKeptWithTheirReason(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := open(t, folder, jetstream.Config{MaxDeadLetters: 2})
	for n := range 3 {
		put(t, first, "a", n)
	}
	require.NoError(t, take(t, first).Nak(t.Context(), 0))
	for range 3 {
		require.NoError(t, take(t, first).Term(t.Context(), "no\nuse"))
	}
	empty(t, first.Inbox)
	require.NoError(t, first.Close())

	inbox := open(t, folder, jetstream.Config{MaxDeadLetters: 2})
	require.Equal(t, []stream.DeadLetter{
		{Entry: entry("a", 1), Attempts: 1, Reason: "no\nuse"},
		{Entry: entry("a", 2), Attempts: 1, Reason: "no\nuse"},
	}, deadLetters(t, inbox.Inbox), "the oldest goes first")
	counts, err := inbox.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, jetstream.Counts{DeadLetters: 2}, counts)
	for letter := range inbox.DeadLetters(t.Context()) {
		require.Equal(t, "a-1", letter.ID)
		break // whoever has seen enough may stop
	}
}

func TestADeadLetterCanBeRequeued(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{})
	put(t, inbox, "a", 1)
	require.NoError(t, take(t, inbox).Nak(t.Context(), 0))
	require.NoError(t, take(t, inbox).Term(t.Context(), "no use"))
	put(t, inbox, "a", 2)

	require.ErrorIs(t, inbox.Requeue(t.Context(), "a-2"), jetstream.ErrNoDeadLetter)
	require.NoError(t, inbox.Requeue(t.Context(), "a-1"))
	require.ErrorIs(t, inbox.Requeue(t.Context(), "a-1"), jetstream.ErrNoDeadLetter)
	require.Empty(t, deadLetters(t, inbox.Inbox))
	duplicate, err := inbox.Put(t.Context(), entry("a", 1))
	require.NoError(t, err)
	require.True(t, duplicate)

	require.NoError(t, take(t, inbox).Ack(t.Context()))
	delivery := take(t, inbox)
	require.Equal(t, entry("a", 1), delivery.Entry)
	require.Equal(t, 1, delivery.Attempt)
	require.NoError(t, delivery.Term(t.Context(), "still no use"))
	require.Equal(t, []stream.DeadLetter{{Entry: entry("a", 1), Attempts: 1, Reason: "still no use"}}, deadLetters(t, inbox.Inbox))
	nothing(t, inbox)
}

func TestAMessageThatIsNoEntryIsADeadLetter(t *testing.T) {
	server := serve(t)
	inbox := join(t, server, jetstream.Config{Lines: 1})
	js := nearby(t, server)
	_, err := js.Publish(t.Context(), "engage-inbox.entry.0", []byte("hello"))
	require.NoError(t, err)
	nothing(t, inbox)
	require.Equal(t, []stream.DeadLetter{{
		Entry:  stream.Entry{ID: "unreadable-1", Conversation: "unreadable-1", Data: []byte("hello")},
		Reason: "the message is not an entry: it has no id",
	}}, deadLetters(t, inbox))

	require.NoError(t, inbox.Requeue(t.Context(), "unreadable-1"))
	require.Equal(t, "hello", string(take(t, inbox).Data))
}
