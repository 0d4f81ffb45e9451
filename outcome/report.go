package outcome

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// report is what the text, JSON and log value of an error may show. Its texts are
// short and fit in one line, whatever the service sent.
type report struct {
	Edge        string     `json:"edge"`
	Operation   string     `json:"operation,omitempty"`
	Version     string     `json:"version,omitempty"`
	Effect      Effect     `json:"effect,omitempty"`
	Status      int        `json:"status,omitempty"`
	Code        string     `json:"code,omitempty"`
	Description string     `json:"description,omitempty"`
	TraceIDs    []TraceID  `json:"traceIds,omitempty"`
	AliasIDs    []string   `json:"aliasIds,omitempty"`
	RetryAfter  string     `json:"retryAfter,omitempty"`
	Attempts    int        `json:"attempts,omitempty"`
	Violations  Violations `json:"violations,omitempty"`
	Cause       string     `json:"cause,omitempty"`
}

// report returns what may be shown of e, with each trace id once. The names of a
// trace id may differ in case: TrackingId of a header is trackingId of a body.
func (e *Error) report() report {
	r := report{
		Edge:        label(string(e.Edge)),
		Operation:   label(string(e.Operation)),
		Version:     label(string(e.Version)),
		Effect:      e.Effect,
		Status:      e.Status,
		Code:        label(e.Code),
		Description: phrase(e.description()),
		Attempts:    len(e.Attempts),
		Violations:  e.Violations,
	}
	for _, id := range e.TraceIDs {
		id = TraceID{label(id.Name), label(id.Value)}
		isSame := func(shown TraceID) bool { return shown.Value == id.Value && strings.EqualFold(shown.Name, id.Name) }
		if !slices.ContainsFunc(r.TraceIDs, isSame) {
			r.TraceIDs = append(r.TraceIDs, id)
		}
	}
	for _, id := range e.AliasIDs {
		r.AliasIDs = append(r.AliasIDs, label(id))
	}
	if e.RetryAfter > 0 {
		r.RetryAfter = e.RetryAfter.String()
	}
	if e.Err != nil {
		r.Cause = phrase(e.Err.Error())
	}
	return r
}

// traces returns the trace ids in one line, each under the first of its names, without
// those that cause already contains.
func (r report) traces(cause string) string {
	var traces []string
	shown := map[string]bool{}
	for _, id := range r.TraceIDs {
		if !shown[id.Value] && !strings.Contains(cause, "="+id.Value) {
			traces = append(traces, id.Name+"="+id.Value)
		}
		shown[id.Value] = true
	}
	return strings.Join(traces, ", ")
}

// label returns a name or an id in the form that may be shown: at most 128 bytes,
// in quotes unless it is printable ASCII without spaces.
func label(name string) string {
	name = cut(name, 128)
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return strconv.Quote(name)
	}
	return name
}

// phrase returns a text in the form that may be shown: at most 1024 bytes, in quotes
// if it contains anything that is not printable.
func phrase(text string) string {
	text = cut(text, 1024)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// cut returns at most the first longest bytes of text and an ellipsis, or text if it is
// not longer. It never cuts a character in two.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest] + "…"
}
