package auth

import (
	"log/slog"
	"time"
)

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
