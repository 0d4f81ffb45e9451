package auth

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/engagesdk/engage-go/outcome"
)

// NamedSource is a [TokenSource] with the tokens of a named authorization, for one user.
// Make one with [Registry.Use]. It is safe for concurrent use.
type NamedSource struct {
	registry *Registry
	name     string // empty for the default
	user     string
	released atomic.Bool
	// found is the result of the last find.
	found atomic.Pointer[found]
}

// found is the entry of a name, at a version of the registry.
type found struct {
	version uint64
	name    string
	entry   *entry
}

// Use returns a source with the tokens of an authorization. The empty name means the
// default at the time of each call, see [Registry.SetDefault]. A client takes the source
// like any other:
//
//	support := registry.Use("support", "inbound worker")
//	client, err := engage.New(engage.US, support)
//
// User is a name that the caller chooses. The authorization counts as in use by user, and
// Remove refuses it, until [NamedSource.Release] is called. Later calls of Update,
// Authorize and RemoveInUse change what the source returns.
//
// Use itself reports no error. For an unknown name or an empty user, [Bind], engage.New and
// the Token method of the source return one.
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

// Release ends the use, so that the authorization can be removed. Call it when the client is
// no longer needed. The source still returns tokens until the authorization is removed,
// but no new client accepts it. Further calls do nothing.
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

// Token implements [TokenSource]. Its errors are those of the mechanism of the
// authorization, and one that matches [ErrUnknownAuthorization].
func (s *NamedSource) Token(ctx context.Context) (Token, error) {
	f, err := s.find()
	if err != nil {
		return Token{}, err
	}
	token, err := f.entry.cache.Token(ctx)
	return token, s.registry.settle(f.name, f.entry, err)
}

// Invalidate implements [Invalidator], for all users of the authorization. If the service
// refuses new tokens too, the next call of Token changes the state to
// [ReauthorizationRequired], with the reason [TokenRefused].
func (s *NamedSource) Invalidate(refused Token) {
	if f, err := s.find(); err == nil {
		f.entry.cache.Invalidate(refused)
	}
}

// Accept implements [Accepter], for all users of the authorization.
func (s *NamedSource) Accept(accepted Token) {
	if f, err := s.find(); err == nil {
		f.entry.cache.Accept(accepted)
	}
}

// find returns the entry of the name. It takes the lock of the registry only if the entry
// may have changed.
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

// validate returns an error if no client should be made with the source.
func (s *NamedSource) validate() error {
	if s.released.Load() {
		return fmt.Errorf("auth: the use of %q has been released", s.name)
	}
	_, err := s.find()
	return err
}
