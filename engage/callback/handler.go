package engage

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

const (
	// callbackLimit is the default of [WithCallbackLimit].
	callbackLimit = 64 << 10
	// longestID is longer than the id of any write.
	longestID = 64
)

// forwarded marks a callback that another process has passed on.
const forwarded = "Engage-Callback-Forwarded"

// Callbacks receives the outcomes of writes. Engage acknowledges a write, carries
// it out and then posts what became of it to the callback URL of the request
// (observed). Mount a Callbacks where that URL leads, and give it to a client:
//
//	callbacks, err := engage.NewCallbacks("https://flows.example.com/engage/callbacks")
//	…
//	mux.Handle("/engage/callbacks/", callbacks)
//	client, err := engage.New(engage.US, source, engage.WithCallbacks(callbacks))
//
// The client's writes then return when their outcome has arrived, on onTimeout
// when their context ends first. Give them a context with a deadline: a callback
// can get lost. A waiting caller costs memory and no goroutine but its own. See
// [WithWaitForOutcome] for returning with the acknowledgement.
//
// Every write is given a URL of its own below the public one. Its last segment
// cannot be guessed, so a callback that reaches it comes from the tenant that
// was told it, and it belongs to that write even if the reply that acknowledged
// the write was lost. It is a secret of that one write and is worth nothing after
// it. Nothing is kept of other requests: they are answered 404 before their body
// is read.
//
// A callback may come before the acknowledgement, twice, or after the caller has
// left. It is answered 200 in all these cases; see [WithForwarding] for those of
// other processes. 400 and 413 refuse a body that does not tell of a write or is
// too large, 405 another method than POST, and 503 says that the table of pending
// writes failed or has no room for more reports of that write. Whether the service
// then tells it again is not documented. The time in which a body must arrive is
// set by the http.Server.
//
// The outcome is the first success, or the failure of the try that was
// acknowledged. The failure of an earlier try, whose reply was lost, is passed
// over unless all have failed, and so is one that the reply told already. A status
// that is neither success nor failure may be that of a write still under way, so
// the wait goes on; a caller whose wait ends without another is told it on
// onInvalidChoice. What is passed over is logged, see [WithCallbackLogger].
//
// A Callbacks is safe for concurrent use and can serve any number of clients.
type Callbacks struct {
	public  string
	key     auth.Secret
	pending Pending
	forward http.Handler
	// left are the writes that were awaited here and are not any more. It is nil
	// without forward, which alone needs to tell them from those of others.
	left   *recent
	decode func([]byte) (Report, error)
	limit  int64
	logger *slog.Logger
}

// CallbackOption sets up a [Callbacks]. An option that cannot be obeyed makes
// [NewCallbacks] return an error.
type CallbackOption func(*Callbacks) error

// WithPending keeps the pending writes in a table of your own, such as one that
// several processes share. The default is [NewPending].
func WithPending(table Pending) CallbackOption {
	return func(c *Callbacks) error {
		if nothing.In(table) {
			return errors.New("engage: WithPending: the table is nil")
		}
		c.pending = table
		return nil
	}
}

// WithCallbackSecret makes the URLs of writes with secret, which must have at
// least 16 bytes. Processes that receive each other's callbacks need the same
// one. The default is a secret that this process makes up.
func WithCallbackSecret(secret auth.Secret) CallbackOption {
	return func(c *Callbacks) error {
		if len(secret.Reveal()) < 16 {
			return errors.New("engage: WithCallbackSecret: the secret has fewer than 16 bytes")
		}
		c.key = secret
		return nil
	}
}

// WithForwarding passes callbacks of writes that this process does not await to
// next, such as a reverse proxy to the other processes behind a load balancer.
// Only genuine ones are passed on, so the processes need the same
// [WithCallbackSecret]. A callback that was passed on once is not passed on
// again: who does not know its write either answers 404, so that next can try
// another process. A process knows the writes that it awaits, whose callbacks it
// takes, and the last ten thousand that it does not await any more: a callback
// of theirs that comes late, or once more, it answers 200.
func WithForwarding(next http.Handler) CallbackOption {
	return func(c *Callbacks) error {
		if nothing.In(next) {
			return errors.New("engage: WithForwarding: the handler is nil")
		}
		c.forward, c.left = next, new(recent)
		return nil
	}
}

// WithCallbackLimit sets the size in bytes above which a callback is refused.
// The default is 64 KiB.
func WithCallbackLimit(bytes int64) CallbackOption {
	return func(c *Callbacks) error {
		if bytes < 1 {
			return errors.New("engage: WithCallbackLimit: the limit is not positive")
		}
		c.limit = bytes
		return nil
	}
}

// WithReportDecoder reads callbacks with decode, for a tenant whose callbacks are
// not as they are assumed to be. Only a report whose status is [ReportSuccess] or
// [ReportFailure] tells an outcome; with an error the callback is answered 400.
// It must not keep the body and must be safe for concurrent use. The default is
// [DecodeReport].
func WithReportDecoder(decode func(body []byte) (Report, error)) CallbackOption {
	return func(c *Callbacks) error {
		if decode == nil {
			return errors.New("engage: WithReportDecoder: the decoder is nil")
		}
		c.decode = decode
		return nil
	}
}

// WithCallbackLogger has genuine callbacks logged as warnings that do not lead to
// an outcome: those that nobody awaits, that cannot be read, that tell a status
// which is not known or the failure of another try, and those that the table
// failed to take. Logged are transaction id, status and code, and never the URL
// or the description. Not logged is what [WithForwarding] passes on, and what the
// table has taken for a caller who then does not come for it, or has replaced by
// a newer report that tells as much. The default is not to log.
func WithCallbackLogger(logger *slog.Logger) CallbackOption {
	return func(c *Callbacks) error {
		if logger == nil {
			return errors.New("engage: WithCallbackLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}
}

// NewCallbacks returns a receiver of callbacks that the service reaches at
// publicURL: a scheme, a host and perhaps a path, without query. It must be
// https, unless its host is loopback. The error names every fault and repeats
// neither the URL nor a secret.
func NewCallbacks(publicURL string, options ...CallbackOption) (*Callbacks, error) {
	c := &Callbacks{
		key:     auth.NewSecret(rand.Text()),
		pending: NewPending(),
		decode:  DecodeReport,
		limit:   callbackLimit,
		logger:  slog.New(slog.DiscardHandler),
	}
	var problems []error
	if public, problem := parseBase(publicURL); problem != "" {
		problems = append(problems, errors.New("engage: the public URL of callbacks "+problem))
	} else {
		c.public = public.String()
	}
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("engage: a callback option is nil"))
			continue
		}
		problems = append(problems, option(c))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return c, nil
}

// WithCallbacks has the outcomes of writes told to callbacks, at a URL that each
// write is sent with (callbackUrl: that there is such a member was observed, its
// name is assumed).
func WithCallbacks(callbacks *Callbacks) Option {
	return func(c *Client) error {
		if callbacks == nil || callbacks.pending == nil {
			return errors.New("engage: WithCallbacks: the callbacks are not those of NewCallbacks")
		}
		c.callbacks = callbacks
		return nil
	}
}

// expect prepares for the outcome of a write that is about to be sent.
func (c *Callbacks) expect(ctx context.Context, f form, t *target) (*awaited, error) {
	w := &awaited{
		callbacks: c,
		id:        rand.Text(),
		operation: f.operation(),
		version:   f.revision(),
		target:    t,
		turn:      make(chan struct{}, 1),
	}
	err := c.pending.Expect(ctx, w.id)
	if err == nil {
		return w, nil
	}
	failure := &outcome.Error{
		Edge: outcome.OnError, Operation: w.operation, Version: w.version, Effect: outcome.NotSent,
		Err: safeerror.Hide("the table of pending writes failed", err),
	}
	if ctx.Err() != nil {
		failure.Edge, failure.Err = outcome.OnTimeout, safeerror.Cause(ctx, err)
	}
	return nil, failure
}

// forget gives up the outcome of the write id.
func (c *Callbacks) forget(id string) {
	if c.left != nil {
		c.left.add(id) // First, so that id is known at any moment.
	}
	c.pending.Forget(id)
}

// url returns the URL of the write id.
func (c *Callbacks) url(id string) string { return c.public + "/" + id + "." + c.seal(id) }

// seal returns what proves that id comes from here.
func (c *Callbacks) seal(id string) string {
	mac := hmac.New(sha256.New, []byte(c.key.Reveal()))
	mac.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// open returns the id in the last segment of a URL's path, and whether it comes
// from here or from a process with the same secret.
func (c *Callbacks) open(urlPath string) (string, bool) {
	id, seal, _ := strings.Cut(path.Base(urlPath), ".")
	if c == nil || c.key.IsZero() || len(id) > longestID {
		return "", false
	}
	return id, hmac.Equal([]byte(seal), []byte(c.seal(id)))
}

// ServeHTTP implements [http.Handler].
func (c *Callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var urlPath string
	if r.URL != nil {
		urlPath = r.URL.Path
	}
	id, genuine := c.open(urlPath)
	switch {
	case !genuine:
		w.WriteHeader(http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, status := c.read(w, r)
	if status != 0 {
		c.refuse(w, r, status)
		return
	}
	report, err := c.decode(body)
	if err != nil {
		c.refuse(w, r, http.StatusBadRequest)
		return
	}
	switch awaits, err := c.pending.Deliver(r.Context(), id, report); {
	case err == errFull:
		c.warn(r, "engage: a callback finds no room among those of its write", report)
		w.WriteHeader(http.StatusServiceUnavailable)
	case err != nil:
		c.warn(r, "engage: the table of pending writes failed", report)
		w.WriteHeader(http.StatusServiceUnavailable)
	case awaits:
		w.WriteHeader(http.StatusOK)
	default:
		c.unclaimed(w, r, id, body, report)
	}
}

// refuse answers a genuine callback that cannot be read.
func (c *Callbacks) refuse(w http.ResponseWriter, r *http.Request, status int) {
	c.logger.WarnContext(r.Context(), "engage: a callback cannot be read", slog.Int("status", status))
	w.WriteHeader(status)
}

// warn logs what became of a genuine callback.
func (c *Callbacks) warn(r *http.Request, what string, report Report) {
	c.logger.WarnContext(r.Context(), what, report.attrs()...)
}

// read returns the body, or the status that refuses it.
func (c *Callbacks) read(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	if r.Body == nil {
		return nil, http.StatusBadRequest
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, c.limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, 0
}

// unclaimed answers a genuine callback that nobody here awaits: its outcome is
// told, its caller has left, or it belongs to another process.
func (c *Callbacks) unclaimed(w http.ResponseWriter, r *http.Request, id string, body []byte, report Report) {
	isForwarded := r.Header.Get(forwarded) != ""
	hasLeft := c.left != nil && c.left.has(id)
	switch {
	case isForwarded && !hasLeft:
		w.WriteHeader(http.StatusNotFound)
	case c.forward != nil && !hasLeft:
		c.pass(w, r, body)
	default:
		c.warn(r, "engage: nobody awaits this callback", report)
		w.WriteHeader(http.StatusOK)
	}
}

// pass passes a callback on to the other processes.
func (c *Callbacks) pass(w http.ResponseWriter, r *http.Request, body []byte) {
	passed := r.Clone(r.Context())
	if passed.Header == nil {
		passed.Header = http.Header{}
	}
	passed.Header.Set(forwarded, "1")
	passed.Body = io.NopCloser(bytes.NewReader(body))
	passed.ContentLength = int64(len(body))
	c.forward.ServeHTTP(w, passed)
}

// attrs are what may be logged of a report, however long it is.
func (r Report) attrs() []any {
	const shown = "%.64s"
	return []any{
		slog.String("tid", fmt.Sprintf(shown, r.TransactionID)),
		slog.String("status", fmt.Sprintf(shown, r.Status)),
		slog.String("code", fmt.Sprintf(shown, r.Code)),
	}
}
