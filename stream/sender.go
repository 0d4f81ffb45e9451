package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/retry"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
)

// Sender posts events to a URL as the vendor's outbound webhooks do: one JSON object in
// each request, signed if there is a secret, with 10 seconds for each attempt and the
// documented retries.
//
// The vendor publishes no endpoint that takes such events. A Sender is for receivers of
// your own: in tests, or in another program to which you pass events on.
//
// A Sender is immutable and safe for concurrent use. Make one with [NewSender].
type Sender struct {
	url       Secret // it may hold a key
	client    *sent.Client
	schedule  []time.Duration
	timeout   time.Duration
	algorithm Algorithm
	secret    *Secret // nil without a signature
	authorize func(*http.Request)
}

// SenderOption changes a setting of a [Sender]. [NewSender] returns an error for an invalid
// option.
type SenderOption func(*Sender) error

// FixedSchedule returns the waits before the retries from the vendor's main text: three
// times 60 seconds. It is the default.
func FixedSchedule() []time.Duration {
	return []time.Duration{time.Minute, time.Minute, time.Minute}
}

// ExponentialSchedule returns the waits before the retries from the vendor's list of
// frequent questions: 30, 60 and 120 seconds.
func ExponentialSchedule() []time.Duration {
	return []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}
}

// WithSchedule sets the waits before the retries. There are as many retries as waits.
// Without waits there is one attempt.
func WithSchedule(waits ...time.Duration) SenderOption {
	return func(s *Sender) error {
		for _, wait := range waits {
			if wait < 0 {
				return errors.New("stream: WithSchedule: a wait is negative")
			}
		}
		s.schedule = slices.Clone(waits)
		return nil
	}
}

// WithAttemptTimeout sets how long each attempt may take. The default is 10 seconds
// (documented).
func WithAttemptTimeout(limit time.Duration) SenderOption {
	return func(s *Sender) error {
		s.timeout = limit
		return positive("WithAttemptTimeout", int64(limit))
	}
}

// WithSigning signs every payload, see [Sign].
func WithSigning(algorithm Algorithm, secret Secret) SenderOption {
	return func(s *Sender) error {
		if _, err := NewVerifier(algorithm, secret); err != nil {
			return err
		}
		s.algorithm, s.secret = algorithm, &secret
		return nil
	}
}

// WithAuthorization sets a function that adds credentials to the request of each attempt,
// such as basic authorization or an API key. It must be safe for concurrent use. If it sets
// a header with a control character, the attempt fails and is not sent.
func WithAuthorization(authorize func(*http.Request)) SenderOption {
	return func(s *Sender) error {
		if authorize == nil {
			return errors.New("stream: WithAuthorization: the function is nil")
		}
		s.authorize = authorize
		return nil
	}
}

// WithTransport sets the transport. The default transport pings its HTTP/2 connections, so
// that a dead connection costs no more than one attempt.
func WithTransport(transport http.RoundTripper) SenderOption {
	return func(s *Sender) error {
		if nothing.In(transport) {
			return errors.New("stream: WithTransport: the transport is nil")
		}
		s.client = &sent.Client{Transport: transport}
		return nil
	}
}

// NewSender returns a sender that posts to an https URL. It returns an error if the URL or an
// option is invalid. Plain http is valid only for localhost, 127.0.0.0/8 and ::1. The sender
// follows no redirects.
func NewSender(to string, options ...SenderOption) (*Sender, error) {
	if _, problem := safeurl.Parse(to); problem != "" {
		return nil, errors.New("stream: the sender's URL " + problem)
	}
	s := &Sender{
		url:       NewSecret(to).Named("the receiver's URL"),
		schedule:  FixedSchedule(),
		timeout:   10 * time.Second,
		authorize: func(*http.Request) {},
	}
	if err := apply(s, options); err != nil {
		return nil, err
	}
	if s.client == nil {
		s.client = &sent.Client{Transport: transport.New(nil)}
	}
	return s, nil
}

// Format writes the name of the type for every verb, because the URL may hold a key.
func (Sender) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "stream.Sender") }

// LogValue returns the name of the type.
func (Sender) LogValue() slog.Value { return slog.StringValue("stream.Sender") }

// Probe sends one HEAD request, which must be answered 200. The vendor does the same
// when a URL is saved. The error is like that of [Sender.Send].
func (s *Sender) Probe(ctx context.Context) error {
	p := posting{Sender: s, method: http.MethodHead}
	_, err := p.run(ctx)
	return err
}

// Send posts one payload, a JSON object, and returns the attempts. Only the answer 200
// is a success. Send repeats the request when the vendor does: after an error, and after
// every other answer that is not final. The final answers are 202 to 208, 226, 300 to 308,
// 400, 402, 404 to 411, 414 to 416, 418 and 505.
//
// The error is an [*outcome.Error]. Its edge is OnInvalidData if data is not a JSON
// object. It is OnTimeout if ctx ended or the last attempt ran out of time. Otherwise it
// is OnError.
//
// The Effect of the error covers all attempts. It is NotSent if none was sent. It is
// Refused if each one that was sent was refused: answered 307, 308, 501, or 400 to 499
// without 408. Otherwise it is MaybeApplied.
//
// The error may show the host of the URL. It shows nothing else of the URL, of the
// payload or of the answer.
func (s *Sender) Send(ctx context.Context, data []byte) ([]outcome.Attempt, error) {
	if !json.Valid(data) || bytes.TrimSpace(data)[0] != '{' {
		var violations outcome.Violations
		violations.Add("data", "is not a JSON object")
		return nil, violations.Err("", "")
	}
	p := posting{Sender: s, method: http.MethodPost, data: data, waits: s.schedule}
	return p.run(ctx)
}

// posting sends one request until it succeeds or must not be repeated. It is the
// [retry.Call] of its retries.
type posting struct {
	*Sender
	method   string
	data     []byte // nil without a body
	waits    []time.Duration
	attempts []outcome.Attempt
}

// run makes the first attempt itself, and the others through package retry.
func (p *posting) run(ctx context.Context) ([]outcome.Attempt, error) {
	request, err := http.NewRequestWithContext(ctx, p.method, p.url.Reveal(), nil)
	if err != nil {
		return nil, safeerror.Hide("stream: the request is invalid", err)
	}
	response, err := p.RoundTrip(request)
	if again, _ := p.CheckRetry(ctx, response, err); again {
		_, _ = retry.Continue(request, response, err, p) // p.attempts has the results
	}
	if p.last().Status == http.StatusOK {
		return p.attempts, nil
	}
	return p.attempts, failure(ctx, p.attempts)
}

func (p *posting) last() outcome.Attempt { return p.attempts[len(p.attempts)-1] }

// RoundTrip makes one attempt and appends it to p.attempts.
func (p *posting) RoundTrip(request *http.Request) (*http.Response, error) {
	var wait time.Duration
	if n := len(p.attempts); n > 0 {
		wait = p.waits[n-1]
	}
	started := time.Now()
	ctx, cancel := context.WithTimeout(request.Context(), p.timeout)
	defer cancel()
	response, attempt := p.attempt(request.Clone(ctx))
	attempt.Wait, attempt.Duration = wait, time.Since(started)
	p.attempts = append(p.attempts, attempt)
	return response, attempt.Err
}

// CheckRetry reports whether another attempt follows.
func (p *posting) CheckRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	status := p.last().Status
	return status != http.StatusOK && !isFinal(status) && len(p.attempts) <= len(p.waits) && ctx.Err() == nil, nil
}

// Backoff returns the wait before the next attempt.
func (p *posting) Backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	return p.waits[len(p.attempts)-1]
}

// isFinal reports whether an answer with that status ends the vendor's attempts. The vendor
// repeats a request after all others, 401, 403 and 413 included.
func isFinal(status int) bool {
	switch {
	case status >= 202 && status <= 208, status == 226,
		status >= 300 && status <= 308,
		status == 400, status == 402,
		status >= 404 && status <= 411,
		status >= 414 && status <= 416,
		status == 418, status == 505:
		return true
	}
	return false
}

// errHeader says that the function of [WithAuthorization] set a header that cannot be sent.
var errHeader = errors.New("stream: a header has a control character")

// invalidValue reports whether a header cannot have that value.
func invalidValue(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// attempt sends a request and reads the answer.
func (p *posting) attempt(request *http.Request) (*http.Response, outcome.Attempt) {
	ctx := request.Context()
	request.Header.Set("Content-Type", "application/json")
	if p.secret != nil {
		request.Header.Set(SignatureHeader, Sign(p.algorithm, *p.secret, p.data))
	}
	p.authorize(request)
	for _, values := range request.Header {
		if slices.ContainsFunc(values, invalidValue) {
			return nil, outcome.Attempt{Err: errHeader, Effect: outcome.NotSent}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, outcome.Attempt{Err: safeerror.Cause(ctx, err), Effect: outcome.NotSent}
	}
	var watch sent.Watch
	response, err := p.client.Send(request, p.data, &watch)
	var attempt outcome.Attempt
	switch {
	case err == nil:
		finish(response)
		attempt = outcome.Attempt{Status: response.StatusCode, Effect: effectOf(response.StatusCode)}
	case watch.NotSent():
		attempt = outcome.Attempt{Err: safeerror.Cause(ctx, err, sent.ErrNoReply), Effect: outcome.NotSent}
	default:
		attempt = outcome.Attempt{Err: safeerror.Cause(ctx, err, sent.ErrNoReply), Effect: outcome.MaybeApplied}
	}
	attempt.Repeated = watch.Repeated()
	if attempt.Repeated && attempt.Status != http.StatusOK {
		attempt.Effect = outcome.MaybeApplied
	}
	return response, attempt
}

// maxReply is how much of an answer is read, so that its connection can be used again.
const maxReply = 4 << 10

// finish reads and closes the body of an answer.
func finish(response *http.Response) {
	if response.Body != nil {
		// After a 101 the body is the connection itself, and reading it can hang.
		if response.StatusCode >= http.StatusOK {
			_, _ = io.CopyN(io.Discard, response.Body, maxReply)
		}
		_ = response.Body.Close()
	}
	response.Body = http.NoBody
}

// effectOf returns the effect of an attempt that was answered with status.
func effectOf(status int) outcome.Effect {
	switch {
	case status == http.StatusOK:
		return 0
	case status == http.StatusRequestTimeout:
		return outcome.MaybeApplied
	case status >= 400 && status < 500, status == http.StatusNotImplemented,
		status == http.StatusTemporaryRedirect, status == http.StatusPermanentRedirect:
		return outcome.Refused
	}
	return outcome.MaybeApplied
}

// failure returns the error of attempts without success.
func failure(ctx context.Context, attempts []outcome.Attempt) error {
	last := attempts[len(attempts)-1]
	e := &outcome.Error{Edge: outcome.OnError, Effect: outcome.NotSent, Status: last.Status, Attempts: attempts, Err: last.Err}
	for _, attempt := range attempts {
		e.Effect = e.Effect.Then(attempt.Effect)
	}
	switch {
	case ctx.Err() != nil:
		e.Edge, e.Err = outcome.OnTimeout, safeerror.Cause(ctx, last.Err)
	case isTimeout(last.Err):
		e.Edge = outcome.OnTimeout
	case last.Err == nil:
		e.Err = fmt.Errorf("the receiver answered %d instead of 200", last.Status)
	}
	return e
}

// isTimeout reports whether err is a timeout, of an attempt or of the transport.
func isTimeout(err error) bool {
	limit, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && limit.Timeout()
}
