package engage_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// spanKey is the key of the call or the attempt in a context.
type spanKey struct{}

// observed is an observer that records what it is called with.
type observed struct {
	mutex    sync.Mutex
	events   []string
	calls    []engage.CallEnd
	attempts []engage.AttemptEnd
}

// start records the start of a span in the one of ctx.
func (o *observed) start(ctx context.Context, name string) context.Context {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if parent, ok := ctx.Value(spanKey{}).(string); ok {
		name = parent + " > " + name
	}
	o.events = append(o.events, "start "+name)
	return context.WithValue(ctx, spanKey{}, name)
}

func (o *observed) end(ctx context.Context) {
	o.events = append(o.events, "end "+ctx.Value(spanKey{}).(string))
}

func (o *observed) CallStarted(ctx context.Context, call engage.CallStart) context.Context {
	return o.start(ctx, fmt.Sprint(call.Operation, " ", call.Version))
}

func (o *observed) CallEnded(ctx context.Context, call engage.CallEnd) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.end(ctx)
	o.calls = append(o.calls, call)
}

func (o *observed) AttemptStarted(ctx context.Context, attempt engage.AttemptStart) context.Context {
	return o.start(ctx, fmt.Sprint(attempt.Operation, " ", attempt.Number))
}

func (o *observed) AttemptEnded(ctx context.Context, attempt engage.AttemptEnd) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.end(ctx)
	o.attempts = append(o.attempts, attempt)
}

func TestAnObserverSeesTheAttemptsWithinTheirCall(t *testing.T) {
	server := newStub(t, inTurn(reply(http.StatusServiceUnavailable, `{"code":"7"}`), reply(http.StatusOK, found("active"))))
	var o observed
	var sent []any
	client := server.client(t, engage.WithObserver(&o), around(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		sent = append(sent, r.Context().Value(spanKey{}))
		return next.RoundTrip(r)
	}))
	_, err := client.SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	first, second := "SearchConversation 1.3 > SearchConversation 1", "SearchConversation 1.3 > SearchConversation 2"
	require.Equal(t, []string{
		"start SearchConversation 1.3", "start " + first, "end " + first, "start " + second, "end " + second, "end SearchConversation 1.3",
	}, o.events)
	require.Equal(t, []any{first, second}, sent, "a transport gets the context")

	call := o.calls[0]
	require.Positive(t, call.Duration)
	call.Duration = 0
	require.Equal(t, engage.CallEnd{
		CallStart: engage.CallStart{Operation: outcome.SearchConversation, Version: outcome.V13}, Edge: outcome.ConversationActive, Attempts: 2,
	}, call)
	require.Equal(t, []outcome.Edge{outcome.OnError, ""}, []outcome.Edge{o.attempts[0].Edge, o.attempts[1].Edge})
	require.Equal(t, []int{503, 200}, []int{o.attempts[0].Status, o.attempts[1].Status})
	require.Equal(t, []outcome.Effect{outcome.Refused, 0}, []outcome.Effect{o.attempts[0].Effect, o.attempts[1].Effect})
	require.Positive(t, o.attempts[1].Attempt.Duration)
	require.Nil(t, o.attempts[0].Previous)
	require.Equal(t, o.attempts[0].Attempt, *o.attempts[1].Previous)
	for _, attempt := range o.attempts {
		require.Equal(t, "POST "+server.URL, attempt.Method+" "+attempt.Scheme+"://"+attempt.Host)
	}
}

func TestAnObserverSeesHowEveryOperationEnds(t *testing.T) {
	each(t, func(t *testing.T, c call) {
		server := newStub(t, inTurn(reply(http.StatusOK, success(c.operation)), reply(http.StatusBadRequest, `{"code":"7"}`)))
		var o observed
		client := server.client(t, engage.WithObserver(&o))
		want, err := c.do(t.Context(), client)
		require.NoError(t, err)
		_, err = c.do(t.Context(), client)
		require.Error(t, err)
		require.Len(t, o.calls, 2)
		require.Len(t, o.attempts, 2)
		succeeded, failed := o.calls[0], o.calls[1]
		require.Equal(t, engage.CallStart{Operation: c.operation, Version: c.version}, failed.CallStart)
		require.Equal(t, []any{want, outcome.Effect(0), 1, nil}, []any{succeeded.Edge, succeeded.Effect, succeeded.Attempts, succeeded.Err})
		require.Equal(t, []any{outcome.OnInvalidData, outcome.Refused, 1, err}, []any{failed.Edge, failed.Effect, failed.Attempts, failed.Err})
	})
}

func TestAnObserverSeesDoAndPing(t *testing.T) {
	server := newStub(t, inTurn(reply(http.StatusNotFound, ""), reply(http.StatusOK, "{}"), reply(http.StatusBadRequest, "")))
	var o observed
	client := server.client(t, engage.WithObserver(&o))
	require.NoError(t, client.Ping(t.Context()))
	sing := engage.Call{Operation: "Sing", Route: engage.Route{Method: http.MethodPost, Path: "/sing"}}
	_, err := client.Do(t.Context(), sing)
	require.NoError(t, err)
	_, err = client.Do(t.Context(), sing)
	require.Error(t, err)
	var got []any
	for _, call := range o.calls {
		got = append(got, call.Operation, call.Edge, call.Attempts)
	}
	require.Equal(t, []any{
		outcome.Operation("Ping"), outcome.Edge(""), 1,
		outcome.Operation("Sing"), outcome.Edge(""), 1,
		outcome.Operation("Sing"), outcome.OnInvalidData, 1,
	}, got)
}

func TestTheAttemptsOfALookupBelongToTheWrite(t *testing.T) {
	server := newStub(t, split(reply(http.StatusNotFound, ""), hangUp))
	var o observed
	_, err := appendMessage(t.Context(), server.client(t, engage.WithObserver(&o), engage.WithCallOptions(oneAttempt)))
	require.Len(t, o.calls, 1)
	require.Equal(t, err, o.calls[0].Err)
	require.NotEmpty(t, failureOf(t, err).AliasIDs)
	require.Equal(t, []any{outcome.MaybeApplied, 1}, []any{o.calls[0].Effect, o.calls[0].Attempts})
	require.Equal(t, outcome.FetchTranscript, o.attempts[len(o.attempts)-1].Operation)
	require.Equal(t, "start AppendMessage 1.3 > FetchTranscript 1", o.events[3])
}

func TestACallThatIsInvalidIsNotObserved(t *testing.T) {
	var o observed
	client := over(t, roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.EOF }), engage.WithObserver(&o))
	_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{})
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	require.Empty(t, o.events)
	_, err = engage.New(engage.US, auth.Static(token), engage.WithObserver((*observed)(nil)))
	require.ErrorContains(t, err, "the observer is nil")
}

func TestEachPageOfATranscriptIsACall(t *testing.T) {
	server := newStub(t, inTurn(
		reply(http.StatusOK, `{"value":{"countOfRecords":1,"messages":[{"type":"text","text":"hello"}]}}`),
		reply(http.StatusOK, `{"value":{"countOfRecords":1,"messages":[]}}`),
	))
	var o observed
	for _, err := range server.client(t, engage.WithObserver(&o)).Transcript(t.Context(), "C1", nil) {
		require.NoError(t, err)
	}
	require.Len(t, o.calls, 2)
	for _, call := range o.calls {
		require.Equal(t, outcome.FetchTranscript, call.Operation)
		require.Equal(t, outcome.TranscriptFetched, call.Edge)
		require.Equal(t, 1, call.Attempts)
	}
}
