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
)

// ReceiverOption sets up a [Receiver]. An option that cannot be obeyed makes
// [NewReceiver] return an error.
type ReceiverOption func(*Receiver) error

// WithSignature has every request's signature checked, see [NewVerifier].
func WithSignature(algorithm Algorithm, secrets ...Secret) ReceiverOption {
	return func(r *Receiver) error {
		verifier, err := NewVerifier(algorithm, secrets...)
		if err != nil {
			return err
		}
		return WithVerifier(verifier)(r)
	}
}

// WithVerifier has every request's signature checked by verifier, for example
// one that is [Verifier.Compacted].
func WithVerifier(verifier *Verifier) ReceiverOption {
	return func(r *Receiver) error {
		if verifier == nil || len(verifier.keys) == 0 {
			return errors.New("stream: WithVerifier: the verifier is none of NewVerifier's")
		}
		if r.verifier != nil {
			return errors.New("stream: signatures are set up twice")
		}
		r.verifier = verifier
		r.verified = true
		return nil
	}
}

// WithBasic has every request checked for the user and one of passwords. A user
// with a colon, and control characters in either, are refused: the scheme has no
// room for them.
func WithBasic(user string, passwords ...Secret) ReceiverOption {
	if strings.Contains(user, ":") || hasControl(user) {
		return refusedOption("WithBasic: the user has a colon or a control character")
	}
	return withAuthorization("WithBasic", basic(user, passwords), passwords)
}

// WithBearer has every request checked for one of tokens. One with control
// characters, or blanks around it, is refused: no header has those.
func WithBearer(tokens ...Secret) ReceiverOption {
	return withHeader("WithBearer", bearer(tokens), tokens)
}

// WithAPIKey has every request checked for one of keys in a header of that
// name. A key is refused that [WithBearer] would refuse as a token, and so is a
// header that no handler can see, such as Host.
func WithAPIKey(header string, keys ...Secret) ReceiverOption {
	if !visible(header) {
		return refusedOption("WithAPIKey: no handler can see a header of that name")
	}
	return withHeader("WithAPIKey", apiKey(header, keys), keys)
}

// refusedOption is an option that cannot be obeyed.
func refusedOption(problem string) ReceiverOption {
	return func(*Receiver) error { return errors.New("stream: " + problem) }
}

// withHeader is withAuthorization for secrets that are in a header as they are.
func withHeader(option string, check authorization, secrets []Secret) ReceiverOption {
	for _, secret := range secrets {
		if value := secret.Reveal(); strings.TrimSpace(value) != value {
			return refusedOption(fmt.Sprintf("%s: %s has blanks around it", option, secret))
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
		r.verified = true
		return nil
	}
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// WithoutVerification accepts events from anybody who can reach the receiver.
// It belongs behind something that lets nobody else through, such as mutual
// TLS. A receiver that has neither it nor a check is refused by [NewReceiver].
func WithoutVerification() ReceiverOption {
	return func(r *Receiver) error { r.verified = true; return nil }
}

// WithAnyContentType accepts a body whatever its content type says. The default
// is to accept JSON, and a request that does not say; what the vendor says is
// not documented.
func WithAnyContentType() ReceiverOption {
	return func(r *Receiver) error { r.anyContentType = true; return nil }
}

// WithBodyLimit sets the size in bytes above which a body is refused. The
// default is 4 MiB: payloads can hold pictures.
func WithBodyLimit(bytes int64) ReceiverOption {
	return func(r *Receiver) error {
		r.bodyLimit = min(bytes, math.MaxInt64-1) // one byte more is read
		return positive("WithBodyLimit", bytes)
	}
}

// WithConcurrency sets how many requests are read and stored at once; more are
// refused, for the sender to repeat. The default is 256. With the body limit it
// bounds the memory that requests can take.
func WithConcurrency(requests int) ReceiverOption {
	return func(r *Receiver) error {
		if err := positive("WithConcurrency", int64(requests)); err != nil {
			return err
		}
		r.slots = make(chan struct{}, requests)
		return nil
	}
}

// WithTimeout sets how long reading the body may take, be it of a request that is
// refused, and again how long storing may. The default is 4 seconds each: the
// sender gives up after 10 (documented). A server that does not support read
// deadlines reads as long as its own settings allow.
func WithTimeout(limit time.Duration) ReceiverOption {
	return func(r *Receiver) error {
		r.timeout = limit
		return positive("WithTimeout", int64(limit))
	}
}

// WithRetryAfter sets what a 503 asks the sender to wait, in whole seconds. The
// default is 60 s, which is what it waits anyway (documented, as is another
// schedule that begins with 30 s).
func WithRetryAfter(wait time.Duration) ReceiverOption {
	return func(r *Receiver) error {
		r.retryAfter = retryAfter(wait)
		return positive("WithRetryAfter", int64(wait))
	}
}

// WithFilter drops the events that configuration does not allow, and answers
// them 200. They are counted.
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

// WithReceiverLogger has every request logged at level Debug that was refused
// for what it is, and at level Warn one that must be repeated: the reason and
// the trace id, and never a header or a body. The default is not to log.
func WithReceiverLogger(logger *slog.Logger) ReceiverOption {
	return func(r *Receiver) error {
		if logger == nil {
			return errors.New("stream: WithReceiverLogger: the logger is nil")
		}
		r.logger = logger
		return nil
	}
}

func positive(option string, value int64) error {
	if value <= 0 {
		return fmt.Errorf("stream: %s: the value is not positive", option)
	}
	return nil
}
