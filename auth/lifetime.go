package auth

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// held is a token and its times, as they follow from when it came. A zero time
// is never reached.
type held struct {
	token    Token
	since    time.Time
	renewAt  time.Time // from then on it is stale
	deadline time.Time // from then on it counts as expired
}

// hold works out the times of a token that came at now.
func hold(token Token, now time.Time) *held {
	h := &held{token: token, since: now}
	if expiry := token.Expiry(); !expiry.IsZero() {
		life := expiry.Sub(now)
		h.renewAt = expiry.Add(-min(jittered(window(life)), life/2))
		h.deadline = expiry.Add(-min(jittered(time.Minute), life/4))
	}
	if token.get().unsettled {
		h.renewAt = now
	}
	return h
}

// window is how long before its expiry a token of that lifetime is renewed.
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

// rest is for how long after now the token's state need not be looked at. It is
// never long, because the monotonic clock that measures it stands still while a
// machine sleeps.
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

// outlivedBy reports whether token is another one that lives longer, as far as
// the lifetimes are known.
func (h *held) outlivedBy(token Token) bool {
	if h.token.Equal(token) {
		return false
	}
	old, young := h.token.Expiry(), token.Expiry()
	return old.IsZero() || young.IsZero() || young.After(old)
}

const (
	shortestPause         = time.Second
	longestPause          = 5 * time.Minute
	longestRequestedPause = time.Hour
)

// pause is how long to wait after the count-th try in a row that was of no use:
// at random between the shortest pause and a limit that doubles each time.
func pause(count int) time.Duration {
	limit := longestPause
	if count < 9 {
		limit = min(shortestPause<<count, longestPause)
	}
	return shortestPause + rand.N(limit-shortestPause)
}

// pauseAfter is the pause that follows upon err.
func pauseAfter(err error, count int) time.Duration {
	if errors.Is(err, ErrReauthorizationRequired) || errors.Is(err, outcome.ErrOnInvalidData) {
		return longestPause
	}
	if failure, ok := errors.AsType[*TokenEndpointError](err); ok {
		if !failure.Temporary() {
			return max(longestPause, min(failure.RetryAfter, longestRequestedPause))
		}
		return max(pause(count), min(failure.RetryAfter, longestRequestedPause))
	}
	return pause(count)
}

// jittered returns d, made longer by up to a quarter at random.
func jittered(d time.Duration) time.Duration { return d + rand.N(d/4) }
