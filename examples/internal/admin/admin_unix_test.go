//go:build unix

package admin_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/examples/internal/admin"
	"github.com/engagesdk/engage-go/stream"
)

// folderOf returns a folder whose path is short enough for a socket.
func folderOf(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "admin")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func TestTheSocketIsForItsOwnerOnly(t *testing.T) {
	folder := folderOf(t)
	socket := filepath.Join(folder, "admin")
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	stop, err := admin.Serve(socket, inbox)
	require.NoError(t, err)
	info, err := os.Stat(socket)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSocket|0o600, info.Mode())
	_, err = admin.Serve(socket, inbox)
	require.ErrorIs(t, err, fs.ErrExist)
	stop()
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAClientReadsAllOfADeadLetter(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	entry := stream.Entry{
		ID: "1", Conversation: "c", TraceID: "trace", TraceParent: "00-1-2-01", VerifiedBy: "hub",
		Received: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), Data: []byte(`{"text":"<hello>"}`),
	}
	_, err := inbox.Put(t.Context(), entry)
	require.NoError(t, err)
	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	socket := filepath.Join(folderOf(t), "admin")
	stop, err := admin.Serve(socket, inbox)
	require.NoError(t, err)
	defer stop()
	client := admin.Dial(socket)
	defer client.Close()

	for letter, err := range client.DeadLetters(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, stream.DeadLetter{Entry: entry, Attempts: 1, Reason: "no use"}, letter)
	}
	require.Len(t, inbox.DeadLetters(), 1)
}

func TestAClientRequeuesADeadLetterOfAnotherProgram(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	_, err := inbox.Put(t.Context(), stream.Entry{ID: "1", Conversation: "c"})
	require.NoError(t, err)
	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	socket := filepath.Join(folderOf(t), "admin")
	stop, err := admin.Serve(socket, inbox)
	require.NoError(t, err)
	defer stop()
	client := admin.Dial(socket)
	defer client.Close()

	require.NoError(t, client.Requeue(t.Context(), "1"))
	require.ErrorIs(t, client.Requeue(t.Context(), "1"), stream.ErrNoDeadLetter)
	again, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1", again.ID)
}
