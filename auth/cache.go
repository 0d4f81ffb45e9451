package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// Cache keeps the token of another source and renews it ahead of time, with at
// most one renewal in progress. Make one with [NewCache]. It is safe for concurrent
// use. Its only goroutine is that of a renewal, which also calls the observer of
// [WithRenewalObserver] and the OnDue of a [Refreshing].
//
// A token passes through three states. While it is fresh, Token returns it.
// While it is stale, Token still returns it and starts a renewal in the
// background. Once it is expired, and before there is one, Token waits for the
// renewal in progress or starts one. The lifetime of a token decides how long before
// its expiry it is stale: 5 minutes for up to 20 minutes, 15 minutes for up to 90,
// else an hour, but never more than half of it. It counts as expired a minute before
// its expiry, or a quarter of a very short life. Both times grow by up to a quarter at
// random, so that many processes do not renew at the same moment. A token of unknown
// expiry stays fresh until it is refused.
//
// All callers who wait share one renewal and its failure. Until the next renewal is
// due, calls that find no usable token return the same error at once. The pause
// between failed renewals grows from 1 second to 1 minute. It is 1 minute at once for
// an error that matches [ErrReauthorizationRequired]. If the endpoint asks for a longer
// pause, the cache waits that long, but at most 5 minutes. Without such a request the
// pause ends when the token expires. [Cache.Retry] ends it at any time.
//
// The clock is that of package time, also of testing/synctest, unless [WithClock]
// sets another.
type Cache struct {
	source  TokenSource
	options []CacheOption
	timeout time.Duration
	logger  *slog.Logger
	observe func(Renewal)
	clock   func() time.Time // nil is time.Now
	started time.Time

	// ready is what Token returns without taking the lock.
	ready atomic.Pointer[ready]
	// failure is why the token cannot be renewed: the error of the last renewal, or
	// that the service refuses new tokens. It is nil if all is well.
	failure atomic.Pointer[error]

	// mu guards the fields below and writes to those above. It is not held while
	// the source, a context or the clock is called.
	mu        sync.Mutex
	held      *held
	renewal   *renewal
	fruitless int       // renewals in a row that failed, or whose token is not saved
	retryAt   time.Time // when the next renewal may start
	refusals  refusals

	closed  bool
	working int           // renewals whose source has not returned
	idle    chan struct{} // closed when working is 0; nil if nobody waits
}

// ready is a token that Token returns until that long after the cache's start.
type ready struct {
	token    Token
	until    time.Duration
	accepted bool
}

// NewCache returns a cache of source's tokens. Source must return when its context
// ends; otherwise each renewal that hangs costs a goroutine. A panic of source becomes
// an error, because nobody could recover it on the goroutine of the renewal.
//
// [Bind] reports a nil source, and so does engage.New.
func NewCache(source TokenSource, options ...CacheOption) *Cache {
	if credentials, ok := source.(ClientCredentials); ok && credentials.TokenURL != "" {
		source = credentials.at(nil, nil) // with a transport of its own
	}
	c := &Cache{source: source, options: options, timeout: 30 * time.Second, logger: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(c)
	}
	c.started = c.now()
	return c
}

// CacheOption changes how a [Cache] works.
type CacheOption func(*Cache)

// WithTimeout limits one renewal, with all attempts of the source. It does not
// limit callers, who wait as long as their own contexts allow. Without it, and
// for anything but a positive duration, the limit is 30 seconds.
func WithTimeout(limit time.Duration) CacheOption {
	return func(c *Cache) {
		if limit > 0 {
			c.timeout = limit
		}
	}
}

// WithLogger logs failed renewals as warnings, without any secret. As long as the
// old token lives, no caller sees the failure of a renewal in the background. Nil
// logs nothing.
func WithLogger(logger *slog.Logger) CacheOption {
	return func(c *Cache) {
		if logger != nil {
			c.logger = logger
		}
	}
}

// WithRenewalObserver calls observe after each renewal, once its token has been given
// out. The call is made on the goroutine of the renewal. No caller of Token waits for
// it.
func WithRenewalObserver(observe func(Renewal)) CacheOption {
	return func(c *Cache) { c.observe = observe }
}

// WithClock makes the cache read the time from now instead of [time.Now], for a test
// that moves the time on. That time decides whether a token is fresh, stale, expired or
// usable, and whether a pause has passed. It also decides whether the record of a
// [Refreshing] source can be used.
//
// Waits do not follow it: the limit of a renewal, and the timer of Run, which looks at
// the clock at least once a minute. Nor do sources, which work out an expiry from a
// reply, and [Hosts.Authorize], which refuses an expired token by package time. So let
// now begin at time.Now and run ahead.
//
// Now is called often, and by many goroutines at once. Nil is time.Now.
func WithClock(now func() time.Time) CacheOption {
	return func(c *Cache) { c.clock = now }
}

// bind returns c for a client, or a new cache if the source is another one for each.
func (c *Cache) bind(endpoint *url.URL, transport http.RoundTripper) (TokenSource, bool, error) {
	bound, changed, err := bind(c.source, endpoint, transport)
	if err != nil || !changed {
		return c, false, err
	}
	return NewCache(bound, c.options...), true, nil
}

func (c *Cache) now() time.Time {
	if c.clock == nil {
		return time.Now()
	}
	return c.clock()
}

// age returns the time since the cache's start. Every call of Token needs it, and
// time.Since costs half of what time.Now does.
func (c *Cache) age() time.Duration {
	if c.clock == nil {
		return time.Since(c.started)
	}
	return c.clock().Sub(c.started)
}

// Token returns the cached token if it is usable. Otherwise it waits for the renewal
// and returns its result, or an error that wraps that of ctx if ctx ends first. The
// renewal goes on after ctx has ended, because others may wait for it.
func (c *Cache) Token(ctx context.Context) (Token, error) {
	if r := c.ready.Load(); r != nil && c.age() < r.until {
		return r.token, nil
	}
	if c.source == nil {
		return Token{}, errNoSource
	}
	ended := ctx.Err()
	token, current, err := c.current(ctx, ended == nil)
	switch {
	case current == nil && err == nil:
		return token, nil
	case ended != nil:
		return Token{}, fmt.Errorf("auth: no token: %w", ended)
	case err != nil:
		return Token{}, err
	}
	select {
	case <-current.done:
		return current.token, current.err
	case <-ctx.Done():
		return Token{}, interrupted(ctx)
	}
}

// current returns what Token is to return by the clock: a token, else the renewal to
// wait for, else an error. If a renewal is due, and mayStart is set, it starts one.
func (c *Cache) current(ctx context.Context, mayStart bool) (Token, *renewal, error) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	due := c.held == nil || c.held.stale(now)
	if due && c.renewal == nil && reached(now, c.retryAt) && mayStart && !c.closed {
		c.start(ctx)
	}
	switch h := c.held; {
	case h != nil && !h.expired(now):
		c.ready.Store(&ready{h.token, now.Sub(c.started) + h.rest(now), h.accepted})
		return h.token, nil, nil
	case c.renewal != nil:
		return Token{}, c.renewal, nil
	case c.closed:
		return Token{}, nil, ErrClosed
	}
	if failure := c.lastFailure(); failure != nil {
		return Token{}, nil, failure
	}
	return Token{}, nil, errNoToken
}

// lastFailure returns why the token cannot be renewed. The token itself may live.
func (c *Cache) lastFailure() error {
	if failure := c.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// Retry ends the pause after a failed renewal, so that the next call of Token starts
// another. Call it when the cause has been removed.
func (c *Cache) Retry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retryAt = time.Time{}
	c.refusals.believeAt = time.Time{}
}

// Invalidate implements [Invalidator]. The first refusal of a token drops it, and the
// next call of Token waits for a new one. If the service refuses the new token as
// well, before it has accepted it, another renewal would hardly help: the cache keeps
// that token for a pause that grows from 1 second to 1 minute with each such renewal.
// In the same way it keeps a token that the source returned once more after its
// refusal. A source that is an Invalidator itself is called when a token is dropped.
func (c *Cache) Invalidate(refused Token) {
	if !c.drop(refused) {
		return
	}
	if source, ok := c.source.(Invalidator); ok {
		source.Invalidate(refused)
	}
}

// drop forgets refused, and reports whether it did.
func (c *Cache) drop(refused Token) bool {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.held
	if h == nil || !h.token.Equal(refused) {
		return false
	}
	if !h.accepted && c.refusals.count >= 2 {
		c.fail(&ReauthorizationRequiredError{Reason: TokenRefused})
	}
	if !c.refusals.believe(h, now) {
		return false
	}
	if failure := c.lastFailure(); failure == nil || isTokenRefused(failure) {
		c.retryAt = time.Time{}
	}
	c.held = nil
	c.ready.Store(nil)
	return true
}

// Accept implements [Accepter]. Without it a token counts as accepted a minute after
// it came.
func (c *Cache) Accept(accepted Token) {
	if r := c.ready.Load(); r != nil && r.accepted && r.token.data == accepted.data {
		return
	}
	if !c.noteAccepted(accepted) {
		return
	}
	if source, ok := c.source.(Accepter); ok {
		source.Accept(accepted)
	}
}

// noteAccepted notes that the service accepted a token, and reports whether that is new.
func (c *Cache) noteAccepted(accepted Token) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.held
	if h == nil || h.accepted || !h.token.Equal(accepted) {
		return false
	}
	h.accepted = true
	if r := c.ready.Load(); r != nil {
		c.ready.Store(&ready{r.token, r.until, true})
	}
	c.refusals.accepted(h)
	if isTokenRefused(c.lastFailure()) {
		c.failure.Store(nil)
	}
	return true
}

// isTokenRefused reports whether err is that the service refuses new tokens.
func isTokenRefused(err error) bool {
	required, ok := errors.AsType[*ReauthorizationRequiredError](err)
	return ok && required.Reason == TokenRefused
}

// fail notes why the token cannot be renewed. The lock is held.
func (c *Cache) fail(err error) { c.failure.Store(&err) }

// Run keeps the token fresh, so that no call of Token has to wait for one even
// after a long silence. When ctx ends, Run waits until a renewal in progress has ended
// and saved its token, at most a minute, and returns the error of ctx. It returns at once
// if the source's configuration is invalid. Other failures do not end it; see
// [WithLogger]. Without Run, the cache renews a token when it is asked for.
func (c *Cache) Run(ctx context.Context) error {
	for {
		if _, err := c.Token(ctx); errors.Is(err, outcome.ErrOnInvalidData) || err == errNoSource {
			return err
		}
		if err := sleep(ctx, c.untilNext()); err != nil {
			c.finishInTime(ctx)
			return err
		}
	}
}

// untilNext returns how long nothing is to be done. It is at most a minute, because
// a token may be refused, and a clock be set, at any time.
func (c *Cache) untilNext() time.Duration {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.retryAt
	if c.held != nil && !c.held.stale(now) {
		if next = c.held.renewAt; next.IsZero() {
			return time.Minute
		}
	}
	return min(max(next.Sub(now), time.Second), time.Minute)
}

// Close waits until a renewal in progress has ended and saved its token, and lets no
// other start. Call it when the process ends and Run is not used: the service may
// replace a refresh token by a renewal that the process does not live to save. The
// error wraps that of ctx if that ends first. Afterwards Token returns the cached token
// while it is usable, then [ErrClosed].
func (c *Cache) Close(ctx context.Context) error {
	c.stop()
	return c.finish(ctx)
}

// stop lets no further renewal start.
func (c *Cache) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

// isIdle reports whether no renewal is in progress.
func (c *Cache) isIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.working == 0
}

// finishInTime waits for the renewal in progress when a Run has ended.
func (c *Cache) finishInTime(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	_ = c.finish(ctx)
}

// finish waits until no renewal is in progress.
func (c *Cache) finish(ctx context.Context) error {
	for {
		c.mu.Lock()
		if c.working == 0 {
			c.mu.Unlock()
			return nil
		}
		if c.idle == nil {
			c.idle = make(chan struct{})
		}
		idle := c.idle
		c.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("auth: a renewal is still in progress: %w", ctx.Err())
		}
	}
}
