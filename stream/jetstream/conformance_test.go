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

func TestAnInboxKeepsTheContract(t *testing.T) {
	t.Parallel()
	// A check may be slower than quick's lease on a busy machine.
	config := jetstream.Config{Lease: 6 * time.Second}
	folders := map[stream.Inbox]string{}
	inboxtest.Run(t, inboxtest.Setup{
		Open: func(t *testing.T) stream.Inbox {
			folder := t.TempDir()
			inbox := open(t, folder, config)
			folders[inbox] = folder
			return inbox
		},
		Reopen: func(t *testing.T, inbox stream.Inbox) stream.Inbox {
			require.NoError(t, inbox.(*embedded.Inbox).Close())
			return open(t, folders[inbox], config)
		},
	})
}
