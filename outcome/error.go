package outcome

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The sentinel errors of the standard edges. errors.Is reports whether an error is
// an [*Error] on the edge of the sentinel. For other edges compare [EdgeOf].
var (
	ErrOnError                = errors.New("engage: onError")
	ErrOnInvalidData          = errors.New("engage: onInvalidData")
	ErrOnInvalidChoice        = errors.New("engage: onInvalidChoice")
	ErrOnTimeout              = errors.New("engage: onTimeout")
	ErrOnAuthorizationFailure = errors.New("engage: onAuthorizationFailure")
)

// Code is a code of the service as an error: errors.Is(err, outcome.Code("4547"))
// reports whether an error is an [*Error] with that code. The vendor publishes no list
// of codes. Use it for those that your tenant returns.
type Code string

// Error returns the code.
func (c Code) Error() string { return "engage: code " + label(string(c)) }

// The sentinel errors of what the service reported. There is none for a message to a
// closed conversation: its code is not known, and its edge is [OnAppendMessageFailure].
var (
	// ErrAlreadyClosed is code 4547: the conversation was closed before (observed).
	// CloseConversation takes it for a success.
	ErrAlreadyClosed error = Code("4547")
	// ErrNotFound is HTTP status 404. The conversation or the participant does not
	// exist, or the path is wrong: the vendor publishes no paths.
	ErrNotFound = errors.New("engage: not found")
)

// sentinel returns the sentinel error of a standard edge; nil for other edges.
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

// TraceID is an id under which the vendor's support can find a request.
type TraceID struct {
	// Name is the name of the header or JSON member that contained the id.
	Name string `json:"name"`
	// Value is the id.
	Value string `json:"value"`
}

// Attempt describes one attempt of a call: a request and its reply.
type Attempt struct {
	// Status is the HTTP status of the reply; 0 if there was no reply.
	Status int
	// TraceIDs are the trace ids of the reply.
	TraceIDs []TraceID
	// Wait is the time between the attempt before and this one; 0 for the first.
	Wait time.Duration
	// Duration is the time from the request for a token to the last byte of the
	// reply.
	Duration time.Duration
	// Effect is the effect of this attempt alone; zero for a success.
	Effect Effect
	// Repeated reports whether the transport itself sent the request again after
	// a sending that may have arrived. The other fields describe the last sending.
	Repeated bool
	// Err is the error of the exchange, or of a successful reply that could not be
	// read. It is nil if the status alone says what happened.
	Err error
}

// Error is the error of a call that failed.
//
// Its text, JSON and log value contain no token, no message body and no full URL. They
// leave out Header. Where Description quotes the request, they show "[cut]"; see
// [Error.Describe]. They shorten and escape what the service sent, so that the text is
// one line.
//
// The fields are the caller's. An Error is not safe for concurrent use while one of them
// is set.
type Error struct {
	// Edge is the edge on which the call ended. It is never empty.
	Edge Edge
	// Operation and Version are the call's. They are empty if no call was made.
	Operation Operation
	Version   Version
	// Effect says whether the request may have been applied. A read has no effect
	// at the service: for a read, Effect is NotSent, Refused or zero.
	Effect Effect
	// Status is the HTTP status of the last reply; 0 if the last attempt got none.
	Status int
	// Code is the service's own code, such as 4547 for a conversation that was
	// already closed. It comes from the last reply, or from the callback that
	// reported the outcome. The vendor publishes no list of codes.
	Code string
	// Description is the service's explanation of Code. It may quote the request. The
	// error's text shows it without the quotations, and at most 256 bytes of it.
	Description string
	// TraceIDs are the trace ids of all replies. Quote them to the vendor's
	// support.
	TraceIDs []TraceID
	// AliasIDs are the alias ids of the messages in a write, in the order of the
	// messages, including those that the client made. Use them to find the
	// messages later or to send them again. AliasIDs is empty if the request has
	// no messages or was invalid.
	AliasIDs []string
	// Header is the header of the last reply, without cookies and tokens; nil if the last
	// attempt got none. [RateLimitOf] reads the rate limit.
	Header http.Header
	// RetryAfter is how long the last reply asked the client to wait; 0 if it did
	// not ask.
	RetryAfter time.Duration
	// Attempts are the attempts that the call made, in order.
	Attempts []Attempt
	// Violations are the problems that kept the request from being sent.
	Violations Violations
	// Err is the cause, such as a network error, a token error or
	// [context.DeadlineExceeded]; nil if there is none. Its text is part of the
	// error's text and must not contain a secret.
	Err error

	// described is what Describe was called with; nil if it was not called.
	described *described
}

// described is a description and what may be shown of it.
type described struct{ description, shown string }

// Describe sets Description, and what the error's text, JSON and log value show in its
// place. The client leaves out of shown what the request contained. If Description is set
// without Describe, they show Description itself. They show at most 256 bytes.
func (e *Error) Describe(description, shown string) {
	e.Description, e.described = description, &described{description, shown}
}

// description returns what may be shown of Description. What Describe was called with
// does not count if the caller has set Description since.
func (e *Error) description() string {
	shown := e.Description
	if e.described != nil && e.described.description == e.Description {
		shown = e.described.shown
	}
	return cut(shown, 256)
}

// Error returns one line with the call, its edge, the service's explanation, the cause
// and what to do next as far as they are known. It contains each trace id once, under the
// first of its names.
func (e *Error) Error() string {
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
	if description := e.description(); description != "" {
		text.WriteString(" " + strconv.Quote(description))
	}
	if r.Effect != 0 {
		text.WriteString(", " + r.Effect.String() + e.Effect.advice())
	}
	if r.Attempts > 1 {
		fmt.Fprintf(&text, ", %d attempts", r.Attempts)
	}
	if r.RetryAfter != "" {
		text.WriteString(", retry after " + r.RetryAfter)
	}
	if traces := r.traces(r.Cause); traces != "" {
		text.WriteString(", " + traces)
	}
	if len(r.Violations) > 0 {
		text.WriteString(": " + r.Violations.String())
	}
	if r.Cause != "" {
		text.WriteString(": " + r.Cause)
	}
	return text.String()
}

// Is reports whether target is the sentinel error of e's edge, [ErrNotFound] and e's
// Status is 404, or the [Code] of e.
func (e *Error) Is(target error) bool {
	switch target {
	case nil:
		return false
	case e.Edge.sentinel():
		return true
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	}
	code, ok := target.(Code)
	return ok && code != "" && string(code) == e.Code
}

// As sets target to e.Violations if it is a *Violations and there are any. It reports
// whether it did.
func (e *Error) As(target any) bool {
	violations, ok := target.(*Violations)
	if ok = ok && len(e.Violations) > 0; ok {
		*violations = e.Violations
	}
	return ok
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Format writes the text of Error for every verb; for %q and %#v it writes the text
// in quotes. A copy of an Error is formatted in the same way.
func (e Error) Format(f fmt.State, verb rune) {
	text := e.Error()
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = strconv.Quote(text)
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, 's'), text)
}

// MarshalJSON returns a JSON object with the parts of the error's text and the alias ids.
// It never fails.
func (e Error) MarshalJSON() ([]byte, error) { return json.Marshal(e.report()) }

// LogValue implements [slog.LogValuer]. It returns a group with the parts of the error's
// text and the alias ids.
func (e *Error) LogValue() slog.Value {
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
	if r.Description != "" {
		attrs = append(attrs, slog.String("description", r.Description))
	}
	if r.Attempts > 0 {
		attrs = append(attrs, slog.Int("attempts", r.Attempts))
	}
	if r.RetryAfter != "" {
		attrs = append(attrs, slog.String("retryAfter", r.RetryAfter))
	}
	if len(r.TraceIDs) > 0 {
		attrs = append(attrs, slog.String("traceIds", r.traces("")))
	}
	if len(r.AliasIDs) > 0 {
		attrs = append(attrs, slog.String("aliasIds", strings.Join(r.AliasIDs, ", ")))
	}
	if len(r.Violations) > 0 {
		attrs = append(attrs, slog.String("violations", r.Violations.String()))
	}
	if r.Cause != "" {
		attrs = append(attrs, slog.String("cause", r.Cause))
	}
	return slog.GroupValue(attrs...)
}

// EdgeOf returns the edge of err: the Edge of the [*Error] in its tree. Without one it
// returns [OnTimeout] if the tree contains the error of a context that has ended,
// and [OnError] otherwise. It returns "" if err is nil.
func EdgeOf(err error) Edge {
	switch failure, ok := errors.AsType[*Error](err); {
	case err == nil:
		return ""
	case ok:
		return failure.Edge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return OnTimeout
	}
	return OnError
}

// EffectOf returns the effect of err: the Effect of the [*Error] in its tree. Without
// one it returns [MaybeApplied], because nothing is known of the request. It returns 0
// if err is nil.
func EffectOf(err error) Effect {
	switch failure, ok := errors.AsType[*Error](err); {
	case err == nil:
		return 0
	case ok:
		return failure.Effect
	}
	return MaybeApplied
}

// Of returns the edge on which a call ended: that of its error, as [EdgeOf] does, or
// else that of its result. The results of all calls of a client have the method Edge.
// The result is not used if there is an error, so it may be nil then.
//
//	found, err := client.SearchConversation(ctx, request)
//	next, err := steps.Next(outcome.Of(found, err))
func Of(result interface{ Edge() Edge }, err error) Edge {
	if err != nil {
		return EdgeOf(err)
	}
	return result.Edge()
}
