package auth

import (
	"slices"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Token is what authorizes a request: a bearer token, until when it is valid,
// and what it is good for. However it is printed, logged or encoded, it shows
// as REDACTED. The zero value is no token. Tokens are safe for concurrent use, and
// nothing changes them as long as no header that holds one is changed in place; see
// [Hosts.Authorize]. Compare them with Equal, not with ==.
type Token struct {
	redacted
	// A pointer to a pointer, because fmt prints what a field points to if that
	// is a struct and the verb is unusual.
	data **tokenData
}

type tokenData struct {
	value     string
	malformed bool // it cannot stand in a header
	expiry    time.Time
	scopes    []string
	// header names the header that carries the token, and values is what it
	// carries, made once so that authorizing a request allocates nothing.
	header string
	values []string
	// unsettled asks the cache to come back soon, though the token will do.
	unsettled bool
}

var (
	errNoToken        = safeerror.New("auth: there is no token")
	errMalformedToken = safeerror.New("auth: the token holds a space, a line break or another character that no token can hold")
	errExpiredToken   = safeerror.New("auth: the token has expired")
)

// NewToken returns a bearer token that is valid until expiry, or for an unknown
// time if expiry is zero. The scopes are what the token's issuer said it is good
// for; they are not checked.
//
// A value that no header can carry (anything but visible ASCII, documented in
// RFC 6750) is not sent: the sources, the cache and [Hosts.Authorize] refuse
// such a token with an error.
func NewToken(value string, expiry time.Time, scopes ...string) Token {
	return newToken(bearerHeader, "Bearer ", value, expiry, scopes)
}

// The headers that tokens go into.
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

// Reveal returns the token itself, without the word Bearer.
func (t Token) Reveal() string { return t.get().value }

// Expiry returns the time at which the token expires; the zero time if that is
// not known.
func (t Token) Expiry() time.Time { return t.get().expiry }

// Scopes returns what the token's issuer said it is good for; nil if it did not.
func (t Token) Scopes() []string { return slices.Clone(t.get().scopes) }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.Reveal() == "" }

// Equal reports whether both are the same token. Expiry and scopes do not
// count: a token is its value.
func (t Token) Equal(other Token) bool {
	return t.data == other.data || NewSecret(t.Reveal()).Equal(NewSecret(other.Reveal()))
}

// provisional returns the token marked as unsettled.
func (t Token) provisional() Token {
	data := *t.get()
	data.unsettled = true
	copied := &data
	return Token{data: &copied}
}

// usable returns nil if the token can be sent at the time now.
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

// wellFormed reports whether value can stand in a header as one word.
func wellFormed(value string) bool {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return false
		}
	}
	return true
}

// reached reports whether it is t, or later. Where both times carry them it
// asks two clocks and believes the later one: the wall clock can be set back,
// and the monotonic clock stands still while the machine sleeps.
func reached(now, t time.Time) bool {
	return !now.Before(t) || !now.Round(0).Before(t.Round(0))
}
