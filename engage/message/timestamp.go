package message

import (
	"errors"
	"time"
)

// ParseTimestamp returns the time, in UTC, of a timestamp of the schema. The format
// is RFC 3339, with or without a fraction of a second. The offset may lack its colon, as in
// +0000. ParseTimestamp returns an error if the text has another format or no zone. The
// error does not quote the text.
func ParseTimestamp(text string) (time.Time, error) {
	t, problem := parseTimestamp(text)
	if problem != "" {
		return time.Time{}, errors.New("timestamp " + problem)
	}
	return t, nil
}

// parseTimestamp returns the time in text, or why text is not a timestamp.
func parseTimestamp(text string) (t time.Time, problem string) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil && isWritable(t) {
			return t.UTC(), ""
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
		return time.Time{}, "has no zone: end it in Z or in an offset such as +01:00"
	}
	return time.Time{}, "is not an RFC 3339 time such as 2026-01-31T12:00:00Z"
}

// badYear is the problem of a time that is not writable.
const badYear = "must have a year from 1 to 9999 in UTC"

// isWritable reports whether RFC 3339 has a text for t in UTC.
func isWritable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}
