package engage

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/internal/drift"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// WithLogger logs what the client does:
//
//   - At level Debug each attempt and each call, with operation, version, edge, effect,
//     status, number of attempts, durations and trace ids.
//   - At level Warn each attempt that follows a failed one, with what is known of that
//     one. The message says if a refused token was replaced.
//   - At level Warn what a reply contains and this SDK does not know: the name of a member,
//     the state of a conversation, the slot of a schedule, or the type of a message in a
//     transcript. Each has a line the first time only, and there are at most 256. What is
//     no plain word is shown as "[cut]", because it may be private.
//
// Of the URLs, the headers and the bodies it logs nothing but the trace ids of the reply.
// An error is logged as its LogValue. Nothing is formatted for a level that is not
// enabled. The default is not to log.
func WithLogger(logger *slog.Logger) Option {
	return func(c *Client) error {
		if logger == nil {
			return errors.New("engage: WithLogger: the logger is nil")
		}
		c.log = &log{logger, drift.New(logger)}
		return nil
	}
}

// log is the observer that writes the log.
type log struct {
	*slog.Logger
	drift *drift.Log
}

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

// unknown logs what a reply contains and the SDK does not know. The log may be nil.
func (l *log) unknown(ctx context.Context, operation outcome.Operation, kind, name string) {
	if l == nil {
		return
	}
	l.drift.Report(ctx, "engage: the SDK does not know what a reply contains", kind, name, "operation", string(operation))
}

// resultLogger is an observer that also logs the members of a reply that the SDK does not
// know: a log, alone or beside the observer of the user.
type resultLogger interface {
	unknownMembers(ctx context.Context, operation outcome.Operation, reply Reply)
}

// unknownMembers implements [resultLogger].
func (l *log) unknownMembers(ctx context.Context, operation outcome.Operation, reply Reply) {
	row, ok := find(operation)
	if !ok || reply.raw == nil || !l.drift.Enabled(ctx) {
		return
	}
	members, ok := tolerant.Split(reply.raw.body)
	if !ok {
		return
	}
	for _, member := range members {
		if name := string(member.Name); !row.reads(name) {
			l.unknown(ctx, operation, "member", name)
		}
	}
	for _, member := range tolerant.MembersOf(members.Find("value")) {
		if name := "value." + string(member.Name); !row.reads(name) {
			l.unknown(ctx, operation, "member", name)
		}
	}
}

// otherMembers are those of a reply that the table of operations may leave out: the value
// itself, trace ids, and other spellings of an envelope.
var otherMembers = []string{"value", "response", "statusCode", "message", "tid", "transId", "trackingId", "error", "errors"}

// reads reports whether the client reads the member of a reply with that name, in any
// spelling.
func (r row) reads(name string) bool {
	isName := func(known string) bool { return strings.EqualFold(known, tolerant.MemberName(name)) }
	return slices.ContainsFunc(r.reply, func(m Member) bool { return isName(m.Name) }) || slices.ContainsFunc(otherMembers, isName)
}

// attrs returns the attributes of every line about the call.
func (c CallStart) attrs() []slog.Attr {
	const usual = 12 // No line about a usual attempt has more.
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

// brief returns the beginning of an id or a channel, so that a long one does not fill a log.
func brief(value string) string {
	const longest = 128
	if len(value) <= longest {
		return value
	}
	return strings.ToValidUTF8(value[:longest], "") + "…"
}
