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

// Receiver is the [http.Handler] to which events are sent. It answers:
//
//   - 200 to a POST whose events are all in the inbox, or were before, and to
//     every HEAD, with which the vendor checks a URL when it is saved;
//   - 400 to what can never succeed, and 405 to other methods;
//   - 503 with Retry-After to what may succeed later.
//
// It never answers another status: the sender counts nothing but 200 as success
// and would repeat what must not be repeated (see [Refusal]). A body holds one
// event or an array of some; an array is stored whole or not at all, except
// that after a 503 a part of it may be stored, which makes it a copy when the
// sender repeats it.
//
// A Receiver is safe for concurrent use. Make one with [NewReceiver]: any other
// one has no inbox, and answers 503 to everything.
type Receiver struct {
	inbox          Inbox
	verifier       *Verifier
	authorizations []authorization
	// verified says that somebody decided how requests are verified.
	verified       bool
	anyContentType bool
	bodyLimit      int64
	timeout        time.Duration
	retryAfter     string
	filter         *Configuration
	logger         *slog.Logger
	slots          chan struct{}

	buffers  sync.Pool
	accepted atomic.Uint64
	copies   atomic.Uint64
	filtered atomic.Uint64
	probes   atomic.Uint64
	refused  map[Refusal]*atomic.Uint64
	matched  map[string]*atomic.Uint64
}

// maxKeptBuffer is the size above which a buffer is not used again, so that one
// large body does not keep its memory for good.
const maxKeptBuffer = 64 << 10

// NewReceiver returns a receiver that puts events into inbox. It fails without
// an inbox, on an option that is nil or cannot be obeyed, and if no option says
// how requests are verified: give it [WithSignature], one of [WithBasic],
// [WithBearer] and [WithAPIKey], or [WithoutVerification]. Several checks are
// all enforced.
func NewReceiver(inbox Inbox, options ...ReceiverOption) (*Receiver, error) {
	if nothing.In(inbox) {
		return nil, errors.New("stream: the receiver has no inbox")
	}
	r := &Receiver{
		inbox:      inbox,
		bodyLimit:  4 << 20,
		timeout:    4 * time.Second,
		retryAfter: retryAfter(time.Minute),
		logger:     slog.New(slog.DiscardHandler),
		slots:      make(chan struct{}, 256),
		buffers:    sync.Pool{New: func() any { return new(bytes.Buffer) }},
		refused:    map[Refusal]*atomic.Uint64{},
		matched:    map[string]*atomic.Uint64{},
	}
	for _, option := range options {
		if option == nil {
			return nil, errNilOption
		}
		if err := option(r); err != nil {
			return nil, err
		}
	}
	if !r.verified {
		return nil, errors.New("stream: the receiver verifies nothing: give it WithSignature, or say WithoutVerification")
	}
	for _, refusal := range Refusals() {
		r.refused[refusal] = new(atomic.Uint64)
	}
	if r.verifier != nil {
		for _, key := range r.verifier.keys {
			r.matched[key.name] = new(atomic.Uint64)
		}
	}
	return r, nil
}

// ReceiverCounts says what a [Receiver] did so far.
type ReceiverCounts struct {
	// Accepted events are in the inbox, Duplicates were there before, Filtered
	// ones were dropped as [WithFilter] says.
	Accepted, Duplicates, Filtered uint64
	// Probes are HEAD requests.
	Probes uint64
	// Refused counts requests by the reason; reasons that did not occur are
	// left out.
	Refused map[Refusal]uint64
	// Secrets counts requests by the name of the secret that signed them. All
	// names are there, so that a secret that nobody uses any more can be seen.
	Secrets map[string]uint64
}

// Counts returns what the receiver did so far.
func (r *Receiver) Counts() ReceiverCounts {
	if r == nil {
		return ReceiverCounts{}
	}
	counts := ReceiverCounts{
		Accepted:   r.accepted.Load(),
		Duplicates: r.copies.Load(),
		Filtered:   r.filtered.Load(),
		Probes:     r.probes.Load(),
		Refused:    map[Refusal]uint64{},
		Secrets:    map[string]uint64{},
	}
	for refusal, n := range r.refused {
		if n := n.Load(); n > 0 {
			counts.Refused[refusal] = n
		}
	}
	for name, n := range r.matched {
		counts.Secrets[name] = n.Load()
	}
	return counts
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r == nil || r.inbox == nil {
		w.Header().Set("Retry-After", retryAfter(time.Minute))
		http.Error(w, string(RefusedInbox), http.StatusServiceUnavailable)
		return
	}
	// Also for what is refused unread: the server reads on before it answers.
	readUntil(w, time.Now().Add(r.timeout))
	if request.Method == http.MethodHead {
		r.probes.Add(1)
		return
	}
	if refusal := r.receive(w, request); refusal != "" {
		r.refuse(w, request, refusal)
	}
}

// refuse answers a request that was not accepted.
func (r *Receiver) refuse(w http.ResponseWriter, request *http.Request, refusal Refusal) {
	r.refused[refusal].Add(1)
	status := refusal.Status()
	level := slog.LevelDebug
	switch status {
	case http.StatusServiceUnavailable:
		level = slog.LevelWarn
		w.Header().Set("Retry-After", r.retryAfter)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "HEAD, POST")
	}
	if r.logger.Enabled(request.Context(), level) {
		r.logger.Log(request.Context(), level, "stream: request refused",
			"reason", string(refusal), "status", status, "traceId", traceID(request.Header))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, string(refusal)) // nobody is left to tell
}

// receive takes a request through all checks and into the inbox. It returns the
// first reason not to.
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
	buffer := r.buffers.Get().(*bytes.Buffer)
	defer r.keep(buffer)
	if refusal := r.read(w, request, buffer); refusal != "" {
		return refusal
	}
	secret, refusal := r.verify(request.Header, buffer.Bytes())
	if refusal != "" {
		return refusal
	}
	entries, refusal := r.entries(buffer.Bytes(), secret, request.Header)
	if refusal != "" {
		return refusal
	}
	return r.store(request.Context(), entries)
}

// checkHeader looks at all that can be known before the body is read.
func (r *Receiver) checkHeader(request *http.Request) Refusal {
	switch {
	case request.Method != http.MethodPost:
		return RefusedMethod
	case !r.anyContentType && !acceptable(request.Header):
		return RefusedContentType
	case compressed(request.Header):
		return RefusedEncoding
	}
	for _, authorized := range r.authorizations {
		if !authorized(request) {
			return RefusedAuthorization
		}
	}
	if r.verifier != nil && !r.verifier.wellFormed(request.Header[SignatureHeader]) {
		return RefusedSignature
	}
	if request.ContentLength > r.bodyLimit {
		return RefusedTooLarge
	}
	return ""
}

// read reads the body, as far as the limit allows.
func (r *Receiver) read(w http.ResponseWriter, request *http.Request, into *bytes.Buffer) Refusal {
	if request.Body == nil {
		return ""
	}
	read, err := into.ReadFrom(io.LimitReader(request.Body, r.bodyLimit+1))
	_, limited := errors.AsType[*http.MaxBytesError](err)
	switch {
	case limited, read > r.bodyLimit:
		return RefusedTooLarge
	case err != nil:
		return RefusedUnread
	}
	// The server reads on while the event is stored, to see the sender leave.
	readUntil(w, time.Time{})
	return ""
}

// readUntil sets when reading the request ends; the zero time means never. Where
// deadlines are not supported there is nothing better to do.
func readUntil(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

func (r *Receiver) keep(buffer *bytes.Buffer) {
	if buffer.Cap() <= maxKeptBuffer {
		buffer.Reset()
		r.buffers.Put(buffer)
	}
}

// verify checks the signature, and counts the secret that made it.
func (r *Receiver) verify(header http.Header, body []byte) (secret string, refusal Refusal) {
	if r.verifier == nil {
		return "", ""
	}
	secret, err := r.verifier.Verify(header[SignatureHeader], body)
	if err != nil {
		return "", RefusedSignature
	}
	r.matched[secret].Add(1)
	return secret, ""
}

// entries reads the events of a body, as far as they are to be stored. The body
// is copied, because its buffer is used again, without the space around it, which
// no limit of an inbox would count.
func (r *Receiver) entries(body []byte, secret string, header http.Header) ([]Entry, Refusal) {
	headers, err := decodeHeaders(bytes.Clone(bytes.TrimSpace(body)))
	if err != nil {
		return nil, RefusedMalformed
	}
	now := time.Now()
	entries := make([]Entry, 0, len(headers))
	for _, h := range headers {
		if r.filter != nil && !r.filter.allows(h) {
			r.filtered.Add(1)
			continue
		}
		entry := h.entry()
		if entry.ID == "" {
			return nil, RefusedNoID
		}
		entry.Received = now
		entry.VerifiedBy = secret
		if entry.TraceID == "" {
			entry.TraceID = traceID(header)
		}
		entries = append(entries, entry)
	}
	return entries, ""
}

// store puts the entries into the inbox.
func (r *Receiver) store(ctx context.Context, entries []Entry) Refusal {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	for _, entry := range entries {
		duplicate, err := r.inbox.Put(ctx, entry)
		switch {
		case errors.Is(err, ErrFull):
			return RefusedFull
		case err != nil:
			r.logger.WarnContext(ctx, "stream: the inbox failed", "id", entry.ID, "error", err)
			return RefusedInbox
		case duplicate:
			r.copies.Add(1)
		default:
			r.accepted.Add(1)
		}
	}
	return ""
}

// retryAfter writes a wait as the header has it.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(max(time.Second, wait.Round(time.Second)) / time.Second))
}
