// Package retryafter reads how long a server asks to wait before the next attempt.
package retryafter

import (
	"errors"
	"math"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// Read returns the longest wait that the Retry-After headers of a response ask for, or 0
// if none is valid and positive. A wait is decimal seconds or an HTTP date, which Read
// measures from the Date of the response or else from now. A wait that is too long for a
// Duration counts as the longest Duration.
func Read(header http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	var longest time.Duration
	for _, value := range header.Values("Retry-After") {
		// A gateway may join its wait to that of the server by a comma. Most dates
		// contain one comma.
		parts := strings.Split(value, ",")
		for i, part := range parts {
			longest = max(longest, parse(part, now))
			if i > 0 {
				longest = max(longest, parse(parts[i-1]+","+part, now))
			}
		}
	}
	return longest
}

// parse returns the wait that value asks for, or 0 if value is invalid.
func parse(value string, now time.Time) time.Duration {
	value = textproto.TrimString(value)
	if strings.Trim(value, "0123456789.") != "" {
		date, err := http.ParseTime(value)
		if err != nil {
			return 0
		}
		return date.Sub(now)
	}
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	if seconds >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}
