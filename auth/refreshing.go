package auth

import (
	"context"
	"log/slog"
	"time"

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
