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
// with or without a fraction, or an HTTP date in any of its three forms. A date is
// measured from the Date of the same response, as the clocks of server and client may
// differ, and from now if there is none. Read returns 0 if the wait is absent, not
// readable or not positive, and the longest Duration if it is longer than that. Of
// several waits, as a gateway adds one to that of the server, the longest counts.
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
