package stream

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Secret is a secret value, which can have a name. Packages fmt, log/slog and encoding/json show
// the name and never the value. Reveal returns the value.
//
// The zero value is an empty secret without a name. Secrets are immutable and safe for
// concurrent use.
type Secret struct {
	name string
	// A pointer, because fmt prints unexported fields without calling their
	// methods.
	value *string
}

// NewSecret returns a secret with this value and no name.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Named returns the secret with a name, which appears in logs and counts. A secret that
// changes every month could have the name "2026-10".
func (s Secret) Named(name string) Secret {
	s.name = name
	return s
}

// Name returns the secret's name.
func (s Secret) Name() string { return s.name }

// Reveal returns the secret's value.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns a phrase with the secret's name.
func (s Secret) String() string { return "secret " + strconv.Quote(s.name) }

// Format writes the text of String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns the text of String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes the text of String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
