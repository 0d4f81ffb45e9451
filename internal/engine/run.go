package engine

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/hashicorp/go-retryablehttp"
)

// run is a call in progress.
type run struct {
	Call
	engine *Engine

	first flight
	last  try
	wait  time.Duration
	// reauthorized is set once a refused token was replaced.
	reauthorized bool
	// looping is set once the loop has been told of the first try.
	looping bool
}

// attempt makes one try and keeps it.
func (r *run) attempt(ctx context.Context) {
	var start time.Time
	if err := r.limit(ctx); err != nil {
		r.last, start = held(ctx, err), time.Now()
	} else {
		start = time.Now()
		r.last = r.try(ctx)
	}
	attempt := outcome.Attempt{
		Status:    r.last.status,
		TraceIDs:  TraceIDs(r.last.header, r.last.told().IDs),
		Wait:      r.wait,
		Duration:  time.Since(start),
		Effect:    r.last.verdict.effect,
		SentAgain: r.last.sentAgain,
		Err:       r.last.err,
	}
	r.History = append(r.History, attempt)
	r.log(ctx, attempt)
}

// limit waits for the limiter.
func (r *run) limit(ctx context.Context) error {
	if r.engine.Limiter == nil {
		return nil
	}
	return r.engine.Limiter.Wait(ctx)
}

// loop makes the tries after a first one that failed. It returns an error only
// if the context ended during a wait.
func (r *run) loop(ctx context.Context) error {
	loop := retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: r},
		RetryMax:     math.MaxInt,
		CheckRetry:   r.checkRetry,
		Backoff:      r.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	// Only a stand-in: every try has a request of its own.
	request := (&http.Request{Method: r.Method, URL: r.URL, Header: http.Header{}}).WithContext(ctx)
	_, err := loop.Do(&retryablehttp.Request{Request: request})
	return err
}

// RoundTrip is the loop's way to have a try made. The loop begins with one,
// which has been made already. RoundTrip never returns an error, and the
// response it returns is empty: reply and error of the try are kept in r.last.
func (r *run) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.looping {
		r.attempt(request.Context())
	}
	r.looping = true
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: request}, nil
}

// log tells of one try. Neither URL nor header nor body is told.
func (r *run) log(ctx context.Context, attempt outcome.Attempt) {
	logger := r.engine.Logger
	if logger == nil || !logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", string(r.Operation)),
		slog.String("version", string(r.Version)),
		slog.Int("attempt", len(r.History)),
		slog.Duration("wait", attempt.Wait),
		slog.Duration("duration", attempt.Duration),
		slog.Int("status", attempt.Status),
	}
	for _, id := range attempt.TraceIDs {
		attrs = append(attrs, slog.String(id.Name, brief(id.Value)))
	}
	if !r.last.ok {
		attrs = append(attrs, slog.String("edge", string(r.last.verdict.edge)), slog.String("effect", attempt.Effect.String()))
	}
	if attempt.Err != nil {
		attrs = append(attrs, slog.String("cause", attempt.Err.Error()))
	}
	logger.LogAttrs(ctx, slog.LevelDebug, "engage: attempt", attrs...)
}

// checkRetry answers the loop whether to try again. err is not nil only if the
// try never reached RoundTrip.
func (r *run) checkRetry(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if err != nil {
		r.last = try{err: causeOf(ctx, err), verdict: verdict{outcome.OnError, outcome.NotSent, false}}
		return false, nil
	}
	return r.again(ctx), nil
}

// backoff answers the loop how long to wait, which again has settled.
func (r *run) backoff(time.Duration, time.Duration, int, *http.Response) time.Duration { return r.wait }

// again decides whether the call is tried once more and, if so, sets the wait.
func (r *run) again(ctx context.Context) bool {
	r.wait = 0
	switch {
	case r.last.ok, ctx.Err() != nil:
		return false
	case r.last.status == http.StatusUnauthorized:
		return r.reauthorize(ctx)
	case !r.last.verdict.transient, !r.safeToRepeat(), Tries(r.History) >= r.Attempts:
		return false
	}
	return r.pause(ctx)
}

// Tries counts the attempts that a call has made on its own account: all but those
// that the replacement of a refused token followed.
func Tries(history []outcome.Attempt) int {
	count := len(history)
	for i, attempt := range history {
		if attempt.Status == http.StatusUnauthorized && i < len(history)-1 {
			count--
		}
	}
	return count
}

// safeToRepeat reports whether sending the request again cannot do twice what
// it should do once.
func (r *run) safeToRepeat() bool {
	return r.Repeatable || r.last.verdict.effect == outcome.NotSent || r.last.verdict.effect == outcome.Refused
}

// reauthorize replaces a token that was refused. It reports false, which leaves
// the refusal standing, where it did so before, where the request may have been
// carried out before it was refused, or there is no other token within the time
// that a try has.
func (r *run) reauthorize(ctx context.Context) bool {
	if r.reauthorized {
		return false
	}
	if invalidator, ok := r.Source.(auth.Invalidator); ok {
		invalidator.Invalidate(r.last.token)
	}
	if !r.safeToRepeat() {
		return false
	}
	f := new(flight)
	r.engine.alarm.begin(ctx, f, r.Timeout)
	defer r.engine.alarm.end(f)
	token, err := r.Source.Token(&f.limited)
	switch {
	case err == nil:
		r.reauthorized = !token.Equal(r.last.token)
	case f.Err() != nil:
		r.last.verdict.edge, r.last.err = outcome.OnTimeout, causeOf(&f.limited, err)
	default:
		r.last.err = tokenCause(err)
	}
	return r.reauthorized
}

// Backoff returns the wait after that many tries: a random part of a bound that
// is first at the beginning and doubles with each try, up to longest.
func Backoff(tries int, first, longest time.Duration) time.Duration {
	bound := first
	for range tries - 1 {
		if bound > longest/2 {
			bound = longest
			break
		}
		bound *= 2
	}
	if bound <= 0 {
		return 0
	}
	return rand.N(bound)
}

// pause sets the wait before the next try: what the server asked for and a random
// time after that, as far as the longest wait allows. It reports false where the
// server asks for too much or the wait would outlast the context.
func (r *run) pause(ctx context.Context) bool {
	if r.last.retryAfter > r.LongestWait {
		return false
	}
	wait := r.last.retryAfter + min(Backoff(Tries(r.History), r.FirstWait, r.LongestWait), r.LongestWait-r.last.retryAfter)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	r.wait = wait
	return true
}

// interrupted is the failure of a call whose context ended during a wait.
func (r *run) interrupted(ctx context.Context, ended error) error {
	ended = causeOf(ctx, ended)
	if r.last.err != nil {
		ended = fmt.Errorf("%w while waiting to try again after: %w", ended, r.last.err)
	}
	return r.fail(outcome.OnTimeout, ended)
}

// fail makes the call's error out of its last try and its history.
func (r *run) fail(edge outcome.Edge, err error) *outcome.Error {
	told := r.last.told()
	failure := &outcome.Error{
		Edge:        edge,
		Operation:   r.Operation,
		Version:     r.Version,
		Effect:      outcome.NotSent,
		Status:      r.last.status,
		Code:        told.Code,
		Description: told.Description,
		RetryAfter:  r.last.retryAfter,
		Attempts:    r.History,
		Err:         err,
	}
	for _, attempt := range r.History {
		failure.Effect = failure.Effect.Then(attempt.Effect)
		failure.TraceIDs = append(failure.TraceIDs, attempt.TraceIDs...)
	}
	return failure
}
