package engage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

// CallOption sets up one call, or with [WithCallOptions] all calls of a client.
// An option that cannot be obeyed makes the call fail on onInvalidData before
// anything is sent.
type CallOption func(*settings) error

// settings are what call options set.
type settings struct {
	engine.Settings
	policy RetryPolicy
	// total limits all tries; zero for no limit.
	total time.Duration
	// reconcile and settle say how a write in doubt is looked for.
	reconcile bool
	settle    time.Duration
	// lookFirst: before it is sent, too.
	lookFirst bool
	// wait is for the outcome of a write, where callbacks tell it.
	wait bool
}

var defaultSettings = settings{
	Settings: engine.Settings{
		Attempts:    4,
		Timeout:     15 * time.Second,
		FirstWait:   250 * time.Millisecond,
		LongestWait: 10 * time.Second,
	},
	reconcile: true,
	wait:      true,
}

// limit returns the context of the tries, and what releases it.
func (s *settings) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.total == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.total)
}

// apply obeys options in order. What cannot be obeyed is noted.
func (s *settings) apply(options []CallOption) outcome.Violations {
	var v outcome.Violations
	for i, option := range options {
		field := fmt.Sprintf("options[%d]", i)
		if option == nil {
			v.Add(field, "is nil")
		} else if err := option(s); err != nil {
			v.Add(field, err.Error())
		}
	}
	return v
}

// RetryPolicy says which failed calls are tried again.
type RetryPolicy uint8

// The policies.
const (
	// RetrySafe tries again where that cannot do twice what should be done
	// once, see [Class]. It is the default.
	RetrySafe RetryPolicy = iota
	// RetryAlways tries again after every failure that may pass, writes
	// included. A message can then arrive twice.
	RetryAlways
	// RetryNever tries once. Only a refused token is still replaced once, and a
	// write in doubt is still looked for, see [WithReconciliation].
	RetryNever
)

// WithRetryPolicy sets which failed calls are tried again.
func WithRetryPolicy(policy RetryPolicy) CallOption {
	return func(s *settings) error {
		if policy > RetryNever {
			return errors.New("names no retry policy")
		}
		s.policy = policy
		return nil
	}
}

// WithAttempts sets how often a call is tried at most, not counting the one more
// try that follows once a refused token was replaced. The default is 4. See
// [WithTotalTimeout] for the time it may take.
func WithAttempts(attempts int) CallOption {
	return func(s *settings) error {
		if attempts < 1 {
			return errors.New("allows fewer than one attempt")
		}
		s.Attempts = attempts
		return nil
	}
}

// WithAttemptTimeout limits the time of each try, which begins with asking for its
// token; zero means no limit. The default is 15 seconds. A token that was refused
// is replaced in that time, too. The context limits the whole call, waits included.
func WithAttemptTimeout(timeout time.Duration) CallOption {
	return func(s *settings) error {
		if timeout < 0 {
			return errors.New("sets a negative attempt timeout")
		}
		s.Timeout = timeout
		return nil
	}
}

// WithTotalTimeout limits the time of all tries together, with the waits between
// them and with looking for a write in doubt; zero, the default, means no limit
// but the context's. A call whose time is up ends on onTimeout. One that would
// have to wait for longer than it has left ends at once, as its last try did.
// Waiting for an outcome, see [WithCallbacks], does not count.
func WithTotalTimeout(timeout time.Duration) CallOption {
	return func(s *settings) error {
		if timeout < 0 {
			return errors.New("sets a negative total timeout")
		}
		s.total = timeout
		return nil
	}
}

// WithReconciliation says whether a create or an append that may have been
// applied is looked for at the service before the call ends. The default is that
// it is.
//
// A create is looked for by its address, an append in the transcript of its
// conversation, up to as often as the call may be tried and with the same waits.
// What is found under the alias id of its message, or of the conversation, was
// done: the call succeeds and the receipt's Proof is [Reconciled]. An alias id
// of your own must therefore be new with each create and each message. Whatever
// is not found stays in doubt, unless [WithSettleTime] says when it is certain
// that it never will be. The transcript is offered to standalone tenants only
// (documented); without one the doubt stays.
//
// Where the client has callbacks, every write in doubt also waits for its outcome
// during that time, since its callback comes even if the acknowledgement was
// lost; it settles the doubt either way. An outcome that was told before the call
// ends is the call's own, whether or not writes are looked for.
//
// A call that is answered costs nothing more for it.
func WithReconciliation(on bool) CallOption {
	return func(s *settings) error {
		s.reconcile = on
		return nil
	}
}

// WithSettleTime names the time after which a request that left, and was not
// answered, cannot take effect any more. Zero, the default, means that nobody
// knows: a gateway may still hold the request, and the service carries writes
// out after it has taken them on. The vendor publishes no such time.
//
// With it, a write in doubt that cannot be found when that time has passed is
// sent once more with the same alias ids, if [WithAttempts] leaves a try. If the
// time is too short, a message can arrive twice. The call takes at least that
// long then.
func WithSettleTime(after time.Duration) CallOption {
	return func(s *settings) error {
		if after < 0 {
			return errors.New("sets a negative settle time")
		}
		s.settle = after
		return nil
	}
}

// WithWaitForOutcome says whether a write waits for its outcome, where the client
// has callbacks. The default is that it does. Without waiting it returns with
// the acknowledgement, and [Receipt.Wait] waits later.
func WithWaitForOutcome(wait bool) CallOption {
	return func(s *settings) error {
		s.wait = wait
		return nil
	}
}

// WithWaits bounds the wait between two tries, which is random and on average
// doubles each time: first bounds the first wait, longest all of them. A server
// that asks with Retry-After for more than longest is not asked again; the
// error tells how long it wanted. The defaults are 250 ms and 10 s.
func WithWaits(first, longest time.Duration) CallOption {
	return func(s *settings) error {
		if first < 0 || longest < first {
			return errors.New("sets a first wait that is negative or greater than the longest")
		}
		s.FirstWait, s.LongestWait = first, longest
		return nil
	}
}

// ownHeaders are the headers that a call option must not set: those that the
// client or HTTP sets, those that auth.Hosts removes beside a token, and those
// for which net/http sends a write once more without telling.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "Access_token", "Authorization", "Connection", "Content-Length", "Content-Type", "Cookie", "Expect",
	"Host", "Idempotency-Key", "Keep-Alive", "Key", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"X-Idempotency-Key",
}

// WithHeader sends a header of one's own with the call, such as a TrackingId, or
// another User-Agent. Other headers that the client and HTTP set themselves cannot
// be set, nor Cookie, nor those of a token, which are Authorization, Key and
// Access_token, nor Idempotency-Key and X-Idempotency-Key: net/http would then send
// a write again by itself. The error never repeats the value.
func WithHeader(name, value string) CallOption {
	return func(s *settings) error {
		canonical := http.CanonicalHeaderKey(name)
		if !isToken(name) || slices.Contains(ownHeaders, canonical) {
			return fmt.Errorf("sets the header %q, which cannot be set", name)
		}
		if !printable(value) {
			return fmt.Errorf("sets the header %s to a value with a control character", canonical)
		}
		header := maps.Clone(s.Header)
		if header == nil {
			header = http.Header{}
		}
		header[canonical] = []string{value}
		s.Header = header
		return nil
	}
}

// isToken reports whether name can be the name of a header.
func isToken(name string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	for _, r := range name {
		isLetter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		isDigit := r >= '0' && r <= '9'
		if !isLetter && !isDigit && !strings.ContainsRune(marks, r) {
			return false
		}
	}
	return name != ""
}
