package engage

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

// WithLogger logs what the client does:
//
//   - At level Debug each attempt and each call, with operation, version, edge, effect,
//     status, number of attempts, durations and trace ids.
//   - At level Warn each attempt that follows a failed one, with what is known of that
//     one. The message says if a refused token was replaced.
//
// Of the URLs, the headers and the bodies it logs nothing but the trace ids of the reply.
// An error is logged as its LogValue. Nothing is formatted for a level that is not
// enabled. The default is not to log.
func WithLogger(logger *slog.Logger) Option {
	return func(c *Client) error {
		if logger == nil {
			return errors.New("engage: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}
}

// log is the observer that writes the log.
type log struct{ *slog.Logger }

// CallStarted implements [Observer].
func (l *log) CallStarted(ctx context.Context, _ CallStart) context.Context { return ctx }

// CallEnded implements [Observer]. It logs the call.
func (l *log) CallEnded(ctx context.Context, call CallEnd) {
	if !l.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := append(call.attrs(), slog.String("edge", string(call.Edge)), slog.Int("attempts", call.Attempts),
		slog.Duration("duration", call.Duration))
	if call.Err != nil {
		attrs = append(attrs, slog.Any("error", call.Err))
	}
	l.LogAttrs(ctx, slog.LevelDebug, "engage: call", attrs...)
}

// AttemptStarted implements [Observer]. It logs an attempt that follows a failed one.
func (l *log) AttemptStarted(ctx context.Context, attempt AttemptStart) context.Context {
	previous := attempt.Previous
	if previous == nil || !l.Enabled(ctx, slog.LevelWarn) {
		return ctx
	}
	message := "engage: another attempt"
	if previous.Status == http.StatusUnauthorized {
		message = "engage: another attempt with a new token"
	}
	attrs := append(attempt.attrs(), slog.Int("attempt", attempt.Number))
	l.LogAttrs(ctx, slog.LevelWarn, message, appendAttempt(attrs, "", *previous)...)
	return ctx
}

// AttemptEnded implements [Observer]. It logs the attempt.
func (l *log) AttemptEnded(ctx context.Context, attempt AttemptEnd) {
	if !l.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := append(attempt.attrs(), slog.Int("attempt", attempt.Number),
		slog.Duration("wait", attempt.Wait), slog.Duration("duration", attempt.Duration))
	l.LogAttrs(ctx, slog.LevelDebug, "engage: attempt", appendAttempt(attrs, attempt.Edge, attempt.Attempt)...)
}

// attrs returns the attributes of every line about the call.
func (c CallStart) attrs() []slog.Attr {
	const usual = 12
	return append(make([]slog.Attr, 0, usual),
		slog.String("operation", string(c.Operation)), slog.String("version", string(c.Version)))
}

// appendAttempt appends the attributes of an attempt that ended on edge. An empty edge is
// left out.
func appendAttempt(attrs []slog.Attr, edge outcome.Edge, attempt outcome.Attempt) []slog.Attr {
	attrs = append(attrs, slog.Int("status", attempt.Status))
	for _, id := range attempt.TraceIDs {
		attrs = append(attrs, slog.String(id.Name, brief(id.Value)))
	}
	if edge != "" {
		attrs = append(attrs, slog.String("edge", string(edge)))
	}
	if attempt.Effect != 0 {
		attrs = append(attrs, slog.String("effect", attempt.Effect.String()))
	}
	if attempt.Err != nil {
		attrs = append(attrs, slog.String("cause", attempt.Err.Error()))
	}
	return attrs
}

// brief returns the beginning of a trace id, so that a long one does not fill a log.
func brief(value string) string {
	const longest = 128
	if len(value) <= longest {
		return value
	}
	return strings.ToValidUTF8(value[:longest], "") + "…"
}
