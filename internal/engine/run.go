package engine

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/hashicorp/go-retryablehttp"
)

// run is a call in progress. It is the transport below the loop, so each round
// trip of the loop is one try, and the loop's questions are answered from what
// the last try left here.
type run struct {
	Call
	engine *Engine
	client http.Client
	loop   retryablehttp.Client

	history []outcome.Attempt
	last    try
	wait    time.Duration
	// reauthorized is set once a refused token was replaced.
	reauthorized bool
}

// RoundTrip makes one try. It never returns an error, and the response it
// returns is empty: reply and error of the try are kept in r.last.
func (r *run) RoundTrip(request *http.Request) (*http.Response, error) {
	start := time.Now()
	r.last = r.try(request)
	attempt := outcome.Attempt{
		Status:   r.last.status,
		TraceIDs: TraceIDs(r.last.header, r.last.failure.IDs),
		Wait:     r.wait,
		Duration: time.Since(start),
		Effect:   r.last.verdict.effect,
		Err:      r.last.err,
	}
	r.history = append(r.history, attempt)
	r.log(request.Context(), attempt)
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
		slog.Int("attempt", len(r.history)),
		slog.Duration("wait", attempt.Wait),
		slog.Duration("duration", attempt.Duration),
		slog.Int("status", attempt.Status),
	}
	for _, id := range attempt.TraceIDs {
		attrs = append(attrs, slog.String(id.Name, id.Value))
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
		r.last = try{err: cause(ctx, err), verdict: verdict{outcome.OnError, outcome.NotSent, false}}
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
	case !r.last.verdict.transient, !r.safeToRepeat(), r.tries() >= r.Attempts:
		return false
	}
	return r.pause(ctx)
}

// tries counts what was tried on the call's own account.
func (r *run) tries() int {
	if r.reauthorized {
		return len(r.history) - 1
	}
	return len(r.history)
}

// safeToRepeat reports whether sending the request again cannot do twice what
// it should do once.
func (r *run) safeToRepeat() bool {
	return r.Repeatable || r.last.verdict.effect == outcome.NotSent || r.last.verdict.effect == outcome.Refused
}

// reauthorize replaces a token that was refused. It reports false, which leaves
// the refusal standing, where it did so before or there is no other token.
func (r *run) reauthorize(ctx context.Context) bool {
	if r.reauthorized {
		return false
	}
	if invalidator, ok := r.engine.Source.(auth.Invalidator); ok {
		invalidator.Invalidate(r.last.token)
	}
	token, err := r.engine.Source.Token(ctx)
	if err != nil {
		r.last.err = tokenCause(err)
		return false
	}
	r.reauthorized = !token.Equal(r.last.token)
	return r.reauthorized
}

// pause sets the wait before the next try: a random part of a bound that doubles
// with each try, after what the server asked for. It reports false where the
// server asks for too much or the wait would outlast the context.
func (r *run) pause(ctx context.Context) bool {
	if r.last.retryAfter > r.LongestWait {
		return false
	}
	bound := r.FirstWait
	for range r.tries() - 1 {
		bound = min(2*bound, r.LongestWait)
	}
	wait := r.last.retryAfter + rand.N(max(bound, 0)+1)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	r.wait = wait
	return true
}

// interrupted is the failure of a call whose context ended during a wait.
func (r *run) interrupted(ended error) error {
	if r.last.err != nil {
		ended = fmt.Errorf("%w while waiting to try again after: %w", ended, r.last.err)
	}
	return r.fail(outcome.OnTimeout, ended)
}

// fail makes the call's error out of its last try and its history.
func (r *run) fail(edge outcome.Edge, err error) *outcome.Error {
	failure := &outcome.Error{
		Edge:        edge,
		Operation:   r.Operation,
		Version:     r.Version,
		Effect:      outcome.NotSent,
		Status:      r.last.status,
		Code:        r.last.failure.Code,
		Description: r.last.failure.Description,
		RetryAfter:  r.last.retryAfter,
		Attempts:    r.history,
		Err:         err,
	}
	for _, attempt := range r.history {
		failure.Effect = failure.Effect.Then(attempt.Effect)
		failure.TraceIDs = append(failure.TraceIDs, attempt.TraceIDs...)
	}
	return failure
}
