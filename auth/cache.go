package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Cache keeps the token of another source and renews it ahead of time, with at
// most one request to that source under way. Make one with [NewCache]. It is
// safe for concurrent use, needs no closing, and has no goroutine but that of a
// renewal in progress. Its time is that of package time, so that a test can run
// it on the clock of testing/synctest.
//
// A token passes through three states. While it is fresh, Token returns it.
// While it is stale, Token still returns it and has a renewal started in the
// background. Once it is expired, and before there is one, Token waits for the
// renewal in progress or starts one. How long before its expiry a token is
// stale follows from the lifetime it came with: 5 minutes for up to 20 minutes,
// 15 minutes for up to 90, else an hour, but never more than half of it. A
// minute before its expiry, or a quarter of a very short life, it counts as
// expired. Both times grow by up to a quarter at random, so that many processes
// do not renew at the same moment. A token of unknown expiry stays fresh until
// it is refused.
//
// A failed renewal is shared by everyone who waited for it, and remembered:
// until the next try is due, calls that find no usable token return the same
// error at once. The pause grows from 1 second to 5 minutes, and is as long as
// the endpoint asked for up to 1 hour. Where a try cannot help, as with an
// error that matches [ErrReauthorizationRequired], it is 5 minutes at once.
type Cache struct {
	source  TokenSource
	timeout time.Duration
	logger  *slog.Logger
	started time.Time

	// ready is what Token gives without taking the lock.
	ready atomic.Pointer[ready]

	// mu guards what follows, and the writing of ready. It is never held while
	// the source is at work.
	mu        sync.Mutex
	held      *held
	renewal   *renewal
	failure   error     // how the last renewal ended
	fruitless int       // renewals in a row that brought no new token
	retryAt   time.Time // when the next renewal may start
	refusals  int       // tokens in a row that were refused soon after they came
	heedAt    time.Time // when the next refusal will be believed
}

// ready is a token that needs no thought until that long after the cache's
// start.
type ready struct {
	token Token
	until time.Duration
}

// renewal is one request to the source. Its token and error are set before done
// is closed.
type renewal struct {
	done  chan struct{}
	token Token
	err   error
}

// CacheOption changes how a [Cache] works.
type CacheOption func(*Cache)

// WithTimeout limits one renewal, retries of the source included. It does not
// limit callers, who wait as long as their own contexts allow. Without it, and
// for anything but a positive duration, the limit is 30 seconds.
func WithTimeout(limit time.Duration) CacheOption {
	return func(c *Cache) {
		if limit > 0 {
			c.timeout = limit
		}
	}
}

// WithLogger has failed renewals logged, as warnings without any secret. The
// failure of a renewal in the background is seen nowhere else as long as the
// old token lives.
func WithLogger(logger *slog.Logger) CacheOption {
	return func(c *Cache) {
		if logger != nil {
			c.logger = logger
		}
	}
}

// NewCache returns a cache of source's tokens. Source must obey its context; one
// that does not, and never returns, loses a goroutine for every try.
func NewCache(source TokenSource, options ...CacheOption) *Cache {
	c := &Cache{
		source:  source,
		timeout: 30 * time.Second,
		logger:  slog.New(slog.DiscardHandler),
		started: time.Now(),
	}
	for _, option := range options {
		if option != nil {
			option(c)
		}
	}
	return c
}

// Token returns the cached token if it is usable. Else it waits for the
// renewal and returns its result, or an error that wraps that of ctx if ctx
// ends first. The renewal itself does not end with ctx, because others may wait
// for it.
func (c *Cache) Token(ctx context.Context) (Token, error) {
	if c.sourceless() {
		return Token{}, errNoSource
	}
	if r := c.ready.Load(); r != nil && time.Since(c.started) < r.until {
		return r.token, nil
	}
	return c.look(ctx)
}

// look decides by the clocks what Token returns, and starts a renewal if one is
// due.
func (c *Cache) look(ctx context.Context) (Token, error) {
	c.mu.Lock()
	now := time.Now()
	due := c.held == nil || c.held.stale(now)
	if due && c.renewal == nil && reached(now, c.retryAt) && ctx.Err() == nil {
		c.start(ctx)
	}
	if h := c.held; h != nil && !h.expired(now) {
		c.ready.Store(&ready{h.token, now.Sub(c.started) + h.rest(now)})
		c.mu.Unlock()
		return h.token, nil
	}
	current, failure := c.renewal, c.failure
	c.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return Token{}, fmt.Errorf("auth: no token: %w", ctx.Err())
	case current == nil && failure != nil:
		return Token{}, failure
	case current == nil:
		return Token{}, errNoToken
	}
	select {
	case <-current.done:
		return current.token, current.err
	case <-ctx.Done():
		return Token{}, fmt.Errorf("auth: waiting for a token: %w", ctx.Err())
	}
}

// Invalidate implements [Invalidator]. A service that refuses every token does
// not cause a renewal for each: a refusal that follows soon upon another is
// believed only after a pause, which grows from 1 second to 5 minutes. So a
// token that the source gives again after its refusal is kept for that long. A
// source that is an [Invalidator] is told of the refusals that are believed.
func (c *Cache) Invalidate(refused Token) {
	if c == nil || !c.drop(refused) {
		return
	}
	if source, ok := c.source.(Invalidator); ok {
		source.Invalidate(refused)
	}
}

// drop forgets refused, and reports false if the refusal is not believed.
func (c *Cache) drop(refused Token) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.held == nil || !c.held.token.Equal(refused) || !reached(now, c.heedAt) {
		return false
	}
	if now.Sub(c.held.since) > longestPause {
		c.refusals = 0
	}
	c.refusals++
	c.heedAt = now.Add(pause(c.refusals))
	c.held = nil
	c.ready.Store(nil)
	if c.failure == nil {
		c.retryAt = time.Time{}
	}
	return true
}

// Run keeps the token fresh, so that no call of Token has to wait for one even
// after a long silence. It returns when ctx ends, with its error. Without Run,
// tokens are renewed only when they are asked for, which is enough for most.
func (c *Cache) Run(ctx context.Context) error {
	for {
		if _, err := c.Token(ctx); err != nil && c.sourceless() {
			return err
		}
		if err := sleep(ctx, c.untilNext()); err != nil {
			return err
		}
	}
}

// sourceless reports whether the cache has no source, so that waiting is of no use.
func (c *Cache) sourceless() bool { return c == nil || c.source == nil }

// untilNext is how long nothing is to be done. It is cut to a minute, for a
// token may be refused, and a clock be set, at any time.
func (c *Cache) untilNext() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	next := c.retryAt
	if c.held != nil && !c.held.stale(now) {
		if next = c.held.renewAt; next.IsZero() {
			return time.Minute
		}
	}
	return min(max(next.Sub(now), time.Second), time.Minute)
}

// start starts a renewal. It takes the values of ctx along, for tracing, but
// not its end.
func (c *Cache) start(ctx context.Context) {
	current := &renewal{done: make(chan struct{})}
	c.renewal = current
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	go func() {
		defer cancel()
		token, err := await(ctx, func() (Token, error) {
			token, err := call(ctx, c.source)
			if err == nil {
				c.keep(token) // even if it comes too late for those who waited
			}
			return token, err
		})
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("auth: no token within %s: %w", c.timeout, err)
		}
		c.finish(current, token, err)
	}()
}

// keep makes token the one to give.
func (c *Cache) keep(token Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	previous := c.held
	c.held = hold(token, now)
	c.ready.Store(nil)
	c.failure, c.retryAt = nil, time.Time{}
	// An identity service may answer with the token there already is, or with
	// one that lives no longer. That is no failure, but asking again at once
	// would be of no use. Nor would it be for a token that is not yet settled.
	if token.get().unsettled || previous != nil && !previous.outlivedBy(token) {
		c.fruitless++
		c.retryAt = c.held.beforeDeadline(now.Add(pause(c.fruitless)))
		return
	}
	c.fruitless = 0
}

// finish ends a renewal with its result.
func (c *Cache) finish(current *renewal, token Token, err error) {
	current.token, current.err = token, err
	defer close(current.done)
	c.mu.Lock()
	c.renewal = nil
	if err == nil {
		c.mu.Unlock()
		return
	}
	c.fruitless++
	wait := pauseAfter(err, c.fruitless)
	c.failure, c.retryAt = err, time.Now().Add(wait)
	c.mu.Unlock()
	c.logger.Warn("auth: token renewal failed", slog.Any("error", err), slog.Duration("retryIn", wait))
}
