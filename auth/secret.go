package auth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redaction = "REDACTED"

// redacted makes every type that embeds it show as REDACTED. It implements the methods
// that fmt, slog and the encoders call to show a value.
type redacted struct{}

// String returns REDACTED.
func (redacted) String() string { return redaction }

// GoString returns REDACTED, for %#v.
func (redacted) GoString() string { return redaction }

// Format writes REDACTED, whatever the verb and its flags.
func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redaction) }

// LogValue returns REDACTED as a string, for package slog.
func (redacted) LogValue() slog.Value { return slog.StringValue(redaction) }

// MarshalText returns REDACTED and no error.
func (redacted) MarshalText() ([]byte, error) { return []byte(redaction), nil }

// MarshalJSON returns REDACTED as a JSON string, and no error.
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + redaction + `"`), nil }

// Secret is a confidential value, such as a client secret. However it is printed, logged
// or encoded, it shows as REDACTED. Only Reveal returns the value. The zero value is the
// empty secret. Secrets are immutable and safe for concurrent use. Compare them with
// Equal, not with ==.
type Secret struct {
	redacted
	// value is a pointer, because fmt calls no methods on an unexported field of a
	// user's struct. It would print a string, but prints only the address of a pointer.
	value *string
}

// NewSecret returns a secret with this value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the value of the secret.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether both secrets have the same value. For values of equal length, the
// time it takes does not depend on where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// UnmarshalText sets the secret to text, which a configuration file may hold; in JSON it
// is a string. It returns an error for the text REDACTED. An encoder wrote that in place
// of the secret, which is lost.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == redaction {
		return errors.New("auth: the secret was redacted when it was written")
	}
	*s = NewSecret(string(text))
	return nil
}
