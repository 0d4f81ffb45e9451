package jetstream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// The secrets of a receiver that changes them.
var (
	current  = stream.NewSecret("5PqDl3").Named("current")
	previous = stream.NewSecret("Zt81ck").Named("previous")
)

// network stands between senders and a receiver. Now and then it passes a request
// on and loses the reply.
type network struct {
	receiver http.Handler
	requests atomic.Int64
	// lost and late count the replies 200 that the sender did not get.
	lost, late atomic.Int64
}

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch number := n.requests.Add(1); {
	case number%40 == 0:
		n.swallow(r, &n.late)
		<-r.Context().Done() // the sender has given up
	case number%8 == 0:
		n.swallow(r, &n.lost)
		panic(http.ErrAbortHandler)
	default:
		n.receiver.ServeHTTP(w, r)
	}
}

// swallow passes a request on and drops the reply. The receiver can take longer
// than the sender waits.
func (n *network) swallow(r *http.Request, count *atomic.Int64) {
	answer := httptest.NewRecorder()
	n.receiver.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
	if answer.Code == http.StatusOK {
		count.Add(1)
	}
}

// traffic is the events that senders post. Those of a conversation are numbered
// from 0.
type traffic struct {
	conversations, length int
	// half is closed when the second half of each conversation may be posted.
	half            chan struct{}
	posts, requests atomic.Int64
}

// payloadOf returns event n of a conversation.
func payloadOf(conversation, n int) []byte {
	return fmt.Appendf(nil, `{"channel":"Rtm","event":"MO","userId":"customer-%d","appId":"a","tid":"%[1]d-%d","message":"%[2]d","ts":"2026-11-02T09:30:00Z"}`,
		conversation, n)
}

// events returns the position of each event, by its id.
func (s *traffic) events(t *testing.T) map[string]position {
	t.Helper()
	events := map[string]position{}
	for c := range s.conversations {
		for n := range s.length {
			entry, err := stream.NewEntry(payloadOf(c, n))
			require.NoError(t, err)
			events[entry.ID] = position{c, n}
		}
	}
	return events
}

// newSender returns a sender that makes many short attempts.
func newSender(t *testing.T, url string, secret stream.Secret) *stream.Sender {
	t.Helper()
	sender, err := stream.NewSender(url, stream.WithSigning(stream.SHA256, secret),
		stream.WithAttemptTimeout(time.Second),
		stream.WithSchedule(slices.Repeat([]time.Duration{20 * time.Millisecond}, 5000)...))
	require.NoError(t, err)
	return sender
}

// send posts every event and copies of it. The first sender posts each
// conversation in order, and waits for each reply; it posts some events again.
// The second one posts copies of all events in any order.
func (s *traffic) send(ctx context.Context, t *testing.T, first, second *stream.Sender) {
	var conversations sync.WaitGroup
	for c := range s.conversations {
		post := func(sender *stream.Sender, n int) {
			attempts, err := sender.Send(ctx, payloadOf(c, n))
			if err != nil {
				t.Error(err)
			}
			s.posts.Add(1)
			s.requests.Add(int64(len(attempts)))
		}
		arrived := make([]chan struct{}, s.length)
		for n := range arrived {
			arrived[n] = make(chan struct{})
		}
		conversations.Go(func() {
			for n := range s.length {
				if n == s.length/2 {
					select {
					case <-s.half:
					case <-ctx.Done():
					}
				}
				post(first, n)
				close(arrived[n])
				if n%5 == 4 {
					post(first, n-3)
				}
			}
		})
		conversations.Go(func() {
			for _, n := range rand.New(rand.NewPCG(1, uint64(c))).Perm(s.length) {
				<-arrived[n]
				post(second, n)
			}
		})
	}
	conversations.Wait()
}
