// Package retryafter reads how long a server asks to wait before the next attempt.
package retryafter

import (
	"math"
	"net/http"
	"net/textproto"
	"strconv"
	"time"
)

// Read returns the wait that the header Retry-After of a response asks for: seconds,
// with or without a fraction, or an HTTP date in any of its three forms. The clocks of
// server and client may differ, so a date is measured from the Date of the response.
// Without one it is measured from now.
//
// Read returns 0 if the wait is absent, not readable or not positive, and the longest
// Duration if the wait is longer than that. A gateway may add a second wait to that of
// the server. Then the longest counts.
func Read(header http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	var longest time.Duration
	for _, value := range header.Values("Retry-After") {
		longest = max(longest, read(textproto.TrimString(value), now))
	}
	return longest
}

func read(value string, now time.Time) time.Duration {
	// ParseFloat returns an infinity beside its error if the number is too large.
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || math.IsInf(seconds, 0) {
		return duration(seconds)
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now)
	}
	return 0
}

// duration returns a number of seconds as a Duration, or the longest if it is too large.
func duration(seconds float64) time.Duration {
	switch {
	case math.IsNaN(seconds), seconds <= 0:
		return 0
	case seconds >= math.MaxInt64/float64(time.Second):
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}
