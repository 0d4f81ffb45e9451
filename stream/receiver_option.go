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
		if verifier == nil || len(verifier.keys) == 0 {
			return errors.New("stream: WithVerifier: the verifier was not made with NewVerifier")
		}
		r.verifiers = append(r.verifiers, verifier)
		r.decided = true
		return nil
	}
}

// WithBasic requires basic authorization with user and one of passwords. The user must not
// contain a colon. Neither the user nor a password may contain a control character.
func WithBasic(user string, passwords ...Secret) ReceiverOption {
	if strings.Contains(user, ":") || hasControl(user) {
		return invalidOption("WithBasic: the user has a colon or a control character")
	}
	return withAuthorization("WithBasic", basic(user, passwords), passwords)
}

// WithBearer requires one of tokens as bearer token. A token must not contain a control
// character, nor begin or end with a space.
func WithBearer(tokens ...Secret) ReceiverOption {
	return withHeader("WithBearer", bearer(tokens), tokens)
}

// WithAPIKey requires one of keys as the value of a header. A key must not contain a control
// character, nor begin or end with a space. The header must be one that net/http passes to
// handlers; Host, for example, is invalid.
func WithAPIKey(header string, keys ...Secret) ReceiverOption {
	if !visible(header) {
		return invalidOption("WithAPIKey: net/http passes no header of that name to handlers")
	}
	return withHeader("WithAPIKey", apiKey(header, keys), keys)
}

// invalidOption returns an option that makes [NewReceiver] fail.
func invalidOption(problem string) ReceiverOption {
	return func(*Receiver) error { return errors.New("stream: " + problem) }
}

// withHeader is withAuthorization for secrets that are the value of a header.
func withHeader(option string, check authorization, secrets []Secret) ReceiverOption {
	for _, secret := range secrets {
		if value := secret.Reveal(); strings.TrimSpace(value) != value {
			return invalidOption(fmt.Sprintf("%s: %s begins or ends with a space", option, secret))
		}
	}
	return withAuthorization(option, check, secrets)
}

func withAuthorization(option string, check authorization, secrets []Secret) ReceiverOption {
	return func(r *Receiver) error {
		if len(secrets) == 0 {
			return fmt.Errorf("stream: %s: there is no secret", option)
		}
		for _, secret := range secrets {
			switch value := secret.Reveal(); {
			case value == "":
				return fmt.Errorf("stream: %s: %s is empty", option, secret)
			case hasControl(value):
				return fmt.Errorf("stream: %s: %s has a control character", option, secret)
			}
		}
		r.authorizations = append(r.authorizations, check)
		r.decided = true
		return nil
	}
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// WithoutVerification accepts events from anyone who can reach the receiver. Use it
// behind something that verifies the sender, such as mutual TLS. It has no effect together
// with an option that requires a signature or credentials.
func WithoutVerification() ReceiverOption {
	return func(r *Receiver) error { r.decided = true; return nil }
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

func positive(option string, value int64) error {
	if value <= 0 {
		return fmt.Errorf("stream: %s: the value is not positive", option)
	}
	return nil
}
