package stream_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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
