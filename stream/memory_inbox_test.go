package stream_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/inboxtest"
)

func TestAMemoryInboxKeepsTheContract(t *testing.T) {
	inboxtest.Run(t, inboxtest.Setup{Open: func(t *testing.T) stream.Inbox {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		t.Cleanup(inbox.Close)
		return inbox
	}})
}

// leasing gives the deliveries of an inbox in memory a lease. When it runs out, the
// entry is put back.
type leasing struct {
	*stream.MemoryInbox
	lease time.Duration
}

func (l leasing) Take(ctx context.Context) (stream.Delivery, error) {
	d, err := l.MemoryInbox.Take(ctx)
	if err != nil {
		return d, err
	}
	inner := d.Settlement
	d.Lease = l.lease
	d.Settlement = leaseOf{inner, l.lease, time.AfterFunc(l.lease, func() { _ = inner.Nak(context.WithoutCancel(ctx), 0) })}
	return d, nil
}

type leaseOf struct {
	stream.Settlement
	lease time.Duration
	end   *time.Timer
}

func (l leaseOf) Extend(context.Context) error {
	if !l.end.Stop() {
		return stream.ErrSettled
	}
	l.end.Reset(l.lease)
	return nil
}

func (l leaseOf) Ack(ctx context.Context) error {
	l.end.Stop()
	return l.Settlement.Ack(ctx)
}

func (l leaseOf) Nak(ctx context.Context, delay time.Duration) error {
	l.end.Stop()
	return l.Settlement.Nak(ctx, delay)
}

func (l leaseOf) Term(ctx context.Context, reason string) error {
	l.end.Stop()
	return l.Settlement.Term(ctx, reason)
}

func TestTheContractHoldsWhileLeasesRunOut(t *testing.T) {
	inboxtest.Run(t, inboxtest.Setup{Open: func(t *testing.T) stream.Inbox {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		t.Cleanup(inbox.Close)
		return leasing{inbox, 20 * time.Microsecond}
	}})
}

func TestAMemoryInboxIsBounded(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{Entries: 2, Bytes: 100})
	put := func(id string, size int) error {
		_, err := inbox.Put(t.Context(), stream.Entry{ID: id, Conversation: "c", Data: make([]byte, size)})
		return err
	}
	require.ErrorIs(t, put("1", 101), stream.ErrFull)
	require.NoError(t, put("1", 60))
	require.ErrorIs(t, put("2", 60), stream.ErrFull)
	require.NoError(t, put("2", 40))
	require.ErrorIs(t, put("3", 0), stream.ErrFull)
	require.Equal(t, stream.MemoryCounts{Entries: 2, Bytes: 100, Conversations: 1}, inbox.Counts())

	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, put("3", 0), stream.ErrFull, "what is being handled takes room, too")
	require.NoError(t, delivery.Ack(t.Context()))
	require.NoError(t, put("3", 60))
}

func TestAMemoryInboxKeepsTheNewestDeadLetters(t *testing.T) {
	const kept, all = 100, 1000
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{DeadLetters: kept})
	for n := range all {
		put(t, inbox, payload("ann", n))
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.NoError(t, delivery.Term(t.Context(), fmt.Sprint("reason ", n)))
		letters := inbox.DeadLetters()
		require.Len(t, letters, min(kept, n+1))
		for i, letter := range letters {
			require.Equal(t, fmt.Sprint("reason ", n+1-len(letters)+i), letter.Reason)
		}
	}
	require.Equal(t, stream.MemoryCounts{DeadLetters: all}, inbox.Counts())
}

func TestAMemoryInboxKeepsDeadLettersWithinItsBytes(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{Bytes: 100})
	for n, size := range []int{40, 50, 30, 100} {
		_, err := inbox.Put(t.Context(), stream.Entry{ID: fmt.Sprint(n), Conversation: "c", Data: make([]byte, size)})
		require.NoError(t, err)
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.NoError(t, delivery.Term(t.Context(), "no use"))
		var kept []string
		for _, letter := range inbox.DeadLetters() {
			kept = append(kept, letter.ID)
		}
		require.Equal(t, [][]string{{"0"}, {"0", "1"}, {"1", "2"}, {"3"}}[n], kept)
	}
	require.Equal(t, stream.MemoryCounts{DeadLetters: 4}, inbox.Counts())
}

func TestADeadLetterIsRequeuedBehindItsConversation(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{Entries: 2, Bytes: 100})
	enter := func(id string) {
		_, err := inbox.Put(t.Context(), stream.Entry{ID: id, Conversation: "c", Data: make([]byte, 40)})
		require.NoError(t, err)
	}
	take := func(id string) stream.Delivery {
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, id, delivery.ID)
		return delivery
	}
	enter("1")
	require.NoError(t, take("1").Nak(t.Context(), 0))
	require.NoError(t, take("1").Term(t.Context(), "no use"))
	enter("2")
	require.NoError(t, inbox.Requeue(t.Context(), "1"))
	require.Empty(t, inbox.DeadLetters())
	require.ErrorIs(t, inbox.Requeue(t.Context(), "1"), stream.ErrNoDeadLetter)
	require.Equal(t, stream.MemoryCounts{Entries: 2, Bytes: 80, Conversations: 1, DeadLetters: 1}, inbox.Counts())
	duplicate, err := inbox.Put(t.Context(), stream.Entry{ID: "1", Conversation: "c"})
	require.NoError(t, err)
	require.True(t, duplicate)

	require.NoError(t, take("2").Ack(t.Context()))
	again := take("1")
	require.Equal(t, 1, again.Attempt)
	require.NoError(t, again.Term(t.Context(), "no use"))
	enter("3")
	enter("4")
	require.ErrorIs(t, inbox.Requeue(t.Context(), "1"), stream.ErrFull)
	require.Len(t, inbox.DeadLetters(), 1)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, inbox.Requeue(ended, "1"), context.Canceled)
	require.Error(t, inbox.Drain(ended))
	require.ErrorIs(t, inbox.Requeue(t.Context(), "1"), stream.ErrClosed)
	inbox.Close()
	require.ErrorIs(t, inbox.Requeue(t.Context(), "1"), stream.ErrClosed)
}

// The inbox forgets the id of a dead letter at last. When the letter is requeued, the id
// belongs to an entry again.
func TestADuplicateOfARequeuedDeadLetterIsDropped(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{Entries: 2, Remembered: 1})
	enter := func(id string) (duplicate bool) {
		duplicate, err := inbox.Put(t.Context(), stream.Entry{ID: id, Conversation: id})
		require.NoError(t, err)
		return duplicate
	}
	take := func() stream.Delivery {
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		return delivery
	}
	require.False(t, enter("letter"))
	require.NoError(t, take().Term(t.Context(), "no use"))
	for _, id := range []string{"1", "2", "3"} {
		require.False(t, enter(id))
		require.NoError(t, take().Ack(t.Context()))
	}
	require.NoError(t, inbox.Requeue(t.Context(), "letter"))
	require.True(t, enter("letter"))

	require.NoError(t, take().Term(t.Context(), "no use"))
	for _, id := range []string{"4", "5", "6"} {
		require.False(t, enter(id))
		require.NoError(t, take().Ack(t.Context()))
	}
	require.False(t, enter("7"))
	require.False(t, enter("8"))
	require.ErrorIs(t, inbox.Requeue(t.Context(), "letter"), stream.ErrFull)
	require.NoError(t, take().Ack(t.Context()))
	require.False(t, enter("letter"), "a Requeue that fails does not claim the id")
}

// A sender does not repeat an event that was a duplicate. So an entry that was not stored
// must not be one, not even while another call of Put fails.
func TestAnEntryThatHadNoRoomIsNeverADuplicate(t *testing.T) {
	const putters, ids = 8, 20_000
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{Entries: 1})
	put(t, inbox, payload("ann", 1))
	var group sync.WaitGroup
	for range putters {
		group.Go(func() {
			for n := range ids {
				duplicate, err := inbox.Put(t.Context(), stream.Entry{ID: fmt.Sprint(n), Conversation: "c"})
				if duplicate || !errors.Is(err, stream.ErrFull) {
					t.Errorf("entry %d: duplicate %v, error %v", n, duplicate, err)
					return
				}
			}
		})
	}
	group.Wait()
	entry, err := stream.NewEntry(payload("ann", 1))
	require.NoError(t, err)
	duplicate, err := inbox.Put(t.Context(), entry)
	require.NoError(t, err, "a duplicate needs no room")
	require.True(t, duplicate)
}

func TestAMemoryInboxRemembersManyIDsByDefault(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	const ids = 1000
	for n := range ids {
		put(t, inbox, payload("ann", n))
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.NoError(t, delivery.Ack(t.Context()))
	}
	for n := range ids {
		entry, err := stream.NewEntry(payload("ann", n))
		require.NoError(t, err)
		duplicate, err := inbox.Put(t.Context(), entry)
		require.NoError(t, err)
		require.True(t, duplicate, n)
	}
}

func TestAMemoryInboxForgetsOldIDs(t *testing.T) {
	for name, settle := range map[string]func(stream.Delivery) error{
		"acknowledged": func(d stream.Delivery) error { return d.Ack(t.Context()) },
		"terminated":   func(d stream.Delivery) error { return d.Term(t.Context(), "no use") },
	} {
		t.Run(name, func(t *testing.T) {
			inbox := stream.NewMemoryInbox(stream.MemoryLimits{Remembered: 1})
			for n := range 10 {
				put(t, inbox, payload("ann", n))
				delivery, err := inbox.Take(t.Context())
				require.NoError(t, err)
				require.NoError(t, settle(delivery))
			}
			put(t, inbox, payload("ann", 0))
		})
	}
}

func TestAnEntryThatIsPutBackIsDeliveredOnce(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
			put(t, inbox, payload("ann", 1))
			delivery, err := inbox.Take(t.Context())
			require.NoError(t, err)
			require.NoError(t, delivery.Nak(t.Context(), delay))
			_, err = inbox.Take(t.Context())
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err = inbox.Take(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

func TestAMemoryInboxKeepsADelayExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		put(t, inbox, payload("ann", 1))
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		putBack := time.Now()
		require.NoError(t, delivery.Nak(t.Context(), time.Hour))
		_, err = inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.Hour, time.Since(putBack))
	})
}

func TestAClosedMemoryInboxIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		put(t, inbox, payload("ann", 1))
		put(t, inbox, payload("bob", 1))
		ann, err := inbox.Take(t.Context())
		require.NoError(t, err)
		bob, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.NoError(t, bob.Nak(t.Context(), time.Hour))
		waiting := make(chan error)
		go func() {
			_, err := inbox.Take(t.Context())
			waiting <- err
		}()
		synctest.Wait()
		inbox.Close()
		inbox.Close()
		require.ErrorIs(t, <-waiting, stream.ErrClosed)
		_, err = inbox.Take(t.Context())
		require.ErrorIs(t, err, stream.ErrClosed)
		_, err = inbox.Put(t.Context(), stream.Entry{ID: "1", Conversation: "c"})
		require.ErrorIs(t, err, stream.ErrClosed)
		require.NoError(t, ann.Ack(t.Context()))
	})
}

func TestAMemoryInboxTakesLimitsOfAnySize(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{
		Entries: math.MaxInt, Bytes: math.MaxInt64, Remembered: math.MaxInt, DeadLetters: math.MaxInt,
	})
	put(t, inbox, payload("ann", 1))
	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	require.Len(t, inbox.DeadLetters(), 1)
}
