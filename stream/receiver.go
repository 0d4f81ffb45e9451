package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/nothing"
)

// Receiver is the [http.Handler] that events are sent to. It answers:
//
//   - 200 to a POST when all its events are in the inbox, or were before. Events that
//     [WithFilter] drops do not matter.
//   - 200 to every HEAD. The vendor sends one when a URL is saved.
//   - 400 to a POST that can never succeed, and 405 to other methods.
//   - 503 with Retry-After to a POST that may succeed later.
//
// It answers with no other status; see [Refusal]. It counts all refusals, and
// [WithReceiverLogger] logs them.
//
// The body is one event, or an array of 1 to [MaxBatch] events. If one event of an array is
// malformed, none is stored. After a 503 some events of an array may be stored. They are
// duplicates when the sender repeats the array.
//
// The ID of an event without an id of the sender is a digest of its payload; see [NewEntry].
//
// A Receiver is safe for concurrent use. Make one with [NewReceiver].
type Receiver struct {
	inbox          Inbox
	verifiers      []*Verifier
	authorizations []authorization
	// verifies reports whether an option verifies requests, and unverified whether one
	// says that they are not verified.
	verifies       bool
	unverified     bool
	anyContentType bool
	bodyLimit      int64
	timeout        time.Duration
	retryAfter     string
	filter         *Configuration
	logger         *slog.Logger
	observer       Observer // or nil
	slots          chan struct{}

	buffers    sync.Pool // of *body
	accepted   atomic.Uint64
	duplicates atomic.Uint64
	filtered   atomic.Uint64
	probes     atomic.Uint64
	refused    map[Refusal]*refused
	secrets    map[string]*atomic.Uint64
	algorithms map[Algorithm]*atomic.Uint64
}

// refused counts the requests that were refused for one reason.
type refused struct {
	requests atomic.Uint64

	mu sync.Mutex
	// logged is when the last line was logged. unlogged counts the requests that
	// were refused since.
	logged   time.Time
	unlogged int
}

// body is the body of a request, and the reader that limits it.
type body struct {
	bytes.Buffer
	limited io.LimitedReader
}

// maxKeptBuffer is the size of the largest buffer that is used again. The memory of a
// larger one is given back.
const maxKeptBuffer = 64 << 10

// NewReceiver returns a receiver that puts events into inbox. It returns an error if inbox is
// nil or an option is invalid. It also returns one if options contradict each other, or if
// none says how requests are verified. The error names everything that is wrong.
//
// The options that say how requests are verified are [WithSignature], [WithVerifier],
// [WithBasic], [WithBearer], [WithAPIKey] and [WithoutVerification]. With several of them, a
// request must have a signature that one of the verifiers accepts. It must also have the
// credentials of every WithBasic, WithBearer and WithAPIKey. Each of these must use a header
// of its own: WithBasic contradicts WithBearer, because both use Authorization.
func NewReceiver(inbox Inbox, options ...ReceiverOption) (*Receiver, error) {
	r := &Receiver{
		inbox:      inbox,
		bodyLimit:  4 << 20,
		timeout:    4 * time.Second,
		retryAfter: retryAfter(time.Minute),
		logger:     slog.New(slog.DiscardHandler),
		slots:      make(chan struct{}, 256),
		buffers:    sync.Pool{New: func() any { return new(body) }},
		refused:    map[Refusal]*refused{},
		secrets:    map[string]*atomic.Uint64{},
		algorithms: map[Algorithm]*atomic.Uint64{},
	}
	var noInbox error
	if nothing.In(inbox) {
		noInbox = errors.New("stream: the receiver has no inbox")
	}
	if err := errors.Join(noInbox, apply(r, options), r.contradictions()); err != nil {
		return nil, err
	}
	for _, refusal := range Refusals() {
		r.refused[refusal] = new(refused)
	}
	for _, verifier := range r.verifiers {
		r.algorithms[verifier.algorithm] = new(atomic.Uint64)
		for _, key := range verifier.keys {
			r.secrets[key.name] = new(atomic.Uint64)
		}
	}
	return r, nil
}

// ReceiverCounts says what a [Receiver] did so far.
type ReceiverCounts struct {
	// Accepted counts the events that the receiver put into the inbox. Duplicates
	// counts those that the inbox already knew, and Filtered those that
	// [WithFilter] dropped.
	Accepted, Duplicates, Filtered uint64
	// Probes counts HEAD requests.
	Probes uint64
	// Refused counts the refused requests by their reason. It has no zeros.
	Refused map[Refusal]uint64
	// Secrets counts the requests by the name of the secret that signed them. It
	// has the names of all signing secrets, so that it shows which ones are no
	// longer used.
	Secrets map[string]uint64
	// Algorithms counts the requests by the algorithm of their signature. It has
	// all algorithms that the receiver accepts.
	Algorithms map[Algorithm]uint64
}

// Counts returns what the receiver did so far.
func (r *Receiver) Counts() ReceiverCounts {
	counts := ReceiverCounts{
		Accepted:   r.accepted.Load(),
		Duplicates: r.duplicates.Load(),
		Filtered:   r.filtered.Load(),
		Probes:     r.probes.Load(),
		Refused:    map[Refusal]uint64{},
		Secrets:    map[string]uint64{},
		Algorithms: map[Algorithm]uint64{},
	}
	for refusal, refused := range r.refused {
		if n := refused.requests.Load(); n > 0 {
			counts.Refused[refusal] = n
		}
	}
	for name, n := range r.secrets {
		counts.Secrets[name] = n.Load()
	}
	for algorithm, n := range r.algorithms {
		counts.Algorithms[algorithm] = n.Load()
	}
	return counts
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	// This limits every request: the server reads the body of a refused one, too.
	readUntil(w, time.Now().Add(r.timeout))
	if request.Method == http.MethodHead {
		r.probes.Add(1)
		return
	}
	if refusal := r.receive(w, request); refusal != "" {
		r.refuse(w, request, refusal)
	}
}

// refuse answers a refused request, counts it and logs it.
func (r *Receiver) refuse(w http.ResponseWriter, request *http.Request, refusal Refusal) {
	r.count(request.Context(), &r.refused[refusal].requests, Result(refusal))
	r.log(request, refusal)
	status := refusal.Status()
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", r.retryAfter)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "HEAD, POST")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, string(refusal)) // the status is the answer
}

// count counts what became of an event or a request, and reports it to the observer.
func (r *Receiver) count(ctx context.Context, counter *atomic.Uint64, result Result) {
	counter.Add(1)
	if r.observer != nil {
		r.observer.Received(ctx, result)
	}
}

// logEvery is the time between two log lines for one reason to refuse unverified
// requests.
const logEvery = time.Minute

// log logs a refused request. Anyone can send a request that is refused before it is
// verified, so log writes one line per reason and minute for these. The line has the
// number of requests since the last one.
func (r *Receiver) log(request *http.Request, refusal Refusal) {
	if !r.logger.Enabled(request.Context(), slog.LevelWarn) {
		return
	}
	requests := 1
	if !refusal.verified() {
		refused := r.refused[refusal]
		refused.mu.Lock()
		defer refused.mu.Unlock()
		refused.unlogged++
		if time.Since(refused.logged) < logEvery {
			return
		}
		requests = refused.unlogged
		refused.logged, refused.unlogged = time.Now(), 0
	}
	r.logger.WarnContext(request.Context(), "stream: request refused", "reason", string(refusal),
		"status", refusal.Status(), "requests", requests, "traceId", traceID(request.Header))
}

// receive checks a request and puts its events into the inbox. It returns the first
// reason to refuse the request, or "".
func (r *Receiver) receive(w http.ResponseWriter, request *http.Request) Refusal {
	if refusal := r.checkHeader(request); refusal != "" {
		return refusal
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		return RefusedBusy
	}
	buffer := r.buffers.Get().(*body)
	defer r.reuse(buffer)
	if refusal := r.read(w, request, buffer); refusal != "" {
		return refusal
	}
	secret, refusal := r.verify(request.Header, buffer.Bytes())
	if refusal != "" {
		return refusal
	}
	entries, refusal := r.entries(buffer.Bytes(), secret, request)
	if refusal != "" {
		return refusal
	}
	return r.store(request.Context(), entries)
}

// checkHeader checks what can be checked before the body is read.
func (r *Receiver) checkHeader(request *http.Request) Refusal {
	switch {
	case request.Method != http.MethodPost:
		return RefusedMethod
	case !r.anyContentType && !isJSON(request.Header):
		return RefusedContentType
	case compressed(request.Header):
		return RefusedEncoding
	}
	for _, required := range r.authorizations {
		if !required.isGiven(request) {
			return RefusedAuthorization
		}
	}
	if !r.mayBeSigned(request.Header) {
		return RefusedSignature
	}
	if request.ContentLength > r.bodyLimit {
		return RefusedTooLarge
	}
	return ""
}

// mayBeSigned reports whether the header's signature is well-formed for a verifier, or
// there is no verifier.
func (r *Receiver) mayBeSigned(header http.Header) bool {
	for _, verifier := range r.verifiers {
		if verifier.wellFormed(header[SignatureHeader]) {
			return true
		}
	}
	return len(r.verifiers) == 0
}

// read reads the body up to the limit.
func (r *Receiver) read(w http.ResponseWriter, request *http.Request, into *body) Refusal {
	into.limited = io.LimitedReader{R: request.Body, N: r.bodyLimit + 1}
	read, err := into.ReadFrom(&into.limited)
	_, limited := errors.AsType[*http.MaxBytesError](err)
	switch {
	case limited, read > r.bodyLimit:
		return RefusedTooLarge
	case err != nil:
		return RefusedUnread
	}
	// The server reads on, to notice when the sender closes the connection.
	readUntil(w, time.Time{})
	return ""
}

// readUntil sets the deadline for reading the request. The zero time means none. On a
// server without read deadlines it does nothing.
func readUntil(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

func (r *Receiver) reuse(buffer *body) {
	if buffer.Cap() <= maxKeptBuffer {
		buffer.Reset()
		buffer.limited.R = nil
		r.buffers.Put(buffer)
	}
}

// verify checks the signature. It counts and returns the secret that matches.
func (r *Receiver) verify(header http.Header, body []byte) (secret string, refusal Refusal) {
	for _, verifier := range r.verifiers {
		secret, err := verifier.Verify(header[SignatureHeader], body)
		if err == nil {
			r.secrets[secret].Add(1)
			r.algorithms[verifier.algorithm].Add(1)
			return secret, ""
		}
	}
	if len(r.verifiers) > 0 {
		return "", RefusedSignature
	}
	return "", ""
}

// entries decodes the events of a body and returns those to store. It copies the body,
// because its buffer is used again. It leaves out the space around the body, which the
// limits of an inbox do not count.
func (r *Receiver) entries(body []byte, secret string, request *http.Request) ([]Entry, Refusal) {
	headers, err := decodeHeaders(bytes.Clone(jsonText(body)))
	if err != nil {
		return nil, RefusedMalformed
	}
	now, traceParent := time.Now(), r.traceParent(request)
	entries := make([]Entry, 0, len(headers))
	for _, h := range headers {
		if r.filter != nil && !r.filter.allows(*h) {
			r.count(request.Context(), &r.filtered, ResultFiltered)
			continue
		}
		entry := h.entry()
		if entry.TraceID == "" {
			entry.TraceID = traceID(request.Header)
		}
		entry.Received, entry.VerifiedBy, entry.TraceParent = now, secret, traceParent
		entries = append(entries, entry)
	}
	return entries, ""
}

// maxTraceParent is the length in bytes of the longest trace context that is stored.
const maxTraceParent = 256

// traceParent returns the trace context of a request, from the observer.
func (r *Receiver) traceParent(request *http.Request) string {
	if r.observer == nil {
		return ""
	}
	if parent := r.observer.TraceParent(request); len(parent) <= maxTraceParent {
		return parent
	}
	return ""
}

// store puts the entries into the inbox.
func (r *Receiver) store(ctx context.Context, entries []Entry) Refusal {
	// A MemoryInbox never waits, and a timer would cost more than its Put.
	if _, inMemory := r.inbox.(*MemoryInbox); !inMemory {
		limited, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		ctx = limited
	}
	for _, entry := range entries {
		duplicate, err := r.inbox.Put(ctx, entry)
		switch {
		case errors.Is(err, ErrFull):
			return RefusedFull
		case err != nil:
			r.logger.WarnContext(ctx, "stream: the inbox failed", "id", entry.ID, "error", err)
			return RefusedInbox
		case duplicate:
			r.count(ctx, &r.duplicates, ResultDuplicate)
		default:
			r.count(ctx, &r.accepted, ResultAccepted)
		}
	}
	return ""
}

// retryAfter returns a wait as the value of a Retry-After header.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(max(time.Second, wait.Round(time.Second)) / time.Second))
}
