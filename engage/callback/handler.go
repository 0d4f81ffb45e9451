package callback

import (
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
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/safeurl"
)

const (
	// maxID bounds the id in a URL before it is hashed. Our own ids are shorter.
	maxID = 64
	// tableTimeout limits a call of the table whose own caller may have left.
	tableTimeout = 2 * time.Second
)

// Handler is an [http.Handler] that receives callbacks. Make one with [New]. It
// is safe for concurrent use and serves any number of clients.
//
// Every write has a URL of its own below the public one. Its last segment cannot
// be guessed, so what is posted there comes from the tenant that received the
// URL. It belongs to that write, even if the reply that acknowledged the write
// was lost.
//
// A Handler answers
//
//   - 200 to a callback, also if it comes before the acknowledgement, repeatedly,
//     or when nobody waits for it any more;
//   - 400 to a body that is not a report of a write, and 413 to one that is too
//     large;
//   - 404 to a URL that is not one of its own, before it reads the body;
//   - 405 to a method other than POST;
//   - 503 if the table of pending writes fails, or has no room for more reports
//     of that write.
//
// It is not documented whether the service repeats a callback that was not
// answered 200. The [http.Server] limits the time in which a body must arrive.
type Handler struct {
	public  string
	secret  auth.Secret
	pending Pending
	decode  func([]byte) (Report, error)
	limit   int64
	timeout time.Duration
	logger  *slog.Logger
}

// New returns a Handler that the service reaches at publicURL: a scheme, a host
// and perhaps a path, without a query. The URL must be https, unless its host is
// the loopback. The error names everything that is invalid and repeats neither
// the URL nor a secret.
func New(publicURL string, options ...Option) (*Handler, error) {
	h := &Handler{
		secret:  auth.NewSecret(rand.Text()),
		pending: NewPending(),
		decode:  DecodeReport,
		limit:   defaultLimit,
		timeout: defaultTimeout,
		logger:  slog.New(slog.DiscardHandler),
	}
	var problems []error
	public, problem := safeurl.ParseBase(publicURL)
	if problem != "" {
		problems = append(problems, errors.New("callback: the public URL "+problem))
	} else {
		h.public = public.String()
	}
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("callback: an option is nil"))
			continue
		}
		problems = append(problems, option(h))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return h, nil
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, ok := h.verify(r.URL.Path)
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		w.WriteHeader(h.receive(w, r, id))
	}
}

// receive delivers a callback to the write id and returns the status to answer.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, id string) int {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.limit))
	if err != nil {
		status := http.StatusBadRequest
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		return h.refuse(r, status)
	}
	report, err := h.decode(body)
	if err != nil {
		return h.refuse(r, http.StatusBadRequest)
	}
	ctx, cancel := detached(r.Context()) // The sender may have hung up.
	defer cancel()
	awaited, err := h.pending.Deliver(ctx, id, report)
	switch {
	case err != nil:
		h.warn(ctx, "callback: the table of pending writes did not take a report", report)
		return http.StatusServiceUnavailable
	case !awaited:
		h.warn(ctx, "callback: nobody waits for this report", report)
	}
	return http.StatusOK
}

// refuse logs that a callback to a URL of this Handler is answered with status.
func (h *Handler) refuse(r *http.Request, status int) int {
	h.logger.WarnContext(r.Context(), "callback: a callback cannot be read", slog.Int("status", status))
	return status
}

// warn logs a report, without its description.
func (h *Handler) warn(ctx context.Context, message string, report Report) {
	const short = "%.64s"
	h.logger.WarnContext(ctx, message,
		slog.String("tid", fmt.Sprintf(short, report.TransactionID)),
		slog.String("status", fmt.Sprintf(short, report.Status)),
		slog.String("code", fmt.Sprintf(short, report.Code)))
}

// url returns the callback URL of the write id.
func (h *Handler) url(id string) string { return h.public + "/" + id + "." + h.sign(id) }

// sign returns the signature of id, which only a handler with this secret can make.
func (h *Handler) sign(id string) string {
	mac := hmac.New(sha256.New, []byte(h.secret.Reveal()))
	mac.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// verify returns the id in the last segment of a callback URL's path, and whether
// its signature is right.
func (h *Handler) verify(urlPath string) (id string, ok bool) {
	id, signature, _ := strings.Cut(path.Base(urlPath), ".")
	if len(id) > maxID {
		return "", false
	}
	return id, hmac.Equal([]byte(signature), []byte(h.sign(id)))
}

// detached returns a context for a call of the table that must be made even if ctx
// has ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), tableTimeout)
}
