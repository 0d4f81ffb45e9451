package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// Renewal describes a renewal that has ended.
type Renewal struct {
	// Duration is how long the call of the source took.
	Duration time.Duration
	// Expiry is when the new token expires. It is the zero time if the renewal
	// failed or the expiry is not known.
	Expiry time.Time
	// Err is the error of a failed renewal; nil if it succeeded.
	Err error
}

// renewal is one call of the source. The token and the error for callers that wait are set
// before done is closed.
type renewal struct {
	done  chan struct{}
	token Token
	err   error
	kept  Token // the usable token of the source, guarded by the cache's lock
}

// start starts a renewal. The source gets the values of ctx, for tracing, but not its
// cancellation. The caller holds the lock.
func (c *Cache) start(ctx context.Context) {
	current := &renewal{done: make(chan struct{})}
	c.renewal = current
	c.working++
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	go func() {
		defer cancel()
		began := c.now()
		returned := make(chan struct{})
		token, err := background(ctx, func() (Token, error) {
			defer close(returned)
			token, err := usableToken(ctx, c.source, c.now)
			if err == nil {
				c.keep(current, token) // even after the renewal has timed out
			}
			return token, err
		})
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", safeerror.New(fmt.Sprintf("auth: no token within %s", c.timeout)), err)
		}
		c.end(current, token, err)
		<-returned // the source may return after the renewal has timed out
		kept := c.workDone(current)
		if !kept.IsZero() {
			err = nil
		}
		if c.observe != nil {
			c.observe(Renewal{Duration: c.now().Sub(began), Expiry: kept.Expiry(), Err: err})
		}
		if source, ok := c.source.(renewalFollower); ok {
			source.afterRenewal()
		}
	}()
}

// renewalFollower is a source with work to do after callers have got the new token.
type renewalFollower interface{ afterRenewal() }

// workDone records that the source has returned. It returns the token of the renewal; the
// zero Token if it failed.
func (c *Cache) workDone(current *renewal) Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working--; c.working == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
	return current.kept
}

// keep makes token the token of the cache.
func (c *Cache) keep(current *renewal, token Token) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	current.kept = token
	c.held = hold(token, now)
	c.ready.Store(nil)
	c.retryAt = time.Time{}
	if !isTokenRefused(c.lastFailure()) {
		c.failure.Store(nil) // only Accept ends a TokenRefused
	}
	if !token.get().unsaved {
		c.failures = 0
		return
	}
	c.failures++
	c.retryAt = c.held.beforeDeadline(now.Add(pause(c.failures)))
}

// end ends a renewal for the callers that wait.
func (c *Cache) end(current *renewal, token Token, err error) {
	current.token, current.err = token, err
	defer close(current.done)
	if wait := c.settle(current); wait > 0 {
		c.logger.Warn("auth: token renewal failed", slog.Any("error", current.err), slog.Duration("retryIn", wait))
	}
}

// settle sets the result of a renewal that has ended. If it failed, settle returns the
// pause before the next.
func (c *Cache) settle(current *renewal) (wait time.Duration) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewal = nil
	if !current.kept.IsZero() {
		current.token, current.err = current.kept, nil // the token came as the time ran out
	}
	if current.err == nil {
		return 0
	}
	c.failures++
	c.fail(current.err)
	wait, requested := pauseAfter(current.err, c.failures)
	c.retryAt = now.Add(wait)
	if c.held != nil && !requested && !c.held.expired(now) {
		c.retryAt = c.held.beforeDeadline(c.retryAt)
	}
	return wait
}

// held is the token of a cache, and when it becomes stale and expired. A zero time means
// never.
type held struct {
	token    Token
	since    time.Time // when the cache got it
	renewAt  time.Time // from then on it is stale
	deadline time.Time // from then on it counts as expired
	accepted bool      // the service has accepted it
}

// hold returns the held of a token that the cache gets at now. If a renewal returns the
// same token again, the next is due after at least half of the remaining lifetime.
func hold(token Token, now time.Time) *held {
	h := &held{token: token, since: now}
	if expiry := token.Expiry(); !expiry.IsZero() {
		life := expiry.Sub(now)
		h.renewAt = expiry.Add(-min(jittered(window(life)), life/2))
		h.deadline = expiry.Add(-min(jittered(time.Minute), life/4))
	}
	if token.get().unsaved {
		h.renewAt = now
	}
	return h
}

// window returns how long before its expiry a token with this lifetime becomes stale.
func window(life time.Duration) time.Duration {
	switch {
	case life <= 20*time.Minute:
		return 5 * time.Minute
	case life <= 90*time.Minute:
		return 15 * time.Minute
	}
	return time.Hour
}

func (h *held) stale(now time.Time) bool {
	return !h.renewAt.IsZero() && reached(now, h.renewAt)
}

func (h *held) expired(now time.Time) bool {
	return !h.deadline.IsZero() && reached(now, h.deadline)
}

// beforeDeadline returns the earlier of t and the deadline.
func (h *held) beforeDeadline(t time.Time) time.Time {
	if !h.deadline.IsZero() && h.deadline.Before(t) {
		return h.deadline
	}
	return t
}

// rest returns how long after now the token stays fresh, stale or expired. It is at most a
// second, because the monotonic clock that measures it stops while a machine sleeps.
func (h *held) rest(now time.Time) time.Duration {
	rest := time.Second
	if !h.deadline.IsZero() {
		rest = min(rest, h.deadline.Sub(now))
	}
	if !h.renewAt.IsZero() && !h.stale(now) {
		rest = min(rest, h.renewAt.Sub(now))
	}
	return rest
}

// refusals decides whether to drop a refused token. It limits how often tokens are dropped
// while new tokens are refused too.
type refusals struct {
	count  int       // tokens dropped since the service last accepted a new one
	dropAt time.Time // when the next of them may be dropped
	last   Token     // the token dropped last
}

// add adds the refusal of h at now, and reports whether to drop h.
func (r *refusals) add(h *held, now time.Time) bool {
	if now.Sub(h.since) > longestPause {
		r.count = 0
	}
	if r.count > 0 && !reached(now, r.dropAt) {
		return false
	}
	r.count++
	r.dropAt = now.Add(pause(r.count))
	r.last = h.token
	return true
}

// accepted records that the service accepted h.
func (r *refusals) accepted(h *held) {
	if !h.token.Equal(r.last) {
		r.count = 0
	}
}

const (
	shortestPause         = time.Second
	longestPause          = time.Minute
	longestRequestedPause = 5 * time.Minute
)

// pause returns how long to wait after count failures in a row, which is at least 1. The
// pause is random between the shortest pause and a limit that doubles with each failure.
func pause(count int) time.Duration {
	limit := longestPause
	if count < 6 {
		limit = min(shortestPause<<count, longestPause)
	}
	return shortestPause + rand.N(limit-shortestPause)
}

// pauseAfter returns the pause after err, the last of count failures in a row, and whether
// the endpoint requested the pause.
func pauseAfter(err error, count int) (wait time.Duration, requested bool) {
	wait = pause(count)
	if errors.Is(err, ErrReauthorizationRequired) || errors.Is(err, outcome.ErrOnInvalidData) {
		wait = longestPause
	}
	if failure, ok := errors.AsType[*TokenEndpointError](err); ok && failure.RetryAfter > wait {
		return min(failure.RetryAfter, longestRequestedPause), true
	}
	return wait, false
}

// jittered returns d plus a random time of up to a quarter of d.
func jittered(d time.Duration) time.Duration { return d + rand.N(d/4) }
