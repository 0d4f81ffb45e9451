package engage

import (
	"cmp"
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

// CallOption sets up one call, or with [WithCallOptions] all calls of a client. A
// call with an invalid option ends on onInvalidData, and nothing is sent.
type CallOption func(*settings) error

// settings are what call options set.
type settings struct {
	engine.Settings
	policy         RetryPolicy
	reconciliation Reconciliation
	// waitForOutcome says whether a write waits for its callback.
	waitForOutcome bool
}

func newSettings() settings {
	s := settings{waitForOutcome: true}
	s.setRetry(Retry{})
	return s
}

// apply applies options in order and returns what is wrong with them. A nil option
// panics.
func (s *settings) apply(options []CallOption) outcome.Violations {
	var v outcome.Violations
	for i, option := range options {
		if err := option(s); err != nil {
			v.Add(fmt.Sprintf("options[%d]", i), err.Error())
		}
	}
	return v
}

// RetryPolicy says which failed calls are attempted again: [RetrySafe], [RetryAlways] or
// [RetryNever].
type RetryPolicy uint8

const (
	// RetrySafe repeats a call unless that could apply it twice; see [Class]. It is
	// the default.
	RetrySafe RetryPolicy = iota
	// RetryAlways repeats a call after every transient failure, even a create or an
	// append that may have been applied. A message can then arrive twice.
	RetryAlways
	// RetryNever makes one attempt, whatever Attempts says. A refused token is still
	// replaced once, and a write that may have been applied is still reconciled; see
	// [Reconciliation].
	RetryNever
)

// Retry says how a failed call is attempted again. A field that is zero has its
// default.
type Retry struct {
	// Policy says which failed calls are attempted again. The default is RetrySafe.
	Policy RetryPolicy
	// Attempts is the largest number of attempts. The default is 4. The attempt that
	// follows the replacement of a refused token is not counted.
	Attempts int
	// AttemptTimeout limits each attempt, its token included. The default is 15
	// seconds. The context limits the call as a whole.
	AttemptTimeout time.Duration
	// FirstWait is the upper bound of the random wait before the second attempt. The
	// bound doubles with each attempt, up to LongestWait. The defaults are 250
	// milliseconds and 10 seconds. The call ends without another attempt if the service
	// asks for more than LongestWait, or if the wait would outlast the context.
	FirstWait, LongestWait time.Duration
}

// WithRetry sets how a failed call is attempted again. It replaces all fields of
// a [Retry] that was set before, such as that of the client.
func WithRetry(retry Retry) CallOption {
	return func(s *settings) error {
		var problems []string
		if retry.Policy > RetryNever {
			problems = append(problems, "Policy is not a retry policy")
		}
		if retry.Attempts < 0 {
			problems = append(problems, "Attempts is negative")
		}
		if retry.AttemptTimeout < 0 {
			problems = append(problems, "AttemptTimeout is negative")
		}
		if retry.FirstWait < 0 || retry.LongestWait < 0 {
			problems = append(problems, "FirstWait or LongestWait is negative")
		}
		s.setRetry(retry)
		if s.FirstWait > s.LongestWait {
			problems = append(problems, "FirstWait is greater than LongestWait")
		}
		if len(problems) > 0 {
			return fmt.Errorf("WithRetry: %s", strings.Join(problems, ", "))
		}
		return nil
	}
}

func (s *settings) setRetry(retry Retry) {
	s.policy = retry.Policy
	s.Attempts = cmp.Or(retry.Attempts, 4)
	if retry.Policy == RetryNever {
		s.Attempts = 1
	}
	s.AttemptTimeout = cmp.Or(retry.AttemptTimeout, 15*time.Second)
	s.FirstWait = cmp.Or(retry.FirstWait, 250*time.Millisecond)
	s.LongestWait = cmp.Or(retry.LongestWait, 10*time.Second)
}

// Reconciliation says how the client finds out what became of a create or an
// append that may have been applied. The zero value is the default.
//
// The client looks a create up by its address, and an append in the transcript of its
// conversation. It does so up to Attempts times, and waits between two lookups as between
// two attempts; see [Retry]. A lookup is a read with attempts of its own. If it fails,
// there is no other. Without a deadline such a call can take some minutes.
//
// A message or a conversation with the alias id of the request proves that the write was
// applied. The call then succeeds, and the Proof of the receipt is [Reconciled]. So an
// alias id of your own must be new with each create and each message. Without that
// proof the write may still be on its way, and the error keeps the effect
// [outcome.MaybeApplied].
//
// Transcripts are for standalone tenants only (documented). That they contain the alias
// ids of messages is assumed. Without AliasIDsKept, a lookup is inconclusive if the
// transcript has the same content under another alias id, or a message of the same
// direction without alias id.
//
// A client with callbacks waits for the outcome meanwhile, of convergent writes, too: a
// callback comes even if the acknowledgement was lost.
type Reconciliation struct {
	// Off leaves out the lookups after a failure and the wait for a callback. The call then
	// ends at once, with an outcome that a callback has reported already, or else with
	// the effect [outcome.MaybeApplied].
	Off bool
	// SettleTime is the time after which a request that was sent, and got no reply,
	// cannot be applied any more. The vendor publishes no such time. The default, 0, means
	// that it is unknown, and that nothing is sent again. Otherwise the client sends a write
	// once more that a lookup after that time finds absent. It sends the same alias ids, and
	// keeps to the limit of attempts. A create with messages is absent only if its address
	// has no conversation. If the time is too short, a message can arrive twice.
	SettleTime time.Duration
	// LookFirst looks a create or an append up before it is sent, for a program that was
	// killed and handles an event again; see [WithReconciliation].
	LookFirst bool
	// AliasIDsKept says that the transcripts of the tenant contain each message under the
	// alias id with which it was sent. The same content under another alias id is then
	// another message, such as a second "yes", and so is a message without alias id. The
	// default is that this is unknown. A conformance run finds it out; see package
	// conformance.
	AliasIDsKept bool
}

// WithReconciliation sets how the client finds out what became of a write. It
// replaces all fields of a [Reconciliation] that was set before.
//
// LookFirst is for a program that handles an event again after it was killed, and does
// not know what it sent before. Then the caller gives each message an alias id, the same
// each time, such as MessageEvent.Content of package stream does. A create without
// messages needs an alias id, too.
//
// A write that is found succeeds without being sent, and the Proof of the receipt is
// [Reconciled]. A write that is absent is sent. The service applies writes after it has
// acknowledged them, so the write of an earlier run may still arrive in addition.
//
// If the lookup fails or is inconclusive, nothing is sent. The error has the edge of the
// lookup, or onError. Its effect is [outcome.MaybeApplied], because an earlier run may
// have sent the write. The lookup of a create is inconclusive if another conversation is
// open at its address: append to that one. A closed conversation there does not prevent
// the create, since a customer may return, unless it has the same alias id.
func WithReconciliation(reconciliation Reconciliation) CallOption {
	return func(s *settings) error {
		if reconciliation.SettleTime < 0 {
			return errors.New("WithReconciliation: SettleTime is negative")
		}
		s.reconciliation = reconciliation
		return nil
	}
}

// WithWaitForOutcome sets whether a write waits for its outcome, if the client has
// callbacks. The default is true. Without waiting a write returns its
// acknowledgement, and [Receipt.Wait] waits later.
func WithWaitForOutcome(wait bool) CallOption {
	return func(s *settings) error {
		s.waitForOutcome = wait
		return nil
	}
}

// reservedHeaders cannot be set. The client or HTTP sets most of them. Cookie and the
// headers of tokens are secrets of others. With an Idempotency-Key, net/http repeats a
// write by itself.
var reservedHeaders = []string{
	"Accept", "Accept-Encoding", "Access_token", "Authorization", "Connection", "Content-Length", "Content-Type", "Cookie", "Expect",
	"Host", "Idempotency-Key", "Keep-Alive", "Key", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"X-Idempotency-Key",
}

// WithHeader sends a header with the call, such as a TrackingId or another
// User-Agent. It refuses the headers that the client, HTTP or a token needs, and
// Cookie. It also refuses Idempotency-Key and X-Idempotency-Key, with which
// net/http would repeat a write by itself. The error does not contain the value.
func WithHeader(name, value string) CallOption {
	return func(s *settings) error {
		canonical := http.CanonicalHeaderKey(name)
		if !isHeaderName(name) || slices.Contains(reservedHeaders, canonical) {
			return fmt.Errorf("WithHeader: the header %q cannot be set", name)
		}
		if !printable(value) {
			return fmt.Errorf("WithHeader: the value of %s contains a control character", canonical)
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

// isHeaderName reports whether name can be the name of a header.
func isHeaderName(name string) bool {
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
