package engagetest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
)

// Server is an Engage in memory. It listens on a loopback address, unless it was created
// with [WithoutNetwork]. Create one with [New], or with [NewServer] and call
// [Server.Close] when done. It keeps all conversations and files, and the newest requests,
// callbacks and stream events. Its methods are safe for concurrent use.
type Server struct {
	http      *httptest.Server // Nil without a network.
	http2     *http2Server     // Nil without TLS.
	tolerant  bool             // Refusals do not fail the test.
	delay     time.Duration    // Between the acknowledgement of a write and the write.
	limit     *rateLimit       // Nil without a limit.
	clock     func() time.Time
	tokens    tokens
	faults    faults
	log       requestLog
	callbacks *callbacks
	events    events

	ctx    context.Context // Close cancels it.
	cancel context.CancelFunc

	// A transaction id is a prefix that no other server has, and a number.
	idPrefix     string
	transactions atomic.Uint64

	mu    sync.Mutex
	state state
}

// Option changes a setting of a [Server].
type Option func(*settings)

type settings struct {
	clock             func() time.Time
	clientID          string
	clientSecret      string
	tokenLifetime     time.Duration
	tls               bool
	maxStreams        int
	callbackTransport http.RoundTripper
	applyDelay        time.Duration
	limit             *rateLimit
	listener          net.Listener
	noNetwork         bool
	allowRefusals     bool
	problems          []string // What is wrong with the options.
	behavior
}

// behavior selects how the server behaves where the service's behavior is not known.
type behavior struct {
	ignoreRepeats   bool
	replaceAliasIDs bool
	trimText        bool
	conversationIDs bool
	pageSize        int
}

// WithClock sets the server's clock, by which tokens expire and conversations are
// dated. The default is time.Now. The server calls now from many goroutines.
// Delays of faults take the time of package time, whatever the clock.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if now == nil {
			s.problem("WithClock: the function is nil")
		}
		s.clock = now
	}
}

// WithCredentials sets the client id and the secret that the server accepts. By
// default it accepts fixed ones, which [Server.Credentials] returns.
func WithCredentials(clientID, clientSecret string) Option {
	return func(s *settings) { s.clientID, s.clientSecret = clientID, clientSecret }
}

// WithTokenLifetime sets how long a token is valid. The lifetime must be at least a
// second, and is rounded down to whole seconds. The default is an hour (documented).
func WithTokenLifetime(lifetime time.Duration) Option {
	return func(s *settings) { s.tokenLifetime = lifetime.Truncate(time.Second) }
}

// WithTLS makes the server use HTTPS with HTTP/2. [Server.HTTPClient] trusts its
// certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithMaxStreams limits the requests that an HTTP/2 connection carries at the same
// time. A client that has not yet received the limit may exceed it. The server refuses
// the surplus requests with REFUSED_STREAM. The number must not be negative. Zero is the
// default, which is that of net/http. The option needs [WithTLS].
func WithMaxStreams(streams int) Option {
	return func(s *settings) { s.maxStreams = streams }
}

// WithRepeatsIgnored makes the server acknowledge a message whose alias id is
// already in the conversation without appending it again. Without this option the
// server appends it again (assumed). What the service does is not known.
func WithRepeatsIgnored() Option {
	return func(s *settings) { s.ignoreRepeats = true }
}

// WithAliasIDsReplaced replaces the alias ids of messages in transcripts with ids of
// the server's own. Without this option a message keeps the alias id that it was sent
// with (assumed). [Server.Conversation] always returns the alias id as it was sent.
func WithAliasIDsReplaced() Option {
	return func(s *settings) { s.replaceAliasIDs = true }
}

// WithTextTrimmed removes the white space around texts in transcripts, as a service
// that normalizes content does. Without this option a text stays as it was sent
// (assumed). [Server.Conversation] always returns the text as it was sent.
func WithTextTrimmed() Option {
	return func(s *settings) { s.trimText = true }
}

// WithTranscriptPages limits each page of a transcript to size messages, even if the
// request allows more. Without this option a page has as many messages as the request
// allows, up to 500 (documented). The size must be positive.
func WithTranscriptPages(size int) Option {
	return func(s *settings) {
		if size < 1 {
			s.problem("WithTranscriptPages: the size is not positive")
		}
		s.pageSize = size
	}
}

// WithConversationIDs makes the replies to writes contain the conversationId. Without
// this option only callbacks report the id of a created conversation. The vendor
// documents no id among the outputs of a create.
func WithConversationIDs() Option {
	return func(s *settings) { s.conversationIDs = true }
}

// WithApplyDelay makes the server acknowledge each valid write at once and apply it in the
// background after a delay. The reply then says nothing of the state: the service reports
// the outcome by callback only. Without this option the server applies a write before it
// replies (assumed). The delay must not be negative. The ApplyDelay of a [Fault] sets the
// delay of one request.
func WithApplyDelay(delay time.Duration) Option {
	return func(s *settings) {
		if delay < 0 {
			s.problem("WithApplyDelay: the delay is negative")
		}
		s.applyDelay = delay
	}
}

// WithCallbackTransport sets the transport that posts callbacks. They may then go
// to any host. Without this option they go to loopback hosts only. With
// [HandlerTransport] the callbacks need no network.
func WithCallbackTransport(transport http.RoundTripper) Option {
	return func(s *settings) { s.callbackTransport = transport }
}

// WithListener makes the server accept connections on listener, such as one on a fixed
// port, and close it when the server is closed. The URL of the server has the address of
// the listener. Without this option the server listens on a free port of a loopback
// address.
func WithListener(listener net.Listener) Option {
	return func(s *settings) {
		if listener == nil {
			s.problem("WithListener: the listener is nil")
		}
		s.listener = listener
	}
}

// WithoutNetwork makes the server listen nowhere. Use [Server.Client], or the
// [Server.Transport] with any client. This is for tests in a testing/synctest bubble,
// where every delay takes no real time, and for tests that need no network. Create the
// server inside the bubble. Without the option the clock of a bubble stands still, and the
// first wait never ends.
//
// The option cannot be combined with [WithListener], [WithTLS] and [WithMaxStreams],
// which need connections.
func WithoutNetwork() Option {
	return func(s *settings) { s.noNetwork = true }
}

// WithRefusalsAllowed lets a test end well although the server refused requests. Without
// it, [New] fails the test then. Use it for tests of requests that the service refuses.
func WithRefusalsAllowed() Option {
	return func(s *settings) { s.allowRefusals = true }
}

// problem records that an option is invalid.
func (s *settings) problem(problem string) {
	s.problems = append(s.problems, problem)
}

// validate adds what is wrong with the options together. It returns all problems, or "".
func (s *settings) validate() string {
	if s.maxStreams < 0 {
		s.problem("WithMaxStreams: the number is negative")
	}
	if s.tokenLifetime <= 0 {
		s.problem("WithTokenLifetime: the lifetime is less than a second")
	}
	if s.noNetwork && s.listener != nil {
		s.problem("WithListener: there are no connections because of WithoutNetwork")
	}
	if s.noNetwork && s.tls {
		s.problem("WithTLS: there are no connections because of WithoutNetwork")
	}
	switch {
	case s.noNetwork && s.maxStreams != 0:
		s.problem("WithMaxStreams: there are no connections because of WithoutNetwork")
	case !s.tls && s.maxStreams != 0:
		s.problem("WithMaxStreams: there is no HTTP/2 without WithTLS")
	}
	return strings.Join(s.problems, "; ")
}

// NewServer starts and returns a new [Server]. The caller should call
// [Server.Close] when done. Like httptest.NewServer, it panics if it cannot
// listen on a loopback address. It also panics if an option is invalid.
func NewServer(options ...Option) *Server {
	s, problem := newServer(options)
	if problem != "" {
		panic("engagetest: " + problem)
	}
	return s
}

// New starts and returns a [Server] for a test, and closes it when the test ends. It
// fails the test if an option is invalid.
//
// When the test ends, New fails it if the server did not understand a request, and
// reports why: see [Request.Refusal]. A refusal because of the state of a conversation,
// an expired token or a fault is part of normal work. If the test has failed, New logs
// the newest requests; see [Server.Log].
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	s, problem := newServer(options)
	if problem != "" {
		t.Fatal("engagetest: " + problem)
	}
	t.Cleanup(func() {
		t.Helper()
		s.Close()
		if refusals := s.refusals(); refusals != "" && !s.tolerant {
			t.Error(refusals)
		}
		if t.Failed() {
			t.Log(s.Log())
		}
	})
	return s
}

// newServer starts a server. If an option is invalid, it returns what is wrong.
func newServer(options []Option) (*Server, string) {
	set := settings{
		clock:         time.Now,
		clientID:      "tenant",
		clientSecret:  "tenant-secret",
		tokenLifetime: time.Hour,
		behavior:      behavior{pageSize: maxPage},
	}
	for _, option := range options {
		option(&set)
	}
	if problem := set.validate(); problem != "" {
		return nil, problem
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		clock: set.clock,
		tokens: tokens{
			clientID:     set.clientID,
			clientSecret: set.clientSecret,
			lifetime:     set.tokenLifetime,
		},
		faults:    faults{scripted: make(map[outcome.Operation][]Fault)},
		callbacks: newCallbacks(ctx, set.callbackTransport),
		ctx:       ctx,
		cancel:    cancel,
		idPrefix:  newPrefix(),
		tolerant:  set.allowRefusals,
		delay:     set.applyDelay,
		limit:     set.limit,
		state:     newState(),
	}
	s.tokens.revoke() // Creates the first key.
	s.state.behavior = set.behavior
	if !set.noNetwork {
		s.listen(set)
	}
	return s, ""
}

// listen starts to listen, on the listener of the settings or on a loopback address.
func (s *Server) listen(set settings) {
	if set.listener == nil {
		s.http = httptest.NewUnstartedServer(s.Handler())
	} else {
		s.http = &httptest.Server{Listener: set.listener, Config: &http.Server{Handler: s.Handler()}}
	}
	s.http.Listener = listener{s.http.Listener}
	s.http.Config.ConnContext = withConnection
	if set.tls {
		s.http2 = newHTTP2Server(s.Handler(), set.maxStreams)
		s.http.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
			"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { s.http2.serve(conn) },
		}
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
}

// Close shuts the server down. It aborts requests in progress, and drops callbacks and
// writes that are still delayed. It returns when all goroutines of the server have
// ended. A second Close does nothing.
func (s *Server) Close() {
	s.cancel()
	if s.http2 != nil {
		s.http2.close()
	}
	if s.http != nil {
		s.http.CloseClientConnections()
		s.http.Close()
	}
	s.callbacks.close()
}

// URL returns the base URL of the API, for engage.Endpoint. The host of a server without
// a network does not exist.
func (s *Server) URL() string { return s.origin() + basePath }

// origin returns the scheme and the host of the server's URLs.
func (s *Server) origin() string {
	if s.http == nil {
		return memoryOrigin
	}
	return s.http.URL
}

// ClientID returns the client id that the server accepts.
func (s *Server) ClientID() string { return s.tokens.clientID }

// ClientSecret returns the secret that the server accepts.
func (s *Server) ClientSecret() string { return s.tokens.clientSecret }

// Credentials returns a token source with the credentials that the server accepts.
func (s *Server) Credentials() auth.ClientCredentials {
	return auth.ClientCredentials{
		ClientID:     s.ClientID(),
		ClientSecret: auth.NewSecret(s.ClientSecret()),
	}
}

// Client returns a client of the server that uses its [Server.Credentials]. The client
// trusts the server's certificate, and reaches a server without a network. Options apply
// after the client's own, so they can replace the transport. Client returns an error if
// engage.New refuses an option.
//
// The client retries fast: the first wait is at most a millisecond. It still waits as
// long as a Retry-After says. Package auth repeats a request for a token after waits of
// its own. To retry fast with another client, set FirstWait:
//
//	engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: time.Millisecond}))
//
// In a testing/synctest bubble no wait takes real time, so a test can also keep the
// waits of production.
//
// There are no options for fixed times and alias ids. Messages can have both; see
// message.Envelope. In a bubble the time is fixed, and cryptotest.SetGlobalRandom of
// package testing/cryptotest makes the alias ids of the client the same in each run.
func (s *Server) Client(options ...engage.Option) (*engage.Client, error) {
	own := []engage.Option{
		engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: time.Millisecond})),
	}
	switch {
	case s.http == nil:
		own = append(own, engage.WithTransport(s.Transport()))
	case s.http.TLS != nil:
		own = append(own, engage.WithTransport(s.http.Client().Transport))
	}
	return engage.New(engage.Endpoint(s.URL()), s.Credentials(), append(own, options...)...)
}

// HTTPClient returns an HTTP client that trusts the server's certificate, and that
// reaches a server without a network.
func (s *Server) HTTPClient() *http.Client {
	if s.http == nil {
		return &http.Client{Transport: s.Transport()}
	}
	return s.http.Client()
}

// IssueToken returns a valid token, for requests that a test makes by hand.
func (s *Server) IssueToken() string { return s.tokens.issue(s.now()) }

// RevokeTokens makes the server refuse every token that it has issued so far. A
// client that has just renewed a refused token may wait before it renews the next
// one, as the documentation of auth.Cache says. So use a new client after each call
// of RevokeTokens.
func (s *Server) RevokeTokens() { s.tokens.revoke() }

// Handler returns the server as a handler, for a listener of the caller's. A fault
// that breaks the connection panics with http.ErrAbortHandler, as net/http expects.
// On such a listener [ConnectionSilent] affects only the request; see also [WithListener].
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, filesPath) {
			s.serveFile(w, r)
			return
		}
		s.serve(w, r)
	})
}

// now returns the time of the server's clock, in UTC.
func (s *Server) now() time.Time { return s.clock().UTC() }

// transactionID returns a new id of 32 digits, as in the vendor's samples.
func (s *Server) transactionID() string {
	return fmt.Sprintf("%s%016x", s.idPrefix, s.transactions.Add(1))
}

func newPrefix() string {
	var prefix [8]byte
	rand.Read(prefix[:])
	return hex.EncodeToString(prefix[:])
}
