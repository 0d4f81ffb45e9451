package engine

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/retryafter"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// result is what became of one attempt.
type result struct {
	verdict
	// err is the cause of a failure that the status alone does not explain.
	err error

	status int
	header http.Header
	body   []byte
	// envelope and failure are read from the reply. The ids of failure are also those of
	// a success.
	envelope   tolerant.Envelope
	failure    tolerant.Failure
	retryAfter time.Duration
	// repeated is set if net/http sent the request more than once by itself, and
	// an earlier sending may have arrived.
	repeated bool
	// unproven is set if a middleware may have made the reply, or sent the request more
	// than once.
	unproven bool
}

// attempt makes one attempt, which w watches. It sets c.last and adds the attempt to the
// history. It returns the response, whose body has been read, or the error in place of
// one.
func (c *call) attempt(ctx context.Context, w *sent.Watch) (*http.Response, error) {
	c.last = result{}
	observer, start := c.engine.Observer, c.start()
	if observer != nil {
		ctx = observer.Started(ctx, start)
	}
	var response *http.Response
	err := c.limit(ctx)
	began := time.Now()
	if err != nil {
		c.last.verdict, c.last.err = verdictHeld(ctx), err
	} else {
		response = c.exchange(ctx, w)
	}
	attempt := outcome.Attempt{
		Status:   c.last.status,
		TraceIDs: traceIDs(c.last.header, c.last.failure.IDs),
		Wait:     c.wait,
		Duration: time.Since(began),
		Effect:   c.last.effect,
		Repeated: c.last.repeated,
		Err:      c.last.err,
	}
	c.History = append(c.History, attempt)
	if observer != nil {
		observer.Ended(ctx, start, c.last.edge, attempt)
	}
	if response == nil {
		return nil, c.last.err
	}
	return response, nil
}

// start describes the attempt that comes after those in the history.
func (c *call) start() Start {
	start := Start{
		Operation: c.Operation, Version: c.Version, Number: len(c.History) + 1,
		Method: c.Method, Scheme: c.URL.Scheme, Host: c.URL.Host,
	}
	if len(c.History) > 0 {
		start.Previous = new(c.History[len(c.History)-1]) // a copy, because the call may still add to its own
	}
	return start
}

// limit waits for the limiter. It returns nil if there is none.
func (c *call) limit(ctx context.Context) error {
	if c.engine.Limiter == nil {
		return nil
	}
	if err := c.engine.Limiter.Wait(ctx); err != nil {
		return c.causeOfUser(ctx, err)
	}
	return nil
}

// exchange gets a token, sends the request, reads the reply and judges it, all within the
// time of one attempt. It sets c.last. It returns nil if there is no response.
func (c *call) exchange(ctx context.Context, w *sent.Watch) *http.Response {
	attemptCtx, cancel := context.WithTimeout(ctx, c.AttemptTimeout)
	defer cancel()
	token, err := c.Source.Token(attemptCtx)
	if err == nil {
		err = attemptCtx.Err()
	}
	if err != nil {
		c.last.verdict, c.last.err = verdictUnauthorized(attemptCtx), c.causeOfUser(attemptCtx, err)
		return nil
	}
	c.token = token
	request := c.newRequest(attemptCtx)
	if err := c.engine.Hosts.Authorize(request, token); err != nil {
		c.last.verdict, c.last.err = verdictUnauthorized(attemptCtx), c.causeOfUser(attemptCtx, err)
		return nil
	}
	response, err := c.engine.Client.Send(request, c.Body, w)
	c.last.repeated = w.Repeated()
	if err != nil {
		c.last.err = c.cause(attemptCtx, err)
		c.last.verdict = verdictUnanswered(c.last.err, w.NotSent())
		return nil
	}
	c.last.unproven = w.Unproven()
	c.last.status, c.last.header = response.StatusCode, response.Header
	if source, ok := c.Source.(auth.Accepter); ok && response.StatusCode/100 == 2 {
		source.Accept(token)
	}
	c.last.body, err = c.engine.read(attemptCtx, response)
	response.Body = http.NoBody // It has been read.
	c.last.retryAfter = retryafter.Read(response.Header, time.Now())
	if err != nil {
		err = c.cause(attemptCtx, err)
	}
	c.judge(ctx, err)
	return response
}

// newRequest returns a request of the call without its token and its body. It shares
// nothing with another request but the lists of header values: a transport may change the
// request, its URL and its header.
func (c *Call) newRequest(ctx context.Context) *http.Request {
	request := http.Request{
		Method: c.Method, URL: new(*c.URL), Host: c.URL.Host, Header: c.header(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	return request.WithContext(ctx)
}

// The headers of every request. The values are shared and never written.
var (
	jsonType  = []string{"application/json"}
	userAgent = []string{"engage-go"}
)

// header returns the header of the request, without the token. That of the settings
// replaces the engine's own.
func (c *Call) header() http.Header {
	header := make(http.Header, 4+len(c.Header))
	header["Accept"] = jsonType
	header["User-Agent"] = userAgent
	if c.Body != nil {
		header["Content-Type"] = jsonType
	}
	maps.Copy(header, c.Header)
	return header
}
