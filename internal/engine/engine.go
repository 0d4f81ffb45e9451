// Package engine sends a call over HTTP: as many attempts as the call allows, each with a
// token of its source and a time limit of its own. It returns the reply of the service,
// or an [outcome.Error] with the history of all attempts.
//
// The engine knows the envelopes of the service, and no operations. A call says what its
// reply must contain to be a success, and whether it may be repeated. This is the way of
// a call, function after function:
//
//	Engine.Do                  one call                               engine.go
//	  call.attempt             one attempt, between the calls of the  attempt.go
//	                           Observer
//	    Limiter.Wait           delays it
//	    call.exchange          the rest, within the attempt's time
//	      TokenSource.Token    the token
//	      Hosts.Authorize      the header that contains it
//	      sent.Client.Send     sends the request
//	      Engine.read          reads the body up to the limit         body.go
//	      call.judge           says what the reply means              reply.go
//	  call.retry               after a failure only                   retry.go
//	    retry.Continue         go-retryablehttp
//	      call.CheckRetry      another attempt or not, and the wait
//	      call.Backoff         that wait
//	      call.RoundTrip       call.attempt, as above
//	  call.fail                the error after the last attempt       engine.go
//
// A call whose first attempt succeeds never reaches retry.go. What became of an attempt
// is in call.last.
package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// Observer observes attempts.
type Observer interface {
	// Started is called before an attempt waits for the limiter. It returns the context of
	// the attempt.
	Started(ctx context.Context, start Start) context.Context
	// Ended is called after the attempt with its context. The edge of a success is empty.
	Ended(ctx context.Context, start Start, edge outcome.Edge, attempt outcome.Attempt)
}

// Start describes an attempt that starts.
type Start struct {
	Operation outcome.Operation
	Version   outcome.Version
	// Number counts the attempts of the call from 1, those of the history included.
	Number int
	// Method, Scheme and Host are those of the request.
	Method, Scheme, Host string
	// Previous is the attempt before; nil for the first.
	Previous *outcome.Attempt
}

// Engine sends calls. Make one with [New] and set its fields. After that it is safe
// for concurrent use.
type Engine struct {
	// Client sends the requests. Its connections are never closed.
	Client sent.Client
	// Source provides the token of each attempt, unless the call has its own.
	Source auth.TokenSource
	// Hosts are the only hosts that receive a token.
	Hosts auth.Hosts
	// Limiter delays each attempt; nil for no limit. An attempt for which Wait returns an
	// error does not start.
	Limiter interface{ Wait(context.Context) error }
	// Observer is called at the start and the end of each attempt; nil for none.
	Observer Observer
	// ReplyLimit is the largest reply in bytes that is read to its end.
	ReplyLimit int64

	// large has one element for each large reply that is being read.
	large chan struct{}
}

// New returns an engine whose exported fields are zero. Client, Source, Hosts and
// ReplyLimit must be set.
func New() *Engine { return &Engine{large: make(chan struct{}, largeReplies)} }

// Wrap puts middleware around the transport of Client, the first one outermost. It returns
// false if a middleware returned no transport.
func (e *Engine) Wrap(middleware []func(http.RoundTripper) http.RoundTripper) bool {
	if len(middleware) == 0 {
		return true
	}
	inner := e.Client.Transport
	outer := sent.Below(inner)
	for _, wrap := range slices.Backward(middleware) {
		if outer = wrap(outer); outer == nil {
			return false
		}
	}
	e.Client.Transport, e.Client.Inner = outer, inner
	return true
}

// Call is a request and the rules for it.
type Call struct {
	// Operation and Version name the call in errors and logs.
	Operation outcome.Operation
	Version   outcome.Version
	// Source is the token source of this call; nil for that of the engine.
	Source auth.TokenSource
	// Expect says which reply is a success.
	Expect Expect
	// Read reports that the call changes nothing. The effect of its error is not sent,
	// refused or zero.
	Read bool
	// Failure is the edge of a refusal in an envelope of the service, unless its status
	// has an edge of its own, such as 400; empty for onError.
	Failure outcome.Edge

	// Method and URL are those of the request. The URL is required. Calls may share it.
	Method string
	URL    *url.URL
	// Body is the JSON to send; nil for none. Every attempt sends the same.
	Body []byte

	// Repeatable calls are sent again even if an attempt may have been applied.
	// Others are sent again only if it was not sent, or was refused with a
	// reason to try again.
	Repeatable bool
	// History holds earlier attempts of the same call. They count against Attempts, and
	// their effects add to that of the error. The engine appends to it.
	History []outcome.Attempt
	// Settings are never nil.
	*Settings
}

// Settings are what calls can share. They are read only.
type Settings struct {
	// Header is added to the headers of the engine, or replaces them.
	Header http.Header
	// Attempts is the largest number of attempts, those of the history included.
	// The attempt that follows the replacement of a refused token is not counted.
	Attempts int
	// AttemptTimeout limits each attempt, its token included.
	AttemptTimeout time.Duration
	// FirstWait is the upper bound of the first random wait. The bound doubles with each
	// attempt, up to LongestWait. The call ends if the service asks for more than
	// LongestWait, or if the wait would outlast the context.
	FirstWait, LongestWait time.Duration
}

// Reply is the reply to the last attempt of a call. Without one it holds the
// attempts only.
type Reply struct {
	Status   int
	Header   http.Header
	Body     []byte
	Envelope tolerant.Envelope
	Attempts []outcome.Attempt
	// Token is that of the last attempt that got one.
	Token auth.Token
}

// call is a [Call] in progress.
type call struct {
	Call
	engine *Engine

	// first watches the first attempt. Here it needs no allocation of its own.
	first sent.Watch
	last  result
	// token is the token of the last attempt that got one.
	token auth.Token
	// again reports that CheckRetry wants another attempt, after wait.
	again bool
	wait  time.Duration
	// reauthorized is set once a refused token was replaced.
	reauthorized bool
}

// Do sends a call. It returns the reply to the last attempt, and an [*outcome.Error]
// unless that reply is a success. CheckRetry of call says when another attempt follows.
func (e *Engine) Do(ctx context.Context, given Call) (Reply, error) {
	c := &call{Call: given, engine: e}
	if c.Source == nil {
		c.Source = e.Source
	}
	response, err := c.attempt(ctx, &c.first)
	if !c.last.succeeded() {
		c.retry(ctx, response, err)
	}
	reply := Reply{c.last.status, c.last.header, c.last.body, c.last.envelope, c.History, c.token}
	switch {
	case c.last.succeeded():
		return reply, nil
	case c.again: // Only the end of ctx prevents the attempt.
		return reply, c.interrupted(ctx)
	}
	return reply, c.fail(c.last.edge, c.last.err)
}

// interrupted returns the error of a call whose context ended during a wait.
func (c *call) interrupted(ctx context.Context) error {
	err := safeerror.Cause(ctx, ctx.Err())
	if c.last.err != nil {
		err = fmt.Errorf("%w while waiting to try again after: %w", err, c.last.err)
	}
	return c.fail(outcome.OnTimeout, err)
}

// fail returns the error of a call that ends on edge because of err.
func (c *call) fail(edge outcome.Edge, err error) *outcome.Error {
	failure := &outcome.Error{
		Edge:       edge,
		Operation:  c.Operation,
		Version:    c.Version,
		Status:     c.last.status,
		Code:       c.last.failure.Code,
		Header:     PublicHeader(c.last.header),
		RetryAfter: c.last.retryAfter,
		Attempts:   c.History,
		Err:        err,
	}
	failure.Describe(c.last.failure.Description, c.Shown(c.last.failure.Description, c.token))
	for _, attempt := range c.History {
		failure.Effect = failure.Effect.Then(attempt.Effect)
		failure.TraceIDs = append(failure.TraceIDs, attempt.TraceIDs...)
	}
	if c.Read && failure.Effect > outcome.Refused {
		failure.Effect = 0
	}
	return failure
}
