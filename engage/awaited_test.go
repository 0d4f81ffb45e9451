package engage_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// impatient is a table whose caller leaves when a report of a status that is not
// known has been taken.
type impatient struct {
	engage.Pending
	leave context.CancelFunc
	taken atomic.Bool
}

func (p *impatient) Next(ctx context.Context, id string) (engage.Report, error) {
	if p.taken.Load() {
		p.leave()
	}
	report, err := p.Pending.Next(ctx, id)
	if err == nil && report.Status != engage.ReportSuccess && report.Status != engage.ReportFailure {
		p.taken.Store(true)
	}
	return report, err
}

// oneWriteAfter makes a write that is not waited for, after so many tries of it
// whose replies were lost. Its acknowledgement has the id T-1.
func oneWriteAfter(t *testing.T, lost int, callbacks *engage.Callbacks) (string, *engage.CloseConversationReceipt) {
	t.Helper()
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if len(server.seen()) <= lost {
			hangUp(w, r)
			return
		}
		reply(202, acknowledged)(w, r)
	}
	client := server.client(t, engage.WithCallbacks(callbacks),
		engage.WithCallOptions(engage.WithWaitForOutcome(false), engage.WithAttempts(lost+1)))
	receipt, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Len(t, receipt.Attempts, lost+1)
	return callbackURL(t, server.seen()[0]), receipt
}

// unanswered closes a conversation, in so many tries whose replies are lost. The
// callbacks tell reports before the last of them ends.
func unanswered(t *testing.T, tries int, reports ...string) (*engage.CloseConversationReceipt, error) {
	t.Helper()
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if seen := server.seen(); len(seen) == tries {
			for _, report := range reports {
				if status := post(t, callbackURL(t, seen[0]), report); status != http.StatusOK {
					t.Error("status", status)
				}
			}
		}
		hangUp(w, r)
	}
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithAttempts(tries)))
	return client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
}

func TestAFailureOfOneTryDoesNotSettleTheOthers(t *testing.T) {
	receipt, err := unanswered(t, 3,
		`{"tid":"T-2","status":"failure"}`, `{"tid":"t-2","status":"failure"}`, `{"tid":"T-3","status":"failure"}`, // one of them twice
		`{"tid":"T-1","status":"success"}`)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Len(t, receipt.Attempts, 3)
}

func TestWhatOneTryAchievedSettlesTheDoubtOfAll(t *testing.T) {
	receipt, err := unanswered(t, 3, told)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.False(t, receipt.AlreadyDone)
	require.Len(t, receipt.Attempts, 3)

	receipt, err = unanswered(t, 2, `{"tid":"T-1","status":"failure","code":"4547","description":"was closed"}`)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.True(t, receipt.AlreadyDone)
	require.Equal(t, []string{"4547", "was closed"}, []string{receipt.Code, receipt.Description})
}

func TestADoubtThatAnUnknownStatusLeavesSaysSo(t *testing.T) {
	_, err := unanswered(t, 2, `{"tid":"T-1","status":"parked"}`)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.ErrorContains(t, err, `the callback tells the status "parked", which is not known`)
}

func TestARefusalToldByCallbackLeavesNoTryApplied(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		post(t, callbackURL(t, server.seen()[0]), `{"tid":"T-1","status":"failure"}`)
		reply(http.StatusOK, `{"tid":`)(w, r)
	}
	_, err := closeConversation(t.Context(), server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithAttempts(1))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.Equal(t, outcome.MaybeApplied, failure.Attempts[0].Effect)
}

func TestTheFailureOfAnEarlierTryIsNotTheOutcome(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		seen := server.seen()
		target := callbackURL(t, seen[len(seen)-1])
		if len(seen) == 1 {
			post(t, target, `{"tid":"T-1","status":"failure","code":"1"}`)
			hangUp(w, r)
			return
		}
		reply(202, `{"tid":"T-2"}`)(w, r)
		w.(http.Flusher).Flush()
		post(t, target, `{"tid":"T-2","status":"success"}`)
	}
	receipt, err := server.client(t, engage.WithCallbacks(newCallbacks(t))).
		ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, "T-2", receipt.TransactionID)
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

func TestAFailureIsTheOutcomeUnlessItMayBeThatOfAnotherTry(t *testing.T) {
	for name, c := range map[string]struct {
		lost   int
		tids   []string // of failures; the last one is the outcome
		effect outcome.Effect
	}{
		"the only try":                             {0, []string{"T-1"}, outcome.Refused},
		"the only try, in another spelling":        {0, []string{"t-1"}, outcome.Refused},
		"the only try, under another id":           {0, []string{"T-other"}, outcome.Refused},
		"the only try, without an id":              {0, []string{""}, outcome.Refused},
		"the acknowledged of two":                  {1, []string{"T-1"}, outcome.MaybeApplied},
		"the acknowledged of two, spelled so":      {1, []string{"t-1"}, outcome.MaybeApplied},
		"any of two, without an id":                {1, []string{""}, outcome.MaybeApplied},
		"both of two":                              {1, []string{"T-0", "T-1"}, outcome.Refused},
		"both of two, neither under the id it had": {1, []string{"T-0", "T-other"}, outcome.Refused},
		"both of two, one of them twice":           {1, []string{"T-0", "t-0", "T-1"}, outcome.Refused},
		"all of three":                             {2, []string{"T-0", "T-2", "T-0", "T-3"}, outcome.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			target, receipt := oneWriteAfter(t, c.lost, newCallbacks(t,
				engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))))
			ended := endedContext(t)
			for i, tid := range c.tids {
				_, err := receipt.Wait(ended)
				require.ErrorIs(t, err, outcome.ErrOnTimeout)
				require.Equal(t, i, strings.Count(log.String(), `msg="engage: a callback tells the failure of another try" tid=`), log.String())
				require.Equal(t, http.StatusOK, post(t, target, `{"tid":"`+tid+`","status":"failure","code":"4551","description":"no"}`))
			}
			_, err := receipt.Wait(ended)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnCloseConversationFailure, failure.Edge)
			require.Equal(t, []string{"4551", "no"}, []string{failure.Code, failure.Description})
			if tid := c.tids[len(c.tids)-1]; tid != "" {
				require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: tid})
			}
			require.Equal(t, c.effect, failure.Effect)
		})
	}
}

func TestTheFailureOfTheAcknowledgedTryLeavesTheDoubtOfAnother(t *testing.T) {
	target, receipt := oneWriteAfter(t, 1, newCallbacks(t))
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":"failure"}`))
	_, err := receipt.Wait(t.Context())
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnCloseConversationFailure, failure.Edge)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
}

func TestATryThatWasRefusedIsNoneThatACallbackTellsOf(t *testing.T) {
	server := newStub(t, failing(1, reply(http.StatusTooManyRequests, ``), reply(http.StatusAccepted, acknowledged)))
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithWaitForOutcome(false)))
	receipt, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Len(t, receipt.Attempts, 2)
	require.Equal(t, http.StatusOK, post(t, callbackURL(t, server.seen()[0]), `{"tid":"T-other","status":"failure"}`))
	_, err = receipt.Wait(endedContext(t))
	require.Equal(t, outcome.OnCloseConversationFailure, outcome.Of(err), "it is that of the only try that was carried out")
}

func TestWhatAnotherTryFoundDoneIsDone(t *testing.T) {
	target, receipt := oneWriteAfter(t, 1, newCallbacks(t))
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-0","status":"failure","code":"4547"}`))
	settled, err := receipt.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
	require.True(t, settled.AlreadyDone)
}

func TestAnOutcomeNamesTheWriteIfTheAcknowledgementDoesNot(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if status := post(t, callbackURL(t, server.seen()[0]), told); status != http.StatusOK {
			t.Error("status", status)
		}
		reply(202, `{"status":"accepted"}`)(w, r)
	}
	receipt, err := server.client(t, engage.WithCallbacks(newCallbacks(t))).
		CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Contains(t, receipt.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
}

func TestAnOutcomeNamesTheConversationIfTheAcknowledgementDoesNot(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		post(t, callbackURL(t, server.seen()[0]), `{"tid":"T-1","status":"success","conversationId":"C-new"}`)
		reply(http.StatusAccepted, acknowledged)(w, r)
	}
	created, err := server.client(t, engage.WithCallbacks(newCallbacks(t))).
		CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress})
	require.NoError(t, err)
	require.Equal(t, "C-new", created.ConversationID)
	require.Equal(t, []outcome.TraceID{{Name: "tid", Value: "T-1"}}, created.TraceIDs, "each is listed once")
}

func TestAStatusThatIsNotKnownIsNotTheOutcome(t *testing.T) {
	var log strings.Builder
	target, receipt := oneWriteAfter(t, 0, newCallbacks(t, engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	ended := endedContext(t)
	for _, status := range []string{"queued", "not_started"} {
		require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-9","status":"`+status+`","code":7,"description":"`+token+`"}`))
		same, err := receipt.Wait(ended)
		require.Equal(t, receipt.Receipt, same)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, `"`+status+`"`)
		require.NotContains(t, err.Error(), token)
		failure := failureOf(t, err)
		require.Equal(t, outcome.MaybeApplied, failure.Effect)
		require.Equal(t, []string{"7", token}, []string{failure.Code, failure.Description})
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-9"})
		require.Contains(t, log.String(), `msg="engage: a callback tells a status that is not known" tid=T-9 status=`+status)
	}
	require.NotContains(t, log.String(), token)
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":" Success "}`))
	settled, err := receipt.Wait(ended)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
}

func TestAStatusThatIsNotKnownSettlesNoDoubt(t *testing.T) {
	receipt, err := unanswered(t, 1, `{"tid":"T-1","status":"processing"}`, told)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

func TestAWaitThatEndsWhileAnotherGoesOnIsToldWhatIsKnown(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	defer cancel()
	target, receipt := oneWriteAfter(t, 0, newCallbacks(t, engage.WithPending(&impatient{Pending: engage.NewPending(), leave: cancel})))
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if settled, err := receipt.Wait(t.Context()); err != nil || settled.Proof != engage.Confirmed {
			t.Error(settled, err)
		}
	})
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":"processing"}`))
	_, err := receipt.Wait(ended) // which ends after the report was taken
	require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
	require.ErrorContains(t, err, `"processing"`)
	require.Equal(t, http.StatusOK, post(t, target, told))
	waiting.Wait()
}

func TestTheFailureOfAnEarlierTryIsNotTheOutcomeOfOneWithoutAnID(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		seen := server.seen()
		if len(seen) == 1 {
			post(t, callbackURL(t, seen[0]), `{"tid":"T-1","status":"failure","code":"1"}`)
			hangUp(w, r)
			return
		}
		post(t, callbackURL(t, seen[0]), `{"tid":"T-2","status":"success"}`)
		reply(202, `{"status":"accepted"}`)(w, r)
	}
	receipt, err := server.client(t, engage.WithCallbacks(newCallbacks(t))).
		ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-2", receipt.TransactionID)
}
