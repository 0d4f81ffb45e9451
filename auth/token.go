package auth

import (
	"slices"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Token authorizes requests. It holds a token with its expiry and its scopes. However it
// is printed, logged or encoded, it shows as REDACTED. The zero value is no token.
//
// Tokens are immutable and safe for concurrent use, with one condition on headers that
// hold them; see [Hosts.Authorize]. Compare tokens with Equal, not with ==.
type Token struct {
	redacted
	// data is a pointer to a pointer. With some verbs fmt would print the struct that
	// a plain pointer points to.
	data **tokenData
}

type tokenData struct {
	value     string
	malformed bool // no header can carry the value
	expiry    time.Time
	scopes    []string
	// header is the name of the header that carries the token, and values is its value.
	// It is made once, so that authorizing a request allocates nothing.
	header string
	values []string
	// unsaved is set if the store did not save the token. The cache then renews soon.
	unsaved bool
}

var (
	errNoToken        = safeerror.New("auth: there is no token")
	errMalformedToken = safeerror.New("auth: the token contains white space or another invalid character")
	errExpiredToken   = safeerror.New("auth: the token has expired")
)

// NewToken returns a bearer token that is valid until expiry. A zero expiry means that
// the expiry is not known. Scopes are the scopes that the issuer granted. The package
// does not check them.
//
// A value may contain visible ASCII only (documented in RFC 6750). NewToken accepts any
// value, but sources, caches and [Hosts.Authorize] return an error for an invalid one.
func NewToken(value string, expiry time.Time, scopes ...string) Token {
	return newToken(bearerHeader, "Bearer ", value, expiry, scopes)
}

// The headers that carry tokens.
const (
	bearerHeader = "Authorization"
	keyHeader    = "Key"          // of Webex Connect
	legacyHeader = "Access_token" // of imi.chat
)

var tokenHeaders = [...]string{bearerHeader, keyHeader, legacyHeader}

func newToken(header, prefix, value string, expiry time.Time, scopes []string) Token {
	data := &tokenData{
		value:     value,
		malformed: !wellFormed(value),
		expiry:    expiry,
		scopes:    append([]string(nil), scopes...),
		header:    header,
		values:    []string{prefix + value},
	}
	return Token{data: &data}
}

func (t Token) get() *tokenData {
	if t.data == nil {
		return &tokenData{}
	}
	return *t.data
}

// Reveal returns the value of the token, without the word Bearer.
func (t Token) Reveal() string { return t.get().value }

// Expiry returns when the token expires, or the zero time if that is not known.
func (t Token) Expiry() time.Time { return t.get().expiry }

// Scopes returns the scopes that the issuer granted, or nil if they are not known.
func (t Token) Scopes() []string { return slices.Clone(t.get().scopes) }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.Reveal() == "" }

// Equal reports whether both tokens have the same value. It ignores expiry and scopes.
func (t Token) Equal(other Token) bool {
	return t.data == other.data || NewSecret(t.Reveal()).Equal(NewSecret(other.Reveal()))
}

// asUnsaved returns a copy of the token with unsaved set.
func (t Token) asUnsaved() Token {
	data := *t.get()
	data.unsaved = true
	copied := &data
	return Token{data: &copied}
}

// usable returns nil if the token can be sent at the time now, else the reason.
func (t Token) usable(now time.Time) error {
	switch data := t.get(); {
	case data.value == "":
		return errNoToken
	case data.malformed:
		return errMalformedToken
	case !data.expiry.IsZero() && reached(now, data.expiry):
		return errExpiredToken
	}
	return nil
}

// wellFormed reports whether value consists of visible ASCII only.
func wellFormed(value string) bool {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return false
		}
	}
	return true
}

// reached reports whether now is t or later, by the monotonic clock or by the wall clock.
// It needs both: the wall clock can be set back, and the monotonic clock stops while the
// machine sleeps.
func reached(now, t time.Time) bool {
	return !now.Before(t) || !now.Round(0).Before(t.Round(0))
}
