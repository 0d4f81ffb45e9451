package auth

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/engagesdk/engage-go/outcome"
)

// NamedSource is one user's use of a named authorization: a source of its
// tokens. Make one with [Registry.Use]. It is safe for concurrent use.
type NamedSource struct {
	registry *Registry
	name     string // empty for the default
	user     string
	released atomic.Bool
	// found is what the name stood for when it was resolved last.
	found atomic.Pointer[found]
}

// found is an entry with its name, at a version of the registry.
type found struct {
	version uint64
	name    string
	entry   *entry
}

// Use returns a source of the tokens of an authorization. The empty name stands for
// the default, also after [Registry.SetDefault] has changed it. A client takes the source
// like any other:
//
//	support := registry.Use("support", "inbound worker")
//	client, err := engage.New(engage.US, support)
//
// Until [NamedSource.Release] is called, the authorization counts as used by user, a
// name of the caller's choice, and is not removed. The source follows later calls of
// Update, Authorize and RemoveInUse.
//
// [Bind] reports an unknown name and an empty user, and so do engage.New and the
// source's Token.
func (r *Registry) Use(name, user string) *NamedSource {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users == nil {
		r.users = make(map[string]map[string]int)
	}
	if r.users[name] == nil {
		r.users[name] = make(map[string]int)
	}
	if user != "" {
		r.users[name][user]++
	}
	return &NamedSource{registry: r, name: name, user: user}
}

// Release ends the use. Call it when the client is no longer needed, or could not be
// made. The source gives tokens until the authorization is removed, but no further
// client can be made with it. Further calls do nothing.
func (s *NamedSource) Release() {
	if s.user == "" || s.released.Swap(true) {
		return
	}
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	users := s.registry.users[s.name]
	if users[s.user]--; users[s.user] == 0 {
		delete(users, s.user)
	}
}

// Token implements [TokenSource]. The errors are those of the authorization's
// mechanism, and one that matches [ErrUnknownAuthorization].
func (s *NamedSource) Token(ctx context.Context) (Token, error) {
	f, err := s.find()
	if err != nil {
		return Token{}, err
	}
	token, err := f.entry.cache.Token(ctx)
	return token, s.registry.settle(f.name, f.entry, err)
}

// Invalidate implements [Invalidator] for all users of the authorization. If the service
// refuses new tokens as well, the next call of Token changes the state to
// ReauthorizationRequired, with the reason [TokenRefused].
func (s *NamedSource) Invalidate(refused Token) {
	if f, err := s.find(); err == nil {
		f.entry.cache.Invalidate(refused)
	}
}

// Accept implements [Accepter] for all users of the authorization.
func (s *NamedSource) Accept(accepted Token) {
	if f, err := s.find(); err == nil {
		f.entry.cache.Accept(accepted)
	}
}

// find returns what the name stands for. It takes the registry's lock only if that may
// have changed.
func (s *NamedSource) find() (*found, error) {
	version := s.registry.version.Load()
	if f := s.found.Load(); f != nil && f.version == version {
		return f, nil
	}
	if s.user == "" {
		var faults outcome.Violations
		faults.Add("User", "is empty")
		return nil, faults.Err("", "")
	}
	name, err := s.registry.Resolve(s.name)
	if err != nil {
		return nil, err
	}
	e, err := s.registry.named(name)
	if err != nil {
		return nil, err
	}
	f := &found{version, name, e}
	s.found.Store(f)
	return f, nil
}

// validate returns what is wrong with the use.
func (s *NamedSource) validate() error {
	if s.released.Load() {
		return fmt.Errorf("auth: the use of %q has been released", s.name)
	}
	_, err := s.find()
	return err
}
