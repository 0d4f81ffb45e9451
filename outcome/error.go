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
	// Repeated reports whether the transport itself sent the request again after
	// a sending that may have arrived. The other fields describe the last sending.
	Repeated bool
	// Err is what went wrong on the way, or with a reply of success; nil if the
	// status tells it all.
	Err error
}

// Error is how a call that did not reach its goal ends. Reach it with
// errors.As; the sentinels serve errors.Is; Unwrap reaches the cause.
//
// Its text, its JSON and its log value hold no token, no message body, no full
// URL and not the Description, which is the service's own text and may quote
// what was sent. What the service sent is cut and escaped in them, so that it
// stays one line. A nil *Error can be printed, logged and encoded as JSON; it tells
// nothing.
type Error struct {
	// Edge is the outcome edge the call ended on; never empty.
	Edge Edge
	// Operation and Version tell which call it was; empty if none was made.
	Operation Operation
	Version   Version
	// Effect says whether the request may have been carried out. Of a read, which
	// has no effect, it is NotSent, Refused or zero.
	Effect Effect
	// Status is the HTTP status of the reply to the last try; 0 if that had none.
	Status int
	// Code is the service's own code, such as 4547 for a conversation that was
	// already closed. It is that of the last try, or of a callback that told the
	// outcome. The vendor publishes no list of codes.
	Code string
	// Description is the service's explanation, as it was sent beside Code. It is
	// not part of the error's text: it may quote the request.
	Description string
	// TraceIDs are the ids of every reply, for the vendor's support.
	TraceIDs []TraceID
	// AliasIDs are the alias ids of the messages that a write was to carry, in
	// order, those that the client made included. Under them the messages can be
	// looked for later, or be sent again. None for a write without messages and
	// for one that was refused before it was encoded.
	AliasIDs []string
	// RetryAfter is how long the service asked to wait when it answered the last
	// try; 0 if it did not.
	RetryAfter time.Duration
	// Attempts are the tries that were made, in order.
	Attempts []Attempt
	// Violations are the faults found in the request before it was sent.
	Violations Violations
	// Err is the cause, where there is one: a network error, a token error,
	// context.DeadlineExceeded. Its text is shown, so it holds no secret.
	Err error
}

// Error tells the call, its edge, and what is known of the cause.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	r := e.report()
	var text strings.Builder
	text.WriteString("engage: ")
	if r.Operation != "" {
		text.WriteString(r.Operation)
		if r.Version != "" {
			text.WriteString(" v" + r.Version)
		}
		text.WriteString(": ")
	}
	text.WriteString(r.Edge)
	if r.Status != 0 {
		fmt.Fprintf(&text, ": HTTP %d", r.Status)
	}
	if r.Code != "" {
		text.WriteString(", code " + r.Code)
	}
	if r.Effect != 0 {
		text.WriteString(", " + r.Effect.String())
	}
	if r.Attempts > 1 {
		fmt.Fprintf(&text, ", %d attempts", r.Attempts)
	}
	if r.RetryAfter != "" {
		text.WriteString(", retry after " + r.RetryAfter)
	}
	if len(r.TraceIDs) > 0 {
		text.WriteString(", " + r.traces())
	}
	if len(r.Violations) > 0 {
		text.WriteString(": " + r.Violations.String())
	}
	if r.Cause != "" {
		text.WriteString(": " + r.Cause)
	}
	return text.String()
}

// Is reports whether target is the sentinel of e's edge.
func (e *Error) Is(target error) bool {
	return e != nil && target != nil && target == e.Edge.sentinel()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// GoString returns the error's text, so that %#v shows no more than %v.
func (e *Error) GoString() string { return strconv.Quote(e.Error()) }

// Format writes what Error tells for every verb, quoted for %q and %#v. It is a
// method of the value, as MarshalJSON is, so that a copy of an error shows no more
// than the error.
func (e Error) Format(f fmt.State, verb rune) {
	text := e.Error()
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = e.GoString()
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, 's'), text)
}

// MarshalJSON encodes what Error tells, field by field.
func (e Error) MarshalJSON() ([]byte, error) { return json.Marshal(e.report()) }

// LogValue groups what Error tells for log/slog.
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.Value{}
	}
	r := e.report()
	attrs := []slog.Attr{slog.String("edge", r.Edge)}
	if r.Operation != "" {
		attrs = append(attrs, slog.String("operation", r.Operation), slog.String("version", r.Version))
	}
	if r.Effect != 0 {
		attrs = append(attrs, slog.String("effect", r.Effect.String()))
	}
	if r.Status != 0 {
		attrs = append(attrs, slog.Int("status", r.Status))
	}
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", r.Code))
	}
	if r.Attempts > 0 {
		attrs = append(attrs, slog.Int("attempts", r.Attempts))
	}
	if r.RetryAfter != "" {
		attrs = append(attrs, slog.String("retryAfter", r.RetryAfter))
	}
	if len(r.TraceIDs) > 0 {
		attrs = append(attrs, slog.String("traceIds", r.traces()))
	}
	if len(r.Violations) > 0 {
		attrs = append(attrs, slog.String("violations", r.Violations.String()))
	}
	if r.Cause != "" {
		attrs = append(attrs, slog.String("cause", r.Cause))
	}
	return slog.GroupValue(attrs...)
}

// Of returns the edge that err ends on: that of the [*Error] within it, else
// [OnTimeout] for a context that has ended, else [OnError]. It is empty for nil.
func Of(err error) Edge {
	switch failure, ok := errors.AsType[*Error](err); {
	case err == nil:
		return ""
	case ok && failure != nil:
		return failure.Edge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return OnTimeout
	}
	return OnError
}
