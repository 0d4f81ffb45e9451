package engage_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// reopenTold re-opens a conversation. Each try is answered by the next of answers,
// after the callback has told the report of the same place, if there is one.
func reopenTold(t *testing.T, reports []string, answers ...http.HandlerFunc) (*engage.Receipt, error) {
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
		ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
}

func TestTheCallbackOfATryThatWasRefusedSettlesNoOther(t *testing.T) {
	const second = `{"tid":"T-2","status":"failure","code":"409"}`
	for name, c := range map[string]struct {
		reports []string
		answers []http.HandlerFunc
	}{
		"refused with its id": {[]string{"", second}, []http.HandlerFunc{hangUp, reply(409, second)}},
		"refused with its id in another case": {
			[]string{"", `{"tid":"t-2","status":"failure","code":"409"}`}, []http.HandlerFunc{hangUp, reply(409, second)},
		},
		"refused without an id":             {[]string{"", second}, []http.HandlerFunc{hangUp, reply(409, `{"code":"409"}`)}},
		"refused with an id of the gateway": {[]string{"", second}, []http.HandlerFunc{hangUp, traced(reply(409, `{"code":"409","trackingId":"G-1"}`))}},
		"refused, and told without an id":   {[]string{"", `{"status":"failure","code":"409"}`}, []http.HandlerFunc{hangUp, reply(409, second)}},
		"refused for a while, then another": {[]string{"", second, `{"tid":"T-3","status":"failure","code":"409"}`}, []http.HandlerFunc{hangUp, reply(503, second), reply(202, `{"tid":"T-3"}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reopenTold(t, c.reports, c.answers...)
			failure := failureOf(t, err)
			require.Equal(t, outcome.ConversationReopenFailed, failure.Edge)
			require.Equal(t, outcome.MaybeApplied, failure.Effect, "of the first try nothing was told")
		})
	}
}

func TestATryThatWasTurnedAwayIsNotWaitedFor(t *testing.T) {
	for _, turnedAway := range []http.HandlerFunc{reply(429, ``), reply(503, `{"status":"failure","code":"busy"}`)} {
		_, err := reopenTold(t, []string{"", "", `{"tid":"T-1","status":"failure","code":"7"}`, ""}, turnedAway, turnedAway, hangUp, turnedAway)
		failure := failureOf(t, err)
		require.Equal(t, outcome.Refused, failure.Effect, "the only attempt that was applied failed")
		require.Equal(t, "7", failure.Code)
	}
}

// writtenInVain starts a service with an empty transcript, whose n-th write, from 1
// on, is answered by answer. Its tell posts the failure of a try by callback.
func writtenInVain(t *testing.T, answer func(n int, tell func(tid string)) http.HandlerFunc) *stub {
	t.Helper()
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			reply(200, transcriptOf(0))(w, r)
			return
		}
		written := server.written()
		answer(len(written), func(tid string) {
			post(t, callbackURL(t, written[0]), `{"tid":"`+tid+`","status":"failure","code":"4551"}`)
		})(w, r)
	}
	return server
}

// later asks to come again in an hour, and leaves open what was done.
func later(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "3600")
	reply(502, ``)(w, r)
}

func TestTheCallbackOfARefusedRepetitionDoesNotSettleTheFirst(t *testing.T) {
	server := writtenInVain(t, func(n int, tell func(string)) http.HandlerFunc {
		if n == 1 {
			return hangUp
		}
		tell("T-2")
		return reply(409, `{"status":"failure","code":"4551","tid":"T-2"}`)
	})
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Millisecond})))
	_, err := appendMessage(t.Context(), client)
	require.Len(t, server.written(), 2)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
}

func TestAFailureWithoutAnIDMayBeOneThatIsCounted(t *testing.T) {
	receipt, err := unanswered(t, 2,
		`{"tid":"T-1","status":"failure","code":"1"}`, `{"status":"failure","code":"1"}`, // one of them, told twice
		`{"tid":"T-2","status":"success"}`)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)

	_, err = unanswered(t, 1, `{"status":"failure","code":"1"}`)
	require.Equal(t, outcome.Refused, failureOf(t, err).Effect, "there is no other")
}

func TestASuccessThatIsThereComesBeforeAFailure(t *testing.T) {
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

// Two tries are in doubt, and the failure of one is told during the look.
func TestFailuresToldDuringALookCountAfterARepetition(t *testing.T) {
	for name, acknowledgement := range map[string]string{"with an id": `{"tid":"T-3"}`, "without an id": `{"status":"success"}`} {
		t.Run(name, func(t *testing.T) {
			server := writtenInVain(t, func(n int, tell func(string)) http.HandlerFunc {
				switch n {
				case 1:
					return hangUp
				case 2:
					tell("T-1")
					return later
				}
				tell("T-2")
				tell("T-3")
				return reply(202, acknowledgement)
			})
			client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(
				engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}), engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Millisecond})))
			_, err := appendMessage(t.Context(), client)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnAppendMessageFailure, failure.Edge)
			require.Equal(t, outcome.Refused, failure.Effect, "all three are told to have failed")
		})
	}
}

func TestAnUnknownStatusOfADoubtIsToldOnInvalidChoice(t *testing.T) {
	const parked = `{"tid":"T-1","status":"parked","code":"7","description":"soon"}`
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			reply(403, `{"code":"4030"}`)(w, r)
			return
		}
		post(t, callbackURL(t, server.written()[0]), parked)
		hangUp(w, r)
	}
	for _, look := range []bool{true, false} {
		client := server.client(t, engage.WithCallbacks(newCallbacks(t)))
		_, err := appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: !look}), engage.WithRetry(engage.Retry{Attempts: 1}))(t.Context(), client)
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnInvalidChoice, failure.Edge)
		require.Equal(t, outcome.MaybeApplied, failure.Effect)
		require.Equal(t, []string{"7", "soon"}, []string{failure.Code, failure.Description})
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
		require.ErrorContains(t, err, `"parked"`)
		if look {
			require.ErrorContains(t, err, "FetchTranscript", "why the look failed is told, too")
		}
		server.mutex.Lock()
		server.requests = nil
		server.mutex.Unlock()
	}
}

func TestAFailureThatSettlesNothingIsLoggedAndATrace(t *testing.T) {
	var log strings.Builder
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if seen := server.seen(); len(seen) == 2 {
			post(t, callbackURL(t, seen[0]), `{"tid":"T-1","status":"failure","code":"4551"}`)
		}
		hangUp(w, r)
	}
	client := server.client(t, engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: 2})),
		engage.WithCallbacks(newCallbacks(t, callback.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))))
	_, err := closeConversation(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
	require.Contains(t, log.String(), `msg="callback: a failure decides nothing" tid=T-1`)
}

func TestTheIDThatOnlyACallbackTellsIsATrace(t *testing.T) {
	receipt, err := unanswered(t, 1, reportedSuccess)
	require.NoError(t, err)
	require.Contains(t, receipt.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})

	_, err = unanswered(t, 1, `{"tid":"T-1","status":"failure","code":"4551"}`)
	failure := failureOf(t, err)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
	require.NoError(t, failure.Err, "how the doubt arose is not why it was refused")
	require.Error(t, failure.Attempts[0].Err)
}

func TestAnOutcomeIsHeardDuringALook(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			post(t, callbackURL(t, server.written()[0]), reportedSuccess)
			<-r.Context().Done()
			return
		}
		hangUp(w, r)
	}
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: 0})))
	receipt, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: hello})
	require.NoError(t, err, "the look, which has no end of its own, has been given up")
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

// lossy is a table that fails to give out what it was given.
type lossy struct{ callback.Pending }

func (lossy) Next(context.Context, string) (callback.Report, error) {
	return callback.Report{}, errors.New("the table is down")
}

func (lossy) Take(context.Context, string) (callback.Report, bool, error) {
	return callback.Report{}, false, errors.New("the table is down")
}

func TestALookDoesNotEndWithTheTable(t *testing.T) {
	server, client, id := engageServer(t, engage.WithCallbacks(newCallbacks(t, callback.WithPending(lossy{callback.NewPending()}))))
	server.Fail(outcome.AppendMessage, lostReply)
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
}

func TestARepetitionIsOneOfTheAttemptsThatARefusedTokenDoesNotCount(t *testing.T) {
	server := writtenInVain(t, func(n int, _ func(string)) http.HandlerFunc {
		return []http.HandlerFunc{reply(401, ``), hangUp, reply(202, acknowledged)}[n-1]
	})
	client, err := engage.New(engage.Endpoint(server.URL), &rotating{}, engage.WithCallOptions(
		engage.WithRetry(engage.Retry{Attempts: 2}), engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Millisecond}), quick))
	require.NoError(t, err)
	receipt, err := client.AppendMessage(t.Context(), appendRequest)
	require.NoError(t, err)
	require.Len(t, receipt.Attempts, 3)
}

func TestWhatWasToldBeforeARepetitionStaysATrace(t *testing.T) {
	server := writtenInVain(t, func(n int, tell func(string)) http.HandlerFunc {
		if n == 2 {
			tell("T-1")
		}
		return []http.HandlerFunc{hangUp, later, reply(409, `{"code":"7","tid":"T-3"}`)}[n-1]
	})
	_, err := appendMessage(t.Context(), server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(
		engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}), engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Millisecond}))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	for _, id := range []string{"T-1", "T-3"} {
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: id})
	}
}

func TestAFailureWithinTheValueOfAnAcknowledgementIsOne(t *testing.T) {
	_, err := newStub(t, reply(200, `{"status":"success","value":{"status":"failure","code":"4551"}}`)).client(t).
		ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
	require.Equal(t, outcome.ConversationReopenFailed, failureOf(t, err).Edge)
	require.Equal(t, outcome.Refused, failureOf(t, err).Effect)
}

func TestACallWhoseTimeIsUpWhileItLooksEndsOnTimeout(t *testing.T) {
	for name, look := range map[string]http.HandlerFunc{
		"waiting for a callback": reply(200, transcriptOf(0)),
		"looking":                func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					look(w, r)
					return
				}
				reply(500, ``)(w, r)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := appendMessage(ctx, server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(
				engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Hour}))))
			require.ErrorIs(t, err, outcome.ErrOnTimeout)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
		})
	}
}

func TestAReceiptThatNoClientReturnedKnowsNoOutcome(t *testing.T) {
	_, err := engage.Receipt{}.Wait(t.Context())
	require.ErrorIs(t, err, engage.ErrNoCallbacks)
}

func TestAnAcceptanceIsNotTheOutcome(t *testing.T) {
	for _, accepted := range []string{`202`, `"202"`, `202.0`} {
		target, receipt := oneWriteAfter(t, 0, newCallbacks(t))
		require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":`+accepted+`}`))
		require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":"failure","code":"4551"}`))
		_, err := receipt.Wait(t.Context())
		require.Equal(t, outcome.OnCloseConversationFailure, failureOf(t, err).Edge)
	}
	report, err := callback.DecodeReport([]byte(`{"status":200,"tid":"T-1","value":{"status":"failed","code":"4551"}}`))
	require.NoError(t, err)
	require.Equal(t, callback.Report{TransactionID: "T-1", Status: callback.Failure, Code: "4551"}, report)
}

func TestAnAliasIDIsFoundInAnyCase(t *testing.T) {
	capitals := func(sent []map[string]any) []map[string]any {
		for _, m := range sent {
			m["aliasId"] = strings.ToUpper(m["aliasId"].(string))
		}
		return sent
	}
	receipt, err := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
		return transcriptOf(2, capitals(sent)...)
	})).AppendMessage(t.Context(), twoTexts("C1"))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)

	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			reply(200, transcriptOf(1, map[string]any{"aliasId": "EVENT-1", "direction": "inbound", "type": "text", "text": "hello"}))(w, r)
			return
		}
		reply(202, acknowledged)(w, r)
	})
	first, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: event}, look)
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, first.Proof)
	require.Empty(t, server.written(), "it is there")
}
