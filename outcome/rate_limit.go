package outcome

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is how many more requests the service accepts. The vendor documents it for
// its older API: 10,000 requests of a tenant per day.
type RateLimit struct {
	// Limit is the number of requests in a period; 0 if it is unknown.
	Limit int
	// Remaining is how many of them are left.
	Remaining int
	// Reset is the end of the period; zero if it is unknown. The vendor does not say how
	// it is written. RFC 3339, an HTTP date, and the seconds or milliseconds since 1970
	// are understood (assumed).
	Reset time.Time
}

// RateLimitOf returns the rate limit in the header of a reply, and reports whether the
// header contains how many requests are left. The headers are Rate-Limit-Limit,
// Rate-Limit-Remaining and Rate-Limit-Reset (documented for the older API).
func RateLimitOf(header http.Header) (RateLimit, bool) {
	remaining, err := strconv.Atoi(strings.TrimSpace(header.Get("Rate-Limit-Remaining")))
	if err != nil || remaining < 0 {
		return RateLimit{}, false
	}
	limit, _ := strconv.Atoi(strings.TrimSpace(header.Get("Rate-Limit-Limit")))
	return RateLimit{max(limit, 0), remaining, resetTime(strings.TrimSpace(header.Get("Rate-Limit-Reset")))}, true
}

// resetTime returns the time that text, the value of Rate-Limit-Reset, stands for, or the
// zero time if it is unknown. A small number is unknown: it may be a span of time.
func resetTime(text string) time.Time {
	const year2001 = 1e9 // In seconds since 1970.
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch {
		case number >= year2001*1000:
			return time.UnixMilli(number).UTC()
		case number >= year2001:
			return time.Unix(number, 0).UTC()
		}
		return time.Time{}
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	at, _ := http.ParseTime(text)
	return at
}
