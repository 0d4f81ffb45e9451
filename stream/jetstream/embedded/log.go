package embedded

import (
	"context"
	"fmt"
	"log/slog"
)

// serverLog passes a server's messages to a logger, and reports why the server
// does not start.
type serverLog struct {
	logger *slog.Logger
	failed chan<- error
}

func (l *serverLog) log(level slog.Level, format string, values []any) {
	l.logger.Log(context.Background(), level, fmt.Sprintf(format, values...))
}

// Noticef logs at level Info.
func (l *serverLog) Noticef(format string, values ...any) { l.log(slog.LevelInfo, format, values) }

// Warnf logs a warning.
func (l *serverLog) Warnf(format string, values ...any) { l.log(slog.LevelWarn, format, values) }

// Errorf logs an error.
func (l *serverLog) Errorf(format string, values ...any) { l.log(slog.LevelError, format, values) }

// Fatalf logs an error that keeps the server from starting, and reports the
// first one.
func (l *serverLog) Fatalf(format string, values ...any) {
	l.log(slog.LevelError, format, values)
	select {
	case l.failed <- fmt.Errorf(format, values...):
	default:
	}
}

// Debugf logs nothing.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef logs nothing.
func (l *serverLog) Tracef(string, ...any) {}
