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

// Cache keeps the token of another source and renews it before it expires. Callers wait
// for at most one renewal at a time. Make a Cache with [NewCache]. It is safe for
// concurrent use. It starts goroutines only for renewals. One of them also calls the
// observer of [WithRenewalObserver] and the OnDue of a [Refreshing].
//
// A token is fresh, then stale, then expired:
//   - While it is fresh, Token returns it.
//   - While it is stale, Token returns it and starts a renewal in the background.
//   - Once it is expired, or if there is none, Token waits for a renewal.
//
// A token becomes stale some time before its expiry: 5 minutes if its lifetime is up to 20
// minutes, 15 minutes if it is up to 90 minutes, else an hour. That time is never more
// than half of the lifetime. A token counts as expired a minute before its expiry, or a
// quarter of its lifetime if that is less. Both times grow by up to a quarter at random,
// so that many processes do not renew at the same moment. A token of unknown expiry stays
// fresh until it is refused.
//
// All callers that wait share one renewal and its error. After a failure, the cache pauses
// before the next renewal. During the pause, calls that find no usable token return the
// same error at once. The pause grows from 1 second to 1 minute with each failure in a
// row. It is 1 minute at once if the error matches [ErrReauthorizationRequired] or the
// configuration is invalid. If the endpoint asks for a longer pause, the cache waits that
// long, but at most 5 minutes. Otherwise the pause ends when the token expires.
// [Cache.Retry] ends any pause.
//
// The clock is that of package time, or that of testing/synctest in its bubble. [WithClock]
// sets another clock.
type Cache struct {
	source  TokenSource
	options []CacheOption
	timeout time.Duration
	logger  *slog.Logger
	observe func(Renewal)
	clock   func() time.Time // nil is time.Now
	started time.Time

	// ready is the token that Token returns without taking the lock; nil if there is none.
	ready atomic.Pointer[ready]
	// failure is why the token cannot be renewed: the error of the last renewal, or the
	// error that the service refuses new tokens. It is nil if neither is the case.
	failure atomic.Pointer[error]

	// mu guards the fields below and writes to those above. It is not held while
	// the source, a context or the clock is called.
	mu       sync.Mutex
	held     *held
	renewal  *renewal
	failures int       // renewals in a row that failed, or whose token was not saved
	retryAt  time.Time // when the next renewal may start
	refusals refusals

	closed  bool
	working int           // renewals whose source has not returned
	idle    chan struct{} // closed when working is 0; nil if nobody waits
}

// ready is a token that Token may return while the age of the cache is below until.
type ready struct {
	token    Token
	until    time.Duration
	accepted bool
}

// NewCache returns a cache of the tokens of source. Source must return when its context
// ends; otherwise each renewal that hangs leaves a goroutine behind. If source panics, the
// renewal fails with an error.
//
// If source is nil, Token returns an error. [Bind] and engage.New report it too.
func NewCache(source TokenSource, options ...CacheOption) *Cache {
	if credentials, ok := source.(ClientCredentials); ok && credentials.TokenURL != "" {
		source = credentials.at(nil, nil) // sets the default transport
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

// WithTimeout sets how long one renewal may take, all attempts of the source included. The
// default is 30 seconds, which a limit of 0 or less does not change. How long a caller
// waits depends on its own context as well.
func WithTimeout(limit time.Duration) CacheOption {
	return func(c *Cache) {
		if limit > 0 {
			c.timeout = limit
		}
	}
}

// WithLogger logs failed renewals as warnings, without any secret. While the old token is
// usable, no caller gets the error of a renewal. A nil logger logs nothing, which is the
// default.
func WithLogger(logger *slog.Logger) CacheOption {
	return func(c *Cache) {
		if logger != nil {
			c.logger = logger
		}
	}
}

// WithRenewalObserver calls observe after each renewal, on the goroutine of the renewal.
// Callers of Token get the new token before that and do not wait for observe.
func WithRenewalObserver(observe func(Renewal)) CacheOption {
	return func(c *Cache) { c.observe = observe }
}

// WithClock makes the cache call now instead of [time.Now]. It is for tests that move the
// time forward. The clock decides whether a token is fresh, stale, expired or usable, and
// whether a pause has passed. It also decides whether the record of a [Refreshing] source
// can be used.
//
// Other code still uses package time: the limit of a renewal, the timer of Run, sources
// that compute an expiry, and [Hosts.Authorize]. Run reads the clock at least once a
// minute. So now should start at time.Now and run ahead of it.
//
// Many goroutines call now at once, and often. Nil means time.Now.
func WithClock(now func() time.Time) CacheOption {
	return func(c *Cache) { c.clock = now }
}

// bind returns the cache for a client: c, or a new cache if the source depends on the
// client.
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

// age returns the time since the cache was made. Every call of Token needs it, and
// time.Since takes half as long as time.Now.
func (c *Cache) age() time.Duration {
	if c.clock == nil {
		return time.Since(c.started)
	}
	return c.clock().Sub(c.started)
}

// Token returns the cached token if it is usable. Otherwise it waits for a renewal and
// returns its result. If ctx ends first, Token returns an error that wraps that of ctx.
// The renewal then continues, because other callers may wait for it. After [Cache.Close]
// the error is [ErrClosed].
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

// current returns what Token needs: a usable token, else the renewal to wait for, else an
// error. If a renewal is due and mayStart is set, it starts one.
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

// lastFailure returns why the token cannot be renewed, or nil. The token itself may still
// be usable.
func (c *Cache) lastFailure() error {
	if failure := c.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// Retry ends the pause after a failed renewal. The next call of Token that needs a renewal
// then starts one. Call Retry after the cause has been removed.
func (c *Cache) Retry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retryAt = time.Time{}
	c.refusals.dropAt = time.Time{}
}

// Invalidate implements [Invalidator]. It drops refused, so that the next call of Token
// waits for a new token. If the source is an Invalidator too, Invalidate then calls it.
//
// If the service refuses the new token as well, before it has accepted it, a further
// renewal would hardly help. Invalidate then keeps the token for a pause, which grows from
// 1 second to 1 minute with each such renewal. It does the same if the source returns the
// refused token again.
func (c *Cache) Invalidate(refused Token) {
	if !c.drop(refused) {
		return
	}
	if source, ok := c.source.(Invalidator); ok {
		source.Invalidate(refused)
	}
}

// drop drops refused if it is the current token, and reports whether it did.
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
	if !c.refusals.add(h, now) {
		return false
	}
	if failure := c.lastFailure(); failure == nil || isTokenRefused(failure) {
		c.retryAt = time.Time{}
	}
	c.held = nil
	c.ready.Store(nil)
	return true
}

// Accept implements [Accepter]. If nobody calls it, a token counts as accepted a minute
// after the cache got it. If the source is an Accepter too, Accept calls it once for each
// token.
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

// noteAccepted records that the service accepted the current token. It reports whether
// that is new.
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

// isTokenRefused reports whether err says that the service refuses new tokens.
func isTokenRefused(err error) bool {
	required, ok := errors.AsType[*ReauthorizationRequiredError](err)
	return ok && required.Reason == TokenRefused
}

// fail sets why the token cannot be renewed. The caller holds the lock.
func (c *Cache) fail(err error) { c.failure.Store(&err) }

// Run renews the token by a timer until ctx ends, so that calls of Token need not wait,
// even after a long silence. Then it waits up to a minute for a renewal in progress, which
// saves its token, and returns the error of ctx.
//
// If the configuration of the source is invalid, Run returns that error at once. Other
// failures do not end it; [WithLogger] logs them. Without Run, the cache renews its token
// only when a caller asks for one.
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

// untilNext returns how long Run waits until the next renewal is due. It is at most a
// minute, because at any time a token may be refused or the clock may be set.
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

// Close lets no further renewal start and waits until a renewal in progress has saved its
// token. If ctx ends first, Close returns an error that wraps that of ctx. Afterwards Token
// returns the cached token while it is usable, then [ErrClosed].
//
// A process that does not use Run calls Close before it ends. Otherwise the service may
// replace a refresh token, and the process ends before it has saved the new one.
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

// isIdle reports whether no call of the source is in progress.
func (c *Cache) isIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.working == 0
}

// finishInTime waits up to a minute for a renewal in progress. Ctx has ended already.
func (c *Cache) finishInTime(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	_ = c.finish(ctx)
}

// finish waits until no call of the source is in progress.
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
