package engagetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// Server is an Engage in memory. Make one with [NewServer] and end it with
// [Server.Close]. All methods are safe for concurrent use.
type Server struct {
	http      *httptest.Server
	clock     func() time.Time
	tokens    tokens
	faults    faults
	log       requestLog
	callbacks *callbacks

	ctx    context.Context // Ends with Close.
	cancel context.CancelFunc

	// Transaction ids are a prefix that no other server has, and a number.
	idPrefix     string
	transactions atomic.Uint64

	mu    sync.Mutex
	state state
}

// NewServer starts a server on a loopback address. Like httptest.NewServer it
// panics if it cannot listen there.
func NewServer(options ...Option) *Server {
	set := settings{
		clock:         time.Now,
		clientID:      "tenant",
		clientSecret:  "tenant-secret",
		tokenLifetime: time.Hour,
	}
	for _, option := range options {
		if option != nil {
			option(&set)
		}
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
		state:     newState(),
	}
	s.tokens.revoke() // Makes the first key.
	s.state.ignoreRepeats = set.ignoreRepeats
	s.http = httptest.NewUnstartedServer(s.Handler())
	if set.tls {
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	return s
}

// Close ends the server: requests still waiting are broken off, callbacks not
// yet posted are dropped, and when it returns nothing of the server runs any
// more. Closing twice does nothing.
func (s *Server) Close() {
	s.cancel()
	s.http.CloseClientConnections()
	s.http.Close()
	s.callbacks.close()
}

// URL is the base URL of the API, for engage.Endpoint.
func (s *Server) URL() string { return s.http.URL + basePath }

// ClientID is the client id that is worth a token.
func (s *Server) ClientID() string { return s.tokens.clientID }

// ClientSecret is the secret of [Server.ClientID]. It is worth nothing anywhere
// else.
func (s *Server) ClientSecret() string { return s.tokens.clientSecret }

// RevokeTokens makes the server refuse every token issued so far. A client that
// met a refusal a moment ago may believe the next one only after a pause, see the
// Invalidate of auth.Cache: use a new client for each.
func (s *Server) RevokeTokens() { s.tokens.revoke() }

// IssueToken returns a token that the server takes, for requests made by hand.
func (s *Server) IssueToken() string { return s.tokens.issue(s.now()) }

// HTTPClient returns a client that trusts the server's certificate.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// Handler is the server without its listener, to be reached in another way.
// Faults that break off a connection panic with http.ErrAbortHandler, which
// net/http knows.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// now is the time of the server's clock, in UTC.
func (s *Server) now() time.Time { return s.clock().UTC() }

// transactionID returns an id of 32 digits, as the vendor's samples have.
func (s *Server) transactionID() string {
	return fmt.Sprintf("%s%016x", s.idPrefix, s.transactions.Add(1))
}

func newPrefix() string {
	var prefix [8]byte
	rand.Read(prefix[:])
	return hex.EncodeToString(prefix[:])
}
