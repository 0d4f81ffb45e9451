package auth

import (
	"slices"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Token authorizes a request: it is a bearer token with its expiry and scopes. However
// it is printed, logged or encoded, it shows as REDACTED. The zero value is no token.
// Tokens are safe for concurrent use, and immutable as long as nobody changes a header
// that holds one in place; see [Hosts.Authorize]. Compare them with Equal, not with ==.
type Token struct {
	redacted
	// A pointer to a pointer, because fmt prints what a field points to if that
	// is a struct and the verb is unusual.
	data **tokenData
}

type tokenData struct {
	value     string
	malformed bool // the value cannot stand in a header
	expiry    time.Time
	scopes    []string
	// header is the name of the header for the token. Values is the header's value,
	// made once so that authorizing a request allocates nothing.
	header string
	values []string
	// unsaved asks the cache for another renewal soon, because the store has not
	// taken the token.
	unsaved bool
}

var (
	errNoToken        = safeerror.New("auth: there is no token")
	errMalformedToken = safeerror.New("auth: the token holds a space, a line break or another character that no token can hold")
	errExpiredToken   = safeerror.New("auth: the token has expired")
)

// NewToken returns a bearer token that is valid until expiry, or for an unknown
// time if expiry is zero. The scopes are those that the token's issuer named; nothing
// checks them.
//
// The sources, the cache and [Hosts.Authorize] refuse a value that no header can carry,
// which is anything but visible ASCII (documented in RFC 6750).
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

// Scopes returns the scopes that the token's issuer named; nil if it named none.
func (t Token) Scopes() []string { return slices.Clone(t.get().scopes) }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.Reveal() == "" }

// Equal reports whether both are the same token. Expiry and scopes do not
// count: a token is its value.
func (t Token) Equal(other Token) bool {
	return t.data == other.data || NewSecret(t.Reveal()).Equal(NewSecret(other.Reveal()))
}

// asUnsaved returns the token marked as unsaved.
func (t Token) asUnsaved() Token {
	data := *t.get()
	data.unsaved = true
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

// reached reports whether now is t or later, by the wall clock or the monotonic clock.
// The wall clock can be set back, and the monotonic clock stands still while the
// machine sleeps.
func reached(now, t time.Time) bool {
	return !now.Before(t) || !now.Round(0).Before(t.Round(0))
}
