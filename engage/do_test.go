package engage_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestDoFailsForAReplyThatIsCutShortIfItReportsErrors(t *testing.T) {
	call := engage.Call{Operation: "New", Class: engage.Unsafe, Route: engage.Route{Method: http.MethodPost, Path: "/new"}, Body: struct{}{}}
	for body, isError := range map[string]bool{`{"any":"thi`: false, `{"errors":[{"descr`: true} {
		_, err := newStub(t, reply(200, body)).client(t).Do(t.Context(), call)
		require.Equal(t, isError, err != nil, body)
	}
}

// holdCall returns the call that puts a conversation on hold. Do needs no method for it.
func holdCall(id string) engage.Call {
	return engage.Call{
		Operation: outcome.HoldConversation,
		Version:   outcome.V10,
		Class:     engage.Convergent,
		Route:     engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/hold"},
		IDs:       map[string]string{"conversation": id},
	}
}

func TestDoCallsAnOperationByItsRoute(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	require.NoError(t, err)
	id := server.Seed(engagetest.Conversation{
		Status: engagetest.Active, Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199",
	})

	held, err := client.Do(t.Context(), holdCall(id))
	require.NoError(t, err)
	require.Equal(t, outcome.Success, held.Outcome)
	require.NotEmpty(t, held.TraceIDs)
	require.Len(t, held.Attempts, 1)
	conversation, _ := server.Conversation(id)
	require.Equal(t, engagetest.OnHold, conversation.Status)

	_, err = client.Do(t.Context(), holdCall("nobody"))
	failure := failureOf(t, err)
	require.Equal(t, outcome.Failure, failure.Edge)
	require.Equal(t, outcome.HoldConversation, failure.Operation)
	require.Equal(t, outcome.Refused, failure.Effect)
}

func TestDoAcceptsAReplyOfAnyShape(t *testing.T) {
	for _, body := range []string{``, `ok`, `[1]`, `{"hello":"world"}`, `{"status":"success"}`, `{"id":1,"status":"failed"}`} {
		server := newStub(t, reply(http.StatusOK, body))
		got, err := server.client(t).Do(t.Context(), engage.Call{
			Operation: "NewOperation",
			Route:     engage.Route{Method: http.MethodPut, Path: "/a%2Fb/{one}/{two}"},
			IDs:       map[string]string{"one": "1 1", "two": "2"},
			Query:     url.Values{"q": {"a&b"}},
			Body:      map[string]int{"n": 1},
		})
		require.NoError(t, err, body)
		require.Empty(t, got.Outcome)
		require.Equal(t, body, string(got.Raw()))
		seen := server.seen()[0]
		require.Equal(t, "PUT /api/v1/a%2Fb/1%201/2?q=a%26b "+`{"n":1}`, seen.method+" "+seen.path+"?"+seen.query+" "+seen.body)
	}
	server := newStub(t, reply(http.StatusOK, `{"errors":[{"key":7,"description":"no"}]}`))
	_, err := server.client(t).Do(t.Context(), engage.Call{Operation: "NewOperation", Route: engage.Route{Method: "GET", Path: "/new"}, Class: engage.Read})
	require.ErrorIs(t, err, outcome.ErrOnError)
	require.Equal(t, "7", failureOf(t, err).Code)
}

func TestDoRepeatsByTheClassOfTheCall(t *testing.T) {
	for class, want := range map[engage.Class]int{"": 1, engage.Unsafe: 1, engage.Convergent: 2, engage.Read: 2} {
		server := newStub(t, hangUp)
		call := engage.Call{Operation: "NewOperation", Class: class, Route: engage.Route{Method: "POST", Path: "/new"}, Body: struct{}{}}
		_, err := server.client(t).Do(t.Context(), call, engage.WithRetry(engage.Retry{Attempts: 2, FirstWait: 1, LongestWait: 0}))
		failure := failureOf(t, err)
		require.Len(t, server.seen(), want, class)
		if class == engage.Read {
			require.Zero(t, failure.Effect)
		} else {
			require.Equal(t, outcome.MaybeApplied, failure.Effect, class)
		}
	}
}

func TestDoReportsAllViolationsAtOnce(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, ``))
	for _, c := range []struct {
		call   engage.Call
		fields []string
	}{
		{engage.Call{Class: "x"}, []string{"Operation", "Class", "Route.Method", "Route.Path"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "PUT", Path: "/{a}"}}, []string{"Route.Path"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "PUT", Path: "/a"}, IDs: map[string]string{"a": "1"}}, []string{"Route.Path"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "PUT", Path: "/{a}"}, IDs: map[string]string{"a": "../b"}}, []string{"IDs.a"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "PUT", Path: "/{}"}, IDs: map[string]string{"": "1"}}, []string{"Route.Path"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "GET", Path: "/a"}}, []string{"Class"}},
		{engage.Call{Operation: "New", Class: "x", Route: engage.Route{Method: "GET", Path: "/a"}}, []string{"Class"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "POST", Path: "/a"}, Body: func() {}}, []string{"Body"}},
		{engage.Call{Operation: "New", Route: engage.Route{Method: "GET", Path: "/a"}, Body: math.NaN()}, []string{"Class", "Body"}},
	} {
		_, err := server.client(t).Do(t.Context(), c.call)
		require.Equal(t, err, c.call.Validate())
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnInvalidData, failure.Edge)
		var fields []string
		for _, violation := range failure.Violations {
			fields = append(fields, violation.Field)
		}
		require.Equal(t, c.fields, fields)
	}
	require.Empty(t, server.seen())
}

func TestDoReturnsNoEdgeThatDependsOnTheReply(t *testing.T) {
	for operation, want := range map[outcome.Operation]outcome.Edge{
		outcome.SearchConversation:    "",
		outcome.BusinessHours:         "",
		outcome.ResolveConversation:   "",
		outcome.TransferConversation:  outcome.OnConversationTransferred,
		outcome.FetchTeamWorkingHours: outcome.Success,
		outcome.FetchTranscript:       outcome.TranscriptFetched,
		outcome.CloseConversation:     outcome.OnConversationClosed,
	} {
		server := newStub(t, reply(http.StatusOK, `{"status":"success","tid":"T-1","value":{"slot":"holiday"}}`))
		got, err := server.client(t).Do(t.Context(), engage.Call{
			Operation: operation, Class: engage.Convergent, Route: engage.Route{Method: "POST", Path: "/a"}, Body: struct{}{},
		})
		require.NoError(t, err, operation)
		require.Equal(t, want, got.Outcome, operation)
	}
}

// counted is a body that counts how often it is encoded.
type counted struct{ times *int }

func (c counted) MarshalJSON() ([]byte, error) {
	*c.times++
	return fmt.Appendf(nil, "%d", *c.times), nil
}

func TestDoEncodesTheBodyOnce(t *testing.T) {
	server := newStub(t, inTurn(hangUp, hangUp, reply(http.StatusOK, ``)))
	times := 0
	_, err := server.client(t).Do(t.Context(), engage.Call{
		Operation: "New", Class: engage.Convergent, Route: engage.Route{Method: "POST", Path: "/a"}, Body: counted{&times},
	})
	require.NoError(t, err)
	require.Equal(t, 1, times)
	for _, request := range server.seen() {
		require.Equal(t, "1", request.body)
	}
}

func ExampleClient_Do() {
	server, client, id := start(engagetest.Active)
	defer server.Close()

	held, err := client.Do(context.Background(), engage.Call{
		Operation: outcome.HoldConversation,
		Class:     engage.Convergent,
		Route:     engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/hold"},
		IDs:       map[string]string{"conversation": id},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(held.Outcome)
	// Output: Success
}
