package outcome

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// report is what may be shown of an error. Its texts can neither break a log
// line nor fill it, whatever the service sent.
type report struct {
	Edge       string     `json:"edge"`
	Operation  string     `json:"operation,omitempty"`
	Version    string     `json:"version,omitempty"`
	Effect     Effect     `json:"effect,omitempty"`
	Status     int        `json:"status,omitempty"`
	Code       string     `json:"code,omitempty"`
	TraceIDs   []TraceID  `json:"traceIds,omitempty"`
	RetryAfter string     `json:"retryAfter,omitempty"`
	Attempts   int        `json:"attempts,omitempty"`
	Violations Violations `json:"violations,omitempty"`
	Cause      string     `json:"cause,omitempty"`
}

// report leaves out the Description and makes the rest fit to be shown.
func (e *Error) report() report {
	r := report{
		Edge:       label(string(e.Edge)),
		Operation:  label(string(e.Operation)),
		Version:    label(string(e.Version)),
		Effect:     e.Effect,
		Status:     e.Status,
		Code:       label(e.Code),
		Attempts:   len(e.Attempts),
		Violations: e.Violations,
	}
	for _, id := range e.TraceIDs {
		r.TraceIDs = append(r.TraceIDs, TraceID{label(id.Name), label(id.Value)})
	}
	if e.RetryAfter > 0 {
		r.RetryAfter = e.RetryAfter.String()
	}
	if e.Err != nil {
		r.Cause = phrase(fmt.Sprint(e.Err)) // fmt survives a nil pointer in Err
	}
	return r
}

// traces lists the trace ids in one line.
func (r report) traces() string {
	traces := make([]string, len(r.TraceIDs))
	for i, id := range r.TraceIDs {
		traces[i] = id.Name + "=" + id.Value
	}
	return strings.Join(traces, ", ")
}

// label returns a name or an id as it may be shown: short, and quoted unless it
// is plain ASCII without spaces.
func label(name string) string {
	name = cut(name, 128)
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return strconv.Quote(name)
	}
	return name
}

// phrase returns a text as it may be shown: of bounded length, and quoted if it
// holds anything that is not printed.
func phrase(text string) string {
	text = cut(text, 1024)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// cut returns the first longest bytes of text, or a little less to keep the
// last character whole.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest] + "…"
}
