package outcome

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// The sentinels of the standard edges, for errors.Is. An [*Error] matches the
// one of its own edge. Edges of a single node have no sentinel: compare
// Error.Edge.
var (
	ErrOnError                = errors.New("engage: onError")
	ErrOnInvalidData          = errors.New("engage: onInvalidData")
	ErrOnInvalidChoice        = errors.New("engage: onInvalidChoice")
	ErrOnTimeout              = errors.New("engage: onTimeout")
	ErrOnAuthorizationFailure = errors.New("engage: onAuthorizationFailure")
)

// sentinel returns the sentinel of a standard edge, or nil.
func (e Edge) sentinel() error {
	switch e {
	case OnError:
		return ErrOnError
	case OnInvalidData:
		return ErrOnInvalidData
	case OnInvalidChoice:
		return ErrOnInvalidChoice
	case OnTimeout:
		return ErrOnTimeout
	case OnAuthorizationFailure:
		return ErrOnAuthorizationFailure
	}
	return nil
}

// TraceID is an id under which the service can find a request in its logs: the
// name of the header or member it came in, and its value.
type TraceID struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attempt is one try of a call.
type Attempt struct {
	// Status is the HTTP status of the reply; 0 if none came.
	Status int
	// TraceIDs are those of this try's reply.
	TraceIDs []TraceID
	// Wait is the pause before this try; 0 for the first.
	Wait time.Duration
	// Duration is the time from asking for a token to the reply's last byte.
	Duration time.Duration
	// Effect is what this try alone may have done; zero for a success.
	Effect Effect
	// Err is what went wrong on the way; nil if a reply was read.
	Err error
}

// Error is how a call that did not reach its goal ends. Reach it with
// errors.As; the sentinels serve errors.Is; Unwrap reaches the cause.
//
// Its text, its JSON and its log value hold no token, no message body, no full
// URL and not the Description, which is the service's own text and may quote
// what was sent.
type Error struct {
	// Edge is the outcome edge the call ended on; never empty.
	Edge Edge
	// Operation and Version tell which call it was; empty if none was made.
	Operation Operation
	Version   Version
	// Effect says whether the request may have been carried out.
	Effect Effect
	// Status is the HTTP status of the last reply; 0 if none came.
	Status int
	// Code is the service's own code, such as 4547 for a conversation that was
	// already closed. The vendor publishes no list of codes.
	Code string
	// Description is the service's explanation, as it was sent. It is not part
	// of the error's text: it may quote the request.
	Description string
	// TraceIDs are the ids of every reply, for the vendor's support.
	TraceIDs []TraceID
	// RetryAfter is how long the service asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Attempts are the tries that were made, in order.
	Attempts []Attempt
	// Violations are the faults found in the request before it was sent.
	Violations Violations
	// Err is the cause, where there is one: a network error, a token error,
	// context.DeadlineExceeded.
	Err error
}

// Error tells the call, its edge, and what is known of the cause.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("engage: ")
	if e.Operation != "" {
		text.WriteString(label(string(e.Operation)) + " v" + label(string(e.Version)) + ": ")
	}
	text.WriteString(label(string(e.Edge)))
	if e.Status != 0 {
		fmt.Fprintf(&text, ": HTTP %d", e.Status)
	}
	if e.Code != "" {
		text.WriteString(", code " + label(e.Code))
	}
	if e.Effect != 0 {
		text.WriteString(", " + e.Effect.String())
	}
	if len(e.Attempts) > 1 {
		fmt.Fprintf(&text, ", %d attempts", len(e.Attempts))
	}
	if e.RetryAfter > 0 {
		text.WriteString(", retry after " + e.RetryAfter.String())
	}
	for _, id := range e.TraceIDs {
		text.WriteString(", " + label(id.Name) + "=" + label(id.Value))
	}
	if len(e.Violations) > 0 {
		text.WriteString(": " + e.Violations.String())
	}
	if e.Err != nil {
		text.WriteString(": " + e.Err.Error())
	}
	return text.String()
}

// label prints a name that came from outside so that it can neither break a
// log line nor fill it.
func label(name string) string {
	const longest = 128
	if len(name) > longest {
		name = name[:longest] + "…"
	}
	for _, r := range name {
		if r <= ' ' || r > '~' || r == '"' {
			return strconv.Quote(name)
		}
	}
	return name
}

// Is reports whether target is the sentinel of e's edge.
func (e *Error) Is(target error) bool { return target != nil && target == e.Edge.sentinel() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GoString returns the error's text, so that %#v shows no more than %v.
func (e *Error) GoString() string { return strconv.Quote(e.Error()) }

// report is what may be logged of an error.
type report struct {
	Edge       Edge       `json:"edge"`
	Operation  Operation  `json:"operation,omitempty"`
	Version    Version    `json:"version,omitempty"`
	Effect     Effect     `json:"effect,omitempty"`
	Status     int        `json:"status,omitempty"`
	Code       string     `json:"code,omitempty"`
	TraceIDs   []TraceID  `json:"traceIds,omitempty"`
	RetryAfter string     `json:"retryAfter,omitempty"`
	Attempts   int        `json:"attempts,omitempty"`
	Violations Violations `json:"violations,omitempty"`
	Cause      string     `json:"cause,omitempty"`
}

// MarshalJSON encodes what Error tells, field by field.
func (e *Error) MarshalJSON() ([]byte, error) {
	r := report{
		Edge: e.Edge, Operation: e.Operation, Version: e.Version, Effect: e.Effect, Status: e.Status,
		Code: e.Code, TraceIDs: e.TraceIDs, Attempts: len(e.Attempts), Violations: e.Violations,
	}
	if e.RetryAfter > 0 {
		r.RetryAfter = e.RetryAfter.String()
	}
	if e.Err != nil {
		r.Cause = e.Err.Error()
	}
	return json.Marshal(r)
}

// LogValue groups what Error tells for log/slog.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("edge", string(e.Edge))}
	if e.Operation != "" {
		attrs = append(attrs, slog.String("operation", string(e.Operation)), slog.String("version", string(e.Version)))
	}
	if e.Effect != 0 {
		attrs = append(attrs, slog.String("effect", e.Effect.String()))
	}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if len(e.Attempts) > 0 {
		attrs = append(attrs, slog.Int("attempts", len(e.Attempts)))
	}
	for _, id := range e.TraceIDs {
		attrs = append(attrs, slog.String(id.Name, id.Value))
	}
	if len(e.Violations) > 0 {
		attrs = append(attrs, slog.String("violations", e.Violations.String()))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// Of returns the edge that err ends on: that of the [*Error] within it, else
// [OnTimeout] for a context that has ended, else [OnError]. It is empty for nil.
func Of(err error) Edge {
	var failure *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failure):
		return failure.Edge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return OnTimeout
	}
	return OnError
}
