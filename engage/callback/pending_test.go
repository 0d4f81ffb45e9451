package callback_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// room is how many reports of one write the table in memory keeps.
const room = 32

func TestASuccessFindsRoomAmongAnyNumberOfReports(t *testing.T) {
	awaited := expect(t, newHandler(t))
	failure := func(i int) string { return fmt.Sprintf(`{"tid":"F-%d","status":"failure"}`, i) }
	for range 2 {
		for i := range room {
			require.Equal(t, http.StatusOK, post(t, awaited.URL(), failure(i)), "a repetition needs no room")
		}
	}
	require.Equal(t, http.StatusServiceUnavailable, post(t, awaited.URL(), failure(room)))
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), `{"tid":"F-0","status":"success"}`))
	got, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
	require.NoError(t, err)
	require.Equal(t, outcome.Applied, got.Effect)
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), failure(room)), "there is room again")
}

func TestTheTableInMemoryKeepsTheReportsThatMatterMost(t *testing.T) {
	pending := callback.NewPending()
	require.NoError(t, pending.Expect(t.Context(), "id"))
	deliver := func(tid string, status callback.Status) error {
		awaited, err := pending.Deliver(t.Context(), "id", callback.Report{TransactionID: tid, Status: status})
		require.True(t, awaited)
		return err
	}
	for i := range room {
		require.NoError(t, deliver(fmt.Sprint(i), "parked"))
		require.NoError(t, deliver(fmt.Sprint(i), "moved"), "it replaces the one before")
	}
	require.Error(t, deliver("more", "parked"))
	for i := range room {
		require.NoError(t, deliver(fmt.Sprint(i), callback.Failure))
	}
	require.Error(t, deliver("more", callback.Failure))
	require.Error(t, deliver("more", "parked"))
	require.NoError(t, deliver("more", callback.Success))
	require.NoError(t, deliver("more", callback.Success))

	counts := map[callback.Status]int{}
	for range room {
		report, ok, err := pending.Take(t.Context(), "id")
		require.NoError(t, err)
		require.True(t, ok)
		counts[report.Status]++
	}
	require.Equal(t, map[callback.Status]int{callback.Success: 1, callback.Failure: room - 1}, counts)
	_, ok, err := pending.Take(t.Context(), "id")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestReportsAreTakenInTheOrderOfTheirArrival(t *testing.T) {
	pending := callback.NewPending()
	require.NoError(t, pending.Expect(t.Context(), "id"))
	for _, tid := range []string{"T-1", "T-2"} {
		_, err := pending.Deliver(t.Context(), "id", callback.Report{TransactionID: tid})
		require.NoError(t, err)
	}
	for _, tid := range []string{"T-1", "T-2"} {
		report, err := pending.Next(t.Context(), "id")
		require.NoError(t, err)
		require.Equal(t, tid, report.TransactionID)
	}
}

func TestAWriteThatIsNotInTheTableHasNoReports(t *testing.T) {
	pending := callback.NewPending()
	require.NoError(t, pending.Expect(t.Context(), "id"))
	pending.Forget(t.Context(), "id")
	awaited, err := pending.Deliver(t.Context(), "id", callback.Report{Status: callback.Success})
	require.NoError(t, err)
	require.False(t, awaited)
	_, err = pending.Next(t.Context(), "id")
	require.Error(t, err)
	_, ok, err := pending.Take(t.Context(), "id")
	require.Error(t, err)
	require.False(t, ok)
}

func TestTheCaseOfATransactionIDDoesNotMatter(t *testing.T) {
	pending := callback.NewPending()
	require.NoError(t, pending.Expect(t.Context(), "id"))
	for _, tid := range []string{"t-1", "T-1"} {
		_, err := pending.Deliver(t.Context(), "id", callback.Report{TransactionID: tid, Status: callback.Failure})
		require.NoError(t, err)
	}
	report, err := pending.Next(t.Context(), "id")
	require.NoError(t, err)
	require.Equal(t, "T-1", report.TransactionID)
	_, ok, err := pending.Take(t.Context(), "id")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAWaitForAReportEndsWhenTheWriteIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pending := callback.NewPending()
		require.NoError(t, pending.Expect(t.Context(), "id"))
		var waiting sync.WaitGroup
		for range 2 {
			waiting.Go(func() {
				if _, err := pending.Next(t.Context(), "id"); err == nil {
					t.Error("a report of a write that is forgotten")
				}
			})
		}
		synctest.Wait()
		pending.Forget(t.Context(), "id")
		waiting.Wait()
	})
}

func TestAWaitForAReportEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pending := callback.NewPending()
		require.NoError(t, pending.Expect(t.Context(), "id"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := pending.Next(ctx, "id")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestEveryReportReachesOneOfThoseThatWait(t *testing.T) {
	for name, waitFirst := range map[string]bool{"they wait first": true, "the reports come first": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const waiters = room
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				pending := callback.NewPending()
				require.NoError(t, pending.Expect(ctx, "id"))
				var waiting sync.WaitGroup
				wait := func() {
					for range waiters {
						waiting.Go(func() {
							if _, err := pending.Next(ctx, "id"); err != nil {
								t.Error(err)
							}
						})
					}
				}
				if waitFirst {
					wait()
					synctest.Wait()
				}
				for i := range waiters {
					_, err := pending.Deliver(ctx, "id", callback.Report{TransactionID: fmt.Sprint(i), Status: callback.Failure})
					require.NoError(t, err)
				}
				if !waitFirst {
					wait()
				}
				waiting.Wait()
			})
		})
	}
}

func TestTheTableServesManyWritesAtOnce(t *testing.T) {
	const writes, reports = 200, 5
	pending := callback.NewPending()
	var all sync.WaitGroup
	for w := range writes {
		id := fmt.Sprint(w)
		require.NoError(t, pending.Expect(t.Context(), id))
		for r := range reports {
			all.Go(func() {
				report := callback.Report{TransactionID: fmt.Sprint(r), Status: callback.Failure, Code: id}
				if awaited, err := pending.Deliver(t.Context(), id, report); err != nil || !awaited {
					t.Error(awaited, err)
				}
			})
		}
		all.Go(func() {
			for range reports {
				if report, err := pending.Next(t.Context(), id); err != nil || report.Code != id {
					t.Error(report, err)
				}
			}
			pending.Forget(t.Context(), id)
		})
	}
	all.Wait()
}
