package engage_test

import (
	"net/http"
	"testing"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestEveryVersionEndsOnItsSuccessEdges(t *testing.T) {
	replies := map[outcome.Edge]string{
		outcome.NoConversationFound: `{"status":"success","value":{"chatExist":false}}`,
		outcome.ConversationActive:  found("active"),
		outcome.ConversationClosed:  found("closed"),
		outcome.ConversationInQueue: found("queued"),
		outcome.ConversationOnHold:  found("onhold"),
		outcome.InWorkingHours:      slot("working_hours"),
		outcome.OnHoliday:           slot("holiday"),
		outcome.InOverride:          slot("override"),
		outcome.OnNoMatch:           slot("no_match"),
		outcome.Created:             `{"transId":"T-1","conversationOperation":"created"}`,
		outcome.Reopened:            `{"transId":"T-1","value":{"conversationOperation":"Reopened"}}`,
		outcome.Appended:            `{"transId":"T-1","conversationOperation":"appended"}`,
	}
	each(t, func(t *testing.T, c call) {
		for _, want := range c.successes() {
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
		want := c.failure()
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
			if c.operation == outcome.ResolveConversation && (s.status == 429 || s.status == 503) {
				continue // It has edges of its own for these two.
			}
			server := newStub(t, reply(s.status, s.body))
			got, err := c.do(t.Context(), server.client(t))
			require.Equal(t, s.edge, got, "status %d", s.status)
			require.ErrorIs(t, err, s.sentinel)
			require.Equal(t, s.status, failureOf(t, err).Status)
		}
	})
}

func TestClosingAClosedConversationIsSuccess(t *testing.T) {
	for _, server := range []*stub{
		newStub(t, reply(http.StatusConflict, `{"status":"failure","code":4547,"description":"closed","tid":"T-1"}`)),
		newStub(t, reply(http.StatusOK, `{"status":"failure","code":"4547","description":"closed","tid":"T-1"}`)),
	} {
		receipt, err := server.client(t).CloseConversation(t.Context(), closeRequest)
		require.NoError(t, err)
		require.Equal(t, outcome.OnConversationClosed, receipt.Outcome)
		require.True(t, receipt.AlreadyDone)
		require.Equal(t, "4547", receipt.Code)
		require.Equal(t, "closed", receipt.Description)
		require.Equal(t, "T-1", receipt.TransactionID)
		require.Equal(t, "C1", receipt.ConversationID)
		require.Contains(t, string(receipt.Raw()), "4547")
	}
}
