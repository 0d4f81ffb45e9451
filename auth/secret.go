package auth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redaction = "REDACTED"

// redacted makes a type that embeds it show as REDACTED. It has the methods by which fmt,
// slog and the encoders find out how to show a value.
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

// Secret is a value that nobody should see, such as a client secret. However it is
// printed, logged or encoded, it shows as REDACTED. Only Reveal returns the value. The
// zero value is the empty secret. Secrets are immutable and safe for concurrent use.
// Compare them with Equal, not with ==.
type Secret struct {
	redacted
	// A pointer, because fmt prints the fields of a struct that it reaches
	// through an unexported field without asking their methods.
	value *string
}

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether both secrets have the same value. It takes the same
// time wherever they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// UnmarshalText reads a secret from a configuration file, in JSON as a string.
// It refuses the word REDACTED, as which a Secret is written: a file that holds it has
// lost the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == redaction {
		return errors.New("auth: the secret was redacted when it was written")
	}
	*s = NewSecret(string(text))
	return nil
}
