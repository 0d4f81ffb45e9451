package jetstream_test

import (
	"sync"
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
	var folders sync.Map // by inbox
	inboxtest.Run(t, inboxtest.Setup{
		Open: func(t *testing.T) stream.Inbox {
			t.Parallel() // the checks mostly wait
			folder := t.TempDir()
			inbox := open(t, folder, config)
			folders.Store(inbox, folder)
			return inbox
		},
		Reopen: func(t *testing.T, inbox stream.Inbox) stream.Inbox {
			require.NoError(t, inbox.(*embedded.Inbox).Close())
			folder, _ := folders.Load(inbox)
			return open(t, folder.(string), config)
		},
	})
}
