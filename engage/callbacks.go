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
	"github.com/engagesdk/engage-go/internal/engine"
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
// left. It is answered 200 in all these cases. 400 and 413 refuse a body that
// does not tell of a write or is too large, 405 another method than POST, and 503
// says that the table of pending writes failed. The time in which a body must
// arrive is set by the http.Server.
//
// A Callbacks is immutable, safe for concurrent use, and can serve any number of
// clients.
type Callbacks struct {
	public  string
	key     auth.Secret
	pending Pending
	forward http.Handler
	decode  func([]byte) (Report, error)
	limit   int64
	logger  *slog.Logger
}

// CallbackOption sets up a [Callbacks]. An option that cannot be obeyed makes
// [NewCallbacks] return an error.
type CallbackOption func(*Callbacks) error

// WithPending keeps the pending writes in a table of your own, such as one that
// several processes share. The default is [NewPending].
func WithPending(table Pending) CallbackOption {
	return func(c *Callbacks) error {
		if isNil(table) {
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
// again: who does not await it either answers 404, so that next can try another
// process.
func WithForwarding(next http.Handler) CallbackOption {
	return func(c *Callbacks) error {
		if isNil(next) {
			return errors.New("engage: WithForwarding: the handler is nil")
		}
		c.forward = next
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
// not as they are assumed to be. It must not keep the body. The default is
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

// WithCallbackLogger has genuine callbacks that nobody awaits, and failures of
// the table, logged as warnings: transaction id, status and code, and never the
// URL or the description. The default is not to log.
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
	public, err := Endpoint(publicURL).BaseURL()
	if err != nil || !strings.Contains(publicURL, "://") {
		err = fmt.Errorf("engage: the public URL of callbacks is not an https URL without user information, query and fragment")
	} else {
		c.public = public.String()
	}
	problems := []error{err}
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
			return fmt.Errorf("engage: WithCallbacks: the callbacks are not those of NewCallbacks")
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
		Err: engine.Hide("the table of pending writes failed", err),
	}
	if ctx.Err() != nil {
		failure.Edge, failure.Err = outcome.OnTimeout, engine.Cause(ctx, err)
	}
	return nil, failure
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
		w.WriteHeader(status)
		return
	}
	report, err := c.decode(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch awaits, err := c.pending.Deliver(r.Context(), id, report); {
	case err != nil:
		c.logger.WarnContext(r.Context(), "engage: the table of pending writes failed", report.attrs()...)
		w.WriteHeader(http.StatusServiceUnavailable)
	case awaits:
		w.WriteHeader(http.StatusOK)
	default:
		c.unclaimed(w, r, body, report)
	}
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

// unclaimed answers a genuine callback that nobody here awaits: its caller has
// left or is in another process.
func (c *Callbacks) unclaimed(w http.ResponseWriter, r *http.Request, body []byte, report Report) {
	switch {
	case r.Header.Get(forwarded) != "":
		w.WriteHeader(http.StatusNotFound)
	case c.forward != nil:
		passed := r.Clone(r.Context())
		passed.Header.Set(forwarded, "1")
		passed.Body = io.NopCloser(bytes.NewReader(body))
		passed.ContentLength = int64(len(body))
		c.forward.ServeHTTP(w, passed)
	default:
		c.logger.WarnContext(r.Context(), "engage: nobody awaits this callback", report.attrs()...)
		w.WriteHeader(http.StatusOK)
	}
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
