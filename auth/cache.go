package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Cache keeps the token of another source and renews it ahead of time, with at
// most one request to that source under way. Make one with [NewCache]. It is
// safe for concurrent use, needs no closing, and has no goroutine but that of a
// renewal, which also makes the calls of [Refreshing]'s OnDue. Its time is that of
// package time, unless [WithClock] gives it another, so that a test can also run
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
// it is refused: no lifetime is made up for it, since each renewal too early may
// cost a refresh token.
//
// A failed renewal is shared by everyone who waited for it, and remembered:
// until the next try is due, calls that find no usable token return the same
// error at once. Those who waited have waited for all tries of the source: one of
// [ClientCredentials] or [Refreshing] whose endpoint answers 500 after 50 ms sends
// three requests, however many callers there are, and fails after three times that
// and 0.3 to 0.6 seconds between the tries. The pause before the next renewal
// grows from 1 second to 5 minutes, and is as long as the endpoint asked for up to
// 1 hour. Where a try cannot help, as with an error that matches
// [ErrReauthorizationRequired], it is 5 minutes at once.
type Cache struct {
	source  TokenSource // as it was given; nil if there is none
	timeout time.Duration
	logger  *slog.Logger
	clock   func() time.Time // nil is time.Now
	started time.Time

	// ready is what Token gives without taking the lock.
	ready atomic.Pointer[ready]
	// failure is how the last renewal ended; nil if that was well, or there was
	// none.
	failure atomic.Pointer[error]

	// mu guards what follows, and the writing of what is above. It is never held
	// while the source, a context or the clock is asked.
	mu        sync.Mutex
	bound     TokenSource // what the first Bind made of source; nil before it
	home      string      // the base URL that the tokens of bound depend on, if any
	held      *held
	renewal   *renewal
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
	bound bool // whether it asks the source as Bind has made it
	done  chan struct{}
	token Token
	err   error
	kept  Token // what the source brought, guarded by the cache's lock
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

// WithClock has the cache tell the time by now instead of [time.Now], as a test
// may want that moves the time on. All that the cache decides follows it:
// whether a token is fresh, stale or expired, whether the source gave one that
// is usable, and whether a pause has passed. A [Refreshing] source that is opened
// with it judges its record by it.
//
// What waits does not follow it: the limit of a renewal, and the timer of Run,
// which looks at the clock at least once a minute. Nor does what is outside the
// cache: the expiries that sources work out from a reply, and [Hosts.Authorize],
// which refuses a token that has expired by package time. So let now begin at
// time.Now and run ahead.
//
// Now is called often, and by many goroutines at once. Nil is time.Now.
func WithClock(now func() time.Time) CacheOption {
	return func(c *Cache) { c.clock = now }
}

// NewCache returns a cache of source's tokens. Source must obey its context; one
// that does not, and never returns, loses a goroutine for every try. A nil
// source, and a nil pointer or function in its place, are reported by Bind, and
// so by engage.New, and by Token and Run.
func NewCache(source TokenSource, options ...CacheOption) *Cache {
	c := &Cache{timeout: 30 * time.Second, logger: slog.New(slog.DiscardHandler)}
	if !nothing.In(source) {
		c.source = source
	}
	if credentials, ok := c.source.(*ClientCredentials); ok {
		c.source = *credentials
	}
	for _, option := range options {
		if option != nil {
			option(c)
		}
	}
	c.started = c.now()
	return c
}

func (c *Cache) now() time.Time {
	if c.clock == nil {
		return time.Now()
	}
	return c.clock()
}

// age is the time since the cache's start. Every call of Token asks for it, and
// time.Since costs half of what time.Now does.
func (c *Cache) age() time.Duration {
	if c.clock == nil {
		return time.Since(c.started)
	}
	return c.clock().Sub(c.started)
}

// sourceless reports whether the cache has no source, so that waiting is of no use.
func (c *Cache) sourceless() bool { return c == nil || c.source == nil }

// Token returns the cached token if it is usable. Else it waits for the
// renewal and returns its result, or an error that wraps that of ctx if ctx
// ends first. The renewal itself does not end with ctx, because others may wait
// for it.
func (c *Cache) Token(ctx context.Context) (Token, error) {
	switch {
	case c.sourceless():
		return Token{}, errNoSource
	case ctx == nil:
		return Token{}, errNoContext
	}
	if r := c.ready.Load(); r != nil && c.age() < r.until {
		return r.token, nil
	}
	ended := ctx.Err()
	token, current, err := c.look(ctx, ended == nil)
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

// look decides by the clock what Token returns: a token, else what a renewal
// will bring, else an error. If a renewal is due, and the caller may, it starts
// one.
func (c *Cache) look(ctx context.Context, mayStart bool) (Token, *renewal, error) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	due := c.held == nil || c.held.stale(now)
	if due && c.renewal == nil && reached(now, c.retryAt) && mayStart {
		c.start(ctx)
	}
	switch h := c.held; {
	case h != nil && !h.expired(now):
		c.ready.Store(&ready{h.token, now.Sub(c.started) + h.rest(now)})
		return h.token, nil, nil
	case c.renewal != nil:
		return Token{}, c.renewal, nil
	}
	if failure := c.lastFailure(); failure != nil {
		return Token{}, nil, failure
	}
	return Token{}, nil, errNoToken
}

// Invalidate implements [Invalidator]. A service that refuses every token does
// not cause a renewal for each: a refusal that follows soon upon another is
// believed only after a pause, which grows from 1 second to 5 minutes. So a
// token that the source gives again after its refusal is kept for that long. A
// source that is an [Invalidator] is told of the refusals that are believed.
func (c *Cache) Invalidate(refused Token) {
	if c.sourceless() {
		return
	}
	if source, ok := c.drop(refused).(Invalidator); ok {
		source.Invalidate(refused)
	}
}

// drop forgets refused and returns the source to tell; nil if the refusal is not
// believed.
func (c *Cache) drop(refused Token) TokenSource {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil || !c.held.token.Equal(refused) || !reached(now, c.heedAt) {
		return nil
	}
	if now.Sub(c.held.since) > longestPause {
		c.refusals = 0
	}
	c.refusals++
	c.heedAt = now.Add(pause(c.refusals))
	c.held = nil
	c.ready.Store(nil)
	if c.lastFailure() == nil {
		c.retryAt = time.Time{}
	}
	return c.origin()
}

// lastFailure is how the last renewal ended, if it failed. The token of the one
// before may still live.
func (c *Cache) lastFailure() error {
	if failure := c.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// origin returns the source to ask. The lock is held.
func (c *Cache) origin() TokenSource {
	if c.bound != nil {
		return c.bound
	}
	return c.source
}

// Run keeps the token fresh, so that no call of Token has to wait for one even
// after a long silence. It returns when ctx ends, with its error, or at once if
// there is no source or ctx is nil. Failures do not end it; see [WithLogger].
// Without Run, tokens are renewed only when they are asked for, which is enough
// for most.
func (c *Cache) Run(ctx context.Context) error {
	switch {
	case c.sourceless():
		return errNoSource
	case ctx == nil:
		return errNoContext
	}
	for {
		_, _ = c.Token(ctx)
		if err := sleep(ctx, c.untilNext()); err != nil {
			return err
		}
	}
}

// untilNext is how long nothing is to be done. It is cut to a minute, for a
// token may be refused, and a clock be set, at any time.
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

// start starts a renewal. It takes the values of ctx along, for tracing, but
// not its end. The lock is held.
func (c *Cache) start(ctx context.Context) {
	current := &renewal{bound: c.bound != nil, done: make(chan struct{})}
	source := c.origin()
	c.renewal = current
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	go func() {
		defer cancel()
		ended := make(chan struct{})
		token, err := await(ctx, func() (Token, error) {
			defer close(ended)
			token, err := call(ctx, source, c.now)
			if err == nil {
				c.keep(current, token) // even if it comes too late for those who waited
			}
			return token, err
		})
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", safeerror.New(fmt.Sprintf("auth: no token within %s", c.timeout)), err)
		}
		c.finish(current, token, err)
		<-ended // which can be later, if nobody waits any more
		if f, ok := source.(follower); ok {
			f.follow()
		}
	}()
}

// follower is a source that has calls to make once its token has been given out.
type follower interface{ follow() }

// keep makes token the one to give.
func (c *Cache) keep(current *renewal, token Token) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outdated(current) {
		return
	}
	current.kept = token
	previous := c.held
	c.held = hold(token, now)
	c.ready.Store(nil)
	c.failure.Store(nil)
	c.retryAt = time.Time{}
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

// outdated reports whether current asked a source that Bind has replaced since.
// The lock is held.
func (c *Cache) outdated(current *renewal) bool { return current.bound != (c.bound != nil) }

// finish ends a renewal with its result.
func (c *Cache) finish(current *renewal, token Token, err error) {
	current.token, current.err = token, err
	defer close(current.done)
	if wait := c.settle(current); wait > 0 {
		c.logger.Warn("auth: token renewal failed", slog.Any("error", current.err), slog.Duration("retryIn", wait))
	}
}

// settle notes the end of a renewal. If it failed, and that matters, it returns
// how long to wait before the next.
func (c *Cache) settle(current *renewal) (wait time.Duration) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outdated(current) {
		return 0
	}
	c.renewal = nil
	if !current.kept.IsZero() {
		current.token, current.err = current.kept, nil // it came just as it was given up
	}
	if current.err == nil {
		return 0
	}
	c.fruitless++
	wait = pauseAfter(current.err, c.fruitless)
	c.failure.Store(&current.err)
	c.retryAt = now.Add(wait)
	return wait
}
