package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrReauthorizationRequired matches, with errors.Is, every
// [*ReauthorizationRequiredError].
var ErrReauthorizationRequired = errors.New("auth: re-authorization required")

// Reason says why an authorization no longer works.
type Reason string

// The reasons.
const (
	// NoToken: there has been no authorization yet.
	NoToken Reason = "no token"
	// TokenExpired: a static token has expired.
	TokenExpired Reason = "token expired"
	// RefreshExpired: the refresh token has expired.
	RefreshExpired Reason = "refresh token expired"
	// Revoked: the refresh token was refused, so it has expired or was revoked.
	Revoked Reason = "revoked"
	// CredentialsChanged: the client id or secret is not, or no longer, right.
	CredentialsChanged Reason = "credentials changed"
	// ConsentRequired: a person has to agree, or has declined.
	ConsentRequired Reason = "consent required"
	// ScopeChanged: other scopes are asked for than were granted.
	ScopeChanged Reason = "scope changed"
	// RecordDamaged: what the store holds cannot be read.
	RecordDamaged Reason = "record damaged"
)

// ReauthorizationRequiredError says that there will be no token until a person
// acts: enters new credentials, or signs in again. Trying again does not help.
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

// Error tells which authorization, why, and the cause.
func (e *ReauthorizationRequiredError) Error() string {
	if e == nil {
		return nilError
	}
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
	return e != nil && target == ErrReauthorizationRequired
}

// Unwrap returns the cause.
func (e *ReauthorizationRequiredError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// nilError is the text of a nil pointer to an error. Its methods are safe to
// call, because a nil pointer in an error interface is easily made.
const nilError = "<nil>"

// TokenEndpointError says that a token endpoint, or another that has a part in
// obtaining a token, did not give what it was asked for: it refused, it answered
// something unreadable, it could not be reached, or the context ended first.
type TokenEndpointError struct {
	// Status is the HTTP status of the reply; 0 if none came, or a source of
	// x/oauth2 did not tell.
	Status int
	// Code is the service's own code: the error member of RFC 6749, or the key
	// of the contact center's error object. Empty if it sent none.
	Code string
	// Description is the service's explanation, shortened. It is not part of
	// the error's text, because it may quote what was sent.
	Description string
	// TrackingID is the id to quote to the vendor's support.
	TrackingID string
	// RetryAfter is how long the service asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Err is the cause, where there is one: a network error, or
	// context.DeadlineExceeded.
	Err error

	// problem is what the SDK has to say of a reply.
	problem string
	// recognised tells a refusal in one of the known JSON shapes, which is the
	// endpoint's own, from that of a proxy or firewall on the way.
	recognised bool
	// lost tells that the reply is missing, or a part of it, to a request that may
	// have arrived.
	lost bool
	// refresh is the new refresh token of a reply whose access token is of no use.
	refresh Secret
}

// Error tells what is known, but neither the reply nor the Description.
func (e *TokenEndpointError) Error() string {
	if e == nil {
		return nilError
	}
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

// MarshalText encodes what Error tells.
func (e *TokenEndpointError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Unwrap returns the cause.
func (e *TokenEndpointError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Temporary reports whether the same request may succeed later: nothing
// answered, the endpoint was busy or broken, or what answered was not the
// endpoint but a proxy or firewall.
func (e *TokenEndpointError) Temporary() bool {
	if e == nil {
		return false
	}
	switch e.Code {
	case "temporarily_unavailable", "slow_down", "server_error":
		return true
	}
	switch e.Status {
	case 408, 425, 429:
		return true
	}
	switch {
	case e.Status >= 500:
		return true
	case e.Status >= 300 && e.Status < 400:
		return false
	}
	return !e.recognised
}
