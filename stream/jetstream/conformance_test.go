package jetstream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/inboxtest"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// quick is an inbox that gives entries of programs that are gone out again soon.
var quick = jetstream.Config{Lease: 2 * time.Second}

// open opens an inbox on the folder, until the end of the test.
func open(t testing.TB, folder string, config jetstream.Config) *embedded.Inbox {
	t.Helper()
	inbox, err := embedded.Open(t.Context(), embedded.Config{Folder: folder, SyncInterval: time.Minute}, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inbox.Close()) })
	return inbox
}

func TestAnInboxKeepsTheContract(t *testing.T) {
	t.Parallel()
	folders := map[stream.Inbox]string{}
	inboxtest.Run(t, inboxtest.Setup{
		Open: func(t *testing.T) stream.Inbox {
			folder := t.TempDir()
			inbox := open(t, folder, quick)
			folders[inbox] = folder
			return inbox
		},
		Reopen: func(t *testing.T, inbox stream.Inbox) stream.Inbox {
			require.NoError(t, inbox.(*embedded.Inbox).Close())
			return open(t, folders[inbox], quick)
		},
	})
}
