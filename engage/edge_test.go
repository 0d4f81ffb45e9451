package engage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// acknowledged is what the service answers to a write.
const acknowledged = `{"tid":"T-1"}`

// emptyTranscript is what the service answers for a conversation without
// messages.
const emptyTranscript = `{"status":"success","value":{"countOfRecords":0,"messages":[]}}`

// found is what the service answers to a search for a conversation in status.
func found(status string) string {
	return `{"status":"success","code":1000,"value":{"chatExist":true,"conversationId":"C1","status":"` + status + `"}}`
}

// success is a reply on which the operation succeeds.
func success(operation outcome.Operation) string {
	switch operation {
	case outcome.SearchConversation:
		return found("active")
	case outcome.FetchTranscript:
		return emptyTranscript
	}
	return acknowledged
}

func TestEveryVersionEndsOnItsSuccessEdges(t *testing.T) {
	replies := map[outcome.Edge]string{
		outcome.NoConversationFound: `{"status":"success","value":{"chatExist":false}}`,
		outcome.ConversationActive:  found("active"),
		outcome.ConversationClosed:  found("closed"),
		outcome.ConversationInQueue: found("queued"),
		outcome.ConversationOnHold:  found("onhold"),
	}
	each(t, func(t *testing.T, c call) {
		for _, want := range outcome.Successes(c.operation) {
			body, ok := replies[want]
			if !ok {
				body = success(c.operation)
			}
			got, err := c.do(t.Context(), newStub(t, reply(http.StatusOK, body)).client(t))
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Contains(t, outcome.ForNode(c.operation, c.version), got)
		}
	})
}

func TestEveryVersionEndsOnItsOwnFailureEdge(t *testing.T) {
	each(t, func(t *testing.T, c call) {
		want := outcome.OnError
		if own := outcome.Failures(c.operation); own != nil {
			want = own[0]
		}
		for _, status := range []int{404, 405, 409, 410, 413, 423, 451} {
			server := newStub(t, reply(status, `{"status":"failure","code":4551,"description":"no","tid":"T-1"}`))
			got, err := c.do(t.Context(), server.client(t))
			failure := failureOf(t, err)
			require.Equal(t, want, got, "status %d", status)
			require.Equal(t, want, failure.Edge)
			require.Equal(t, c.operation, failure.Operation)
			require.Equal(t, c.version, failure.Version)
			require.Equal(t, status, failure.Status)
			require.Equal(t, "4551", failure.Code)
			require.Equal(t, "no", failure.Description)
			require.Equal(t, outcome.Refused, failure.Effect)
			require.Equal(t, []outcome.TraceID{{Name: "tid", Value: "T-1"}}, failure.TraceIDs)
			require.Len(t, server.seen(), 1, "a refusal is not retried")
		}
	})
}

func TestEveryVersionEndsOnTheStandardEdges(t *testing.T) {
	standard := []struct {
		status   int
		body     string
		edge     outcome.Edge
		sentinel error
	}{
		{400, `{"code":4001}`, outcome.OnInvalidData, outcome.ErrOnInvalidData},
		{422, `{"code":4001}`, outcome.OnInvalidData, outcome.ErrOnInvalidData},
		{401, ``, outcome.OnAuthorizationFailure, outcome.ErrOnAuthorizationFailure},
		{403, `{"message":"no","trackingId":"X"}`, outcome.OnAuthorizationFailure, outcome.ErrOnAuthorizationFailure},
		{408, ``, outcome.OnTimeout, outcome.ErrOnTimeout},
		{504, `<html>`, outcome.OnTimeout, outcome.ErrOnTimeout},
		{404, `<html>no such page</html>`, outcome.OnError, outcome.ErrOnError},
		{429, ``, outcome.OnError, outcome.ErrOnError},
		{500, `{"code":5000}`, outcome.OnError, outcome.ErrOnError},
		{501, ``, outcome.OnError, outcome.ErrOnError},
		{502, `<html>bad gateway</html>`, outcome.OnError, outcome.ErrOnError},
		{503, ``, outcome.OnError, outcome.ErrOnError},
		{302, ``, outcome.OnError, outcome.ErrOnError},
	}
	each(t, func(t *testing.T, c call) {
		for _, s := range standard {
			server := newStub(t, reply(s.status, s.body))
			got, err := c.do(t.Context(), server.client(t))
			require.Equal(t, s.edge, got, "status %d", s.status)
			require.ErrorIs(t, err, s.sentinel)
			require.Equal(t, s.status, failureOf(t, err).Status)
		}
	})
}

func TestAContextThatEndsIsOnTimeout(t *testing.T) {
	each(t, func(t *testing.T, c call) {
		ctx, cancel := context.WithCancelCause(t.Context())
		server := newStub(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel(errors.New("the caller has left"))
			<-r.Context().Done()
		})
		got, err := c.do(ctx, server.client(t))
		require.Equal(t, outcome.OnTimeout, got)
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.Canceled)

		expired, cancelExpired := context.WithDeadline(t.Context(), time.Now())
		defer cancelExpired()
		got, err = c.do(expired, server.client(t))
		require.Equal(t, outcome.OnTimeout, got)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
		require.Len(t, server.seen(), 1, "after its deadline a call sends nothing")
	})
}

// unread is a body whose reading takes as long as its request may.
type unread struct{ context.Context }

func (u unread) Read([]byte) (int, error) {
	<-u.Done()
	return 0, u.Err()
}

func TestAContextThatEndsWhileAFailureIsReadIsOnTimeout(t *testing.T) {
	left := errors.New("the caller has left")
	for status, want := range map[int]struct {
		edge   outcome.Edge
		effect outcome.Effect
	}{
		http.StatusInternalServerError: {outcome.OnError, outcome.MaybeApplied},
		http.StatusConflict:            {outcome.OnError, outcome.Refused},
		http.StatusForbidden:           {outcome.OnAuthorizationFailure, outcome.Refused},
	} {
		for name, c := range map[string]struct {
			leave time.Duration
			edge  outcome.Edge
			cause error
		}{
			"the caller's": {time.Second, outcome.OnTimeout, left},
			"the try's":    {time.Hour, want.edge, context.DeadlineExceeded},
		} {
			t.Run(fmt.Sprintf("%d, %s", status, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Body: io.NopCloser(unread{r.Context()}), ContentLength: -1}, nil
					})))
					require.NoError(t, err)
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(c.leave, func() { cancel(left) })
					_, err = appendTo(appendRequest, engage.WithRetry(engage.Retry{Attempts: 1}), engage.WithReconciliation(engage.Reconciliation{Off: true}))(ctx, client)
					failure := failureOf(t, err)
					require.Equal(t, c.edge, failure.Edge)
					require.ErrorIs(t, err, c.cause)
					require.Equal(t, status, failure.Status)
					require.Equal(t, want.effect, failure.Effect)
				})
			})
		}
	}
}

func TestAnEdgeWithoutATransitionIsOnInvalidChoice(t *testing.T) {
	each(t, func(t *testing.T, c call) {
		server := newStub(t, reply(http.StatusOK, success(c.operation)))
		got, err := c.do(t.Context(), server.client(t))
		require.NoError(t, err)

		steps := outcome.Transitions[string]{outcome.OnError: "end"}
		_, err = steps.Next(got)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)

		steps[outcome.OnInvalidChoice] = "fallback"
		step, err := steps.Next(got)
		require.NoError(t, err)
		require.Equal(t, "fallback", step)
	})
}

func TestASearchInAnUnknownStateIsOnInvalidChoiceAndCarriesTheReply(t *testing.T) {
	for _, request := range []engage.SearchConversationRequest{
		engage.SearchConversationV10{Address: smsAddress},
		engage.SearchConversationV11{Address: smsAddress},
		engage.SearchConversationV13{Address: smsAddress},
	} {
		server := newStub(t, reply(http.StatusOK, found("parked-by-robot")))
		result, err := server.client(t).SearchConversation(t.Context(), request)
		require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
		require.Equal(t, outcome.OnInvalidChoice, result.Outcome)
		require.Equal(t, "C1", result.ConversationID)
		require.Equal(t, "parked-by-robot", result.Status)
		require.ErrorContains(t, err, `"parked-by-robot"`)
		require.JSONEq(t, found("parked-by-robot"), string(result.Raw()))
	}
}

func TestASuccessThatSaysItFailedIsAFailure(t *testing.T) {
	for body, want := range map[string]outcome.Edge{
		`{"status":"failure","code":"4551","tid":"T-1"}`:    outcome.OnAppendMessageFailure,
		`{"status":"Failed","code":4551,"tid":"T-1"}`:       outcome.OnAppendMessageFailure,
		`{"status":"422","code":4551,"tid":"T-1"}`:          outcome.OnInvalidData,
		`{"status":401,"code":4551,"value":{"tid":"T-1"}}`:  outcome.OnAuthorizationFailure,
		`{"status":500,"code":"4551","value":{},"tid":"T"}`: outcome.OnError,
	} {
		server := newStub(t, reply(http.StatusOK, body))
		got, err := calls[6].do(t.Context(), server.client(t))
		require.Equal(t, want, got, body)
		require.Equal(t, "4551", failureOf(t, err).Code)
		require.Len(t, server.written(), 1)
	}
}

func TestClosingAClosedConversationIsSuccess(t *testing.T) {
	for _, server := range []*stub{
		newStub(t, reply(http.StatusConflict, `{"status":"failure","code":4547,"description":"closed","tid":"T-1"}`)),
		newStub(t, reply(http.StatusOK, `{"status":"failure","code":"4547","tid":"T-1"}`)),
	} {
		receipt, err := server.client(t).CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
		require.NoError(t, err)
		require.Equal(t, outcome.OnConversationClosed, receipt.Outcome)
		require.True(t, receipt.AlreadyDone)
		require.Equal(t, "4547", receipt.Code)
		require.Equal(t, "T-1", receipt.TransactionID)
		require.Equal(t, "C1", receipt.ConversationID)
		require.Contains(t, string(receipt.Raw()), "4547")
	}
}
