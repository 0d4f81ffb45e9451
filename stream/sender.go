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
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// Sender posts events to a URL as the vendor's outbound webhooks do: one JSON
// object in a POST, signed if it has a secret, with 10 seconds for each try and
// the documented retries.
//
// The vendor publishes no endpoint of Engage's or Connect's that takes such
// events. A Sender is for receivers: one's own in a test, or that of a program
// which passes events on.
//
// A Sender is immutable and safe for concurrent use.
type Sender struct {
	url       Secret            // it may hold a key
	transport http.RoundTripper // nil for http.DefaultTransport
	schedule  []time.Duration
	timeout   time.Duration
	algorithm Algorithm
	secret    *Secret
	authorize func(*http.Request)
}

// SenderOption sets up a [Sender]. An option that cannot be obeyed makes
// [NewSender] return an error.
type SenderOption func(*Sender) error

// FixedSchedule returns the waits before the retries as the vendor's main text
// has them: three times 60 seconds. It is the default.
func FixedSchedule() []time.Duration {
	return []time.Duration{time.Minute, time.Minute, time.Minute}
}

// ExponentialSchedule returns the waits before the retries as the vendor's list
// of frequent questions has them: 30, 60 and 120 seconds.
func ExponentialSchedule() []time.Duration {
	return []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}
}

// WithSchedule sets the waits before the retries, of which there are as many.
// None means that nothing is sent twice.
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

// WithAttemptTimeout sets how long each try may take. The default is 10 seconds
// (documented).
func WithAttemptTimeout(limit time.Duration) SenderOption {
	return func(s *Sender) error {
		s.timeout = limit
		return positive("WithAttemptTimeout", int64(limit))
	}
}

// WithSigning has every payload signed, see [Sign].
func WithSigning(algorithm Algorithm, secret Secret) SenderOption {
	return func(s *Sender) error {
		if _, err := NewVerifier(algorithm, secret); err != nil {
			return err
		}
		s.algorithm, s.secret = algorithm, &secret
		return nil
	}
}

// WithAuthorization has authorize put credentials on each try's request, such
// as a basic authorization or an API key.
func WithAuthorization(authorize func(*http.Request)) SenderOption {
	return func(s *Sender) error {
		if authorize == nil {
			return errors.New("stream: WithAuthorization: the function is nil")
		}
		s.authorize = authorize
		return nil
	}
}

// WithTransport has requests sent by transport. The default is
// [http.DefaultTransport].
func WithTransport(transport http.RoundTripper) SenderOption {
	return func(s *Sender) error {
		if nothing.In(transport) {
			return errors.New("stream: WithTransport: the transport is nil")
		}
		s.transport = transport
		return nil
	}
}

// NewSender returns a sender that posts to an https URL; plain http is accepted
// for the loopback (localhost, 127.0.0.0/8 and ::1, in no other spelling).
// Redirects are not followed.
func NewSender(to string, options ...SenderOption) (*Sender, error) {
	if _, problem := safeurl.Parse(to); problem != "" {
		return nil, errors.New("stream: the sender's URL " + problem)
	}
	s := &Sender{
		url:       NewSecret("the receiver's URL", to),
		schedule:  FixedSchedule(),
		timeout:   10 * time.Second,
		authorize: func(*http.Request) {},
	}
	for _, option := range options {
		if option == nil {
			return nil, errNilOption
		}
		if err := option(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Format writes the type's name for every verb: the URL may hold a key.
func (Sender) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "stream.Sender") }

// LogValue shows the type's name to log/slog.
func (Sender) LogValue() slog.Value { return slog.StringValue("stream.Sender") }

// Probe asks the receiver whether it is there, with a HEAD request that must be
// answered 200, as the vendor does when a URL is saved. It is tried once. The
// error is one of Send.
func (s *Sender) Probe(ctx context.Context) error {
	violations := s.check(ctx)
	if err := violations.Err("", ""); err != nil {
		return err
	}
	attempt := s.try(ctx, http.MethodHead, nil)
	if attempt.Status == http.StatusOK {
		return nil
	}
	return failure(ctx, []outcome.Attempt{attempt})
}

// Send posts one payload, and returns every try once it was answered 200, the
// only status that counts as success. data must be a JSON object.
//
// Anything else is an [*outcome.Error]. Its edge is OnTimeout if the last try,
// or ctx, ran out of time, also of a time that the transport sets;
// OnInvalidData for data that is no JSON object, a nil ctx, and a Sender that is
// nil or not of [NewSender]; else OnError. Its Effect is MaybeApplied if any try
// may have been taken: one that was answered neither 4xx nor 200, or not at all
// after it had left. A transport that is no [http.Transport] and does not tell of
// its steps ([httptrace.ClientTrace]) leaves that open whenever it fails; an
// [http.Transport] is taken to tell, so give it no protocol that does not
// (RegisterProtocol). The error can show the host of the URL, as those of the
// network do, but nothing else of the URL and nothing of what was answered.
func (s *Sender) Send(ctx context.Context, data []byte) ([]outcome.Attempt, error) {
	violations := s.check(ctx)
	if !json.Valid(data) || bytes.TrimSpace(data)[0] != '{' {
		violations.Add("data", "is not a JSON object")
	}
	if err := violations.Err("", ""); err != nil {
		return nil, err
	}
	var attempts []outcome.Attempt
	for {
		attempt := s.try(ctx, http.MethodPost, data)
		if n := len(attempts); n > 0 {
			attempt.Wait = s.schedule[n-1]
		}
		attempts = append(attempts, attempt)
		switch {
		case attempt.Status == http.StatusOK:
			return attempts, nil
		case notRepeated(attempt.Status), len(attempts) > len(s.schedule):
			return attempts, failure(ctx, attempts)
		}
		if !pause(ctx, s.schedule[len(attempts)-1]) {
			return attempts, failure(ctx, attempts)
		}
	}
}

// check finds what makes sending anything impossible.
func (s *Sender) check(ctx context.Context) (violations outcome.Violations) {
	if s == nil || s.authorize == nil {
		violations.Add("sender", "was not made by NewSender")
	}
	if ctx == nil {
		violations.Add("ctx", "is nil")
	}
	return violations
}

// pause waits, and reports whether ctx lasted.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// notRepeated reports whether an answer is on the vendor's list of those after
// which it does not try again. Everything that is not on the list is repeated,
// however odd: 401, 403 and 413 are not on it.
func notRepeated(status int) bool {
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

// errNoReply says that a transport broke its contract.
var errNoReply = errors.New("stream: the transport returned neither an answer nor an error")

// maxReply is how much of an answer is read, to keep the connection.
const maxReply = 4 << 10

// try sends one request and reads its answer.
func (s *Sender) try(ctx context.Context, method string, data []byte) (attempt outcome.Attempt) {
	started := time.Now()
	defer func() { attempt.Duration = time.Since(started) }()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return outcome.Attempt{Err: safeerror.Cause(ctx, err), Effect: outcome.NotSent}
	}
	// A transport that tells of its steps shows that nothing left. That of
	// net/http always tells: before the first step it has refused the request.
	// Of another one nobody knows.
	var traced, wrote atomic.Bool
	traced.Store(s.tells())
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, method, s.url.Reveal(), bytes.NewReader(data))
	if err != nil {
		return outcome.Attempt{Err: safeerror.Cause(ctx, err), Effect: outcome.NotSent}
	}
	request.Header.Set("Content-Type", "application/json")
	if s.secret != nil {
		request.Header.Set(SignatureHeader, Sign(s.algorithm, *s.secret, data))
	}
	s.authorize(request)
	// An http.Client would fail on a redirect that it cannot read.
	response, err := s.roundTripper().RoundTrip(request)
	if err == nil && response == nil {
		err = errNoReply
	}
	if err != nil {
		effect := outcome.MaybeApplied
		if traced.Load() && !wrote.Load() {
			effect = outcome.NotSent
		}
		return outcome.Attempt{Err: safeerror.Cause(ctx, err, errNoReply), Effect: effect}
	}
	finish(response)
	return outcome.Attempt{Status: response.StatusCode, Effect: effectOf(response.StatusCode)}
}

// finish ends a response, whose answer is its status.
func finish(response *http.Response) {
	if response.Body == nil {
		return
	}
	defer response.Body.Close()
	// After a 101 the body is the connection itself, and no context ends it.
	if response.StatusCode >= http.StatusOK {
		_, _ = io.CopyN(io.Discard, response.Body, maxReply)
	}
}

func (s *Sender) roundTripper() http.RoundTripper {
	if s.transport == nil {
		return http.DefaultTransport
	}
	return s.transport
}

// tells reports whether requests are sent by the transport of net/http.
func (s *Sender) tells() bool {
	_, ok := s.roundTripper().(*http.Transport)
	return ok
}

// effectOf returns what a status says of the payload: 400 and the like that it
// was refused, a 5xx that nobody knows.
func effectOf(status int) outcome.Effect {
	switch {
	case status == http.StatusOK:
		return 0
	case status >= 400 && status < 500:
		return outcome.Refused
	}
	return outcome.MaybeApplied
}

// failure returns the error of a send that did not succeed. What one try may
// have done, no later one undoes.
func failure(ctx context.Context, attempts []outcome.Attempt) error {
	last := attempts[len(attempts)-1]
	e := &outcome.Error{Edge: outcome.OnError, Effect: outcome.NotSent, Status: last.Status, Attempts: attempts, Err: last.Err}
	for _, attempt := range attempts {
		e.Effect = max(e.Effect, attempt.Effect)
	}
	switch {
	case ctx.Err() != nil:
		e.Edge, e.Err = outcome.OnTimeout, safeerror.Cause(ctx, last.Err)
	case timedOut(last.Err):
		e.Edge = outcome.OnTimeout
	case last.Err == nil:
		e.Err = fmt.Errorf("the receiver answered %d instead of 200", last.Status)
	}
	return e
}

// timedOut reports whether err says that time was up, that of a try or one that
// the transport sets itself.
func timedOut(err error) bool {
	limit, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && limit.Timeout()
}
