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
	// Duration is how long the source took.
	Duration time.Duration
	// Expiry is when the new token expires. It is the zero time if the renewal
	// failed or the expiry is not known.
	Expiry time.Time
	// Err is why the renewal failed; nil if it did not.
	Err error
}

// renewal is one call of the source. Its token and error are set before done is
// closed.
type renewal struct {
	done  chan struct{}
	token Token
	err   error
	kept  Token // what the source returned, guarded by the cache's lock
}

// start starts a renewal. It passes on the values of ctx, for tracing, but not its
// end. The lock is held.
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
				c.keep(current, token) // even if nobody waits for it any more
			}
			return token, err
		})
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", safeerror.New(fmt.Sprintf("auth: no token within %s", c.timeout)), err)
		}
		c.end(current, token, err)
		<-returned // which may be later than the end for those who waited
		kept := c.workDone(current)
		if !kept.IsZero() {
			err = nil
		}
		if c.observe != nil {
			c.observe(Renewal{Duration: c.now().Sub(began), Expiry: kept.Expiry(), Err: err})
		}
		if f, ok := c.source.(follower); ok {
			f.follow()
		}
	}()
}

// follower is a source that has calls to make after its token has been given out.
type follower interface{ follow() }

// workDone notes that the source of a renewal has returned, and returns its token.
func (c *Cache) workDone(current *renewal) Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working--; c.working == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
	return current.kept
}

// keep makes token the one to return.
func (c *Cache) keep(current *renewal, token Token) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	current.kept = token
	c.held = hold(token, now)
	c.ready.Store(nil)
	c.retryAt = time.Time{}
	if !isTokenRefused(c.lastFailure()) {
		c.failure.Store(nil) // the service has yet to accept the token
	}
	if !token.get().unsaved {
		c.fruitless = 0
		return
	}
	c.fruitless++
	c.retryAt = c.held.beforeDeadline(now.Add(pause(c.fruitless)))
}

// end ends a renewal with its result.
func (c *Cache) end(current *renewal, token Token, err error) {
	current.token, current.err = token, err
	defer close(current.done)
	if wait := c.settle(current); wait > 0 {
		c.logger.Warn("auth: token renewal failed", slog.Any("error", current.err), slog.Duration("retryIn", wait))
	}
}

// settle notes the end of a renewal. If it failed, settle returns how long to wait
// before the next.
func (c *Cache) settle(current *renewal) (wait time.Duration) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewal = nil
	if !current.kept.IsZero() {
		current.token, current.err = current.kept, nil // it came at the last moment
	}
	if current.err == nil {
		return 0
	}
	c.fruitless++
	c.fail(current.err)
	wait, requested := pauseAfter(current.err, c.fruitless)
	c.retryAt = now.Add(wait)
	if c.held != nil && !requested && !c.held.expired(now) {
		c.retryAt = c.held.beforeDeadline(c.retryAt)
	}
	return wait
}

// held is a token and the times that follow from its lifetime. A zero time is never
// reached.
type held struct {
	token    Token
	since    time.Time
	renewAt  time.Time // from then on it is stale
	deadline time.Time // from then on it counts as expired
	accepted bool      // the service has accepted it
}

// hold works out the times of a token that came at now. A renewal may return the same
// token once more, whose next renewal is then due after half of what is left.
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

// window returns how long before its expiry a token of that lifetime is renewed.
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

// beforeDeadline returns t, or the deadline if that is earlier.
func (h *held) beforeDeadline(t time.Time) time.Time {
	if !h.deadline.IsZero() && h.deadline.Before(t) {
		return h.deadline
	}
	return t
}

// rest returns how long after now the token's state stays the same. It is never
// long, because the monotonic clock that measures it stands still while a machine
// sleeps.
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

// refusals decides whether a refused token is worth a renewal. It is, unless the
// renewal before did not help.
type refusals struct {
	count     int       // renewals in a row whose token was refused
	believeAt time.Time // when another such renewal may follow
	last      Token     // the token dropped last
}

// believe reports whether to drop h, which was refused at now.
func (r *refusals) believe(h *held, now time.Time) bool {
	unchanged := h.token.Equal(r.last)
	if h.accepted && !unchanged || now.Sub(h.since) > longestPause {
		r.count = 0
	}
	if r.count > 0 && !reached(now, r.believeAt) {
		return false
	}
	r.count++
	r.believeAt = now.Add(pause(r.count))
	r.last = h.token
	return true
}

// accepted notes that the service accepted h.
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

// pause returns how long to wait after count renewals in a row did not help: a random
// time between the shortest pause and a limit that doubles each time.
func pause(count int) time.Duration {
	limit := longestPause
	if count < 6 {
		limit = min(shortestPause<<count, longestPause)
	}
	return shortestPause + rand.N(limit-shortestPause)
}

// pauseAfter returns the pause after err, and whether the endpoint requested it.
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

// jittered returns d, made longer by up to a quarter at random.
func jittered(d time.Duration) time.Duration { return d + rand.N(d/4) }
