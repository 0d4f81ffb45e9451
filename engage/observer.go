package engage

import (
	"context"
	"errors"
	"time"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// Observer receives the start and the end of every call and of every attempt, for traces,
// metrics and logs. Set it with [WithObserver].
//
// The methods are called while a call is made. They must return quickly and be safe for
// concurrent use. The context that a Started method returns, such as one with a span, is
// that of the call or the attempt. It must be derived from the one it was called with.
// The Ended method gets the same context.
//
// A call that is invalid is not observed, since it sends nothing. The lookup of a write
// is no call of its own. Its attempts have the operation of the lookup, such as
// FetchTranscript, and the context of the write. [Receipt.Wait] is not observed.
type Observer interface {
	// CallStarted is called before a call does anything.
	CallStarted(ctx context.Context, call CallStart) context.Context
	// CallEnded is called with the result of the call.
	CallEnded(ctx context.Context, call CallEnd)
	// AttemptStarted is called before an attempt waits for the limiter.
	AttemptStarted(ctx context.Context, attempt AttemptStart) context.Context
	// AttemptEnded is called once the reply was read, or there will be none.
	AttemptEnded(ctx context.Context, attempt AttemptEnd)
}

// CallStart describes a call that starts.
type CallStart struct {
	// Operation is the operation of the call, and "Ping" for [Client.Ping].
	Operation outcome.Operation
	// Version is that of the request. It is empty for Ping.
	Version outcome.Version
}

// CallEnd describes a call that ended.
type CallEnd struct {
	CallStart
	// Edge is the edge that the call ended on. It is empty after a success if its
	// Outcome is, see [Client.Do].
	Edge outcome.Edge
	// Effect is that of the error; zero after a success.
	Effect outcome.Effect
	// Attempts is the number of attempts, without those of lookups.
	Attempts int
	// Duration is how long the call took, with its waits and its lookups.
	Duration time.Duration
	// Err is the error of the call; nil after a success.
	Err error
}

// AttemptStart describes an attempt that starts.
type AttemptStart struct {
	CallStart
	// Number counts the attempts of the call from 1.
	Number int
	// Method is the HTTP method of the request. Scheme and Host are those of the base URL;
	// Host has the port if the base URL has one.
	Method, Scheme, Host string
	// Previous is the attempt before this one; nil for the first. It must not be changed.
	// If its Status is 401, its token was refused, and this attempt has a new one.
	Previous *outcome.Attempt
}

// AttemptEnd describes an attempt that ended.
type AttemptEnd struct {
	AttemptStart
	// Edge is the edge on which the call would end now; empty for a success.
	Edge outcome.Edge
	// Attempt has the status, the effect, the durations and the error. Its Duration is
	// without the wait for the limiter.
	outcome.Attempt
}

// WithObserver reports every call and attempt to observer. The default is to report
// nothing. [WithLogger] does not replace the observer.
func WithObserver(observer Observer) Option {
	return func(c *Client) error {
		if nothing.In(observer) {
			return errors.New("engage: WithObserver: the observer is nil")
		}
		c.observer = observer
		return nil
	}
}

// setObserver makes the log an observer beside that of the user, and observes the attempts
// of the engine. It is called once all options are applied.
func (c *Client) setObserver() {
	switch {
	case c.log == nil:
	case c.observer == nil:
		c.observer = c.log
	default:
		c.observer = logged{c.log, c.observer}
	}
	if c.observer != nil {
		c.engine.Observer = attemptObserver{c.observer}
	}
}

// logged is the log beside the observer of the user.
type logged struct {
	*log
	user Observer
}

// CallStarted implements [Observer].
func (l logged) CallStarted(ctx context.Context, call CallStart) context.Context {
	return l.user.CallStarted(l.log.CallStarted(ctx, call), call)
}

// CallEnded implements [Observer].
func (l logged) CallEnded(ctx context.Context, call CallEnd) {
	l.log.CallEnded(ctx, call)
	l.user.CallEnded(ctx, call)
}

// AttemptStarted implements [Observer].
func (l logged) AttemptStarted(ctx context.Context, attempt AttemptStart) context.Context {
	return l.user.AttemptStarted(l.log.AttemptStarted(ctx, attempt), attempt)
}

// AttemptEnded implements [Observer].
func (l logged) AttemptEnded(ctx context.Context, attempt AttemptEnd) {
	l.log.AttemptEnded(ctx, attempt)
	l.user.AttemptEnded(ctx, attempt)
}

// attemptObserver implements the observer of the engine.
type attemptObserver struct{ observer Observer }

func (o attemptObserver) Started(ctx context.Context, start engine.Start) context.Context {
	return o.observer.AttemptStarted(ctx, attemptStart(start))
}

func (o attemptObserver) Ended(ctx context.Context, start engine.Start, edge outcome.Edge, attempt outcome.Attempt) {
	o.observer.AttemptEnded(ctx, AttemptEnd{attemptStart(start), edge, attempt})
}

func attemptStart(s engine.Start) AttemptStart {
	return AttemptStart{CallStart{s.Operation, s.Version}, s.Number, s.Method, s.Scheme, s.Host, s.Previous}
}

// observable is the result of a call.
type observable interface {
	Edge() outcome.Edge
	common() Reply
}

// common returns what all results have.
func (r Reply) common() Reply { return r }

// startOf describes the call of a request.
func startOf(w wireRequest) CallStart {
	operation, version := w.name()
	return CallStart{operation, version}
}

// observed makes a call by do, and reports its start and its end to observer, which may be
// nil. A log also gets the result of a call that succeeded. After an error the result may be
// a nil pointer, so nothing is read from it.
func observed[R observable](ctx context.Context, observer Observer, call CallStart, do func(context.Context) (R, error)) (R, error) {
	if observer == nil {
		return do(ctx)
	}
	start := time.Now()
	ctx = observer.CallStarted(ctx, call)
	result, err := do(ctx)
	end := CallEnd{CallStart: call, Edge: outcome.Of(result, err), Effect: outcome.EffectOf(err), Duration: time.Since(start), Err: err}
	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		end.Attempts = len(failure.Attempts)
	} else if err == nil {
		end.Attempts = len(result.common().Attempts)
	}
	observer.CallEnded(ctx, end)
	if log, ok := observer.(resultLogger); ok && err == nil {
		log.unknownMembers(ctx, call.Operation, result.common())
	}
	return result, err
}
