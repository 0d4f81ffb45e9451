// Package retryafter reads how long a server asks to wait before the next try.
package retryafter

import (
	"math"
	"net/http"
	"net/textproto"
	"strconv"
	"time"
)

// Read returns the wait that the header Retry-After asks for at the time now:
// seconds, with or without a fraction, or an HTTP date in any of its three
// forms. A wait that is absent, unreadable or not in the future is 0, and one
// too long for a Duration is the longest. Of several headers, as a gateway adds
// one to the server's own, the longest wait counts: it suits both.
func Read(header http.Header, now time.Time) time.Duration {
	var longest time.Duration
	for _, value := range header.Values("Retry-After") {
		longest = max(longest, read(textproto.TrimString(value), now))
	}
	return longest
}

func read(value string, now time.Time) time.Duration {
	// Of a number too large, ParseFloat returns both an infinity and an error.
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || math.IsInf(seconds, 0) {
		return duration(seconds)
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now)
	}
	return 0
}

// duration is a number of seconds, cut to the longest duration there is.
func duration(seconds float64) time.Duration {
	switch {
	case math.IsNaN(seconds), seconds <= 0:
		return 0
	case seconds >= math.MaxInt64/float64(time.Second):
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}
