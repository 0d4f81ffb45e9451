package jetstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
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
		break
	}
}

func TestADeadLetterCanBeRequeued(t *testing.T) {
	t.Parallel()
	inbox := open(t, t.TempDir(), jetstream.Config{})
	put(t, inbox, "a", 1)
	require.NoError(t, take(t, inbox).Nak(t.Context(), 0))
	require.NoError(t, take(t, inbox).Term(t.Context(), "no use"))
	put(t, inbox, "a", 2)

	require.ErrorIs(t, inbox.Requeue(t.Context(), "a-2"), stream.ErrNoDeadLetter)
	require.NoError(t, inbox.Requeue(t.Context(), "a-1"))
	require.ErrorIs(t, inbox.Requeue(t.Context(), "a-1"), stream.ErrNoDeadLetter)
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

// Term stores the letter before it writes into the ledger. If the letter is
// requeued in between, that write must not settle the requeued entry.
func TestALetterThatIsRequeuedDuringTermIsNotLost(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	server := startServer(t, embedded.Config{Listen: listen})
	gate := newGate("engage-inbox.settled.")
	slow, err := jetstream.Open(t.Context(), jetstream.Config{
		URL: "nats://" + listen, Lines: 1, Options: []nats.Option{nats.SetCustomDialer(gate)},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, slow.Close()) })
	t.Cleanup(gate.open)
	other := join(t, server, jetstream.Config{Lines: 1})

	put(t, other, "a", 1)
	delivery := take(t, slow)
	terminated := make(chan error, 1)
	go func() { terminated <- delivery.Term(context.Background(), "no use") }()
	<-gate.reached
	require.NoError(t, other.Requeue(t.Context(), "a-1"))
	gate.open()
	require.NoError(t, <-terminated)

	again := take(t, slow)
	require.Equal(t, entry("a", 1), again.Entry)
	require.Equal(t, 1, again.Attempt)
	duplicate, err := other.Put(t.Context(), entry("a", 1))
	require.NoError(t, err)
	require.True(t, duplicate)
	require.NoError(t, again.Ack(t.Context()))
	require.Empty(t, deadLetters(t, other))
	nothing(t, slow)
}

// gate dials connections that block when they publish to a subject, until the
// gate is opened.
type gate struct {
	publication     []byte
	reached, opened chan struct{}
	reach, open     func()
}

func newGate(subject string) *gate {
	g := &gate{publication: []byte("HPUB " + subject), reached: make(chan struct{}), opened: make(chan struct{})}
	g.reach = sync.OnceFunc(func() { close(g.reached) })
	g.open = sync.OnceFunc(func() { close(g.opened) })
	return g
}

func (g *gate) Dial(network, address string) (net.Conn, error) {
	connection, err := net.Dial(network, address)
	return gated{connection, g}, err
}

type gated struct {
	net.Conn
	gate *gate
}

func (c gated) Write(data []byte) (int, error) {
	if bytes.Contains(data, c.gate.publication) {
		c.gate.reach()
		<-c.gate.opened
	}
	return c.Conn.Write(data)
}

func TestAMessageWithABadLetterNumberBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	server := serve(t)
	inbox := join(t, server, jetstream.Config{Lines: 1})
	_, err := dial(t, server).PublishMsg(t.Context(), &nats.Msg{Subject: "engage-inbox.entry.0", Header: nats.Header{
		"Engage-Id": {`"1"`}, "Engage-Conversation": {`"a"`}, "Engage-Requeued": {"*.>"},
	}})
	require.NoError(t, err)
	nothing(t, inbox)
	letters := deadLetters(t, inbox)
	require.Len(t, letters, 1)
	require.Equal(t, "the message is not an entry: Engage-Requeued", letters[0].Reason)
}

func TestAMessageThatIsNotAnEntryBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	server := serve(t)
	inbox := join(t, server, jetstream.Config{Lines: 1})
	js := dial(t, server)
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

// small starts a server that accepts messages of 64 KiB.
func small(t testing.TB) *embedded.Server {
	t.Helper()
	return startServer(t, embedded.Config{Configure: func(options *server.Options) { options.MaxPayload = maxPayload }})
}

const maxPayload = 64 << 10

// The largest entry has a large payload or large headers.
func TestTheLargestEntryFitsAsADeadLetter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		serve func(testing.TB) *embedded.Server
		most  int // more than fits
		grow  func(*stream.Entry, int)
	}{
		"payload": {small, maxPayload, func(e *stream.Entry, size int) { e.Data = make([]byte, size) }},
		"header":  {serve, math.MaxUint16, func(e *stream.Entry, size int) { e.TraceID = strings.Repeat("t", size) }},
	} {
		t.Run(name, func(t *testing.T) {
			inbox := join(t, test.serve(t), jetstream.Config{Lines: 1})
			largest, size := entry("a", 1), test.most+1
			var err error
			for refused := true; refused; refused = err != nil {
				size--
				test.grow(&largest, size)
				_, err = inbox.Put(t.Context(), largest)
				if err != nil {
					require.ErrorIs(t, err, nats.ErrMaxPayload)
				}
			}
			require.Greater(t, size, test.most-3<<10, "no more room is kept than needed")
			put(t, inbox, "a", 2)

			reason := strings.Repeat("é", 10_000)
			delivery := take(t, inbox)
			require.Equal(t, largest, delivery.Entry)
			require.NoError(t, delivery.Nak(t.Context(), 0))
			require.NoError(t, take(t, inbox).Term(t.Context(), reason))
			require.Equal(t, "a-2", take(t, inbox).ID, "the conversation goes on")
			letters := deadLetters(t, inbox)
			require.Len(t, letters, 1)
			require.Equal(t, largest, letters[0].Entry)
			require.Equal(t, 2, letters[0].Attempts)
			require.Equal(t, reason[:2*256], letters[0].Reason, "its beginning")
		})
	}
}

func TestTheLargestEntryCanBeRequeuedAndTerminatedAgain(t *testing.T) {
	t.Parallel()
	inbox := join(t, small(t), jetstream.Config{Lines: 1})
	largest := entry("a", 1)
	largest.Data = make([]byte, maxPayload-3<<10)
	_, err := inbox.Put(t.Context(), largest)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, take(t, inbox).Term(t.Context(), strings.Repeat(" no\tuse", 1000)))
		require.NoError(t, inbox.Requeue(t.Context(), "a-1"))
	}
	require.NoError(t, take(t, inbox).Ack(t.Context()))
	nothing(t, inbox)
}

func TestAnEntryOfAnySizeCanBecomeADeadLetter(t *testing.T) {
	t.Parallel()
	inbox := join(t, small(t), jetstream.Config{Lines: 1})
	receiver, err := stream.NewReceiver(inbox, stream.WithoutVerification())
	require.NoError(t, err)
	post := func(n, size int) (status int) {
		body := fmt.Sprintf(`{"channel":"Rtm","event":"MO","userId":"ann","appId":"a","tid":"%d","message":%q}`, n, strings.Repeat("m", size))
		reply := httptest.NewRecorder()
		receiver.ServeHTTP(reply, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		return reply.Code
	}
	size := maxPayload
	for post(1, size) != http.StatusOK {
		size -= 100
	}
	require.Equal(t, http.StatusOK, post(2, 5))

	worker, err := stream.NewWorker(inbox)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience(t))
	defer cancel()
	var handled []string
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		handled = append(handled, e.TransactionID)
		if e.TransactionID == "1" {
			return stream.Permanent(errors.New(strings.Repeat("ü", 300)))
		}
		cancel()
		return nil
	})
	require.NoError(t, worker.Run(ctx))
	require.Equal(t, []string{"1", "2"}, handled)
	require.Equal(t, stream.WorkerCounts{Handled: 1, Failed: 1, DeadLettered: 1}, worker.Counts())
	letters := deadLetters(t, inbox)
	require.Len(t, letters, 1)
	require.Equal(t, strings.Repeat("ü", 250), letters[0].Reason)
}

func TestALargeMessageThatIsNotAnEntryIsCut(t *testing.T) {
	t.Parallel()
	server := small(t)
	inbox := join(t, server, jetstream.Config{Lines: 1})
	_, err := dial(t, server).Publish(t.Context(), "engage-inbox.entry.0", make([]byte, maxPayload))
	require.NoError(t, err)
	nothing(t, inbox)
	letters := deadLetters(t, inbox)
	require.Len(t, letters, 1)
	require.Len(t, letters[0].Data, maxPayload-2<<10)
	require.Equal(t, "the message is not an entry: it has no id; it is cut to 63488 of 65536 bytes", letters[0].Reason)
}
