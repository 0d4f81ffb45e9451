package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/engagesdk/engage-go/auth"
)

// rotatingServer is a token endpoint that accepts each refresh token once. One
// that comes a second time revokes the whole family, as RFC 9700 advises.
type rotatingServer struct {
	*httptest.Server

	// life is the lifetime of access tokens in seconds.
	life int
	// grace accepts the previous refresh token once more.
	grace bool

	mu       sync.Mutex
	number   int
	revoked  bool
	hook     func()
	requests int
	refusals int
}

func newRotatingServer(t *testing.T) *rotatingServer {
	s := &rotatingServer{life: 3600}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *rotatingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	given := r.PostFormValue("refresh_token")
	current := given == fmt.Sprintf("refresh-%d", s.number)
	previous := s.grace && given == fmt.Sprintf("refresh-%d", s.number-1)
	if s.revoked || !current && !previous {
		s.revoked = true
		s.refusals++
		s.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	s.number++
	number, hook := s.number, s.hook
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	_, _ = fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh-%d","expires_in":%d,"refresh_token_expires_in":5184000}`,
		number, number, s.life)
}

// beforeReply has hook called after each rotation and before the reply.
func (s *rotatingServer) beforeReply(hook func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// counts returns how many requests there were and how many were refused.
func (s *rotatingServer) counts() (requests, refusals int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.refusals
}

// refreshing is the configuration of a source at this server.
func (s *rotatingServer) refreshing(store auth.Store) auth.Refreshing {
	return refreshingAt(s.URL, store)
}

func refreshingAt(url string, store auth.Store) auth.Refreshing {
	return auth.Refreshing{
		Name:  "a",
		Store: store,
		Integration: auth.Integration{
			ClientID: "id", ClientSecret: auth.NewSecret(hidden), TokenURL: url,
		},
		Seed: auth.Grant{RefreshToken: auth.NewSecret("refresh-0")},
	}
}
