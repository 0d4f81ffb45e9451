package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/engagesdk/engage-go/internal/nothing"
)

// ReceiverOption changes a setting of a [Receiver]. [NewReceiver] returns an error for
// an invalid option.
type ReceiverOption func(*Receiver) error

// WithSignature requires a signature of algorithm with one of secrets. See
// [NewVerifier].
//
// With several of these options, the signature of any one is enough. Use two while the
// sender changes from SHA-256 to SHA-512, for example.
func WithSignature(algorithm Algorithm, secrets ...Secret) ReceiverOption {
	return func(r *Receiver) error {
		r.verifies = true
		verifier, err := NewVerifier(algorithm, secrets...)
		if err != nil {
			return err
		}
		return WithVerifier(verifier)(r)
	}
}

// WithVerifier requires a signature that verifier accepts. Use it instead of
// [WithSignature] for a verifier that is [Verifier.Compacted]. With several verifiers, the
// signature of any one is enough.
func WithVerifier(verifier *Verifier) ReceiverOption {
	return func(r *Receiver) error {
		r.verifies = true
		if verifier == nil || len(verifier.keys) == 0 {
			return errors.New("stream: WithVerifier: the verifier was not made with NewVerifier")
		}
		r.verifiers = append(r.verifiers, verifier)
		return nil
	}
}

// WithBasic requires basic authorization with user and one of passwords. The user must not
// contain a colon. Neither the user nor a password may contain a control character.
func WithBasic(user string, passwords ...Secret) ReceiverOption {
	problem := ""
	if strings.Contains(user, ":") || hasControl(user) {
		problem = "the user has a colon or a control character"
	}
	return withAuthorization(basic(user, passwords), passwords, problem)
}

// WithBearer requires one of tokens as bearer token. A token must not contain a control
// character, nor begin or end with a space.
func WithBearer(tokens ...Secret) ReceiverOption {
	return withAuthorization(bearer(tokens), tokens, outerSpace(tokens))
}

// WithAPIKey requires one of keys as the value of a header. A key must not contain a control
// character, nor begin or end with a space. The header must be one that net/http passes to
// handlers; Host, for example, is invalid.
func WithAPIKey(header string, keys ...Secret) ReceiverOption {
	problem := ""
	if !visible(header) {
		problem = "net/http passes no header of that name to handlers"
	}
	return withAuthorization(apiKey(header, keys), keys, problem, outerSpace(keys))
}

// outerSpace returns the problem of secrets that begin or end with a space, and "" if there
// are none.
func outerSpace(secrets []Secret) string {
	for _, secret := range secrets {
		if value := secret.Reveal(); strings.TrimSpace(value) != value {
			return secret.String() + " begins or ends with a space"
		}
	}
	return ""
}

// withAuthorization requires an authorization with secrets. The option is invalid if one of
// problems is not empty.
func withAuthorization(required authorization, secrets []Secret, problems ...string) ReceiverOption {
	if len(secrets) == 0 {
		problems = append(problems, "there is no secret")
	}
	for _, secret := range secrets {
		switch value := secret.Reveal(); {
		case value == "":
			problems = append(problems, secret.String()+" is empty")
		case hasControl(value):
			problems = append(problems, secret.String()+" has a control character")
		}
	}
	return func(r *Receiver) error {
		r.verifies = true
		r.authorizations = append(r.authorizations, required)
		return invalid(required.option, slices.Clone(problems)...)
	}
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// WithoutVerification accepts events from anyone who can reach the receiver. Use it
// behind something that verifies the sender, such as mutual TLS. It is invalid together
// with an option that requires a signature or credentials.
func WithoutVerification() ReceiverOption {
	return func(r *Receiver) error { r.unverified = true; return nil }
}

// contradictions returns the error of options that no request can satisfy together.
func (r *Receiver) contradictions() error {
	var problems []error
	switch {
	case !r.verifies && !r.unverified:
		problems = append(problems, errors.New("stream: no option says how requests are verified: use WithSignature or WithoutVerification"))
	case r.verifies && r.unverified:
		problems = append(problems, errors.New("stream: WithoutVerification: another option requires a signature or credentials"))
	}
	options := map[string]string{} // by the header that they use
	if len(r.verifiers) > 0 {
		options[SignatureHeader] = "WithSignature or WithVerifier"
	}
	for _, required := range r.authorizations {
		if other, used := options[required.header]; used {
			problems = append(problems, fmt.Errorf("stream: %s: %s uses the same header, %s", required.option, other, required.header))
		}
		options[required.header] = required.option
	}
	return errors.Join(problems...)
}

// WithAnyContentType accepts every content type. The default is to accept JSON and
// requests without a content type. The vendor's content type is not documented.
func WithAnyContentType() ReceiverOption {
	return func(r *Receiver) error { r.anyContentType = true; return nil }
}

// WithBodyLimit sets the size of the largest body, in bytes. The default is 4 MiB.
// Payloads can hold pictures.
func WithBodyLimit(bytes int64) ReceiverOption {
	return func(r *Receiver) error {
		r.bodyLimit = min(bytes, math.MaxInt64-1) // the receiver reads one byte more
		return positive("WithBodyLimit", bytes)
	}
}

// WithConcurrency sets how many requests are read and stored at once. Further requests are
// refused with [RefusedBusy], and the sender repeats them. The default is 256. Together with
// the body limit it limits the memory for requests.
func WithConcurrency(requests int) ReceiverOption {
	return func(r *Receiver) error {
		if err := positive("WithConcurrency", int64(requests)); err != nil {
			return err
		}
		r.slots = make(chan struct{}, requests)
		return nil
	}
}

// WithTimeout sets how long the receiver may take to read a body, and how long the inbox
// may take to store its events. The default is 4 seconds for each. The sender gives up after
// 10 seconds (documented). On a server without read deadlines, reading is not limited.
func WithTimeout(limit time.Duration) ReceiverOption {
	return func(r *Receiver) error {
		r.timeout = limit
		return positive("WithTimeout", int64(limit))
	}
}

// WithRetryAfter sets the Retry-After header of a 503. It is rounded to whole seconds, and
// to at least one. The default is 60 seconds. That is also the first wait of one of the
// sender's two documented schedules; see [FixedSchedule] and [ExponentialSchedule].
func WithRetryAfter(wait time.Duration) ReceiverOption {
	return func(r *Receiver) error {
		r.retryAfter = retryAfter(wait)
		return positive("WithRetryAfter", int64(wait))
	}
}

// WithFilter drops the events that configuration does not allow. They are counted and
// answered 200. The configuration must be valid; its advice is ignored. See
// [Configuration.Validate].
func WithFilter(configuration Configuration) ReceiverOption {
	return func(r *Receiver) error {
		_, err := configuration.Validate()
		configuration.AssetIDs = slices.Clone(configuration.AssetIDs)
		configuration.Channels = slices.Clone(configuration.Channels)
		configuration.Events = slices.Clone(configuration.Events)
		r.filter = &configuration
		return err
	}
}

// WithReceiverLogger sets the logger for refused requests. The receiver logs the reason,
// the status and the trace id, at level Warn. It also logs errors of the inbox. It never
// logs a body or another header. The default is not to log.
//
// Anyone can send a request that is refused before it is verified. For these the receiver
// logs one line per reason and minute, with the number of requests. It logs each request
// that is refused after it was verified.
func WithReceiverLogger(logger *slog.Logger) ReceiverOption {
	return func(r *Receiver) error {
		if logger == nil {
			return errors.New("stream: WithReceiverLogger: the logger is nil")
		}
		r.logger = logger
		return nil
	}
}

// WithReceiverObserver sets an observer of the events that are received and the requests
// that are refused.
func WithReceiverObserver(observer Observer) ReceiverOption {
	return func(r *Receiver) error {
		if nothing.In(observer) {
			return errors.New("stream: WithReceiverObserver: the observer is nil")
		}
		r.observer = observer
		return nil
	}
}
