package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrReauthorizationRequired matches, with errors.Is, every
// [*ReauthorizationRequiredError].
var ErrReauthorizationRequired = errors.New("auth: re-authorization required")

// ErrUnreachable matches, with errors.Is, every [*TokenEndpointError] of an endpoint
// that gave no reply: the connection failed or was lost, or no reply came in time.
// It says nothing of the credentials. It does not match if the caller canceled the
// context.
var ErrUnreachable = errors.New("auth: the token endpoint is not reachable")

// ErrClosed is the error of a [Cache] that has been closed and holds no usable token.
var ErrClosed = errors.New("auth: the token cache is closed")

// Reason says why an authorization no longer works.
type Reason string

// The reasons.
const (
	// NoToken: there has been no authorization yet.
	NoToken Reason = "no token"
	// TokenExpired: a static token has expired.
	TokenExpired Reason = "token expired"
	// TokenRefused: the service refuses new tokens as well.
	TokenRefused Reason = "token refused"
	// RefreshExpired: the refresh token has expired.
	RefreshExpired Reason = "refresh token expired"
	// Revoked: the refresh token was refused, so it has expired or was revoked.
	Revoked Reason = "revoked"
	// CredentialsChanged: the client id or secret is wrong, or no longer right.
	CredentialsChanged Reason = "credentials changed"
	// ConsentRequired: a person has to agree, or has declined.
	ConsentRequired Reason = "consent required"
	// ScopeChanged: other scopes are asked for than were granted.
	ScopeChanged Reason = "scope changed"
	// RecordDamaged: the stored record cannot be read.
	RecordDamaged Reason = "record damaged"
)

// ReauthorizationRequiredError reports that there will be no token until a person
// enters new credentials or signs in again. Another attempt does not help.
type ReauthorizationRequiredError struct {
	// Authorization is the name of the authorization; empty if it has none.
	Authorization string
	// Reason says what has happened.
	Reason Reason
	// Deadline is when the authorization ended, where that is known.
	Deadline time.Time
	// Err is the cause, where there is one, often a [*TokenEndpointError].
	Err error
}

// Error returns the name of the authorization, the reason and the cause.
func (e *ReauthorizationRequiredError) Error() string {
	text := ErrReauthorizationRequired.Error()
	if e.Authorization != "" {
		text += " for " + strconv.Quote(e.Authorization)
	}
	if e.Reason != "" {
		text += ": " + string(e.Reason)
	}
	if !e.Deadline.IsZero() {
		text += " at " + e.Deadline.UTC().Format(time.RFC3339)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is reports whether target is [ErrReauthorizationRequired].
func (e *ReauthorizationRequiredError) Is(target error) bool {
	return target == ErrReauthorizationRequired
}

// Unwrap returns the cause.
func (e *ReauthorizationRequiredError) Unwrap() error { return e.Err }

// TokenEndpointError reports that a token endpoint, or another endpoint that takes
// part in obtaining a token, did not give what it was asked for: it refused, its
// reply was unreadable, it could not be reached, or the context ended first.
//
// Where the reply repeats a secret of the request or a token of its own, the fields
// hold REDACTED in its place.
type TokenEndpointError struct {
	// Status is the HTTP status of the reply. It is 0 if there was no reply, or a
	// source of x/oauth2 did not report it.
	Status int
	// Code is the service's own code: the error member of RFC 6749, or the key
	// of the contact center's error object. Empty if it sent none.
	Code string
	// Description is the service's explanation, shortened. It is not part of
	// the error's text, because it may quote the request.
	Description string
	// TrackingID is the id to quote to the vendor's support.
	TrackingID string
	// RetryAfter is how long the service asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Err is the cause, where there is one: a network error, or
	// context.DeadlineExceeded.
	Err error

	// problem is what is wrong with the reply.
	problem string
	// recognised is set for a refusal in one of the known JSON shapes. It comes
	// from the endpoint itself, not from a proxy or firewall on the way.
	recognised bool
	// maybeTaken is set if the endpoint may have taken what the request was sent to
	// exchange: a part of the reply, or all of it, is missing.
	maybeTaken bool
	// refreshToken is the new refresh token of a reply without a usable access token.
	refreshToken Secret
}

// Error returns what is known, without the Description.
func (e *TokenEndpointError) Error() string {
	var text strings.Builder
	text.WriteString("auth: token endpoint")
	if e.Status != 0 {
		fmt.Fprintf(&text, ": HTTP %d", e.Status)
	}
	if e.Code != "" {
		text.WriteString(", " + e.Code)
	}
	if e.TrackingID != "" {
		text.WriteString(", tracking id " + e.TrackingID)
	}
	if e.RetryAfter > 0 {
		text.WriteString(", retry after " + e.RetryAfter.String())
	}
	if e.problem != "" {
		text.WriteString(": " + e.problem)
	}
	if e.Err != nil {
		text.WriteString(": " + e.Err.Error())
	}
	return text.String()
}

// GoString returns the error's text, so that %#v shows no more than %v.
func (e *TokenEndpointError) GoString() string { return strconv.Quote(e.Error()) }

// MarshalText returns the error's text and no error.
func (e *TokenEndpointError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Unwrap returns the cause.
func (e *TokenEndpointError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrUnreachable] and there was no reply.
func (e *TokenEndpointError) Is(target error) bool {
	return target == ErrUnreachable && e.Status == 0 && e.Err != nil && !errors.Is(e.Err, context.Canceled)
}

// Temporary reports whether the same request may succeed later: there was no
// reply, the endpoint was busy or broken, or a proxy or firewall replied in its
// place.
func (e *TokenEndpointError) Temporary() bool {
	switch e.Code {
	case "temporarily_unavailable", "slow_down", "server_error":
		return true
	}
	switch {
	case e.Status == 408, e.Status == 425, e.Status == 429, e.Status >= 500:
		return true
	case e.Status >= 300 && e.Status < 400:
		return false
	}
	return !e.recognised
}
