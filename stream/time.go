package stream

import (
	"strconv"
	"strings"
	"time"
)

// timeLayouts are the shapes of the vendor's times, apart from numbers. Package time
// accepts a fraction of any length after the seconds, and takes a time without a
// zone for UTC.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
}

// firstMillisecond is the number from which a Unix time counts milliseconds. As
// seconds it is in the year 5138, as milliseconds in March 1973.
const firstMillisecond = 1e11

// lastMillisecond is the end of the year 9999. RFC 3339 cannot write a later time.
const lastMillisecond = 253402300799999

// ParseTime parses a time in any of the shapes that payloads are known to have:
//
//   - RFC 3339 with any fraction of a second,
//   - the same without seconds, with an offset like +0000, or without a zone,
//   - a Unix time in seconds or milliseconds.
//
// It returns the time in UTC. It returns false for any other text and for the number 0.
// It also returns false for a time outside the years 0 to 9999, for which RFC 3339 has no
// form.
//
// The vendor documents the shapes, and that an offset is that of the tenant. It is
// assumed that a time without a zone is in UTC.
func ParseTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, false // before strconv allocates an error
	}
	if strings.Trim(text, "0123456789") == "" {
		return unixTime(text)
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return writable(t.UTC())
		}
	}
	return time.Time{}, false
}

// writable returns t and true if RFC 3339 can write it.
func writable(t time.Time) (time.Time, bool) {
	if t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

func unixTime(digits string) (time.Time, bool) {
	switch n, err := strconv.ParseInt(digits, 10, 64); {
	case err != nil, n == 0, n > lastMillisecond:
		return time.Time{}, false
	case n >= firstMillisecond:
		return time.UnixMilli(n).UTC(), true
	default:
		return time.Unix(n, 0).UTC(), true
	}
}
