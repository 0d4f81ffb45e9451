package stream

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Secret is a value that must not be seen, and the name by which one speaks of
// it. However it is printed, logged or encoded, it shows its name only; Reveal
// gives the value. The zero value is an empty secret without a name. Secrets
// are immutable and safe for concurrent use.
type Secret struct {
	name string
	// A pointer, because fmt prints the fields of a struct that it reaches
	// through an unexported field without asking their methods.
	value *string
}

// NewSecret wraps value. The name appears in logs and counts, such as "2026-10"
// for a secret that is changed every month.
func NewSecret(name, value string) Secret { return Secret{name, &value} }

// Name returns the secret's name.
func (s Secret) Name() string { return s.name }

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns the secret's name, marked as that of a secret.
func (s Secret) String() string { return "secret " + strconv.Quote(s.name) }

// Format writes String's text for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue shows String's text to log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes String's text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
