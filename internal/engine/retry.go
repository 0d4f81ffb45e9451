package engine

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/retry"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/outcome"
)

// retry makes the attempts that follow a first one, which ended with response or err.
// [retry.Continue] asks CheckRetry about that one, too. If CheckRetry wants another
// attempt, Continue waits as Backoff says and calls RoundTrip.
func (c *call) retry(ctx context.Context, response *http.Response, err error) {
	// c.last says how the last attempt ended, so the return values say no more.
	_, _ = retry.Continue(c.newRequest(ctx), response, err, c)
}

// RoundTrip makes one attempt under the context of request, by a request of its own with
// token and body.
func (c *call) RoundTrip(request *http.Request) (*http.Response, error) {
	return c.attempt(request.Context(), new(sent.Watch))
}

// CheckRetry reports whether there is another attempt, and sets the wait before it. It
// reads c.last, which says more than its arguments.
func (c *call) CheckRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	c.again, c.wait = false, 0
	switch {
	case c.last.succeeded(), ctx.Err() != nil:
	case c.last.status == http.StatusUnauthorized:
		c.again = c.reauthorize(ctx)
	case c.last.transient && c.safeToRepeat() && Attempts(c.History) < c.Settings.Attempts:
		c.wait, c.again = c.chooseWait(ctx)
	}
	return c.again, nil
}

// Backoff returns the wait that CheckRetry has set.
func (c *call) Backoff(time.Duration, time.Duration, int, *http.Response) time.Duration {
	return c.wait
}

// chooseWait returns the wait before the next attempt: the time that the service asked
// for, and a random time on top. It reports false if the wait would end after the deadline
// of ctx, or would be above LongestWait. The error of the call says the latter.
func (c *call) chooseWait(ctx context.Context) (time.Duration, bool) {
	rest := c.LongestWait - c.last.retryAfter
	if rest < 0 {
		tooLong := fmt.Errorf("the service asks for a wait above LongestWait, which is %v", c.LongestWait)
		if c.last.err != nil {
			tooLong = fmt.Errorf("%w; %w", c.last.err, tooLong)
		}
		c.last.err = tooLong
		return 0, false
	}
	wait := c.last.retryAfter + min(retry.Wait(Attempts(c.History), c.FirstWait, c.LongestWait), rest)
	deadline, ok := ctx.Deadline()
	return wait, !ok || time.Until(deadline) > wait
}

// Attempts counts the attempts of a history against the limit of a call. The
// attempt that follows the replacement of a refused token is not counted.
func Attempts(history []outcome.Attempt) int {
	count := len(history)
	for i, attempt := range history {
		if attempt.Status == http.StatusUnauthorized && i < len(history)-1 {
			count--
		}
	}
	return count
}

// safeToRepeat reports whether the call may be applied twice, or was certainly not applied
// by the last attempt. An earlier attempt that may have been applied has ended the call by
// this rule, or a lookup has found the write absent since.
func (c *call) safeToRepeat() bool { return c.Repeatable || c.last.effect < outcome.MaybeApplied }

// reauthorize invalidates a token that the service refused and asks for another. It
// reports whether there is one, which the next attempt gets from the source again. It asks
// for none if a token was replaced before, or the call must not be repeated. If the source
// fails, its error becomes that of the call.
func (c *call) reauthorize(ctx context.Context) bool {
	if invalidator, ok := c.Source.(auth.Invalidator); ok {
		invalidator.Invalidate(c.token)
	}
	if c.reauthorized || !c.safeToRepeat() {
		return false
	}
	tokenCtx, cancel := context.WithTimeout(ctx, c.AttemptTimeout)
	defer cancel()
	token, err := c.Source.Token(tokenCtx)
	if err != nil {
		c.last.err = c.causeOfUser(tokenCtx, err)
		if tokenCtx.Err() != nil {
			c.last.edge = outcome.OnTimeout
		}
		return false
	}
	c.reauthorized = !token.Equal(c.token)
	return c.reauthorized
}
