package engage_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestTheFailureOfOneAttemptDoesNotDecideTheWrite(t *testing.T) {
	receipt, err := unanswered(t, 3,
		`{"tid":"T-2","status":"failure"}`, `{"tid":"t-2","status":"failure"}`, `{"tid":"T-3","status":"failure"}`, // one of them twice
		`{"tid":"T-1","status":"success"}`)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Len(t, receipt.Attempts, 3)
}

func TestTheSuccessOfOneAttemptDecidesTheWrite(t *testing.T) {
	receipt, err := unanswered(t, 3, reportedSuccess)
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

func TestAnErrorNamesTheUnknownStatusOfACallback(t *testing.T) {
	_, err := unanswered(t, 2, `{"tid":"T-1","status":"parked"}`)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.ErrorContains(t, err, `a callback reports the unknown status "parked"`)
}

func TestTheFailureOfAnEarlierAttemptIsNotTheOutcome(t *testing.T) {
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
		ReopenConversation(t.Context(), reopenRequest)
	require.NoError(t, err)
	require.Equal(t, "T-2", receipt.TransactionID)
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

func TestAnAlreadyDoneCodeOfAnotherAttemptIsSuccess(t *testing.T) {
	target, receipt := oneWriteAfter(t, 1, newCallbacks(t))
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-0","status":"failure","code":"4547"}`))
	settled, err := receipt.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
	require.True(t, settled.AlreadyDone)
}

func TestAnUnknownStatusDoesNotDecideALostReply(t *testing.T) {
	receipt, err := unanswered(t, 1, `{"tid":"T-1","status":"processing"}`, reportedSuccess)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

func TestTheFailureOfAnEarlierAttemptIsNotTheOutcomeOfOneWithoutAnID(t *testing.T) {
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
		ReopenConversation(t.Context(), reopenRequest)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-2", receipt.TransactionID)
}

// unanswered closes a conversation. The replies to all attempts are lost, and callbacks
// deliver the reports before the last attempt ends.
func unanswered(t *testing.T, attempts int, reports ...string) (*engage.Receipt, error) {
	t.Helper()
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if seen := server.seen(); len(seen) == attempts {
			for _, report := range reports {
				if status := post(t, callbackURL(t, seen[0]), report); status != http.StatusOK {
					t.Error("status", status)
				}
			}
		}
		hangUp(w, r)
	}
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: attempts})))
	return client.CloseConversation(t.Context(), closeRequest)
}

func TestTheFailureOfAnotherTransactionThanTheAcknowledgedOneIsNotTheOutcome(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) { // A gateway has repeated the request.
		target := callbackURL(t, server.seen()[0])
		post(t, target, `{"tid":"T-2","status":"failure","code":"4551"}`)
		reply(202, acknowledged)(w, r)
		w.(http.Flusher).Flush()
		post(t, target, reportedSuccess)
	}
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)))
	receipt, err := client.CloseConversation(t.Context(), closeRequest)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
}

// reopenReported re-opens a conversation. The n-th attempt gets the n-th of answers,
// after a callback has delivered the n-th of reports, unless that is empty.
func reopenReported(t *testing.T, reports []string, answers ...http.HandlerFunc) (*engage.Receipt, error) {
	t.Helper()
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		seen := server.seen()
		if report := reports[len(seen)-1]; report != "" {
			post(t, callbackURL(t, seen[0]), report)
		}
		answers[len(seen)-1](w, r)
	}
	return server.client(t, engage.WithCallbacks(newCallbacks(t))).
		ReopenConversation(t.Context(), reopenRequest)
}

func TestTheFailureOfARefusedAttemptDoesNotSettleAnEarlierOne(t *testing.T) {
	const second = `{"tid":"T-2","status":"failure","code":"409"}`
	for name, c := range map[string]struct {
		reports []string
		answers []http.HandlerFunc
	}{
		"refused with its id": {[]string{"", second}, []http.HandlerFunc{hangUp, reply(409, second)}},
		"refused with its id in another case": {
			[]string{"", `{"tid":"t-2","status":"failure","code":"409"}`}, []http.HandlerFunc{hangUp, reply(409, second)},
		},
		"refused without an id":               {[]string{"", second}, []http.HandlerFunc{hangUp, reply(409, `{"code":"409"}`)}},
		"refused with an id of the gateway":   {[]string{"", second}, []http.HandlerFunc{hangUp, traced(reply(409, `{"code":"409","trackingId":"G-1"}`))}},
		"refused, and reported without an id": {[]string{"", `{"status":"failure","code":"409"}`}, []http.HandlerFunc{hangUp, reply(409, second)}},
		"refused for a while, then another":   {[]string{"", second, `{"tid":"T-3","status":"failure","code":"409"}`}, []http.HandlerFunc{hangUp, reply(503, second), reply(202, `{"tid":"T-3"}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reopenReported(t, c.reports, c.answers...)
			failure := failureOf(t, err)
			require.Equal(t, outcome.ConversationReopenFailed, failure.Edge)
			require.Equal(t, outcome.MaybeApplied, failure.Effect, "no callback reports the outcome of the first attempt")
		})
	}
}

func TestARateLimitedAttemptIsNoTransaction(t *testing.T) {
	for _, refusal := range []http.HandlerFunc{reply(429, ``), reply(503, `{"status":"failure","code":"busy"}`)} {
		_, err := reopenReported(t, []string{"", "", `{"tid":"T-1","status":"failure","code":"7"}`, ""}, refusal, refusal, hangUp, refusal)
		failure := failureOf(t, err)
		require.Equal(t, outcome.Refused, failure.Effect, "the only attempt that was applied failed")
		require.Equal(t, "7", failure.Code)
	}
}

func TestAFailureWithoutAnIDMayRepeatAnother(t *testing.T) {
	receipt, err := unanswered(t, 2,
		`{"tid":"T-1","status":"failure","code":"1"}`, `{"status":"failure","code":"1"}`, // The second repeats the first.
		`{"tid":"T-2","status":"success"}`)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)

	_, err = unanswered(t, 1, `{"status":"failure","code":"1"}`)
	require.Equal(t, outcome.Refused, failureOf(t, err).Effect, "there is no other")
}

func TestASuccessThatHasArrivedDecidesBeforeAFailure(t *testing.T) {
	receipt, err := unanswered(t, 1, `{"tid":"T-0","status":"failure","code":"1"}`, reportedSuccess)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)

	target, later := oneWriteAfter(t, 0, newCallbacks(t))
	for _, report := range []string{`{"tid":"T-0","status":"failure"}`, `{"tid":"T-2","status":"failure"}`, reportedSuccess} {
		require.Equal(t, http.StatusOK, post(t, target, report))
	}
	settled, err := later.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
}

func TestAFailureThatDecidesNothingIsLoggedAndATraceID(t *testing.T) {
	var log strings.Builder
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if seen := server.seen(); len(seen) == 2 {
			post(t, callbackURL(t, seen[0]), `{"tid":"T-1","status":"failure","code":"4551"}`)
		}
		hangUp(w, r)
	}
	client := server.client(t, engage.WithCallOptions(twoAttempts),
		engage.WithCallbacks(newCallbacks(t, callback.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))))
	_, err := closeConversation(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
	require.Contains(t, log.String(), `msg="callback: a failure decides nothing" tid=T-1`)
}

func TestTheTransactionIDOfACallbackIsATraceID(t *testing.T) {
	receipt, err := unanswered(t, 1, reportedSuccess)
	require.NoError(t, err)
	require.Contains(t, receipt.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})

	_, err = unanswered(t, 1, `{"tid":"T-1","status":"failure","code":"4551"}`)
	failure := failureOf(t, err)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
	require.NoError(t, failure.Err, "the error of the attempt is not the reason of the refusal")
	require.Error(t, failure.Attempts[0].Err)
}
