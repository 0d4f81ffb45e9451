package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// payload returns the n-th message of a customer, without white space.
func payload(customer string, n int) []byte {
	return fmt.Appendf(nil, `{"channel":"Rtm","event":"MO","userId":%q,"appId":"a","tid":"%s-%d","message":"%d","ts":"2026-11-02T09:30:00Z"}`,
		customer, customer, n, n)
}

// put stores a payload that must be new.
func put(tb testing.TB, inbox stream.Inbox, data []byte) {
	tb.Helper()
	entry, err := stream.NewEntry(data)
	require.NoError(tb, err)
	duplicate, err := inbox.Put(context.Background(), entry)
	require.NoError(tb, err)
	require.False(tb, duplicate)
}

// working is a worker with an inbox in memory.
type working struct {
	*stream.Worker
	inbox *stream.MemoryInbox
	end   context.CancelFunc
	done  chan error
}

func newWorking(t *testing.T, options ...stream.WorkerOption) *working {
	t.Helper()
	return newWorkingFrom(t, itself, options...)
}

// itself returns the inbox as the source.
func itself(inbox stream.Source) stream.Source { return inbox }

// newWorkingFrom returns a worker that takes from source(inbox).
func newWorkingFrom(t *testing.T, source func(inbox stream.Source) stream.Source, options ...stream.WorkerOption) *working {
	t.Helper()
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(source(inbox), options...)
	require.NoError(t, err)
	return &working{Worker: worker, inbox: inbox, done: make(chan error, 1)}
}

func (w *working) start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.end = cancel
	go func() { w.done <- w.Run(ctx) }()
}

// stop ends the worker and returns the result of Run.
func (w *working) stop() error {
	w.end()
	return <-w.done
}

func TestConversationsKeepTheirOrderAndShareTheHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const customers, messages, handlers = 10, 20, 4
		w := newWorking(t, stream.WithHandlers(handlers))
		var mu sync.Mutex
		got := map[string][]string{}
		running, most := map[string]bool{}, 0
		w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			mu.Lock()
			require.False(t, running[e.Customer], "two messages of one customer at once")
			running[e.Customer] = true
			most = max(most, len(running))
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			delete(running, e.Customer)
			got[e.Customer] = append(got[e.Customer], e.Text)
			mu.Unlock()
			return nil
		})
		want := map[string][]string{}
		for n := range messages {
			for c := range customers {
				customer := fmt.Sprint("customer-", c)
				put(t, w.inbox, payload(customer, n))
				want[customer] = append(want[customer], fmt.Sprint(n))
			}
		}
		w.start()
		time.Sleep(time.Hour) // the last conversations cannot share all handlers
		require.NoError(t, w.stop())
		require.Equal(t, want, got)
		require.Equal(t, handlers, most)
	})
}

func TestAFailedEventIsHandledAgainBeforeTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t, stream.WithBackoff(func(attempt int) time.Duration { return time.Duration(attempt) * time.Minute }))
		started := time.Now()
		var log []string
		w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			log = append(log, fmt.Sprint(e.Text, " at ", time.Since(started)))
			if len(log) < 3 {
				return errors.New("not now")
			}
			return nil
		})
		put(t, w.inbox, payload("ann", 1))
		put(t, w.inbox, payload("ann", 2))
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, []string{"1 at 0s", "1 at 1m0s", "1 at 3m0s", "2 at 3m0s"}, log)
		require.Equal(t, stream.WorkerCounts{Handled: 2, Failed: 2}, w.Counts())
	})
}

func TestAnEventThatCannotBeHandledBecomesADeadLetter(t *testing.T) {
	for name, test := range map[string]struct {
		handle   func() error
		attempts int
		reason   string
	}{
		"an error every time":  {func() error { return errors.New("no\nuse \x00") }, 3, "no use  "},
		"a permanent error":    {func() error { return fmt.Errorf("really: %w", stream.Permanent(errors.New("never"))) }, 1, "really: never"},
		"a panic":              {func() error { panic("with the message in it") }, 3, "stream: the handler panicked with a string"},
		"the goroutine's exit": {func() error { runtime.Goexit(); return nil }, 3, "stream: the handler did not return"},
		"a very long error":    {func() error { return errors.New(string(bytes.Repeat([]byte("é"), 300))) }, 3, string(bytes.Repeat([]byte("é"), 250))},
		"a nil pointer":        {func() error { return (*wrappingError)(nil) }, 3, "stream: the handler panicked with a runtime.errorString"},
		"a panic of As":        {func() error { return panickingError{} }, 3, "stream: the handler panicked with a string"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reported []stream.DeadLetter
				w := newWorking(t, stream.WithMaxAttempts(3), stream.WithDeadLetters(func(_ context.Context, letter stream.DeadLetter) error {
					reported = append(reported, letter)
					return nil
				}))
				attempts := 0
				w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
					if e.Text == "2" {
						return nil
					}
					attempts++
					return test.handle()
				})
				put(t, w.inbox, payload("ann", 1))
				put(t, w.inbox, payload("ann", 2))
				w.start()
				time.Sleep(time.Hour)
				require.NoError(t, w.stop())
				require.Equal(t, test.attempts, attempts)
				require.Equal(t, reported, w.inbox.DeadLetters())
				require.Len(t, reported, 1)
				require.Equal(t, test.reason, reported[0].Reason)
				require.Equal(t, test.attempts, reported[0].Attempts)
				require.Equal(t, payload("ann", 1), reported[0].Data)
				require.Equal(t, stream.WorkerCounts{Handled: 1, Failed: uint64(test.attempts), DeadLettered: 1}, w.Counts())
			})
		})
	}
}

func TestAPayloadThatCannotBeReadBecomesADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t)
		handled := 0
		w.OnOther(func(context.Context, stream.Event) error { handled++; return nil })
		_, err := w.inbox.Put(t.Context(), stream.Entry{ID: "1", Conversation: "1", Data: []byte(`{broken`)})
		require.NoError(t, err)
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		letters := w.inbox.DeadLetters()
		require.Len(t, letters, 1)
		require.Equal(t, "stream: the payload is not valid JSON", letters[0].Reason)
		require.Zero(t, handled, "there is nothing to call a handler with")
		require.Equal(t, stream.WorkerCounts{DeadLettered: 1}, w.Counts())
	})
}

// deliveredBefore is a source whose entries were delivered that many times before, to
// programs that ended without settling them.
type deliveredBefore struct {
	stream.Source
	times int
}

func (g deliveredBefore) Take(ctx context.Context) (stream.Delivery, error) {
	delivery, err := g.Source.Take(ctx)
	delivery.Attempt += g.times
	return delivery, err
}

func TestAnEventThatIsNeverSettledBecomesADeadLetter(t *testing.T) {
	const deliveries = 3
	for times, calls := range map[int]int{0: 1, 2*deliveries - 1: 1, 2 * deliveries: 0, 1000: 0} {
		synctest.Test(t, func(t *testing.T) {
			var reported []stream.DeadLetter
			w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return deliveredBefore{inbox, times} },
				stream.WithMaxAttempts(deliveries),
				stream.WithDeadLetters(func(_ context.Context, letter stream.DeadLetter) error {
					reported = append(reported, letter)
					return nil
				}))
			called := 0
			w.OnMessage(func(context.Context, stream.MessageEvent) error { called++; return nil })
			put(t, w.inbox, payload("ann", 1))
			w.start()
			synctest.Wait()
			require.NoError(t, w.stop())
			require.Equal(t, calls, called, times)
			require.Len(t, reported, 1-calls, times)
			require.Len(t, w.inbox.DeadLetters(), 1-calls, times)
			require.Equal(t, stream.WorkerCounts{Handled: uint64(calls), DeadLettered: uint64(1 - calls)}, w.Counts(), times)
			for _, letter := range reported {
				require.Equal(t, times+1, letter.Attempts)
				require.Contains(t, letter.Reason, "delivered too often")
			}
		})
	}
}

func TestAnyNumberOfAttemptsIsValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t, stream.WithMaxAttempts(math.MaxInt))
		w.OnMessage(func(context.Context, stream.MessageEvent) error { return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts())
	})
}

func TestADeadLetterThatCannotBeReportedIsReportedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := 0
		w := newWorking(t, stream.WithMaxAttempts(1), stream.WithDeadLetters(func(context.Context, stream.DeadLetter) error {
			if reports++; reports == 1 {
				panic("no database")
			}
			return nil
		}))
		w.OnMessage(func(context.Context, stream.MessageEvent) error { return errors.New("no use") })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, 2, reports)
		require.Len(t, w.inbox.DeadLetters(), 1)
		require.Equal(t, stream.WorkerCounts{Failed: 2, DeadLettered: 1}, w.Counts(), "each delivery is settled once")
	})
}

func TestAWorkerDrainsBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t, stream.WithDrain(10*time.Second))
		ended := map[string]error{}
		var mu sync.Mutex
		w.OnMessage(func(ctx context.Context, e stream.MessageEvent) error {
			wait := map[string]time.Duration{"quick": 5 * time.Second, "slow": time.Hour}[e.Customer]
			var err error
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				err = ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			ended[e.Customer] = err
			return err
		})
		put(t, w.inbox, payload("quick", 1))
		put(t, w.inbox, payload("quick", 2))
		put(t, w.inbox, payload("slow", 1))
		w.start()
		synctest.Wait()
		stopped := time.Now()
		require.NoError(t, w.stop())
		require.Equal(t, 10*time.Second, time.Since(stopped))
		require.Equal(t, map[string]error{"quick": nil, "slow": context.Canceled}, ended)
		require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts(), "an event that was cut short has not failed")
		require.Equal(t, 2, w.inbox.Counts().Entries, "what was not handled is still there")
		for range 2 {
			_, err := w.inbox.Take(t.Context())
			require.NoError(t, err)
		}
	})
}

func TestAHandlersContextEndsWithTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t)
		var kept context.Context
		w.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
			kept = ctx
			return ctx.Err()
		})
		put(t, w.inbox, payload("ann", 1))
		w.start()
		synctest.Wait()
		require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts())
		require.ErrorIs(t, kept.Err(), context.Canceled, "while the worker goes on")
		require.NoError(t, w.stop())
	})
}

func TestAWorkerEndsWithItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t)
		w.start()
		synctest.Wait()
		w.inbox.Close()
		require.ErrorIs(t, <-w.done, stream.ErrClosed)
	})
}

func TestAWorkerThatIsStoppedReturnsNil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t, stream.WithHandlers(2))
		goOn := make(chan struct{})
		w.OnMessage(func(context.Context, stream.MessageEvent) error { <-goOn; return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		synctest.Wait()
		w.inbox.Close() // which ends the handler that waits for an event
		synctest.Wait()
		w.end()
		close(goOn)
		require.NoError(t, <-w.done, "though its source is closed")
		require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts())
	})
}

// flakySource fails some times before it delivers.
type flakySource struct {
	stream.Source
	failures int
}

func (f *flakySource) Take(ctx context.Context) (stream.Delivery, error) {
	if f.failures > 0 {
		f.failures--
		return stream.Delivery{}, errors.New("not connected")
	}
	return f.Source.Take(ctx)
}

func TestAWorkerGoesOnAfterErrorsOfItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return &flakySource{inbox, 5} }, stream.WithHandlers(1))
		put(t, w.inbox, []byte(typing))
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, stream.WorkerCounts{Ignored: 1}, w.Counts())
	})
}

func TestAFailingSourceIsAskedAgainAfterABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &flakySource{failures: 3}
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { source.Source = inbox; return source },
			stream.WithHandlers(1), stream.WithBackoff(func(attempt int) time.Duration { return time.Duration(attempt) * time.Minute }))
		started := time.Now()
		var log []string
		w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			log = append(log, fmt.Sprint(e.Text, " at ", time.Since(started)))
			return nil
		})
		put(t, w.inbox, payload("ann", 1))
		w.start()
		time.Sleep(time.Hour)
		synctest.Wait()
		source.failures = 2 // after the event that it is asked for already
		put(t, w.inbox, payload("ann", 2))
		put(t, w.inbox, payload("ann", 3))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"1 at 6m0s", "2 at 1h0m0s", "3 at 1h3m0s"}, log)

		source.failures = 100
		put(t, w.inbox, payload("ann", 4))
		time.Sleep(2 * time.Minute)
		stopped := time.Now()
		require.NoError(t, w.stop())
		require.Zero(t, time.Since(stopped), "a worker that waits can be stopped")
	})
}

// wrappingError panics if it is a nil pointer.
type wrappingError struct{ cause error }

func (e *wrappingError) Error() string { return e.cause.Error() }

func (e *wrappingError) Unwrap() error { return e.cause }

// panickingError panics in errors.As.
type panickingError struct{}

func (panickingError) Error() string { return "no use" }

func (panickingError) As(any) bool { panic("with the message in it") }

func TestAPanicIsPrintedWithoutItsValue(t *testing.T) {
	err := &stream.PanicError{Value: "very-secret", Stack: []byte("stack")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		shown := fmt.Sprintf(verb, err)
		require.NotContains(t, shown, "very-secret")
		require.NotContains(t, shown, fmt.Sprintf("%x", "very-secret"))
	}
	require.Equal(t, `"stream: the handler panicked with a string"`, fmt.Sprintf("%#v", err))
}

func TestInvalidSettingsOfAWorkerAreErrors(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	for name, option := range map[string]stream.WorkerOption{
		"handlers": stream.WithHandlers(0), "attempts": stream.WithMaxAttempts(0), "backoff": stream.WithBackoff(nil),
		"drain": stream.WithDrain(-1), "nil": nil, "dead letters": stream.WithDeadLetters(nil), "logger": stream.WithWorkerLogger(nil), "observer": stream.WithWorkerObserver(nil),
	} {
		_, err := stream.NewWorker(inbox, option)
		require.Error(t, err, name)
	}
	for _, none := range []stream.Source{nil, (*stream.MemoryInbox)(nil)} {
		_, err := stream.NewWorker(none)
		require.Error(t, err)
	}
}

func TestBackoffDoublesUpToItsLimit(t *testing.T) {
	wait := stream.Backoff(time.Second, time.Minute)
	for attempt, most := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		for range 100 {
			require.LessOrEqual(t, wait(attempt), most)
			require.GreaterOrEqual(t, wait(attempt), most/2)
		}
	}
	require.Zero(t, stream.Backoff(-time.Second, time.Second)(1))
	require.Positive(t, stream.Backoff(time.Second, 1<<63-1)(1000))
}
