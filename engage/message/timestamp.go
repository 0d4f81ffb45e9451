package message

import (
	"errors"
	"time"
)

// ParseTimestamp reads a time as the schema writes it: RFC 3339 with a zone,
// with or without a fraction of a second. It returns the time in UTC. A time
// without a zone is refused, because nobody could say which moment it means.
// The error does not quote the text.
func ParseTimestamp(text string) (time.Time, error) {
	t, problem := parseTimestamp(text)
	if problem != "" {
		return time.Time{}, errors.New("timestamp " + problem)
	}
	return t, nil
}

// parseTimestamp returns the time that text is, or what is wrong with it.
func parseTimestamp(text string) (t time.Time, problem string) {
	t, err := time.Parse(time.RFC3339, text)
	if err == nil && isWritable(t) {
		return t.UTC(), ""
	}
	if _, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
		return time.Time{}, "has no zone: end it in Z or in an offset such as +01:00"
	}
	return time.Time{}, "is not an RFC 3339 time such as 2026-01-31T12:00:00Z"
}

// isWritable reports whether RFC 3339 can write t in UTC.
func isWritable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}
