package engage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// brokenTable is a table whose methods fail.
type brokenTable struct {
	engage.Pending
	expect, deliver, next error
}

func (b brokenTable) Expect(ctx context.Context, id string) error {
	return errors.Join(b.expect, b.Pending.Expect(ctx, id))
}

func (b brokenTable) Deliver(ctx context.Context, id string, report engage.Report) (bool, error) {
	known, err := b.Pending.Deliver(ctx, id, report)
	return known, errors.Join(b.deliver, err)
}

func (b brokenTable) Next(ctx context.Context, id string) (engage.Report, error) {
	if b.next != nil {
		return engage.Report{}, b.next
	}
	return b.Pending.Next(ctx, id)
}

func TestATableThatFailsIsReported(t *testing.T) {
	broken := errors.New("cannot reach " + token)
	server := newStub(t, reply(202, acknowledged))
	client := server.client(t, engage.WithCallbacks(newCallbacks(t, engage.WithPending(brokenTable{engage.NewPending(), broken, nil, nil}))))
	_, err := closeConversation(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.NotSent, failure.Effect)
	require.ErrorIs(t, err, broken)
	require.NotContains(t, err.Error(), token)
	require.Empty(t, server.seen())

	client = server.client(t, engage.WithCallbacks(newCallbacks(t, engage.WithPending(brokenTable{engage.NewPending(), nil, nil, broken}))))
	_, err = closeConversation(t.Context(), client)
	failure = failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.NotContains(t, err.Error(), token)

	var log strings.Builder
	target, _ := oneWrite(t, newCallbacks(t, engage.WithPending(brokenTable{engage.NewPending(), nil, broken, nil}),
		engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	require.Equal(t, http.StatusServiceUnavailable, post(t, target, told))
	require.Contains(t, log.String(), `msg="engage: the table of pending writes failed" tid=T-1 status=success`)
	require.NotContains(t, log.String(), token)
}

func TestATableThatEndsWithItsCallerIsOnTimeout(t *testing.T) {
	server := newStub(t, reply(http.StatusAccepted, acknowledged))
	client := server.client(t, engage.WithCallbacks(newCallbacks(t, engage.WithPending(brokenTable{engage.NewPending(), context.Canceled, nil, nil}))))
	_, err := closeConversation(endedContext(t), client)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
	require.Empty(t, server.seen())
}

func TestASuccessFindsRoomAmongAnyNumberOfReports(t *testing.T) {
	const lost, room = 40, 32
	var log strings.Builder
	target, receipt := oneWriteAfter(t, lost, newCallbacks(t, engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	failure := func(i int) string { return fmt.Sprintf(`{"tid":"F-%d","status":"failure"}`, i) }
	for range 2 {
		for i := range room {
			require.Equal(t, http.StatusOK, post(t, target, failure(i)), "a repetition takes no room")
		}
	}
	require.Empty(t, log.String())
	require.Equal(t, http.StatusServiceUnavailable, post(t, target, failure(room)), "the sender keeps it")
	require.Contains(t, log.String(), "finds no room")
	require.Contains(t, log.String(), fmt.Sprintf("tid=F-%d", room))
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"F-0","status":"success"}`))
	settled, err := receipt.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
	require.Equal(t, http.StatusOK, post(t, target, failure(room)), "there is room again")
}

func TestTheTableInMemoryKeepsTheReportsThatTellMost(t *testing.T) {
	const room = 32
	pending := engage.NewPending()
	ended := endedContext(t)
	known, err := pending.Deliver(t.Context(), "id", engage.Report{})
	require.NoError(t, err)
	require.False(t, known)
	_, err = pending.Next(ended, "id")
	require.ErrorIs(t, err, context.Canceled, "there is none of an id that is not there")

	require.NoError(t, pending.Expect(t.Context(), "id"))
	deliver := func(tid string, status engage.ReportStatus) error {
		known, err := pending.Deliver(t.Context(), "id", engage.Report{TransactionID: tid, Status: status})
		require.True(t, known)
		return err
	}
	for i := range room {
		require.NoError(t, deliver(fmt.Sprint(i), "parked"))
		require.NoError(t, deliver(fmt.Sprint(i), "moved"), "it replaces the one before")
	}
	require.Error(t, deliver("more", "parked"))
	for i := range room {
		require.NoError(t, deliver(fmt.Sprint(i), engage.ReportFailure))
	}
	require.Error(t, deliver("more", engage.ReportFailure))
	require.Error(t, deliver("more", "parked"))
	require.NoError(t, deliver("more", engage.ReportSuccess))
	require.NoError(t, deliver("more", engage.ReportSuccess))

	counts := map[engage.ReportStatus]int{}
	for range room {
		report, err := pending.Next(ended, "id")
		require.NoError(t, err, "what is there needs no time")
		counts[report.Status]++
	}
	require.Equal(t, map[engage.ReportStatus]int{engage.ReportSuccess: 1, engage.ReportFailure: room - 1}, counts)
	_, err = pending.Next(ended, "id")
	require.ErrorIs(t, err, context.Canceled)
}

// lingering is a context whose caller has looked for reports and does not begin to
// wait before it is let.
type lingering struct {
	context.Context
	let <-chan struct{}
}

func (l lingering) Done() <-chan struct{} {
	<-l.let
	return l.Context.Done()
}

func TestEveryReportReachesOneOfThoseWhoWait(t *testing.T) {
	for name, waitFirst := range map[string]bool{"who waited before it came": true, "who had looked before it came": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const waiters = 32
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				let := make(chan struct{})
				pending := engage.NewPending()
				require.NoError(t, pending.Expect(ctx, "id"))
				var waiting sync.WaitGroup
				for range waiters {
					waiting.Go(func() {
						if _, err := pending.Next(lingering{ctx, let}, "id"); err != nil {
							t.Error(err)
						}
					})
				}
				if waitFirst {
					close(let)
				}
				synctest.Wait()
				for i := range waiters {
					_, err := pending.Deliver(ctx, "id", engage.Report{TransactionID: fmt.Sprint(i), Status: engage.ReportFailure})
					require.NoError(t, err)
				}
				if !waitFirst {
					close(let)
				}
				began := time.Now()
				waiting.Wait()
				require.Zero(t, time.Since(began), "nobody sleeps on a report until the context ends")
			})
		})
	}
}

func TestAReportOfAWriteThatIsNotThereIsWaitedForToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := engage.NewPending().Next(ctx, "id")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
