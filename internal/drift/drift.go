// Package drift warns that a service sends what this SDK does not know, once for each
// thing and not for each message.
package drift

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// most is how many things a log reports, so that a service that sends ever new names
// fills neither the memory nor the log.
const most = 256

// Log writes the warnings. Make one with [New]. It is safe for concurrent use.
type Log struct {
	logger *slog.Logger

	mu   sync.Mutex
	seen map[thing]bool
}

// thing is something that the SDK does not know.
type thing struct{ kind, name, place string }

// New returns a log that writes to logger.
func New(logger *slog.Logger) *Log { return &Log{logger: logger, seen: map[thing]bool{}} }

// Enabled reports whether a warning would be logged. Callers that must search for what is
// unknown do so only then.
func (l *Log) Enabled(ctx context.Context) bool { return l.logger.Enabled(ctx, slog.LevelWarn) }

// Report logs message the first time that it is called with this kind, name and place.
// The attributes are kind, name, and place with the key placeKey. It logs at most 256
// things, and once that there are more.
//
// A name or a place that is no plain word is shown as [cut], because it may be private. All
// such names of one kind and place are one thing.
func (l *Log) Report(ctx context.Context, message, kind, name, placeKey, place string) {
	if !l.Enabled(ctx) {
		return
	}
	t := thing{kind, word(name), word(place)}
	l.mu.Lock()
	known, count := l.seen[t], len(l.seen)
	if !known && count <= most {
		l.seen[t] = true
	}
	l.mu.Unlock()
	switch {
	case known || count > most:
	case count == most:
		l.logger.LogAttrs(ctx, slog.LevelWarn, message+"; the log leaves out what follows", slog.Int("known", most))
	default:
		l.logger.LogAttrs(ctx, slog.LevelWarn, message,
			slog.String("kind", t.kind), slog.String("name", t.name), slog.String(placeKey, t.place))
	}
}

// word returns text without the spaces around it if it may be logged, and [cut] otherwise. A
// text may be logged if it has at most 64 bytes: ASCII letters, separators and up to two
// digits, as names have.
func word(text string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	rest := strings.Trim(text, " ")
	digits := 0
	for _, r := range rest {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune(letters+"._-", r):
			return "[cut]"
		}
	}
	if digits > 2 || len(rest) > 64 {
		return "[cut]"
	}
	return rest
}
