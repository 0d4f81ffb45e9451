package engage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestTheTransactionIDMayComeWithTheCallbackOnly(t *testing.T) {
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if status := post(t, callbackURL(t, server.seen()[0]), reportedSuccess); status != http.StatusOK {
			t.Error("status", status)
		}
		reply(202, `{"status":"accepted"}`)(w, r)
	}
	receipt, err := server.client(t, engage.WithCallbacks(newCallbacks(t))).
		CloseConversation(t.Context(), closeRequest)
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Equal(t, "T-1", receipt.TransactionID)
	require.Contains(t, receipt.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})
}

func TestTheConversationIDMayComeWithTheCallbackOnly(t *testing.T) {
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

func TestEveryWriteEndsOnTheOutcomeThatItsCallbackReports(t *testing.T) {
	each(t, func(t *testing.T, c call) {
		if isReadOperation(c.operation) {
			server := newStub(t, reply(200, success(c.operation)))
			_, err := c.do(t.Context(), server.client(t, engage.WithCallbacks(newCallbacks(t))))
			require.NoError(t, err)
			require.NotContains(t, server.seen()[0].body+server.seen()[0].query, "callback", "a read has no callback")
			return
		}
		report := ""
		server := newStub(t, nil)
		server.answer = func(w http.ResponseWriter, r *http.Request) {
			reply(202, `{"tid":"T-1"}`)(w, r)
			w.(http.Flusher).Flush()
			seen := server.seen()
			if status := post(t, callbackURL(t, seen[len(seen)-1]), report); status != http.StatusOK {
				t.Error("status", status)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := server.client(t, engage.WithCallbacks(newCallbacks(t, callback.WithPending(&impatient{Pending: callback.NewPending(), leave: cancel}))))

		report = `{"tid":"T-1","status":"success","conversationId":"C1"}`
		got, err := c.do(t.Context(), client)
		require.NoError(t, err)
		require.Equal(t, c.successes()[0], got)

		report = `{"tid":"T-1","status":"failure","code":4551,"description":"no such thing"}`
		got, err = c.do(t.Context(), client)
		require.ErrorContains(t, err, `code 4551 "no such thing", refused`)
		failure := failureOf(t, err)
		require.Equal(t, c.failure(), got)
		require.Equal(t, outcome.Refused, failure.Effect)
		require.Equal(t, []string{"4551", "no such thing"}, []string{failure.Code, failure.Description})
		require.Equal(t, c.operation, failure.Operation)
		require.Equal(t, c.version, failure.Version)
		require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"})

		report = `{"tid":"T-1","status":"in progress"}`
		_, err = c.do(ctx, client)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	})
}

// isReadOperation reports whether an operation is a read.
func isReadOperation(name outcome.Operation) bool {
	return slices.ContainsFunc(engage.Operations(), func(o engage.Operation) bool { return o.Name == name && o.Class == engage.Read })
}

func TestACallbackMayArriveEarlyTwiceOrLate(t *testing.T) {
	for _, fault := range []engagetest.Fault{
		{},
		{Callback: engagetest.CallbackEarly},
		{Callback: engagetest.CallbackDoubled},
		{CallbackDelay: 50 * time.Millisecond},
	} {
		t.Run(string(fault.Callback), func(t *testing.T) {
			server, client, pending, id := callbackServer(t)
			server.Fail(outcome.CreateConversation, fault)
			created, err := client.CreateConversation(t.Context(), engage.CreateConversationV10{
				Address: channel.FacebookAddress{PageID: "1", PageScopedID: "2"},
			})
			require.NoError(t, err)
			require.Equal(t, engage.Confirmed, created.Proof)
			require.Equal(t, server.Conversations()[1].ID, created.ConversationID)

			server.Fail(outcome.ReopenConversation, fault)
			_, err = client.ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: id})
			failure := failureOf(t, err)
			require.Equal(t, outcome.ConversationReopenFailed, failure.Edge)
			require.Equal(t, outcome.Refused, failure.Effect)
			require.Equal(t, "the conversation is not closed", failure.Description)

			_, err = client.RemoveParticipant(t.Context(), engage.RemoveParticipantV10{ConversationID: id, Participant: "a/b"})
			require.ErrorIs(t, err, outcome.ErrOnInvalidData)
			_, err = client.RemoveParticipant(t.Context(), engage.RemoveParticipantV10{ConversationID: id, Participant: "nobody"})
			require.Equal(t, outcome.OnRemoveParticipantFailure, outcome.EdgeOf(err), "a request without a body has a callback too")
			require.Zero(t, pending.size(), "no write is pending")
		})
	}
}

func TestAnAlreadyDoneCodeOfACallbackIsSuccess(t *testing.T) {
	_, client, _, id := callbackServer(t)
	for _, already := range []bool{false, true} {
		closed, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
		require.NoError(t, err)
		require.Equal(t, already, closed.AlreadyDone)
		require.Equal(t, already, closed.Code == "4547")
		require.Equal(t, engage.Confirmed, closed.Proof)
	}
}

// withoutCallback returns a client for use under a fake clock. Its service acknowledges
// each write at once, and no callback follows.
func withoutCallback(t *testing.T, options ...callback.Option) *engage.Client {
	t.Helper()
	handler, err := callback.New("https://example.com/callbacks", options...)
	require.NoError(t, err)
	return over(t, atOnce(httpmock.NewStringResponse(http.StatusAccepted, acknowledged)), engage.WithCallbacks(handler))
}

func TestAWaitWithoutACallbackEndsOnTimeout(t *testing.T) {
	for name, c := range map[string]struct{ deadline, want time.Duration }{
		"at the deadline":           {time.Second, time.Second},
		"at a late deadline":        {time.Hour, time.Hour},
		"without one, after a time": {0, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pending := newTable()
				client := withoutCallback(t, callback.WithPending(pending))
				ctx := context.WithoutCancel(t.Context())
				if c.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				began := time.Now()
				_, err := closeConversation(ctx, client)
				failure := failureOf(t, err)
				require.Equal(t, outcome.OnTimeout, failure.Edge)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "no callback has reported the outcome")
				require.Equal(t, outcome.MaybeApplied, failure.Effect)
				require.Equal(t, http.StatusAccepted, failure.Status)
				require.NotEmpty(t, failure.TraceIDs)
				require.Len(t, failure.Attempts, 1)
				require.Equal(t, c.want, time.Since(began))
				require.Zero(t, pending.size())
			})
		})
	}
}

func TestAReceiptCanBeWaitedForLater(t *testing.T) {
	server, client, pending, id := callbackServer(t, engage.WithWaitForOutcome(false))
	server.Fail(outcome.AppendMessage, engagetest.Fault{CallbackDelay: 20 * time.Millisecond})
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Acknowledged, receipt.Proof)

	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() {
			settled, err := receipt.Wait(t.Context())
			if err != nil || settled.Proof != engage.Confirmed || settled.ConversationID != id {
				t.Error(settled, err)
			}
		})
	}
	waiting.Wait()
	settled, err := receipt.Wait(t.Context())
	require.NoError(t, err, "and again")
	require.Equal(t, engage.Confirmed, settled.Proof)
	require.Equal(t, engage.Acknowledged, receipt.Proof, "the receipt itself does not change")

	server.Fail(outcome.AppendMessage, engagetest.Fault{Callback: engagetest.CallbackLost})
	lost, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	same, err := lost.Wait(ctx)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Equal(t, lost.Receipt, same)

	require.Equal(t, 2, pending.size(), "a write is pending as long as its receipt is in use")
	runtime.KeepAlive(receipt)
	runtime.KeepAlive(lost)
	receipt, lost, same, settled = nil, nil, engage.Receipt{}, engage.Receipt{} //nolint:ineffassign // so that the collector can take them
	for pending.size() > 0 {
		runtime.GC()
		runtime.Gosched()
	}
}

func TestWaitingCostsNoGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers = 1000
		client := withoutCallback(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		before := bubbled()
		var waiting sync.WaitGroup
		for range callers {
			waiting.Go(func() {
				_, err := closeConversation(ctx, client)
				if !errors.Is(err, outcome.ErrOnTimeout) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		require.Equal(t, before+callers, bubbled())
		waiting.Wait()
	})
}

// bubbled counts the goroutines of the bubble, without those of other tests.
func bubbled() int {
	stacks := make([]byte, 16<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Count(stacks, []byte(", synctest bubble "))
}

func TestAReceiptDoesNotShowTheSecretOfItsCallback(t *testing.T) {
	const secret = "5ecret 5ecret 5ecret"
	target, receipt := oneWrite(t, newCallbacks(t, callback.WithSecret(auth.NewSecret(secret))))
	encoded, err := json.Marshal(receipt)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", receipt, receipt, receipt), string(encoded)} {
		require.NotContains(t, text, "5ecret")
		require.NotContains(t, text, path.Base(target))
	}
}

func TestACallThatPanicsIsForgotten(t *testing.T) {
	pending := newTable()
	client := over(t, roundTrip(func(*http.Request) (*http.Response, error) { panic("transport") }), engage.WithCallbacks(newCallbacks(t, callback.WithPending(pending))))
	require.PanicsWithValue(t, "transport", func() { _, _ = closeConversation(t.Context(), client) })
	require.Zero(t, pending.size())
}

func TestAWriteIsNotSentIfTheTableOfPendingWritesFails(t *testing.T) {
	server := newStub(t, reply(202, acknowledged))
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		edge outcome.Edge
	}{
		"the table fails":    {t.Context(), errors.New("cannot reach the table"), outcome.OnError},
		"the caller gave up": {endedContext(t), context.Canceled, outcome.OnTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			table := failingTable{Pending: callback.NewPending(), expect: c.err}
			client := server.client(t, engage.WithCallbacks(newCallbacks(t, callback.WithPending(table))))
			_, err := closeConversation(c.ctx, client)
			failure := failureOf(t, err)
			require.Equal(t, c.edge, failure.Edge)
			require.Equal(t, outcome.CloseConversation, failure.Operation)
			require.Equal(t, outcome.NotSent, failure.Effect)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.err.Error())
			require.Empty(t, server.seen())
		})
	}
}

func TestAWaitEndsOnErrorIfTheTableOfPendingWritesFails(t *testing.T) {
	broken := errors.New("cannot reach the table")
	server := newStub(t, reply(202, acknowledged))
	client := server.client(t, engage.WithCallbacks(newCallbacks(t,
		callback.WithPending(failingTable{Pending: callback.NewPending(), next: broken}))))
	_, err := closeConversation(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "cannot reach the table")
}

func TestACallbackAfterTheEndOfTheWaitIsAnswered(t *testing.T) {
	server := newStub(t, reply(202, acknowledged))
	pending := newTable()
	client := server.client(t, engage.WithCallbacks(newCallbacks(t, callback.WithPending(pending), callback.WithTimeout(time.Millisecond))))
	_, err := closeConversation(context.WithoutCancel(t.Context()), client)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.Zero(t, pending.size())
	require.Equal(t, http.StatusOK, post(t, callbackURL(t, server.seen()[0]), reportedSuccess))
}

func TestAZeroReceiptCannotBeWaitedFor(t *testing.T) {
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
