package stream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/stream"
)

// recorder is an observer that keeps everything.
type recorder struct {
	mu       sync.Mutex
	received []stream.Result
	handled  []stream.Result
	lags     []time.Duration
	backlogs []stream.Backlog
	ages     []time.Duration
	started  []stream.HandlerStart
	ended    []stream.HandlerEnd
	spans    []any // those in the contexts of ended
}

// spanKey is the key of a span in a context.
type spanKey struct{}

func (r *recorder) TraceParent(request *http.Request) string {
	return request.Header.Get("Traceparent")
}

func (r *recorder) HandlerStarted(ctx context.Context, handler stream.HandlerStart) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = append(r.started, handler)
	return context.WithValue(ctx, spanKey{}, len(r.started))
}

func (r *recorder) HandlerEnded(ctx context.Context, handler stream.HandlerEnd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.spans = append(r.ended, handler), append(r.spans, ctx.Value(spanKey{}))
}

func (r *recorder) Received(_ context.Context, result stream.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = append(r.received, result)
}

func (r *recorder) Handled(_ context.Context, result stream.Result, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handled, r.lags = append(r.handled, result), append(r.lags, lag)
}

func (r *recorder) Waiting(_ context.Context, backlog stream.Backlog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.backlogs, r.ages = append(r.backlogs, backlog), append(r.ages, backlog.Age())
}

func TestAnObserverSeesWhatAReceiverReceives(t *testing.T) {
	seen := &recorder{}
	r := newReceiving(t, stream.WithReceiverObserver(seen),
		stream.WithFilter(stream.Configuration{Channels: []channel.Channel{channel.Apple}}))
	r.post(typing, nil)
	r.post(typing, nil)
	r.post(string(sample(t, "sms_webhook")), nil)
	r.post("{broken", nil)
	r.post("", func(request *http.Request) { request.Method = http.MethodHead })
	require.Equal(t, []stream.Result{
		stream.ResultAccepted, stream.ResultDuplicate, stream.ResultFiltered, stream.Result(stream.RefusedMalformed),
	}, seen.received)
}

func TestAnObserverSeesWhatBecomesOfEventsAndHowLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{}
		w := newWorking(t, stream.WithWorkerObserver(seen), stream.WithHandlers(1), stream.WithMaxAttempts(2),
			stream.WithBackoff(func(int) time.Duration { return time.Minute }))
		w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			if e.Customer == "ann" {
				return errors.New("no use")
			}
			return nil
		})
		for _, data := range [][]byte{payload("ann", 1), payload("bob", 1), []byte(typing)} {
			entry, err := stream.NewEntry(data)
			require.NoError(t, err)
			entry.Received = time.Now()
			_, err = w.inbox.Put(t.Context(), entry)
			require.NoError(t, err)
		}
		put(t, w.inbox, payload("cid", 1)) // it is unknown when this one was received
		time.Sleep(time.Second)
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, []stream.Result{
			stream.ResultFailed, stream.ResultHandled, stream.ResultIgnored, stream.ResultHandled, stream.ResultFailed, stream.ResultDeadLettered,
		}, seen.handled)
		late := time.Minute + time.Second
		require.Equal(t, []time.Duration{time.Second, time.Second, time.Second, 0, late, late}, seen.lags)
	})
}

func TestAnObserverGivesAHandlerItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{}
		w := newWorking(t, stream.WithWorkerObserver(seen), stream.WithHandlers(1),
			stream.WithBackoff(func(int) time.Duration { return time.Minute }))
		ends := []func() error{
			func() error { return errors.New("not now") }, func() error { panic("private") }, func() error { runtime.Goexit(); return nil },
			func() error { return nil },
		}
		var spans []any
		w.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
			spans = append(spans, ctx.Value(spanKey{}))
			time.Sleep(time.Second)
			return ends[len(spans)-1]()
		})
		entry, err := stream.NewEntry(payload("ann", 1))
		require.NoError(t, err)
		entry.TraceParent = "00-1-2-01"
		_, err = w.inbox.Put(t.Context(), entry)
		require.NoError(t, err)
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, []any{1, 2, 3, 4}, spans)
		require.Equal(t, spans, seen.spans)
		var errs []string
		for i, handler := range seen.ended {
			require.Equal(t, seen.started[i], handler.HandlerStart)
			require.Equal(t, []any{i + 1, stream.KindMessage, channel.LiveChat, entry.ID, "00-1-2-01", time.Second},
				[]any{handler.Attempt, handler.Kind, handler.Channel, handler.Entry.ID, handler.Entry.TraceParent, handler.Duration})
			errs = append(errs, fmt.Sprint(handler.Err))
		}
		require.Equal(t, []string{"not now", "stream: the handler panicked with a string", "stream: the handler did not return", "<nil>"}, errs)
		require.Equal(t, []stream.Result{stream.ResultFailed, stream.ResultFailed, stream.ResultFailed, stream.ResultHandled}, seen.handled)
	})
}

func TestAReceiverStoresTheTraceContextOfARequest(t *testing.T) {
	for given, want := range map[string]string{"": "", "00-1-2-01": "00-1-2-01", strings.Repeat("x", 256): strings.Repeat("x", 256), strings.Repeat("x", 257): ""} {
		r := newReceiving(t, stream.WithReceiverObserver(&recorder{}))
		r.post(typing, func(request *http.Request) { request.Header.Set("Traceparent", given) })
		delivery, err := r.inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, delivery.TraceParent)
	}
	r := newReceiving(t)
	r.post(typing, func(request *http.Request) { request.Header.Set("Traceparent", "00-1-2-01") })
	delivery, err := r.inbox.Take(t.Context())
	require.NoError(t, err)
	require.Empty(t, delivery.TraceParent, "only an observer knows what the header means")
}

func TestAnObserverSeesTheBacklogAndTheAgeOfTheOldestEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{}
		w := newWorking(t, stream.WithWorkerObserver(seen))
		release := make(chan struct{})
		w.OnMessage(func(context.Context, stream.MessageEvent) error { <-release; return nil })
		began := time.Now()
		w.start()
		for n, customer := range []string{"ann", "bob", "ann"} {
			entry, err := stream.NewEntry(payload(customer, n))
			require.NoError(t, err)
			entry.Received = began.Add(time.Duration(n) * time.Second)
			_, err = w.inbox.Put(t.Context(), entry)
			require.NoError(t, err)
		}
		time.Sleep(15 * time.Second)
		close(release)
		time.Sleep(10 * time.Second)
		require.NoError(t, w.stop())
		require.Equal(t, []stream.Backlog{{Entries: 3, Oldest: began}, {}}, seen.backlogs)
		require.Equal(t, []time.Duration{10 * time.Second, 0}, seen.ages)
	})
}

func TestTheClockOfAReceiverMayBeAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(time.Minute)
		require.Zero(t, stream.Backlog{Entries: 1, Oldest: ahead}.Age())
		seen := &recorder{}
		w := newWorking(t, stream.WithWorkerObserver(seen))
		entry, err := stream.NewEntry(payload("ann", 1))
		require.NoError(t, err)
		entry.Received = ahead
		_, err = w.inbox.Put(t.Context(), entry)
		require.NoError(t, err)
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.Equal(t, []time.Duration{0}, seen.lags)
	})
}

// unreachableSource has a backlog that cannot be read.
type unreachableSource struct{ stream.Source }

func (unreachableSource) Backlog(ctx context.Context) (stream.Backlog, error) {
	<-ctx.Done()
	return stream.Backlog{}, ctx.Err()
}

func TestAWorkerIsReadyWhileItRunsAndKeepsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t)
		w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(time.Minute); return nil })
		answer := func(limit int) string {
			reply := httptest.NewRecorder()
			w.Ready(limit).ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/ready", nil))
			if reply.Code != http.StatusOK {
				require.Equal(t, http.StatusServiceUnavailable, reply.Code)
				return strings.TrimSpace(reply.Body.String())
			}
			return "ready"
		}
		require.Equal(t, "the worker does not run, or is stopping", answer(2))
		w.start()
		synctest.Wait()
		require.Equal(t, "ready", answer(2))
		for n := range 3 {
			put(t, w.inbox, payload("ann", n))
		}
		synctest.Wait()
		require.Equal(t, "the backlog is above the limit", answer(2))
		require.Equal(t, "ready", answer(3))
		require.Equal(t, "ready", answer(0), "without a limit")
		time.Sleep(time.Hour)
		require.Equal(t, "ready", answer(2))
		require.NoError(t, w.stop())
		require.Equal(t, "the worker does not run, or is stopping", answer(2))
	})
}

func TestAWorkerIsNotReadyWhileItStops(t *testing.T) {
	probe := func(w *stream.Worker) int {
		reply := httptest.NewRecorder()
		w.Ready(0).ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/ready", nil))
		return reply.Code
	}
	release := make(chan struct{})
	began := make(chan struct{}, 2)
	slow := func(context.Context, stream.MessageEvent) error { began <- struct{}{}; <-release; return nil }

	ran := newWorking(t)
	ran.OnMessage(slow)
	put(t, ran.inbox, payload("ann", 1))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ran.Run(ctx) }()
	served := serve(t, slow, itself)
	require.Equal(t, http.StatusOK, served.send(t, "ann", 1))
	<-began
	<-began
	require.Equal(t, http.StatusOK, probe(ran.Worker))
	require.Equal(t, http.StatusOK, probe(served.worker))

	stop()
	served.stop()
	for _, w := range []*stream.Worker{ran.Worker, served.worker} {
		require.Eventually(t, func() bool { return probe(w) == http.StatusServiceUnavailable }, time.Minute, time.Millisecond)
	}
	require.Empty(t, ended, "the handlers still run")
	require.Empty(t, served.ended)
	close(release)
	require.NoError(t, <-ended)
	require.NoError(t, <-served.ended)
}

func TestAWorkerWhoseSourceCannotBeReachedIsNotReady(t *testing.T) {
	for problem, source := range map[string]func(stream.Source) stream.Source{
		"the source cannot be reached": func(inbox stream.Source) stream.Source { return unreachableSource{inbox} },
		"":                             func(inbox stream.Source) stream.Source { return struct{ stream.Source }{inbox} },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorkingFrom(t, source, stream.WithWorkerObserver(&recorder{}))
			w.start()
			synctest.Wait()
			reply := httptest.NewRecorder()
			w.Ready(1).ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/ready", nil))
			require.Equal(t, problem, strings.TrimSpace(reply.Body.String()))
			require.Equal(t, problem != "", reply.Code == http.StatusServiceUnavailable)
			require.NoError(t, w.stop())
		})
	}
}
