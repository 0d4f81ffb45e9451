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

// ErrUnreachable matches, with errors.Is, every [*TokenEndpointError] of a request that
// got no reply: the connection failed or was lost, or no reply came in time. It does not
// match if the caller canceled the context. The credentials may be in order.
var ErrUnreachable = errors.New("auth: the token endpoint is not reachable")

// ErrClosed is the error of [Cache.Token] after [Cache.Close], once the cache holds no
// usable token.
var ErrClosed = errors.New("auth: the token cache is closed")

// Reason is why an authorization does not work.
type Reason string

// The reasons.
const (
	// NoToken: there has been no authorization yet.
	NoToken Reason = "no token"
	// TokenExpired: a static token has expired.
	TokenExpired Reason = "token expired"
	// TokenRefused: the service refuses tokens, and a renewal did not help.
	TokenRefused Reason = "token refused"
	// RefreshExpired: the refresh token has expired.
	RefreshExpired Reason = "refresh token expired"
	// Revoked: the service refused the refresh token. It has expired or was revoked.
	Revoked Reason = "revoked"
	// CredentialsChanged: the service refuses the client id or secret, or the stored
	// tokens belong to another client.
	CredentialsChanged Reason = "credentials changed"
	// ConsentRequired: a person has to consent, or has declined.
	ConsentRequired Reason = "consent required"
	// ScopeChanged: the client requests scopes that the authorization does not cover.
	ScopeChanged Reason = "scope changed"
	// RecordDamaged: the stored record is there, but is not a valid one.
	RecordDamaged Reason = "record damaged"
)

// ReauthorizationRequiredError reports that a source can get no token until a person acts,
// by signing in again or by correcting the credentials. Another attempt does not help.
type ReauthorizationRequiredError struct {
	// Authorization is the name of the authorization; empty if it has none.
	Authorization string
	// Reason is why the authorization does not work.
	Reason Reason
	// Deadline is when the authorization expired; the zero time if it did not, or if
	// the time is not known.
	Deadline time.Time
	// Err is the cause, often a [*TokenEndpointError]; nil if there is none.
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

// TokenEndpointError reports that a request to a token endpoint failed. The endpoint
// refused the request, its reply was not readable, it could not be reached, or the context
// ended first. The error also serves the other endpoints of a sign-in.
//
// If the reply repeats a secret of the request, or contains a token, the fields hold
// REDACTED in its place.
type TokenEndpointError struct {
	// Status is the HTTP status of the reply. It is 0 if there was no reply, or if a
	// source of x/oauth2 did not report it.
	Status int
	// Code is the error code in the reply: the error member of RFC 6749, or the key in
	// the error object of the contact center. It is empty if there is none.
	Code string
	// Description is the service's explanation, of up to 512 bytes. The text of the
	// error leaves it out, because it may quote the request.
	Description string
	// TrackingID is the id of the request, for the vendor's support; empty if the reply
	// contains none.
	TrackingID string
	// RetryAfter is how long the service asks clients to wait; 0 if it does not.
	RetryAfter time.Duration
	// Err is the cause, such as a network error or context.DeadlineExceeded; nil if the
	// reply itself is the cause.
	Err error

	// problem is what is wrong with the reply.
	problem string
	// recognised is set for a refusal in one of the known JSON shapes. Such a refusal
	// comes from the endpoint itself, not from a proxy or firewall.
	recognised bool
	// maybeApplied is set if the endpoint may have applied the request: the reply, or a
	// part of it, is missing.
	maybeApplied bool
	// refreshToken is the new refresh token in a reply without a usable access token.
	refreshToken Secret
}

// Error returns the fields as text, without the Description.
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

// Is reports whether target is [ErrUnreachable] and the request got no reply. It reports
// false if the caller canceled the context.
func (e *TokenEndpointError) Is(target error) bool {
	return target == ErrUnreachable && e.Status == 0 && e.Err != nil && !errors.Is(e.Err, context.Canceled)
}

// Temporary reports whether the same request may succeed later. It is true if there was no
// reply, or if the endpoint was busy or failed. It is also true if a proxy or firewall
// seems to have replied instead. It is false for a redirect.
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
