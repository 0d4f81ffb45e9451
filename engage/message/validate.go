package message

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// Check returns everything that is wrong with m as a message of operation in
// version on ch: its envelope, its content, and whether it can be carried there
// at all. Fields are named relative to the message.
func Check(m Message, operation outcome.Operation, version outcome.Version, ch channel.Channel) outcome.Violations {
	var v outcome.Violations
	if !slices.Contains([]Direction{Inbound, Outbound, Announcement}, m.direction()) {
		v.Add("Direction", "must be inbound, outbound or announcement")
	} else if refusal := refuse(m, operation, version, ch); refusal != "" {
		v.Add("Type", refusal)
	}
	v = append(v, m.violations()...)
	return append(v, m.envelope().violations()...)
}

func (e Envelope) violations() outcome.Violations {
	var v outcome.Violations
	allowText(&v, "AliasID", e.AliasID)
	if year := e.Timestamp.UTC().Year(); !e.Timestamp.IsZero() && (year < 1 || year > 9999) {
		v.Add("Timestamp", "has a year that RFC 3339 cannot write")
	}
	return v
}

// requireText notes a text that is blank or not UTF-8.
func requireText(v *outcome.Violations, field, text string) {
	if strings.TrimSpace(text) == "" {
		v.Add(field, "is empty")
		return
	}
	allowText(v, field, text)
}

// allowText notes a text that is not UTF-8; it may be empty.
func allowText(v *outcome.Violations, field, text string) {
	if !utf8.ValidString(text) {
		v.Add(field, "is not valid UTF-8")
	}
}

// requireTexts notes blank elements and, if required, an empty list.
func requireTexts(v *outcome.Violations, field string, texts []string, required bool) {
	if required && len(texts) == 0 {
		v.Add(field, "is empty")
	}
	for i, text := range texts {
		requireText(v, fmt.Sprintf("%s[%d]", field, i), text)
	}
}

// ParseTimestamp reads a time as the schema writes it: RFC 3339 with a zone,
// with or without a fraction of a second. It returns the time in UTC. A time
// without a zone is refused, because nobody could say which moment it means.
func ParseTimestamp(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if _, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
		return time.Time{}, fmt.Errorf("timestamp has no zone: end it in Z or in an offset such as +01:00")
	}
	return time.Time{}, fmt.Errorf("timestamp is not an RFC 3339 time such as 2026-01-31T12:00:00Z")
}
