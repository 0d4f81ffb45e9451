package engage_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestTheFailureOfOneAttemptDoesNotDecideTheOthers(t *testing.T) {
	receipt, err := unanswered(t, 3,
		`{"tid":"T-2","status":"failure"}`, `{"tid":"t-2","status":"failure"}`, `{"tid":"T-3","status":"failure"}`, // one of them twice
		`{"tid":"T-1","status":"success"}`)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Len(t, receipt.Attempts, 3)
}

func TestTheSuccessOfOneAttemptDecidesAll(t *testing.T) {
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

func TestAWriteWhoseCallbackReportsAFailureIsRefused(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		post(t, callbackURL(t, server.seen()[0]), `{"tid":"T-1","status":"failure"}`)
		reply(http.StatusOK, `{"tid":`)(w, r)
	}
	_, err := closeConversation(t.Context(), server.client(t, engage.WithCallbacks(newCallbacks(t)), engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: 1}))))
	failure := failureOf(t, err)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.Equal(t, outcome.MaybeApplied, failure.Attempts[0].Effect)
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
		ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, "T-2", receipt.TransactionID)
	require.Equal(t, engage.Confirmed, receipt.Proof)
}

func TestAStateThatAnotherAttemptFoundThereIsReached(t *testing.T) {
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
		if status := post(t, callbackURL(t, server.seen()[0]), reportedSuccess); status != http.StatusOK {
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

func TestAnUnknownStatusIsNotTheOutcome(t *testing.T) {
	var log strings.Builder
	target, receipt := oneWriteAfter(t, 0, newCallbacks(t, callback.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	ended := endedContext(t)
	for _, status := range []string{"queued", "not_started"} {
		require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-9","status":"`+status+`","code":7,"description":"`+token+`"}`))
		same, err := receipt.Wait(ended)
		require.Equal(t, *receipt, same)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, `"`+status+`"`)
		require.NotContains(t, err.Error(), token)
		failure := failureOf(t, err)
		require.Equal(t, outcome.MaybeApplied, failure.Effect)
		require.Equal(t, []string{"7", token}, []string{failure.Code, failure.Description})
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-9"})
		require.Contains(t, log.String(), `msg="callback: a report has an unknown status" tid=T-9 status=`+status)
	}
	require.NotContains(t, log.String(), token)
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":" Success "}`))
	settled, err := receipt.Wait(ended)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
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
		ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-2", receipt.TransactionID)
}
