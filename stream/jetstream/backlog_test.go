package jetstream_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

func TestTheBacklogHoldsWhatIsNotSettled(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{Lines: 1})
	require.Equal(t, stream.Backlog{}, backlogOf(t, inbox.Inbox))

	before := time.Now()
	put(t, inbox, "a", 1)
	between := time.Now()
	put(t, inbox, "a", 2)
	first := take(t, inbox)
	backlog := backlogOf(t, inbox.Inbox)
	require.Equal(t, 2, backlog.Entries)
	require.WithinRange(t, backlog.Oldest, before, between)

	require.NoError(t, first.Ack(t.Context()))
	second := take(t, inbox) // the server has removed the first
	backlog = backlogOf(t, inbox.Inbox)
	require.Equal(t, 1, backlog.Entries)
	require.WithinRange(t, backlog.Oldest, between, time.Now())

	require.NoError(t, second.Ack(t.Context()))
	empty(t, inbox.Inbox)
	require.Equal(t, stream.Backlog{}, backlogOf(t, inbox.Inbox))
}

func backlogOf(t *testing.T, inbox *jetstream.Inbox) stream.Backlog {
	t.Helper()
	backlog, err := inbox.Backlog(t.Context())
	require.NoError(t, err)
	return backlog
}

func TestAWorkerIsReadyWhileItsInboxCanBeReached(t *testing.T) {
	t.Parallel()
	config := embedded.Config{Folder: t.TempDir(), Listen: freeAddress(t)}
	server, err := embedded.Start(t.Context(), config)
	require.NoError(t, err)
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: config.Listen, Lines: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	worker, err := stream.NewWorker(inbox, stream.WithDrain(time.Millisecond))
	require.NoError(t, err)
	worker.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
		<-ctx.Done()
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- worker.Run(ctx) }()
	answer := func() (int, string) {
		reply := httptest.NewRecorder()
		worker.Ready(1).ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/ready", nil))
		return reply.Code, reply.Body.String()
	}
	requireAnswer := func(code int, reason string) {
		t.Helper()
		require.Eventually(t, func() bool {
			got, text := answer()
			return got == code && text == reason
		}, patience(t), tick)
	}
	for n := range 2 {
		requireAnswer(http.StatusOK, "")
		e, err := stream.NewEntry(payloadOf(0, n))
		require.NoError(t, err)
		_, err = inbox.Put(t.Context(), e)
		require.NoError(t, err)
	}
	requireAnswer(http.StatusServiceUnavailable, "the backlog is above the limit\n")
	cancel()
	require.NoError(t, <-ran)

	ctx, cancel = context.WithCancel(t.Context())
	go func() { ran <- worker.Run(ctx) }()
	require.NoError(t, server.Close())
	requireAnswer(http.StatusServiceUnavailable, "the source cannot be reached\n")
	cancel()
	require.NoError(t, <-ran)
}
