//go:build linux || darwin

package embedded_test

import (
	"context"
	"fmt"
	"log/slog"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// A limit on the size of files makes writes fail as a full disk does.
func TestAnInboxRecoversWhenItsDiskHasRoomAgain(t *testing.T) {
	var log logText
	inbox, err := embedded.Open(t.Context(), embedded.Config{
		Folder: t.TempDir(), SyncInterval: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}, jetstream.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()

	free := limitFiles(t, 1<<20)
	defer free()
	entries := make([]stream.Entry, 6) // the fourth does not fit
	for n := range entries {
		entries[n] = stream.Entry{ID: fmt.Sprint(n), Conversation: "a", Data: make([]byte, 300<<10)}
	}
	putting := make(chan error, 1)
	go func() { putting <- putAll(t.Context(), inbox, entries) }()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "a store failed") }, time.Minute, 10*time.Millisecond)
	select {
	case err := <-putting:
		require.Fail(t, "all entries are stored on a full disk", err)
	default:
	}

	free()
	require.NoError(t, <-putting)
	for _, entry := range entries {
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, entry, delivery.Entry)
		require.NoError(t, delivery.Ack(t.Context()))
	}
	require.Contains(t, log.String(), "the stores were reopened")
}

// putAll puts entries, which must be new.
func putAll(ctx context.Context, inbox stream.Inbox, entries []stream.Entry) error {
	for _, entry := range entries {
		duplicate, err := inbox.Put(ctx, entry)
		if err != nil {
			return err
		}
		if duplicate {
			return fmt.Errorf("entry %s is taken for a copy", entry.ID)
		}
	}
	return nil
}

// limitFiles limits the size of the files that this process writes, until free
// is called.
func limitFiles(t *testing.T, size uint64) (free func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}))
	return sync.OnceFunc(func() {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
		signal.Reset(syscall.SIGXFSZ)
	})
}

// logText is a log that can be read while it is written.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
