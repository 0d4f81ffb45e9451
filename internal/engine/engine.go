// Package engine carries one call over HTTP: as many tries as the call allows,
// each with a fresh token and a time limit of its own, and at the end a reply
// or an [outcome.Error] that tells what happened.
//
// The engine knows nothing of conversations. It is told whether a call may be
// repeated, and it knows of each try whether the request can have left.
//
//	Do        one call
//	  try     limiter → token → header → send, traced → read, capped → judge
//	  again   done, or give up, or once more after a wait
//	  result  the reply, or the error with the history of all tries
//
// A call whose first try succeeds has nothing else to do with loops. After a
// first try that failed, go-retryablehttp runs the loop: it waits under the
// call's context and starts the next try. Everything it would decide by itself
// is decided here, because its defaults send a write again after any failure,
// wait as long as a server asks, drop the last reply, log whole URLs and close
// the idle connections of a transport that others share.
package engine

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// Limiter holds a try back until it may be made.
type Limiter interface {
	// Wait returns nil when the next try may be made, and an error if it may
	// not, as when ctx ends.
	Wait(ctx context.Context) error
}

// Engine carries calls. It is immutable but for its alarm, and safe for
// concurrent use.
type Engine struct {
	// Transport sends the requests. The engine never closes its connections.
	Transport http.RoundTripper
	// Source gives the token of each try, where the call has no source of its own.
	Source auth.TokenSource
	// Hosts are the only ones that see a token.
	Hosts auth.Hosts
	// Limiter is waited for before each try; nil for none.
	Limiter Limiter
	// Logger is told of every try; nil for none.
	Logger *slog.Logger
	// ReplyLimit is the size in bytes above which a reply is not read.
	ReplyLimit int64

	alarm alarm
}

// Call is what to send, and how.
type Call struct {
	// Operation and Version are told in errors and logs.
	Operation outcome.Operation
	Version   outcome.Version
	// Source is the call's own; nil for the engine's.
	Source auth.TokenSource
	// Failure is the edge for a refusal by the service; empty for onError.
	Failure outcome.Edge

	// Method and URL are where to send it. Calls may share a URL: nobody changes it.
	Method string
	URL    *url.URL
	// Body is the same at every try; nil for none.
	Body []byte

	// Judge says what a 2xx reply with body means, of which no more may have come
	// than the beginning. Nil takes every such reply for a success.
	Judge func(body []byte) Judgement

	// Repeatable calls may be sent again whatever became of the last try.
	// Others are sent again only if it was not sent, or refused with 429 or 503.
	Repeatable bool
	// History holds the tries that were made before this part of the call. They
	// count, and their doubt stays.
	History []outcome.Attempt
	// Settings are never nil.
	*Settings
}

// Settings are what calls can share: their headers, and how hard to try. Nobody
// changes them.
type Settings struct {
	// Header holds headers beside those the engine sets.
	Header http.Header
	// Attempts is the largest number of tries, those of the history included, but
	// not the one more that follows a refused token.
	Attempts int
	// Timeout limits each try; 0 for no limit but the context's.
	Timeout time.Duration
	// FirstWait and LongestWait bound the wait between two tries. A server that
	// asks for more than LongestWait is not asked again.
	FirstWait, LongestWait time.Duration
}

// Reply is the answer to the last try of a call, and tells of all tries. Without an
// answer to that one it is zero but for them.
type Reply struct {
	Status   int
	Header   http.Header
	Body     []byte
	Attempts []outcome.Attempt
}

// Do carries out call. It returns the reply to the last try, and an
// [*outcome.Error] unless that is a success.
func (e *Engine) Do(ctx context.Context, call Call) (Reply, error) {
	r := &run{Call: call, engine: e}
	r.History = slices.Clip(call.History)
	if r.Source == nil {
		r.Source = e.Source
	}
	r.attempt(ctx)
	var interrupted error
	if !r.last.ok {
		interrupted = r.loop(ctx)
	}
	reply := Reply{Status: r.last.status, Header: r.last.header, Body: r.last.body, Attempts: r.History}
	switch {
	case r.last.ok:
		return reply, nil
	case interrupted != nil:
		return reply, r.interrupted(ctx, interrupted)
	}
	return reply, r.fail(r.last.verdict.edge, r.last.err)
}
