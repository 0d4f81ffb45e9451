package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// Refreshing is the configuration of a source that lives from a refresh token,
// as those of a person who signed in and of a Service App do. Open returns the
// source.
//
// The refresh token and the current access token are kept in a [Store], under
// a name. All sources of that name, in however many processes share the store,
// make do with one refresh: whoever holds the lock refreshes and saves, and the
// others adopt what they find.
type Refreshing struct {
	// Integration is the client the tokens belong to.
	Integration Integration
	// Name is the name of the authorization and of its record. Required.
	Name string
	// Store keeps the record; nil means the memory of this source. A nil pointer
	// to a store is no store: Token and Authorize report a [*StoreError].
	Store Store
	// Seed is what to start from while the store has no record: the pair of a
	// Service App, say, from a secret manager. Its RefreshToken is enough. A
	// seed whose refresh token the record has never been started from replaces
	// the record, so that a new pair takes effect, and a process that still has
	// the old pair goes on from the new one.
	Seed Grant
	// Logger receives a warning when a new token could not be saved, and
	// notices of the end ahead. Nil means that they are dropped.
	Logger *slog.Logger
	// OnDue is called with the name and the time at which the refresh token expires,
	// once each by the first renewal within 14 days, 3 days and 1 day of it; one that
	// is the first within several makes one call. A refresh token that expires at
	// another time, by an hour or more, is told of anew. OnDue may be nil. The call
	// is made from the goroutine of the renewal once the new token has been given
	// out: nobody waits for it but the next such call, and it may ask the source for
	// a token.
	OnDue func(name string, deadline time.Time)
}

// Open returns a cached source. The error is an [*outcome.Error] that names
// every fault of the configuration; nothing is sent.
//
// Errors of the source's Token are those of [Integration.Refresh], with the
// authorization's name, a [*ReauthorizationRequiredError] when the record does
// not fit the configuration or is damaged, and a [*StoreError] when it cannot be
// read or locked. When a new token was obtained but could not be saved, it is
// used all the same and saving it is tried again, at growing intervals, for as
// long as the source is used; until that succeeds, another process that shares
// the store goes on from the old record, and so may send a refresh token that the
// service has taken back. A refresh that has begun is carried to its end, for up
// to 30 seconds, even if nobody waits for its token any more: the service may
// have taken back the old one. A refresh token that may have arrived, but got no
// reply, is sent again by the next renewal at the earliest.
//
// A source that starts with a stored token that is still valid gives that one,
// and if the store is a [RecordReader], it does not wait for the record's lock.
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
	var faults outcome.Violations
	if r.Name == "" {
		faults.Add("Name", "is empty")
	}
	faults.Within("Integration", r.Integration.faults())
	return faults.Err("", "")
}

// Authorize saves grant as the authorization's new start, whatever the text of
// the record was before, damaged or not. Sources that are open go on from it at
// their next renewal; one that has reported [ErrReauthorizationRequired] asks
// again after 5 minutes at most.
//
// The error is an [*outcome.Error] that names every fault of the configuration, a
// [*ReauthorizationRequiredError] if the grant holds no refresh token, or that of
// the store, a [*StoreError] with the stores of this package: above all if there
// is no store, ctx ends before the record's lock is free, or a [FileStore]
// refuses the file there is.
func (r Refreshing) Authorize(ctx context.Context, grant Grant) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if grant.RefreshToken.IsZero() {
		return &ReauthorizationRequiredError{Authorization: r.Name, Reason: NoToken}
	}
	return update(ctx, r.Store, r.Name, func(stored Secret) (Secret, error) {
		// A record that cannot be read is replaced: that is what a person who
		// has just signed in expects.
		old, _ := decodeRecord(r.Name, stored)
		return r.start(grant, old).encode()
	})
}

func (r Refreshing) open(lasting *lasting) *refreshSource {
	if r.Store == nil {
		r.Store = new(MemoryStore)
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	return &refreshSource{Refreshing: r, now: time.Now, lasting: lasting, busy: make(chan struct{}, 1), telling: make(chan struct{}, 1)}
}

// start returns the record that begins with grant, after old.
func (r Refreshing) start(grant Grant, old record) record {
	seeds := old.Seeds
	if seed := r.seed(); seed != "" && !slices.Contains(seeds, seed) {
		seeds = append(seeds, seed)
	}
	return record{
		AccessToken:   grant.Token.Reveal(),
		RefreshToken:  grant.RefreshToken.Reveal(),
		IssuedAt:      time.Now(),
		Expiry:        grant.Token.Expiry(),
		RefreshExpiry: grant.RefreshExpiry,
		Scopes:        grant.Token.Scopes(),
		Asked:         r.Integration.Scopes,
		Client:        r.client(),
		Seeds:         seeds,
	}
}

// client is the fingerprint of what a refresh token belongs to.
func (r Refreshing) client() string {
	i := r.Integration
	return fingerprint(i.ClientSecret, i.ClientID, cmp.Or(i.TokenURL, WebexTokenURL))
}

// seed is the fingerprint of the configured seed; empty if there is none.
func (r Refreshing) seed() string {
	if r.Seed.RefreshToken.IsZero() {
		return ""
	}
	return fingerprint(r.Seed.RefreshToken)
}

// refreshSource is the source of a [Refreshing], without its cache.
type refreshSource struct {
	Refreshing
	now func() time.Time // the cache's clock

	// lasting holds the record that the store did not take, if any, and the last
	// notice of the end.
	*lasting
	// refused is the token last refused.
	refused atomic.Pointer[Token]

	// busy holds one element while Token is at work: a lock that can be waited
	// for with a context. It guards what follows.
	busy  chan struct{}
	given Token // the token last given: to be asked again means that it will not do

	// due is the end that OnDue is yet to be told of, if any, and telling holds a
	// value while it is told.
	due     atomic.Pointer[time.Time]
	telling chan struct{}
}

// Invalidate implements [Invalidator].
func (s *refreshSource) Invalidate(refused Token) { s.refused.Store(&refused) }

// Token implements [TokenSource].
func (s *refreshSource) Token(ctx context.Context) (Token, error) {
	waited := false
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
	var failure error // of a refresh that has brought a refresh token all the same
	err := update(ctx, s.Store, s.Name, func(stored Secret) (Secret, error) {
		latest, err := s.latest(stored)
		if err != nil {
			return Secret{}, err
		}
		if !s.adoptable(latest, waited) {
			if latest, failure = s.refresh(ctx, latest); latest.RefreshToken == "" {
				return Secret{}, failure
			}
		}
		current = &latest
		s.unsaved.put(current, stored)
		return latest.encode()
	})
	if current == nil {
		return Token{}, s.named(cmp.Or(err, errNoToken))
	}
	token := s.give(*current)
	if err != nil {
		s.Logger.Warn("auth: a new token is not saved yet", slog.String("authorization", s.Name), slog.Any("error", err))
		token = token.provisional()
	} else {
		s.unsaved.saved(current)
	}
	return token, s.named(failure)
}

// stored returns the record in the store if its access token will do. It does not
// wait for the lock, which another process holds for as long as its refresh takes.
func (s *refreshSource) stored(ctx context.Context, waited bool) (record, bool) {
	reader, ok := s.Store.(RecordReader)
	if !ok || nothing.In(s.Store) || s.unsaved.some() {
		return record{}, false
	}
	stored, err := reader.Read(ctx, s.Name)
	if err != nil {
		return record{}, false
	}
	latest, err := s.latest(stored)
	if err != nil || !s.adoptable(latest, waited) {
		return record{}, false
	}
	text, err := latest.encode()
	return latest, err == nil && text.Equal(stored) // else it is a seed, and to be saved
}

// give returns the access token of current as the one that is given next.
func (s *refreshSource) give(current record) Token {
	s.notice(current.RefreshExpiry)
	s.given = current.token()
	return s.given
}

// latest returns the record to go on from.
func (s *refreshSource) latest(stored Secret) (record, error) {
	latest, newer := s.unsaved.over(stored)
	switch {
	case newer:
	case stored.IsZero() && s.Seed.RefreshToken.IsZero():
		return record{}, &ReauthorizationRequiredError{Reason: NoToken}
	case stored.IsZero():
		return s.start(s.Seed, record{}), nil
	default:
		var err error
		if latest, err = decodeRecord(s.Name, stored); err != nil {
			return record{}, err
		}
	}
	switch {
	case s.seed() != "" && !slices.Contains(latest.Seeds, s.seed()):
		return s.start(s.Seed, latest), nil
	case s.client() != latest.Client:
		return record{}, &ReauthorizationRequiredError{Reason: CredentialsChanged}
	case !latest.covers(s.Integration.Scopes):
		return record{}, &ReauthorizationRequiredError{Reason: ScopeChanged}
	}
	return latest, nil
}

// adoptable reports whether the record's access token can be given as it is:
// because another process has refreshed, because another caller did while this
// one waited, or because it has yet to be saved.
func (s *refreshSource) adoptable(latest record, waited bool) bool {
	token := latest.token()
	if refused := s.refused.Load(); refused != nil && refused.Equal(token) {
		return false
	}
	fresh := waited || s.unsaved.some() || !s.given.Equal(token)
	return fresh && latest.lasts(s.now())
}

// refresh returns the record that follows upon latest. There is one even beside an
// error if the reply held a refresh token, but no access token of any use.
func (s *refreshSource) refresh(ctx context.Context, latest record) (record, error) {
	if !latest.RefreshExpiry.IsZero() && reached(s.now(), latest.RefreshExpiry) {
		return record{}, &ReauthorizationRequiredError{Reason: RefreshExpired, Deadline: latest.RefreshExpiry}
	}
	if err := ctx.Err(); err != nil {
		return record{}, err
	}
	// The service may have rotated the token by the time that ctx ends, which
	// the wait for the lock has brought nearer. So the exchange has its own time.
	grant, err := s.Integration.Refresh(context.WithoutCancel(ctx), NewSecret(latest.RefreshToken))
	if grant.RefreshToken.IsZero() {
		return record{}, err
	}
	next := s.start(grant, latest)
	next.Asked = latest.Asked
	if next.RefreshExpiry.IsZero() && next.RefreshToken == latest.RefreshToken {
		next.RefreshExpiry = latest.RefreshExpiry
	}
	if len(next.Scopes) == 0 {
		next.Scopes = latest.Scopes
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

// notices are the times before the end at which to tell of it.
var notices = []time.Duration{14 * day, 3 * day, day}

const day = 24 * time.Hour

// notice tells of the end of the refresh token if it has come near.
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

// follow implements follower: it tells OnDue of the end that has come near.
func (s *refreshSource) follow() {
	if s.due.Load() == nil {
		return
	}
	s.telling <- struct{}{}
	defer func() { <-s.telling }()
	deadline := s.due.Swap(nil)
	if deadline == nil {
		return
	}
	_, err := contain(func() (Token, error) {
		s.OnDue(s.Name, *deadline)
		return Token{}, nil
	})
	if err != nil {
		s.Logger.Error("auth: OnDue panicked", slog.String("authorization", s.Name))
	}
}
