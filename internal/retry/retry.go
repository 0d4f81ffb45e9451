// Package retry makes further attempts of a request whose first attempt failed, by
// go-retryablehttp.
//
// The first attempt is made without it, because a loop around each call costs more
// than a good call needs. The path of the loop after that:
//
//	Continue                first attempt's result → loop
//	  Call.CheckRetry       done, give up, or once more
//	  Call.Backoff          how long to wait; the wait ends with the context
//	  Call.RoundTrip        the next attempt → Call.CheckRetry, and so on
package retry

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A Call makes the attempts of one request and decides about them.
type Call interface {
	// RoundTrip makes one attempt. It sends its own copy of the request's body: that
	// of the request is not rewound. The body of its response needs no more input
	// than memory holds.
	http.RoundTripper
	// CheckRetry gets the result of each attempt, the first included, and reports
	// whether another is to follow. Its error ends the loop.
	CheckRetry(ctx context.Context, response *http.Response, err error) (bool, error)
	// Backoff returns the wait before the next attempt. attempt counts from 0, and
	// response is nil after an error.
	Backoff(least, most time.Duration, attempt int, response *http.Response) time.Duration
}

// Continue continues request, whose first attempt ended with response or err, until
// call wants no further attempt. It returns the result of the last attempt. If the
// request's context ends during a wait, the result is that context's error alone, and
// if CheckRetry returns an error, that one beside the last response. Continue follows
// no redirect.
func Continue(request *http.Request, response *http.Response, err error, call Call) (*http.Response, error) {
	a := &attempts{call: call, response: response, err: err}
	client := retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     a,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:     math.MaxInt,
		CheckRetry:   a.checkRetry,
		Backoff:      call.Backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	_, err = client.Do(&retryablehttp.Request{Request: request})
	switch {
	case !a.ended:
		return nil, err
	case a.stop != nil:
		return a.response, a.stop
	}
	return a.response, a.err
}

// attempts is the transport of the loop: the first attempt, which is over, and then
// those of the call. It keeps the last result as it was, because [http.Client] puts
// the URL into errors and makes an error of a redirect that it cannot read.
type attempts struct {
	call Call
	// began is set once the first result was returned.
	began    bool
	response *http.Response
	err      error
	// ended is set if there is no further attempt, and stop if CheckRetry says so by
	// an error.
	ended bool
	stop  error
}

// RoundTrip returns the first result at first, and then makes an attempt each time.
func (a *attempts) RoundTrip(request *http.Request) (*http.Response, error) {
	if a.began {
		a.response, a.err = a.call.RoundTrip(request)
	}
	a.began = true
	if a.err != nil {
		return nil, a.err
	}
	return a.response, nil
}

// checkRetry asks the call whether there is another attempt after the last result.
func (a *attempts) checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	again, err := a.call.CheckRetry(ctx, a.response, a.err)
	again = again && err == nil
	a.ended, a.stop = !again, err
	return again, err
}

// Wait returns a random wait after so many attempts, at least 1: less than a bound
// that is first after one attempt and doubles with each more, up to longest. The wait
// is 0 if the bound is not positive.
func Wait(attempts int, first, longest time.Duration) time.Duration {
	bound := min(first, longest)
	for range attempts - 1 {
		if bound > longest/2 {
			bound = longest
			break
		}
		bound *= 2
	}
	if bound <= 0 {
		return 0
	}
	return rand.N(bound)
}
