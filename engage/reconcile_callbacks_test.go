package engage_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestACallbackSettlesAWriteWhoseReplyWasLost(t *testing.T) {
	noTranscript := engagetest.Fault{Status: 404, Times: engagetest.Always}
	patient := settleTime(time.Minute)
	for name, c := range map[string]struct {
		fault engagetest.Fault
		close bool
		edge  outcome.Edge
	}{
		"applied":                {lostReply, false, outcome.OnAppendMessageSuccess},
		"applied, reported late": {engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset, CallbackDelay: 50 * time.Millisecond}, false, outcome.OnAppendMessageSuccess},
		"refused":                {lostReply, true, outcome.OnAppendMessageFailure},
		"refused, reported late": {engagetest.Fault{Applied: true, Status: 502, CallbackDelay: 50 * time.Millisecond}, true, outcome.OnAppendMessageFailure},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, pending, id := callbackServer(t, patient)
			server.Fail(outcome.FetchTranscript, noTranscript)
			if c.close {
				_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
				require.NoError(t, err)
			}
			server.Fail(outcome.AppendMessage, c.fault)
			receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
			if c.close {
				failure := failureOf(t, err)
				require.Equal(t, c.edge, failure.Edge)
				require.Equal(t, outcome.Refused, failure.Effect, "the callback decides")
				require.Contains(t, failure.Description, "closed")
			} else {
				require.NoError(t, err)
				require.Equal(t, c.edge, receipt.Outcome)
				require.Equal(t, engage.Confirmed, receipt.Proof)
				require.NotEmpty(t, receipt.TransactionID)
			}
			require.Equal(t, 1, sent(server, outcome.AppendMessage))
			require.Zero(t, pending.size())
		})
	}
}

func TestACallbackSettlesAConvergentWriteWhoseReplyWasLost(t *testing.T) {
	server, client, pending, id := callbackServer(t, settleTime(time.Minute))
	server.Fail(outcome.CloseConversation, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset, CallbackDelay: 50 * time.Millisecond})
	closed, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id}, oneAttempt)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, closed.Proof)
	require.False(t, closed.AlreadyDone)
	require.Equal(t, id, closed.ConversationID)
	require.Zero(t, pending.size())
}

func TestAnUnreadableAcknowledgementIsNotTheOutcome(t *testing.T) {
	for _, closed := range []bool{false, true} {
		server, client, pending, id := callbackServer(t)
		if closed {
			_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
			require.NoError(t, err)
		}
		server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Shape: engagetest.Truncated, CallbackDelay: 30 * time.Millisecond})
		receipt, err := client.AppendMessage(t.Context(), twoTexts(id), settleTime(time.Minute))
		if closed {
			require.Equal(t, outcome.OnAppendMessageFailure, outcome.EdgeOf(err))
			require.Equal(t, outcome.Refused, failureOf(t, err).Effect)
		} else {
			require.NoError(t, err)
			require.NotEqual(t, engage.Acknowledged, receipt.Proof)
		}
		require.Equal(t, 1, sent(server, outcome.AppendMessage))
		require.Zero(t, pending.size())
	}
	server, client, _, id := callbackServer(t)
	server.Fail(outcome.CloseConversation, engagetest.Fault{Applied: true, Shape: engagetest.Truncated, Callback: engagetest.CallbackLost})
	_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Equal(t, outcome.MaybeApplied, failure.Attempts[0].Effect, "the attempts agree with the error")
}

func TestACreateThatACallbackSettlesHasItsConversationID(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		post(t, callbackURL(t, server.seen()[0]), `{"tid":"T-1","status":"success","conversationId":"C-new"}`)
		traced(reply(500, ``))(w, r)
	}
	created, err := server.client(t, engage.WithCallbacks(newCallbacks(t))).
		CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress})
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, created.Proof)
	require.Equal(t, outcome.OnConversationCreated, created.Outcome)
	require.Equal(t, "C-new", created.ConversationID)
	require.Equal(t, "T-1", created.TransactionID)
	require.Equal(t, 500, created.HTTPStatus)
	require.Equal(t, []outcome.TraceID{{Name: "trxid", Value: "X-1"}, {Name: "tid", Value: "T-1"}}, created.TraceIDs)
	require.Len(t, server.seen(), 1, "nothing is looked up")
}

func TestASuccessReportedDuringTheLastLookupSettlesTheWrite(t *testing.T) {
	var lookups atomic.Int32
	server := newStub(t, nil)
	server.answer = split(func(w http.ResponseWriter, r *http.Request) {
		if lookups.Add(1) == 2 {
			post(t, callbackURL(t, server.written()[0]), reportedSuccess)
		}
		reply(200, emptyTranscript)(w, r)
	}, inTurn(hangUp, reply(202, `{"tid":"T-2"}`)))
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(
		settleTime(20*time.Millisecond), twoAttempts))
	receipt, err := client.AppendMessage(t.Context(), appendRequest)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Len(t, server.written(), 1, "it is not sent again")
}

func TestAnOutcomeReportedDuringALookupThatFindsNothingIsTheOutcome(t *testing.T) {
	server := newStub(t, inTurn(hangUp, reply(202, `{"tid":"T-2"}`)))
	lookups := 0
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet {
			return http.DefaultTransport.RoundTrip(r)
		}
		if lookups++; lookups == 2 {
			post(t, callbackURL(t, server.written()[0]), reportedSuccess)
			<-r.Context().Done()
		}
		return httpmock.NewStringResponse(http.StatusOK, emptyTranscript), nil
	})))
	receipt, err := client.AppendMessage(t.Context(), appendRequest, settleTime(20*time.Millisecond), twoAttempts)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Len(t, server.written(), 1, "it is not sent again")
}

func TestAnOutcomeReportedBeforeTheCallEndsIsItsOutcome(t *testing.T) {
	const success, failed = `{"tid":"T-1","status":"success"}`, `{"tid":"T-1","status":"failure","code":"7"}`
	for name, c := range map[string]struct {
		report  string
		answer  func(first bool, leave func(), w http.ResponseWriter, r *http.Request)
		options []engage.CallOption
		effect  outcome.Effect // of the error; 0 for a success
	}{
		"the context ends, and it succeeded": {success, func(_ bool, leave func(), _ http.ResponseWriter, r *http.Request) {
			leave()
			<-r.Context().Done()
		}, nil, 0},
		"the context ends, and it failed": {failed, func(_ bool, leave func(), _ http.ResponseWriter, r *http.Request) {
			leave()
			<-r.Context().Done()
		}, nil, outcome.Refused},
		"a later attempt is refused, and the first succeeded": {success, func(first bool, _ func(), w http.ResponseWriter, r *http.Request) {
			if first {
				reply(503, ``)(w, r)
				return
			}
			reply(409, `{"code":"1","tid":"T-2"}`)(w, r)
		}, nil, 0},
		"without reconciliation, and it succeeded": {success, func(_ bool, _ func(), w http.ResponseWriter, r *http.Request) {
			hangUp(w, r)
		}, []engage.CallOption{noReconciliation}, 0},
		"it is refused, and a callback reports that too": {failed, func(_ bool, _ func(), w http.ResponseWriter, r *http.Request) {
			reply(409, `{"code":"1","tid":"T-1"}`)(w, r)
		}, nil, outcome.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			server := newStub(t, nil)
			server.answer = func(w http.ResponseWriter, r *http.Request) {
				seen := server.seen()
				if len(seen) == 1 {
					post(t, callbackURL(t, seen[0]), c.report)
				}
				c.answer(len(seen) == 1, leave, w, r)
			}
			pending := newTable()
			client := server.client(t, engage.WithCallbacks(newCallbacks(t, callback.WithPending(pending))))
			receipt, err := client.AppendMessage(ctx, appendRequest, c.options...)
			if c.effect != 0 {
				require.Equal(t, c.effect, failureOf(t, err).Effect)
				require.Equal(t, outcome.OnAppendMessageFailure, failureOf(t, err).Edge)
			} else {
				require.NoError(t, err)
				require.Equal(t, engage.Confirmed, receipt.Proof)
			}
			require.Zero(t, pending.size())
		})
	}
}

// emptyService starts a service whose transcript remains empty. answer returns the
// reply to the n-th write, where n counts from 1. Its report delivers the failure of
// the transaction tid by callback.
func emptyService(t *testing.T, answer func(n int, report func(tid string)) http.HandlerFunc) *stub {
	t.Helper()
	server := newStub(t, nil)
	server.answer = split(reply(200, emptyTranscript), func(w http.ResponseWriter, r *http.Request) {
		written := server.written()
		answer(len(written), func(tid string) {
			post(t, callbackURL(t, written[0]), `{"tid":"`+tid+`","status":"failure","code":"4551"}`)
		})(w, r)
	})
	return server
}

// later is a reply of unknown effect with a Retry-After of an hour.
func later(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "3600")
	reply(502, ``)(w, r)
}

func TestTheFailureOfARefusedRepetitionDoesNotSettleTheFirstAttempt(t *testing.T) {
	server := emptyService(t, func(n int, report func(string)) http.HandlerFunc {
		if n == 1 {
			return hangUp
		}
		report("T-2")
		return reply(409, `{"status":"failure","code":"4551","tid":"T-2"}`)
	})
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(settleTime(time.Millisecond)))
	_, err := appendMessage(t.Context(), client)
	require.Len(t, server.written(), 2)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
}

func TestFailuresReportedDuringALookupCountAfterARepetition(t *testing.T) {
	for name, acknowledgement := range map[string]string{"with an id": `{"tid":"T-3"}`, "without an id": `{"status":"success"}`} {
		t.Run(name, func(t *testing.T) {
			server := emptyService(t, func(n int, report func(string)) http.HandlerFunc {
				switch n {
				case 1:
					return hangUp
				case 2:
					report("T-1")
					return later
				}
				report("T-2")
				report("T-3")
				return reply(202, acknowledgement)
			})
			client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(
				engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}), settleTime(time.Millisecond)))
			_, err := appendMessage(t.Context(), client)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnAppendMessageFailure, failure.Edge)
			require.Equal(t, outcome.Refused, failure.Effect, "callbacks report that all three failed")
		})
	}
}

func TestWhatWasReportedBeforeARepetitionStaysATraceID(t *testing.T) {
	server := emptyService(t, func(n int, report func(string)) http.HandlerFunc {
		if n == 2 {
			report("T-1")
		}
		return []http.HandlerFunc{hangUp, later, reply(409, `{"code":"7","tid":"T-3"}`)}[n-1]
	})
	_, err := appendMessage(t.Context(), server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(
		engage.WithRetry(engage.Retry{Policy: engage.RetryAlways}), settleTime(time.Millisecond))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	for _, id := range []string{"T-1", "T-3"} {
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: id})
	}
}

func TestAWriteOfUnknownEffectWithAnUnknownStatusEndsOnInvalidChoice(t *testing.T) {
	const parked = `{"tid":"T-1","status":"parked","code":"7","description":"soon"}`
	for _, off := range []bool{false, true} {
		server := newStub(t, nil)
		server.answer = split(reply(403, `{"code":"4030"}`), func(w http.ResponseWriter, r *http.Request) {
			post(t, callbackURL(t, server.written()[0]), parked)
			hangUp(w, r)
		})
		client := server.client(t, engage.WithCallbacks(newCallbacks(t)))
		_, err := appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: off}), oneAttempt)(t.Context(), client)
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnInvalidChoice, failure.Edge)
		require.Equal(t, outcome.MaybeApplied, failure.Effect)
		require.Equal(t, []string{"7", "soon"}, []string{failure.Code, failure.Description})
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
		require.ErrorContains(t, err, `"parked"`)
		if !off {
			require.ErrorContains(t, err, "FetchTranscript", "the error contains that of the lookup, too")
		}
	}
}

func TestAnOutcomeReportedDuringALookupEndsTheLookup(t *testing.T) {
	server := newStub(t, nil)
	server.answer = split(func(_ http.ResponseWriter, r *http.Request) {
		post(t, callbackURL(t, server.written()[0]), reportedSuccess)
		<-r.Context().Done()
	}, hangUp)
	client := server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: 0})))
	receipt, err := client.AppendMessage(t.Context(), appendRequest)
	require.NoError(t, err, "the callback ends the lookup")
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

// lossy is a table whose reports cannot be read.
type lossy struct{ callback.Pending }

func (lossy) Next(context.Context, string) (callback.Report, error) {
	return callback.Report{}, errors.New("the table is down")
}

func (lossy) Take(context.Context, string) (callback.Report, bool, error) {
	return callback.Report{}, false, errors.New("the table is down")
}

func TestALookupContinuesIfTheTableOfPendingWritesFails(t *testing.T) {
	server, client, id := engageServer(t, engage.WithCallbacks(newCallbacks(t, callback.WithPending(lossy{callback.NewPending()}))))
	server.Fail(outcome.AppendMessage, lostReply)
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
}

func TestACallWhoseContextEndsDuringTheReconciliationEndsOnTimeout(t *testing.T) {
	for name, lookup := range map[string]roundTrip{
		"waiting for a callback": func(*http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(http.StatusOK, emptyTranscript), nil
		},
		"during a lookup": deaf,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler, err := callback.New("https://example.com/callbacks")
				require.NoError(t, err)
				client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodGet {
						return lookup(r)
					}
					return httpmock.NewStringResponse(http.StatusInternalServerError, ``), nil
				}), engage.WithCallbacks(handler), engage.WithCallOptions(settleTime(time.Hour)))
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, err = appendMessage(ctx, client)
				require.ErrorIs(t, err, outcome.ErrOnTimeout)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
			})
		})
	}
}

func TestAWriteWhoseCallbackReportsAFailureIsRefused(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		post(t, callbackURL(t, server.seen()[0]), `{"tid":"T-1","status":"failure"}`)
		w.Header().Set("Retry-After", "7")
		reply(http.StatusOK, `{"tid":`)(w, r)
	}
	_, err := closeConversation(t.Context(), server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(oneAttempt)))
	failure := failureOf(t, err)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.Equal(t, outcome.MaybeApplied, failure.Attempts[0].Effect)
	require.NoError(t, failure.Err, "the cause is that of the attempt")
	require.Zero(t, failure.RetryAfter)
}
