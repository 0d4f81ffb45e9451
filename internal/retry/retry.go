// Package retry uses go-retryablehttp to make further attempts of a request whose first
// attempt failed.
//
// The caller makes the first attempt, because a loop around each call costs a fifth of
// the time of a call that succeeds at once.
package retry

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A Call makes the attempts of one request and decides about them.
type Call interface {
	// RoundTrip makes one attempt. It must send a body of its own, because the body of
	// the request is not rewound, and read the response to its end.
	http.RoundTripper
	// CheckRetry reports whether to make another attempt. It gets the result of each
	// attempt once, that of the first included. An error ends the loop.
	CheckRetry(ctx context.Context, response *http.Response, err error) (bool, error)
	// Backoff returns the wait before the next attempt. The two bounds are always 0.
	// attempt counts from 0. response is nil after an error, and its body is closed.
	Backoff(least, most time.Duration, attempt int, response *http.Response) time.Duration
}

// Continue makes attempts of request until call wants no more. The first attempt, which
// the caller has made, ended with response or err. Continue follows no redirect. Before
// each wait it reads the rest of the response's body, up to 4 KiB, and closes the body.
//
// It returns the result of the last attempt. If the context of request ends during a
// wait, it returns the error of the context and no response. If CheckRetry returns an
// error, Continue returns that and the last response, but not the error of the last
// attempt. If [http.Client] refuses to send the request, Continue returns its error and
// no response.
func Continue(request *http.Request, response *http.Response, err error, call Call) (*http.Response, error) {
	// The loop calls, in this order and over and over:
	//
	//	attempts.RoundTrip     first the result of the first attempt, then call.RoundTrip
	//	attempts.checkRetry    call.CheckRetry: is there another attempt?
	//	call.Backoff           how long to wait; the wait ends with the context
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
	case !a.done:
		return nil, err
	case a.checkErr != nil:
		return a.response, a.checkErr
	}
	return a.response, a.err
}

// attempts is the transport of the loop. It keeps the last result as it was:
// [http.Client] adds the URL to errors, and returns an error for a redirect to an
// invalid address.
type attempts struct {
	call Call
	// response and err are the result of the last attempt.
	response *http.Response
	err      error
	// started is set once the first result was returned.
	started bool
	// unchecked is set while CheckRetry has not got the last result.
	unchecked bool
	// done is set once CheckRetry wants no further attempt.
	done bool
	// checkErr is the error of CheckRetry.
	checkErr error
}

// RoundTrip returns the first result at first, and then makes an attempt each time.
func (a *attempts) RoundTrip(request *http.Request) (*http.Response, error) {
	if a.started {
		a.response, a.err = a.call.RoundTrip(request)
	}
	a.started, a.unchecked = true, true
	if a.err != nil {
		return nil, a.err
	}
	return a.response, nil
}

// checkRetry asks the call whether there is another attempt after the last result. err
// is the error of [http.Client]. Without a new result, the client has refused to send
// the request and would refuse it again. Its error quotes the URL around the cause.
func (a *attempts) checkRetry(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if !a.unchecked {
		return false, errors.Unwrap(err)
	}
	a.unchecked = false
	again, err := a.call.CheckRetry(ctx, a.response, a.err)
	again = again && err == nil
	a.done, a.checkErr = !again, err
	return again, nil // Continue returns checkErr.
}

// Wait returns a random wait below a bound. The bound is first after one attempt and
// doubles with each further attempt, up to longest. Wait returns 0 if the bound is not
// positive.
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
