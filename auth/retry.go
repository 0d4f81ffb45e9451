package auth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

const (
	// mostTries is how often a request that may be repeated is sent.
	mostTries = 3
	// tryLimit is how long one try may take, so that an endpoint that hangs
	// leaves time for another.
	tryLimit = 10 * time.Second
	// exchangeLimit is how long all tries of a grant that is good for one use may
	// take together.
	exchangeLimit = mostTries * tryLimit
	// longestWait is the longest wait between two tries. An endpoint that asks
	// for a longer one is left alone; the cache remembers for how long.
	longestWait = 10 * time.Second
)

// askAgain is ask, repeated while the failure is a temporary one. It must not
// be used for a login's code, which is good for one use only.
func (e endpoint) askAgain(ctx context.Context, form url.Values) (*oauth2.Token, error) {
	for try := 1; ; try++ {
		answer, err := e.ask(ctx, form)
		if err == nil || try == mostTries || ctx.Err() != nil {
			return answer, err
		}
		wait, ok := e.waitBefore(ctx, err, try)
		if !ok {
			return nil, err
		}
		if ended := sleep(ctx, wait); ended != nil {
			return nil, fmt.Errorf("%w, then %w", err, ended)
		}
	}
}

// waitBefore is how long to wait before the try that follows upon err, and
// whether there is any point in one.
func (e endpoint) waitBefore(ctx context.Context, err error, try int) (time.Duration, bool) {
	failure, ok := errors.AsType[*TokenEndpointError](err)
	if !ok || !failure.Temporary() {
		return 0, false
	}
	if failure.Status/100 == 2 || e.single && failure.lost {
		return 0, false // the grant may have been taken, and be good for one use
	}
	step := 100 * time.Millisecond << try
	wait := max(step/2+rand.N(step/2), failure.RetryAfter)
	deadline, limited := ctx.Deadline()
	return wait, wait <= longestWait && !(limited && time.Until(deadline) < wait)
}

// sleep waits, and returns the error of ctx if that ends first.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
