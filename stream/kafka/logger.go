package kafka

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
)

// clientLogger passes the messages of the Kafka client to a slog.Logger. The
// client's level Info is mapped to Debug, because its messages are for debugging.
type clientLogger struct{ logger *slog.Logger }

// levels maps the client's levels to those of slog, the most verbose first.
var levels = []struct {
	client kgo.LogLevel
	slog   slog.Level
}{
	{kgo.LogLevelInfo, slog.LevelDebug},
	{kgo.LogLevelWarn, slog.LevelWarn},
	{kgo.LogLevelError, slog.LevelError},
}

// Level implements [kgo.Logger].
func (l clientLogger) Level() kgo.LogLevel {
	for _, level := range levels {
		if l.logger.Enabled(context.Background(), level.slog) {
			return level.client
		}
	}
	return kgo.LogLevelNone
}

// Log implements [kgo.Logger].
func (l clientLogger) Log(at kgo.LogLevel, message string, keysAndValues ...any) {
	for _, level := range levels {
		if level.client == at {
			l.logger.Log(context.Background(), level.slog, "kafka: "+message, keysAndValues...)
		}
	}
}
