package retry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/retry"
)

// result is the result of an attempt.
type result struct {
	response *http.Response
	err      error
}

// status returns a result with a response whose body was read.
func status(code int) result {
	return result{response: &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("body"))}}
}

// call has the results of the attempts after the first, and keeps what the loop asks.
type call struct {
	next    []result
	stop    error
	judged  []result
	waits   []time.Duration
	started []time.Time
}

func (c *call) RoundTrip(*http.Request) (*http.Response, error) {
	c.started = append(c.started, time.Now())
	r := c.next[0]
	c.next = c.next[1:]
	return r.response, r.err
}

// CheckRetry wants another attempt unless the status is 2xx or 3xx.
func (c *call) CheckRetry(_ context.Context, response *http.Response, err error) (bool, error) {
	c.judged = append(c.judged, result{response, err})
	return err != nil || response.StatusCode >= 400, c.stop
}

func (c *call) Backoff(_, _ time.Duration, attempt int, _ *http.Response) time.Duration {
	return c.waits[attempt]
}

// request returns a request of the test's context.
func request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://engage.example/secret", nil)
	require.NoError(t, err)
	return r
}

func TestAttemptsFollowUntilTheCallWantsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := result{err: errors.New("broken")}
		first, last := status(500), status(200)
		waits := []time.Duration{time.Second, 0, time.Minute}
		c := &call{next: []result{broken, status(429), last}, waits: waits}
		start := time.Now()
		response, err := retry.Continue(request(t), first.response, nil, c)
		require.NoError(t, err)
		require.Same(t, last.response, response)
		require.Equal(t, []time.Time{start.Add(time.Second), start.Add(time.Second), start.Add(time.Minute + time.Second)}, c.started)
		require.Len(t, c.judged, 4)
		require.Same(t, first.response, c.judged[0].response, "the first result is judged once")
		require.Equal(t, broken, c.judged[1], "an error is the attempt's own")
	})
}

func TestAResultThatEndsTheCallIsReturnedAsItIs(t *testing.T) {
	broken := errors.New("broken")
	c := &call{stop: broken}
	response, err := retry.Continue(request(t), nil, io.EOF, c)
	require.Nil(t, response)
	require.Equal(t, broken, err)
	require.Equal(t, []result{{nil, io.EOF}}, c.judged)

	for _, location := range []string{"", "https://elsewhere.example", "://unreadable"} {
		redirect := status(http.StatusTemporaryRedirect)
		redirect.response.Header.Set("Location", location)
		c := &call{}
		response, err := retry.Continue(request(t), redirect.response, nil, c)
		require.NoError(t, err, location)
		require.Same(t, redirect.response, response)
		require.Len(t, c.judged, 1)
		require.Equal(t, location, response.Header.Get("Location"))
	}
}

// content is a call that wants no further attempt.
type content struct{ call }

func (content) CheckRetry(context.Context, *http.Response, error) (bool, error) { return false, nil }

func TestTheErrorOfTheLastAttemptIsReturnedAsItIs(t *testing.T) {
	broken := errors.New("broken")
	response, err := retry.Continue(request(t), nil, broken, new(content))
	require.Nil(t, response)
	require.Equal(t, broken, err)
}

// watched is a body that records what became of it.
type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

func TestABodyIsReadAndClosedBeforeTheNextAttempt(t *testing.T) {
	body := &watched{Reader: strings.NewReader("body")}
	first := &http.Response{StatusCode: http.StatusServiceUnavailable, Body: body}
	_, err := retry.Continue(request(t), first, nil, &call{next: []result{status(200)}, waits: make([]time.Duration, 1)})
	require.NoError(t, err)
	require.True(t, body.closed)
	rest, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Empty(t, rest)
}

func TestTheErrorOfTheDecisionComesWithTheResponse(t *testing.T) {
	broken, first := errors.New("broken"), status(503)
	response, err := retry.Continue(request(t), first.response, nil, &call{stop: broken})
	require.Equal(t, broken, err)
	require.Same(t, first.response, response)
}

func TestARequestThatCannotBeSentEndsTheCall(t *testing.T) {
	for name, first := range map[string]result{"response": status(503), "error": {err: io.EOF}} {
		r := request(t)
		r.RequestURI = "/secret" // which http.Client refuses
		c := &call{waits: make([]time.Duration, 1)}
		response, err := retry.Continue(r, first.response, first.err, c)
		require.Nil(t, response, name)
		require.ErrorContains(t, err, "RequestURI", name)
		require.NotContains(t, err.Error(), "secret", name)
		require.Empty(t, c.started, name)
	}
}

func TestAContextThatEndsDuringAWaitEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := &call{waits: []time.Duration{time.Hour}}
		start := time.Now()
		response, err := retry.Continue(request(t).WithContext(ctx), status(503).response, nil, c)
		require.Nil(t, response)
		require.Equal(t, context.DeadlineExceeded, err)
		require.Equal(t, time.Minute, time.Since(start))
		require.Empty(t, c.started)
	})
}

func TestWaitIsARandomPartOfABoundThatDoubles(t *testing.T) {
	for attempts, bound := range map[int]time.Duration{1: 1, 2: 2, 3: 4, 5: 16, 6: 20, 1000: 20} {
		bound *= time.Second
		var longest time.Duration
		for range 1000 {
			wait := retry.Wait(attempts, time.Second, 20*time.Second)
			require.GreaterOrEqual(t, wait, time.Duration(0))
			require.Less(t, wait, bound)
			longest = max(longest, wait)
		}
		require.Greater(t, longest, bound*9/10, "attempts %d", attempts)
	}
	require.Zero(t, retry.Wait(3, 0, time.Hour))
	require.Zero(t, retry.Wait(3, time.Hour, 0))
	require.Less(t, retry.Wait(1, time.Hour, time.Second), time.Second)
}
