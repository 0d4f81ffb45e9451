package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/retry"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/outcome"
)

// retry makes the attempts that follow a first one, which ended with response or
// err. It judges that one first: [call.CheckRetry] decides whether there is
// another attempt and settles the wait, [call.Backoff] returns the wait, and
// [call.RoundTrip] makes the attempt.
func (c *call) retry(ctx context.Context, response *http.Response, err error) {
	// c.last says how the last attempt ended, so the return values say no more.
	_, _ = retry.Continue(c.request.WithContext(ctx), response, err, c)
}

// RoundTrip makes one attempt under the context of request.
func (c *call) RoundTrip(request *http.Request) (*http.Response, error) {
	return c.attempt(request.Context(), new(sent.Watch))
}

// CheckRetry reports whether there is another attempt, and settles the wait
// before it. It goes by c.last, which holds more than a response or an error.
func (c *call) CheckRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	c.wait = 0
	switch {
	case c.last.succeeded(), ctx.Err() != nil:
		c.waiting = false
	case c.last.status == http.StatusUnauthorized:
		c.waiting = c.reauthorize(ctx)
	default:
		c.waiting = c.last.transient && c.safeToRepeat() && Attempts(c.History) < c.Settings.Attempts && c.affords(ctx)
	}
	return c.waiting, nil
}

// Backoff returns the wait that CheckRetry has settled.
func (c *call) Backoff(time.Duration, time.Duration, int, *http.Response) time.Duration {
	return c.wait
}

// affords reports whether the next wait is within the limits of the call, and
// settles it: the time that the service asked for, and a random time on top.
func (c *call) affords(ctx context.Context) bool {
	rest := c.LongestWait - c.last.retryAfter
	if rest < 0 {
		return false
	}
	c.wait = c.last.retryAfter + min(retry.Wait(Attempts(c.History), c.FirstWait, c.LongestWait), rest)
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > c.wait
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

// safeToRepeat reports whether another attempt cannot apply the call twice.
func (c *call) safeToRepeat() bool { return c.Repeatable || c.last.effect < outcome.MaybeApplied }

// reauthorize replaces a token that the service refused. It reports false if the
// refusal stands: a token was replaced before, the request may have been applied,
// or the source has no other token.
func (c *call) reauthorize(ctx context.Context) bool {
	if c.reauthorized {
		return false
	}
	if invalidator, ok := c.Source.(auth.Invalidator); ok {
		invalidator.Invalidate(c.token)
	}
	if !c.safeToRepeat() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, c.AttemptTimeout)
	defer cancel()
	token, err := c.Source.Token(ctx)
	if err != nil {
		c.last.err = c.causeOfUser(ctx, err)
		if ctx.Err() != nil {
			c.last.edge = outcome.OnTimeout
		}
		return false
	}
	c.reauthorized = !token.Equal(c.token)
	return c.reauthorized
}
