package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/engagesdk/engage-go/outcome"
)

// NamedSource is one user's use of a named authorization: a source of its
// tokens. [Registry.Use] makes it. It is safe for concurrent use.
type NamedSource struct {
	registry *Registry
	name     string
	user     string
	// problem is why the name cannot be used.
	problem  error
	released atomic.Bool
	// found is the entry that the name stood for last; nil before it is asked for.
	found atomic.Pointer[entry]
}

// Use returns a source of the tokens of an authorization, or, for the empty
// name, of the one that is the default now. A client takes it like any other:
//
//	support := registry.Use("support", "inbound worker")
//	client, err := engage.New(engage.US, support)
//
// Until [NamedSource.Release] is called, the authorization counts as used by
// user, a name of the caller's choice, and cannot be removed. The source
// follows later calls of Update and Authorize.
//
// An unknown name and an empty user are reported by the source's Bind, and so
// by engage.New, and by its Token.
func (r *Registry) Use(name, user string) *NamedSource {
	s := &NamedSource{registry: r, name: name, user: user}
	if user == "" {
		var faults outcome.Violations
		faults.Add("User", "is empty")
		s.problem = faults.Err("", "")
		return s
	}
	if s.name, s.problem = r.Resolve(name); s.problem == nil {
		s.problem = r.count(s.name, user, 1)
	}
	return s
}

// Release ends the use. Call it once the client is no longer needed, or could
// not be made. The source gives tokens until the authorization is removed, but
// no further client can be made with it. Further calls do nothing.
func (s *NamedSource) Release() {
	if s.usable() == nil && !s.released.Swap(true) {
		_ = s.registry.count(s.name, s.user, -1)
	}
}

// Token implements [TokenSource]. The errors are those of the authorization's
// mechanism, and one that matches [ErrUnknownAuthorization].
func (s *NamedSource) Token(ctx context.Context) (Token, error) {
	e, err := s.entry()
	if err != nil {
		return Token{}, err
	}
	token, err := e.cache.Token(ctx)
	return token, s.registry.settle(s.name, e, err)
}

// Invalidate implements [Invalidator]. It holds for all users.
func (s *NamedSource) Invalidate(refused Token) {
	if e, err := s.entry(); err == nil {
		e.cache.Invalidate(refused)
	}
}

// entry returns what the name stands for now. It takes the registry's lock only
// if that has changed.
func (s *NamedSource) entry() (*entry, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if e := s.found.Load(); e != nil && e.current.Load() {
		return e, nil
	}
	e, err := s.registry.find(s.name)
	if err == nil {
		s.found.Store(e)
	}
	return e, err
}

// Bind implements [Binder], to report what is wrong with the use before the
// first call.
func (s *NamedSource) Bind(*url.URL, http.RoundTripper) (TokenSource, error) {
	switch err := s.usable(); {
	case err != nil:
		return nil, err
	case s.released.Load():
		return nil, fmt.Errorf("auth: the use of %q has been released", s.name)
	}
	return s, nil
}

// usable returns what is wrong with the use.
func (s *NamedSource) usable() error {
	switch {
	case s == nil:
		return unknown("")
	case s.problem == nil && s.registry == nil:
		return unknown("")
	}
	return s.problem
}

// count notes that user uses name once more, or once less.
func (r *Registry) count(name, user string, change int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[name]
	if e == nil {
		return unknown(name)
	}
	if e.users == nil {
		e.users = make(map[string]int)
	}
	if e.users[user] += change; e.users[user] == 0 {
		delete(e.users, user)
	}
	return nil
}
