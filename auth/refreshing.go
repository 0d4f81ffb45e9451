package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
)

// Refreshing configures a source that renews its access token with the refresh token of
// a person who signed in, or of a Service App. Open returns the source.
//
// The refresh token and the current access token are kept in a [Store], under a name.
// All sources of that name share one refresh, also those of other processes with the
// same store: the one that holds the record's lock refreshes and saves, and the others
// take what they find.
type Refreshing struct {
	// Integration is the client that the tokens belong to.
	Integration Integration
	// Name is the name of the authorization and of its record. Required.
	Name string
	// Store keeps the record; nil means the memory of this source.
	Store Store
	// Seed is the grant to start from, such as the pair of a Service App from a secret
	// manager. Its RefreshToken is enough. The source uses it only if there is no record,
	// if the record belongs to another client or other scopes, or if the service refuses
	// its refresh token. So an old seed never replaces a grant that works.
	Seed Grant
	// Logger receives a warning when a new token could not be saved, and when the
	// refresh token expires soon. Nil drops them.
	Logger *slog.Logger
	// OnDue is called before the refresh token expires, with the name and the expiry. The
	// first renewals within 14 days, 3 days and 1 day of it call OnDue, each once. If the
	// expiry differs by an hour or more, it is that of another refresh token. OnDue may
	// be nil.
	//
	// The call is made on the goroutine of the renewal, after the new token has been
	// given out. Only the next such call waits for it, and it may ask the source for a
	// token. A panic is logged, because nobody could recover it.
	OnDue func(name string, deadline time.Time)
}

// Open returns a cached source. It sends nothing. The error is an [*outcome.Error] that
// names every fault of the configuration.
//
// The errors of the source's Token are:
//   - those of [Integration.Refresh], with the authorization's name;
//   - a [*ReauthorizationRequiredError] if there is no record, it is damaged, or it
//     belongs to another client or other scopes;
//   - a [*StoreError] if the record cannot be read or locked.
//
// A source that finds a valid token in the store returns that one, without waiting for
// the record's lock. A refresh that has begun goes on for up to 30 seconds, whoever
// waits for it, because the service may have replaced the refresh token. So end with
// [Cache.Run] or [Cache.Close]. If a new token cannot be saved, the source returns it
// all the same. It then saves the token later, at growing
// intervals.
func (r Refreshing) Open(options ...CacheOption) (*Cache, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	source := r.open(new(lasting))
	cache := NewCache(source, options...)
	source.now = cache.now
	return cache, nil
}

// Validate returns nil if the source can be opened; else an [*outcome.Error] on
// the edge onInvalidData that names every fault.
func (r Refreshing) Validate() error {
	faults := r.faults()
	return faults.Err("", "")
}

func (r Refreshing) faults() outcome.Violations {
	var faults outcome.Violations
	if r.Name == "" {
		faults.Add("Name", "is empty")
	}
	faults.Within("Integration", r.Integration.faults())
	return faults
}

// Authorize saves grant, whatever the record was before, damaged or not. Open sources
// use it from their next renewal on. A source that has reported
// [ErrReauthorizationRequired] looks for it after a minute at most, or after
// [Cache.Retry].
//
// The error is one of these:
//   - an [*outcome.Error] that names every fault of the configuration, such as a missing
//     Store;
//   - a [*ReauthorizationRequiredError] if the grant holds no refresh token;
//   - the error of the store.
func (r Refreshing) Authorize(ctx context.Context, grant Grant) error {
	faults := r.faults()
	if r.Store == nil {
		faults.Add("Store", "is nil, so that the grant would be lost")
	}
	if err := faults.Err("", ""); err != nil {
		return err
	}
	if grant.RefreshToken.IsZero() {
		return &ReauthorizationRequiredError{Authorization: r.Name, Reason: NoToken}
	}
	return r.Store.Update(ctx, r.Name, func(Secret) (Secret, error) {
		return newRecord(grant, r.Integration).encode()
	})
}

// open returns the source without a cache.
func (r Refreshing) open(lasting *lasting) *refreshSource {
	if r.Store == nil {
		r.Store = new(MemoryStore)
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Integration.Transport == nil {
		r.Integration.Transport = transport.Default()
	}
	return &refreshSource{
		Refreshing: r, now: time.Now, sender: sender(r.Integration.Transport), lasting: lasting,
		busy: make(chan struct{}, 1), calling: make(chan struct{}, 1),
	}
}

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

// afterRenewal implements renewalFollower. It calls OnDue if that is due.
func (s *refreshSource) afterRenewal() {
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
