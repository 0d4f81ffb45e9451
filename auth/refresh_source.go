package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/sent"
)

// refreshSource is the source of a [Refreshing], without its cache.
type refreshSource struct {
	Refreshing
	now    func() time.Time // the cache's clock
	sender *sent.Client

	// lasting holds the record that the store did not save, if any, and the last
	// notice.
	*lasting
	// refused is the token that was refused last.
	refused atomic.Pointer[Token]

	// busy holds one element during a call of Token: a lock that can be waited for
	// with a context. It guards the fields below.
	busy  chan struct{}
	given Token  // the token that was returned last
	spent Secret // the refresh token of the seed, once the service refused it

	// due is the expiry to call OnDue with; nil if there is none. Calling holds one
	// element during the call.
	due     atomic.Pointer[time.Time]
	calling chan struct{}
}

// Invalidate implements [Invalidator].
func (s *refreshSource) Invalidate(refused Token) { s.refused.Store(&refused) }

// Token implements [TokenSource].
func (s *refreshSource) Token(ctx context.Context) (Token, error) {
	waited := false // for another call, which may have refreshed
	select {
	case s.busy <- struct{}{}:
	default:
		waited = true
		select {
		case s.busy <- struct{}{}:
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
	}
	defer func() { <-s.busy }()
	if stored, ok := s.stored(ctx, waited); ok {
		return s.give(stored), nil
	}
	var current *record
	var failure error // of a reply with a refresh token but no usable access token
	err := s.Store.Update(ctx, s.Name, func(stored Secret) (Secret, error) {
		next, err := s.next(ctx, stored, waited)
		if next.RefreshToken == "" {
			return Secret{}, err
		}
		current, failure = &next, err
		s.unsaved.set(current, stored)
		return next.encode()
	})
	if current == nil {
		return Token{}, s.named(cmp.Or(err, errNoToken))
	}
	token := s.give(*current)
	if err != nil {
		s.Logger.Warn("auth: a new token is not saved yet", slog.String("authorization", s.Name), slog.Any("error", err))
		token = token.asUnsaved()
	} else {
		s.unsaved.saved(current)
	}
	return token, s.named(failure)
}

// stored returns the record in the store if its access token can be used. It does not
// wait for the lock, which another process holds during its refresh.
func (s *refreshSource) stored(ctx context.Context, waited bool) (record, bool) {
	if s.unsaved.exists() {
		return record{}, false
	}
	stored, err := s.Store.Read(ctx, s.Name)
	if err != nil || stored.IsZero() {
		return record{}, false
	}
	current, err := s.usable(stored)
	return current, err == nil && s.adoptable(current, waited)
}

// next returns the record that follows stored, which is locked: a newer one that
// another process saved, or the result of a refresh. It may return a record with an
// error, see [Integration.Refresh].
func (s *refreshSource) next(ctx context.Context, stored Secret, waited bool) (record, error) {
	current, err := s.latest(stored)
	if err != nil {
		return record{}, err
	}
	if s.adoptable(current, waited) {
		return current, nil
	}
	next, err := s.refresh(ctx, current)
	if next.RefreshToken != "" || !s.seedHelps(current, err) {
		return next, err
	}
	seed := fromSeed(s.Seed, s.Integration)
	if s.adoptable(seed, waited) {
		return seed, nil
	}
	next, seedErr := s.refresh(ctx, seed)
	if next.RefreshToken == "" && errors.Is(seedErr, ErrReauthorizationRequired) {
		s.spent = s.Seed.RefreshToken
		return record{}, err
	}
	return next, seedErr
}

// seedHelps reports whether the seed is to be used after the refresh of current has
// failed with err.
func (s *refreshSource) seedHelps(current record, err error) bool {
	required, refused := errors.AsType[*ReauthorizationRequiredError](err)
	return refused && required.Reason != CredentialsChanged && s.hasSeedAfter(current)
}

// hasSeedAfter reports whether there is a seed that current did not begin with, and that
// the service has not refused.
func (s *refreshSource) hasSeedAfter(current record) bool {
	seed := s.Seed.RefreshToken
	return !seed.IsZero() && !seed.Equal(s.spent) && fingerprint(seed) != current.Seed
}

// give returns the access token of current.
func (s *refreshSource) give(current record) Token {
	s.notice(current.RefreshExpiry)
	s.given = current.token()
	return s.given
}

// latest returns the record to go on from: the one that the store did not save, the
// stored one, or the seed.
func (s *refreshSource) latest(stored Secret) (record, error) {
	if unsaved, ok := s.unsaved.over(stored); ok {
		if reason := unsaved.mismatch(s.Integration); reason != "" {
			return record{}, &ReauthorizationRequiredError{Reason: reason}
		}
		return unsaved, nil
	}
	current, err := s.usable(stored)
	required, ok := errors.AsType[*ReauthorizationRequiredError](err)
	if ok && required.Reason != RecordDamaged && s.hasSeedAfter(current) {
		return fromSeed(s.Seed, s.Integration), nil
	}
	return current, err
}

// usable returns the stored record, with an error unless it belongs to this client and
// its scopes.
func (s *refreshSource) usable(stored Secret) (record, error) {
	if stored.IsZero() {
		return record{}, &ReauthorizationRequiredError{Reason: NoToken}
	}
	current, err := decodeRecord(s.Name, stored)
	if err != nil {
		return record{}, err
	}
	if reason := current.mismatch(s.Integration); reason != "" {
		return current, &ReauthorizationRequiredError{Reason: reason}
	}
	return current, nil
}

// adoptable reports whether the record's access token can be returned without a
// refresh: because another process or another caller has refreshed, or because it has
// yet to be saved.
func (s *refreshSource) adoptable(current record, waited bool) bool {
	token := current.token()
	if refused := s.refused.Load(); refused != nil && refused.Equal(token) {
		return false
	}
	fresh := waited || s.unsaved.exists() || !s.given.Equal(token)
	return fresh && current.lasts(s.now())
}

// refresh returns the record that follows current, see [Integration.Refresh].
func (s *refreshSource) refresh(ctx context.Context, current record) (record, error) {
	if !current.RefreshExpiry.IsZero() && reached(s.now(), current.RefreshExpiry) {
		return record{}, &ReauthorizationRequiredError{Reason: RefreshExpired, Deadline: current.RefreshExpiry}
	}
	if err := ctx.Err(); err != nil {
		return record{}, err
	}
	// The service may have replaced the refresh token by the time that ctx ends, which
	// the wait for the lock has brought nearer. So the exchange has a limit of its own.
	grant, err := s.Integration.refresh(context.WithoutCancel(ctx), s.sender, NewSecret(current.RefreshToken))
	if grant.RefreshToken.IsZero() {
		return record{}, err
	}
	next := newRecord(grant, s.Integration)
	next.Asked, next.Seed = current.Asked, current.Seed
	if next.RefreshExpiry.IsZero() && next.RefreshToken == current.RefreshToken {
		next.RefreshExpiry = current.RefreshExpiry
	}
	if len(next.Scopes) == 0 {
		next.Scopes = current.Scopes
	}
	return next, err
}

// named adds the authorization's name to an error that has room for one.
func (s *refreshSource) named(err error) error {
	required, ok := errors.AsType[*ReauthorizationRequiredError](err)
	if !ok {
		return err
	}
	named := *required
	named.Authorization = s.Name
	return &named
}

// notices are the times before the expiry of a refresh token at which to give notice.
var notices = [...]time.Duration{14 * day, 3 * day, day}

const day = 24 * time.Hour

// notice gives notice that the refresh token expires, if that is soon.
func (s *refreshSource) notice(deadline time.Time) {
	if deadline.IsZero() {
		return
	}
	left := deadline.Sub(s.now())
	due := time.Duration(0)
	for _, ahead := range notices {
		if left <= ahead {
			due = ahead
		}
	}
	if !s.noticed.first(due, deadline) || due == 0 {
		return
	}
	s.Logger.Warn("auth: re-authorization is due", slog.String("authorization", s.Name), slog.Time("deadline", deadline))
	if s.OnDue != nil {
		s.due.Store(&deadline)
	}
}

// follow implements follower: it calls OnDue if notice has to be given.
func (s *refreshSource) follow() {
	if s.due.Load() == nil {
		return
	}
	s.calling <- struct{}{}
	defer func() { <-s.calling }()
	deadline := s.due.Swap(nil)
	if deadline == nil {
		return
	}
	defer func() {
		if recover() != nil {
			s.Logger.Error("auth: OnDue panicked", slog.String("authorization", s.Name))
		}
	}()
	s.OnDue(s.Name, *deadline)
}
