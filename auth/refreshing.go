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

// Refreshing configures a source that renews its access token with a refresh token. That
// belongs to a person who signed in, or to a Service App. Open returns the source.
//
// The source keeps both tokens in a record of a [Store]. All sources of the record share
// each refresh, also across processes: one of them locks the record, refreshes and saves
// the new tokens, and the others read them from the store.
type Refreshing struct {
	// Integration is the client that the tokens belong to.
	Integration Integration
	// Name is the name of the authorization and of its record. Required.
	Name string
	// Store keeps the record. Nil means the memory of the source that Open returns.
	Store Store
	// Seed is an initial grant, such as the tokens of a Service App from a secret
	// manager. Its RefreshToken is enough. An old seed never replaces tokens that work.
	// The source uses it only in these cases:
	//   - there is no record;
	//   - the record belongs to another client or other scopes;
	//   - the service refuses the refresh token of the record.
	Seed Grant
	// Logger gets a warning when a new token could not be saved, and when the refresh
	// token expires soon. Nil logs nothing.
	Logger *slog.Logger
	// OnDue, if not nil, is called before the refresh token expires, with the name and
	// the expiry. The first renewal within 14 days of the expiry calls it, and so do the
	// first within 3 days and within 1 day. An expiry that has changed by an hour or
	// more starts this over, because it belongs to another refresh token.
	//
	// OnDue is called on the goroutine of the renewal, after callers have got the new
	// token. It may ask the source for a token. A source calls OnDue again only after it
	// has returned. If OnDue panics, the source logs that.
	OnDue func(name string, deadline time.Time)
}

// Open returns the source in a cache. It sends no request. The error is an [*outcome.Error]
// that names every invalid field.
//
// The errors of the source are:
//   - those of [Integration.Refresh], with the name of the authorization;
//   - a [*ReauthorizationRequiredError] if there is no record, if it is damaged, or if it
//     belongs to another client or other scopes;
//   - a [*StoreError], or another error of the store, if the record cannot be read or
//     locked.
//
// If the store contains a valid access token, the source returns it without waiting for
// the lock of the record. A refresh in progress continues for up to 30 seconds, even if no
// caller waits for it any more: the service may have replaced the refresh token.
// Use [Cache.Run] or [Cache.Close] to wait for it before the process ends.
//
// If a new token cannot be saved, the source returns it nevertheless, and saves it later,
// in intervals that grow to a minute.
func (r Refreshing) Open(options ...CacheOption) (*Cache, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	source := r.open(new(lasting))
	cache := NewCache(source, options...)
	source.now = cache.now
	return cache, nil
}

// Validate returns nil if the fields are valid. Otherwise it returns an [*outcome.Error] on
// the edge onInvalidData that names every invalid field.
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

// Authorize saves grant in place of the record, even if that is damaged. Open sources use
// the grant from their next renewal on. A source that has returned
// [ErrReauthorizationRequired] reads the record again after a minute at most, or after
// [Cache.Retry].
//
// The errors are:
//   - an [*outcome.Error] that names every invalid field, a nil Store included;
//   - a [*ReauthorizationRequiredError] if the grant holds no refresh token;
//   - that of the store.
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
	// warning.
	*lasting
	// refused is the last token that Invalidate got.
	refused atomic.Pointer[Token]

	// busy is a lock that a wait with a context can take. It holds one element during a
	// call of Token, and guards the fields below.
	busy  chan struct{}
	given Token  // the token that was returned last
	spent Secret // the refresh token of the seed, if the service refused it

	// due is the expiry to call OnDue with; nil if no call is due. calling holds one
	// element during the call.
	due     atomic.Pointer[time.Time]
	calling chan struct{}
}

// Invalidate implements [Invalidator].
func (s *refreshSource) Invalidate(refused Token) { s.refused.Store(&refused) }

// Token implements [TokenSource].
func (s *refreshSource) Token(ctx context.Context) (Token, error) {
	waited := false // set if this call waits for another, which may refresh
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
	var failure error // set if there is a new refresh token, but no usable access token
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

// stored returns the record in the store, and whether its access token can be returned. It
// does not wait for the lock, which another process may hold during a refresh.
func (s *refreshSource) stored(ctx context.Context, waited bool) (record, bool) {
	if s.unsaved.exists() {
		return record{}, false
	}
	stored, err := s.Store.Read(ctx, s.Name)
	if err != nil {
		return record{}, false
	}
	current, err := s.usable(stored)
	return current, err == nil && s.adoptable(current, waited)
}

// next returns the record to save in place of stored: stored itself if another source has
// refreshed, else the result of a refresh. The caller holds the lock of the record. next
// may return a record and an error, see [Integration.Refresh].
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

// seedHelps reports whether to use the seed after the refresh of current failed with err.
func (s *refreshSource) seedHelps(current record, err error) bool {
	required, refused := errors.AsType[*ReauthorizationRequiredError](err)
	return refused && required.Reason != CredentialsChanged && s.hasSeedAfter(current)
}

// hasSeedAfter reports whether there is a seed that the service has not refused. A seed that
// current began with does not count.
func (s *refreshSource) hasSeedAfter(current record) bool {
	seed := s.Seed.RefreshToken
	return !seed.IsZero() && !seed.Equal(s.spent) && fingerprint(seed) != current.Seed
}

// give returns the access token of current, and gives a warning if one is due.
func (s *refreshSource) give(current record) Token {
	s.notice(current.RefreshExpiry)
	s.given = current.token()
	return s.given
}

// latest returns the record to refresh: the record that the store did not save, if there is
// one, else the stored record or the seed.
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

// usable decodes the stored record. It returns the record with an error if it belongs to
// another client or other scopes.
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

// adoptable reports whether the access token of current can be returned without a refresh.
// That is so if it is valid, and another source or caller has refreshed, or the token has
// not been saved yet.
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
	// The service may replace the refresh token at any time from now on. So the refresh
	// has a limit of its own, and not what the wait for the lock has left of ctx.
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

// named returns err with the name of the authorization, if err is a
// [*ReauthorizationRequiredError]; else err.
func (s *refreshSource) named(err error) error {
	required, ok := errors.AsType[*ReauthorizationRequiredError](err)
	if !ok {
		return err
	}
	named := *required
	named.Authorization = s.Name
	return &named
}

// notices are how long before the expiry of a refresh token the source warns.
var notices = [...]time.Duration{14 * day, 3 * day, day}

const day = 24 * time.Hour

// notice warns that the refresh token expires at deadline, if a warning is due.
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
