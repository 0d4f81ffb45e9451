package stream_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// unreliable is a network that loses the answers of some requests, delays the answers
// of others until the sender gives up, and refuses some requests.
type unreliable struct {
	http.Handler
	mu     sync.Mutex
	random *rand.Rand
	faults map[string]int
}

func (u *unreliable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	fault := map[int]string{0: "answer lost", 1: "answer late", 2: "refused"}[u.random.IntN(12)]
	if fault != "" {
		u.faults[fault]++
	}
	u.mu.Unlock()
	switch fault {
	case "refused":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "answer late":
		u.Handler.ServeHTTP(httptest.NewRecorder(), r)
		<-r.Context().Done() // the sender has given up
	case "answer lost":
		u.Handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		u.Handler.ServeHTTP(w, r)
	}
}

// Many customers write at once over real HTTP. Each message comes from two streams. The
// second one has an order of its own. Answers are lost or late, and the handler fails now
// and then. Every message is handled once, in the order of the first stream.
func TestEveryEventIsHandledOnceAndInOrder(t *testing.T) {
	const customers, messages = 12, 30
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	defer inbox.Close()
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, current, previous))
	require.NoError(t, err)
	network := &unreliable{Handler: receiver, random: rand.New(rand.NewPCG(1, 2)), faults: map[string]int{}}
	server := httptest.NewServer(network)
	defer server.Close()

	worker, err := stream.NewWorker(inbox, stream.WithHandlers(8),
		stream.WithBackoff(func(int) time.Duration { return time.Millisecond }))
	require.NoError(t, err)
	var mu sync.Mutex
	handled, attempts := map[string][]string{}, map[string]int{}
	all := make(chan struct{})
	left := customers * messages
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		mu.Lock()
		defer mu.Unlock()
		if attempts[e.ID]++; attempts[e.ID] == 1 && len(attempts)%7 == 0 {
			return fmt.Errorf("not now")
		}
		handled[e.Customer] = append(handled[e.Customer], e.Text)
		if left--; left == 0 {
			close(all)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()

	// The first stream sends the messages of a customer one after another, so that
	// their order is known. The second one sends each message again after that.
	var senders sync.WaitGroup
	var sent atomic.Int64
	for c := range customers {
		customer := fmt.Sprint("customer-", c)
		arrived := make([]chan struct{}, messages)
		for n := range arrived {
			arrived[n] = make(chan struct{})
		}
		senders.Go(func() {
			sender := newImpatient(t, server.URL, current)
			for n := range messages {
				attempts, err := sender.Send(t.Context(), payload(customer, n))
				if err != nil {
					t.Error(err)
				}
				sent.Add(int64(len(attempts)))
				close(arrived[n])
			}
		})
		senders.Go(func() {
			sender := newImpatient(t, server.URL, previous)
			order := rand.New(rand.NewPCG(uint64(c), 3)).Perm(messages)
			for _, n := range order {
				<-arrived[n]
				attempts, err := sender.Send(t.Context(), payload(customer, n))
				if err != nil {
					t.Error(err)
				}
				sent.Add(int64(len(attempts)))
			}
		})
	}
	senders.Wait()
	<-all
	cancel()
	require.NoError(t, <-ended)

	for c := range customers {
		got := handled[fmt.Sprint("customer-", c)]
		require.Len(t, got, messages)
		for n, text := range got {
			require.Equal(t, fmt.Sprint(n), text)
		}
	}
	counts := receiver.Counts()
	require.EqualValues(t, customers*messages, counts.Accepted)
	require.GreaterOrEqual(t, counts.Duplicates, uint64(customers*messages))
	require.EqualValues(t, customers*messages, worker.Counts().Handled)
	require.Positive(t, worker.Counts().Failed)
	require.Zero(t, worker.Counts().DeadLettered)
	require.Equal(t, stream.MemoryCounts{}, inbox.Counts())
	t.Logf("%d requests, %v; receiver: %d accepted, %d duplicates; worker: %+v",
		sent.Load(), network.faults, counts.Accepted, counts.Duplicates, worker.Counts())
}

// newImpatient returns a sender with the documented rules and short waits. Many attempts are
// late on a busy machine, so it makes as many as it needs.
func newImpatient(t *testing.T, url string, secret stream.Secret) *stream.Sender {
	t.Helper()
	waits := make([]time.Duration, 100_000)
	for i := range waits {
		waits[i] = time.Millisecond
	}
	sender, err := stream.NewSender(url, stream.WithSigning(stream.SHA256, secret),
		stream.WithAttemptTimeout(100*time.Millisecond), stream.WithSchedule(waits...))
	require.NoError(t, err)
	return sender
}

// Three generations of the program follow each other while events come in. A proxy sends
// requests to the newest one. What an older one accepted, it handles before it ends.
func TestARollingDeployLosesNothing(t *testing.T) {
	const generations, customers, messages = 3, 8, 60
	var mu sync.Mutex
	handled := map[string]int{}
	arrived := make(chan struct{}, customers*messages)
	start := func() served {
		return serve(t, func(_ context.Context, e stream.MessageEvent) error {
			mu.Lock()
			defer mu.Unlock()
			handled[e.ID]++
			arrived <- struct{}{}
			return nil
		}, itself)
	}
	var newest atomic.Pointer[url.URL]
	deploy := func() served {
		s := start()
		address, err := url.Parse(s.url)
		require.NoError(t, err)
		newest.Store(address)
		return s
	}
	running := deploy()
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(newest.Load()) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	})
	defer proxy.Close()

	var senders sync.WaitGroup
	for c := range customers {
		senders.Go(func() {
			sender, err := stream.NewSender(proxy.URL, stream.WithSigning(stream.SHA256, current),
				stream.WithAttemptTimeout(time.Minute), stream.WithSchedule(slices.Repeat([]time.Duration{time.Millisecond}, 10_000)...))
			if err != nil {
				t.Error(err)
				return
			}
			for n := range messages {
				if _, err := sender.Send(t.Context(), payload(fmt.Sprint("customer-", c), n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var accepted, settled uint64
	end := func(s served) {
		s.stop()
		require.NoError(t, <-s.ended)
		require.Zero(t, s.inbox.Counts())
		accepted += s.Counts().Accepted
		settled += s.worker.Counts().Handled
	}
	for range generations - 1 {
		for range customers * messages / (generations + 1) {
			<-arrived
		}
		old := running
		running = deploy()
		end(old)
	}
	senders.Wait()
	end(running)
	require.Len(t, handled, customers*messages, "nothing is lost")
	require.Equal(t, accepted, settled, "every generation handled what it accepted")
	t.Logf("%d events, %d of them handled again", len(handled), settled-uint64(len(handled)))
}
