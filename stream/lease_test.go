package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// leasedSource makes deliveries with a lease that must be extended. When it is lost, the
// entry is delivered again.
type leasedSource struct {
	stream.Source
	extend func(context.Context) error
}

func (l leasedSource) Take(ctx context.Context) (stream.Delivery, error) {
	delivery, err := l.Source.Take(ctx)
	delivery.Lease = 30 * time.Second
	delivery.Settlement = leasedSettlement{delivery.Settlement, l.extend}
	return delivery, err
}

type leasedSettlement struct {
	stream.Settlement
	extend func(context.Context) error
}

func (l leasedSettlement) Extend(ctx context.Context) error {
	err := l.extend(ctx)
	if errors.Is(err, stream.ErrSettled) {
		err = errors.Join(err, l.Nak(ctx, 0))
	}
	return err
}

func TestALeaseIsExtendedWhileTheHandlerRuns(t *testing.T) {
	for lost, want := range map[bool]stream.WorkerCounts{false: {Handled: 1}, true: {Handled: 1, Unsettled: 1}} {
		synctest.Test(t, func(t *testing.T) {
			var extended atomic.Int64
			extend := func(context.Context) error {
				if extended.Add(1) == 1 && lost {
					return stream.ErrSettled
				}
				return nil
			}
			w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} })
			w.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
				select {
				case <-ctx.Done():
					require.ErrorIs(t, context.Cause(ctx), stream.ErrSettled)
					return ctx.Err()
				case <-time.After(2 * time.Minute):
					return nil
				}
			})
			put(t, w.inbox, payload("ann", 1))
			w.start()
			time.Sleep(time.Hour)
			require.NoError(t, w.stop())
			require.Equal(t, want, w.Counts())
			require.GreaterOrEqual(t, extended.Load(), int64(11))
		})
	}
}

// Run waits for such a handler, so the worker must keep the lease.
func TestALeaseIsExtendedForAHandlerThatOutlastsTheDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var extended atomic.Int64
		extend := func(ctx context.Context) error {
			if ctx.Err() == nil {
				extended.Add(1)
			}
			return ctx.Err()
		}
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} },
			stream.WithDrain(time.Second))
		w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(5 * time.Minute); return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		time.Sleep(time.Minute)
		require.NoError(t, w.stop())
		require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts())
		require.GreaterOrEqual(t, extended.Load(), int64(29), "every 10 seconds of 5 minutes")
	})
}

func TestALeaseThatIsLostAfterTheDrainIsNotPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		extend := func(context.Context) error { return stream.ErrSettled }
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} },
			stream.WithDrain(time.Second), stream.WithWorkerLogger(logTo(&log)))
		w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(time.Minute); return errors.New("no use") })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.Equal(t, stream.WorkerCounts{Unsettled: 1}, w.Counts())
		require.Contains(t, log.String(), "the lease was lost before the handler failed: no use")
	})
}

func TestAnExtensionThatHangsHoldsNothingUp(t *testing.T) {
	never := make(chan struct{})
	for name, hang := range map[string]func(context.Context){
		"until its context ends": func(ctx context.Context) { <-ctx.Done() },
		"whatever its context":   func(context.Context) { <-never },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never = make(chan struct{})
				extend := func(ctx context.Context) error { hang(ctx); return ctx.Err() }
				w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} })
				w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(11 * time.Second); return nil })
				put(t, w.inbox, payload("ann", 1))
				w.start()
				time.Sleep(11 * time.Second)
				synctest.Wait()
				require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts())
				require.NoError(t, w.stop())
				close(never)
			})
		})
	}
}

// Another taker may have the event then.
func TestAHandlerEndsWithALeaseThatNobodyExtended(t *testing.T) {
	never := make(chan struct{})
	for name, unreachable := range map[string]func(context.Context) error{
		"the source cannot be reached": func(context.Context) error { return errors.New("not connected") },
		"the source does not answer":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"the source hangs":             func(context.Context) error { <-never; return nil },
	} {
		for extensions, want := range map[int64]time.Duration{0: 30 * time.Second, 2: 50 * time.Second} {
			t.Run(fmt.Sprintf("%s after %d extensions", name, extensions), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					never = make(chan struct{})
					var calls, attempts atomic.Int64
					extend := func(ctx context.Context) error {
						if calls.Add(1) <= extensions {
							return nil
						}
						return unreachable(ctx)
					}
					seen := &recorder{}
					w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} },
						stream.WithWorkerObserver(seen))
					started := time.Now()
					w.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
						attempts.Add(1)
						<-ctx.Done()
						require.Equal(t, want, time.Since(started))
						require.ErrorIs(t, context.Cause(ctx), stream.ErrSettled)
						return context.Cause(ctx)
					})
					put(t, w.inbox, payload("ann", 1))
					w.start()
					time.Sleep(time.Hour)
					require.NoError(t, w.stop())
					require.Equal(t, stream.WorkerCounts{Unsettled: 1}, w.Counts(), "it neither failed nor was put back")
					require.Equal(t, []stream.Result{stream.ResultUnsettled}, seen.handled)
					require.EqualValues(t, 1, attempts.Load())
					close(never)
				})
			})
		}
	}
}

func TestAHandlerThatOutlastsItsLeaseMayStillBeAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		extend := func(context.Context) error { return errors.New("not connected") }
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} })
		w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(time.Minute); return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, stream.WorkerCounts{Handled: 1}, w.Counts(), "the source decides")
	})
}

func TestAnExtensionThatHangsIsRepeatedWithinTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		var extended, calls atomic.Int64
		extend := func(ctx context.Context) error {
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			extended.CompareAndSwap(0, int64(time.Since(started)))
			return nil
		}
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} })
		w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(time.Minute); return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Equal(t, 20*time.Second, time.Duration(extended.Load()), "of a lease of 30")
	})
}

// Another taker has the event then, and may handle it.
func TestAnEventWhoseLeaseWasLostIsNoDeadLetter(t *testing.T) {
	for name, failure := range map[string]func(context.Context) error{
		"the context's error": func(ctx context.Context) error { return ctx.Err() },
		"a permanent error":   func(context.Context) error { return stream.Permanent(errors.New("no use")) },
		"a panic":             func(context.Context) error { panic("no use") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var extended atomic.Int64
				extend := func(context.Context) error {
					if extended.Add(1) == 1 {
						return stream.ErrSettled
					}
					return nil
				}
				var reported []stream.DeadLetter
				w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return leasedSource{inbox, extend} },
					stream.WithMaxAttempts(1),
					stream.WithDeadLetters(func(_ context.Context, letter stream.DeadLetter) error {
						reported = append(reported, letter)
						return nil
					}),
				)
				var calls atomic.Int64
				w.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error {
					if calls.Add(1) > 1 {
						return nil
					}
					<-ctx.Done()
					return failure(ctx)
				})
				put(t, w.inbox, payload("ann", 1))
				w.start()
				time.Sleep(time.Hour)
				require.NoError(t, w.stop())
				require.Empty(t, reported)
				require.Empty(t, w.inbox.DeadLetters())
				require.Equal(t, stream.WorkerCounts{Handled: 1, Unsettled: 1}, w.Counts())
			})
		})
	}
}

// interrupted is a settlement whose source cannot be reached before a time.
type interrupted struct {
	stream.Settlement
	until time.Time
	// calls counts the calls of Ack. last is the time of the last one.
	calls, last *atomic.Int64
}

func newInterrupted(outage time.Duration) interrupted {
	return interrupted{until: time.Now().Add(outage), calls: new(atomic.Int64), last: new(atomic.Int64)}
}

func (i interrupted) Ack(ctx context.Context) error {
	i.calls.Add(1)
	i.last.Store(time.Now().UnixNano())
	if time.Now().Before(i.until) {
		return errors.New("not connected")
	}
	return i.Settlement.Ack(ctx)
}

// interruptedSource makes deliveries with a lease of 30 seconds that cannot be
// acknowledged before a time.
type interruptedSource struct {
	stream.Source
	interrupted
}

func (i interruptedSource) Take(ctx context.Context) (stream.Delivery, error) {
	d, err := i.Source.Take(ctx)
	d.Lease = 30 * time.Second
	settlement := i.interrupted
	settlement.Settlement = d.Settlement
	d.Settlement = settlement
	return d, err
}

func TestAnAcknowledgementIsRepeatedWhileTheLeaseLasts(t *testing.T) {
	for outage, want := range map[time.Duration]stream.WorkerCounts{
		13 * time.Second: {Handled: 1},
		25 * time.Second: {Handled: 1},
		time.Minute:      {Unsettled: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder
			settled := newInterrupted(outage)
			w := newWorkingFrom(t, func(inbox stream.Source) stream.Source {
				return interruptedSource{inbox, settled}
			}, stream.WithWorkerLogger(logTo(&log)))
			w.OnMessage(func(context.Context, stream.MessageEvent) error { return nil })
			put(t, w.inbox, payload("ann", 1))
			w.start()
			time.Sleep(time.Hour)
			require.NoError(t, w.stop())
			require.Equal(t, want, w.Counts(), outage)
			require.Len(t, lines(log.String()), int(want.Unsettled), outage)
			require.Greater(t, settled.calls.Load(), int64(5))
			require.Less(t, settled.calls.Load(), int64(60), "it waits between the calls")
		})
	}
}

// After the lease another taker may have the entry.
func TestAnAcknowledgementIsRepeatedNoLongerThanTheRestOfTheLease(t *testing.T) {
	const handling = 25 * time.Second
	for name, test := range map[string]struct {
		extend error
		outage time.Duration
		end    time.Duration // of the lease
		want   stream.WorkerCounts
	}{
		"a lease as it was taken":              {errors.New("not connected"), 28 * time.Second, 30 * time.Second, stream.WorkerCounts{Handled: 1}},
		"a lease that ends before the outage":  {errors.New("not connected"), 40 * time.Second, 30 * time.Second, stream.WorkerCounts{Unsettled: 1}},
		"an extended lease":                    {nil, 45 * time.Second, 50 * time.Second, stream.WorkerCounts{Handled: 1}},
		"an extended lease that ends too soon": {nil, 53 * time.Second, 50 * time.Second, stream.WorkerCounts{Unsettled: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				settled := newInterrupted(test.outage)
				w := newWorkingFrom(t, func(inbox stream.Source) stream.Source {
					return leasedSource{interruptedSource{inbox, settled}, func(context.Context) error { return test.extend }}
				})
				w.OnMessage(func(context.Context, stream.MessageEvent) error { time.Sleep(handling); return nil })
				put(t, w.inbox, payload("ann", 1))
				w.start()
				time.Sleep(time.Hour)
				require.NoError(t, w.stop())
				require.Equal(t, test.want, w.Counts())
				last := time.Unix(0, settled.last.Load()).Sub(started)
				require.GreaterOrEqual(t, last, handling)
				require.Less(t, last, test.end)
			})
		})
	}
}

func TestAnAcknowledgementIsNotRepeatedWhenTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settled := newInterrupted(time.Hour)
		w := newWorkingFrom(t, func(inbox stream.Source) stream.Source {
			return interruptedSource{inbox, settled}
		}, stream.WithDrain(time.Second))
		w.OnMessage(func(ctx context.Context, _ stream.MessageEvent) error { <-ctx.Done(); return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		synctest.Wait()
		stopped := time.Now()
		require.NoError(t, w.stop())
		require.Equal(t, time.Second, time.Since(stopped))
		require.EqualValues(t, 1, settled.calls.Load())
		require.Equal(t, stream.WorkerCounts{Unsettled: 1}, w.Counts())
	})
}

// unsettling makes deliveries with its own settlement.
type unsettling struct {
	stream.Source
	settlement stream.Settlement
}

func (u unsettling) Take(ctx context.Context) (stream.Delivery, error) {
	delivery, err := u.Source.Take(ctx)
	delivery.Settlement = u.settlement
	return delivery, err
}

// unreachable is a settlement whose source cannot be reached.
type unreachable struct{ stream.Settlement }

func (unreachable) Ack(context.Context) error          { return errors.New("not connected") }
func (unreachable) Term(context.Context, string) error { return errors.New("not connected") }

func TestADeliveryThatCannotBeSettledIsCountedAsUnsettled(t *testing.T) {
	returns := func(err error) func(context.Context, stream.Event) error {
		return func(context.Context, stream.Event) error { return err }
	}
	for name, test := range map[string]struct {
		handle func(context.Context, stream.Event) error
		want   stream.WorkerCounts
	}{
		"ignored":     {nil, stream.WorkerCounts{Unsettled: 1}},
		"handled":     {returns(nil), stream.WorkerCounts{Unsettled: 1}},
		"dead letter": {returns(stream.Permanent(errors.New("no use"))), stream.WorkerCounts{Failed: 1, Unsettled: 1}},
	} {
		for _, settlement := range []stream.Settlement{unreachable{}} {
			t.Run(fmt.Sprintf("%s, %T", name, settlement), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorkingFrom(t, func(inbox stream.Source) stream.Source { return unsettling{inbox, settlement} })
					w.OnOther(test.handle)
					put(t, w.inbox, []byte(typing))
					w.start()
					synctest.Wait()
					require.NoError(t, w.stop())
					require.Equal(t, test.want, w.Counts())
				})
			})
		}
	}
}
