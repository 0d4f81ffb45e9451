package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// State is the state of a named authorization, as the vendor's flow builder
// shows it.
type State string

// The states.
const (
	// Pending: nobody has signed in yet, or no token has been requested yet.
	Pending State = "Authorization Pending"
	// Authorized: there are tokens.
	Authorized State = "Authorized"
	// ReauthorizationRequired: there were tokens, and a person has to act. Users still
	// get the last one while it lives.
	ReauthorizationRequired State = "Re-authorization Required"
)

// ErrUnknownAuthorization matches the error for a name that the registry does not hold,
// and for the empty name if there is no default.
var ErrUnknownAuthorization = errors.New("auth: unknown authorization")

// InUseError reports that an authorization was not removed because it is in use.
type InUseError struct {
	// Name is the name of the authorization.
	Name string
	// UsedBy are the names of its users, sorted, each once.
	UsedBy []string
	// Default is set if it is the default of the registry.
	Default bool
}

// Error returns the names of the authorization and of its users.
func (e *InUseError) Error() string {
	users := slices.Clone(e.UsedBy)
	if e.Default {
		users = append(users, "all who use the default")
	}
	return fmt.Sprintf("auth: the authorization %q is in use by %s", e.Name, strings.Join(users, ", "))
}

// Mechanism is a way to obtain tokens that can have a name in a [Registry]. Only
// [Integration] and [ClientCredentials] implement it. The registry refuses a type that
// embeds one of them.
type Mechanism interface {
	// Validate returns nil, or an [*outcome.Error] that names every fault.
	Validate() error

	// open returns a source that has no token yet, and its standing.
	open(ctx context.Context, r *Registry, name string, lasting *lasting) (TokenSource, standing, error)
}

// standing is a state and, if a person has to act, why.
type standing struct {
	state  State
	reason Reason
}

// Status describes a named authorization. It holds no secret.
type Status struct {
	// Name is the authorization's name.
	Name string
	// State is whether it works. Reason is why a person has to act.
	State  State
	Reason Reason
	// Default is set if it is the one for users who name none.
	Default bool
	// UsedBy are the names of its users, sorted, each once. The users of the default
	// include those who name none.
	UsedBy []string
}

// Registry holds authorizations by name, as the vendor's flow builder does for
// its nodes: several clients and operations share one, one of them can be the
// default, and one that is in use is not removed.
//
// Add, Update, Authorize and Remove of one name run one after another. If ctx ends
// while one waits for another, its error wraps that of ctx.
//
// The zero value is an empty registry that keeps its tokens in memory. It is safe for
// concurrent use. The exported fields must not be changed, nor the registry be copied,
// after the first call of a method.
type Registry struct {
	// Store keeps the refresh tokens; nil means the registry's memory.
	Store Store
	// Logger receives warnings about tokens that are not renewed or not saved, and
	// about refresh tokens that expire soon. Nil drops them.
	Logger *slog.Logger
	// OnTransition is called after the state of an authorization has changed, on the
	// goroutine that caused the change. It may be nil.
	OnTransition func(Status)
	// OnDue is called ahead of the expiry of a refresh token, as with
	// [Refreshing]. It may be nil.
	OnDue func(name string, deadline time.Time)
	// OnRenewal is called after each renewal of a token, as with
	// [WithRenewalObserver]. It may be nil.
	OnRenewal func(name string, renewal Renewal)

	memory MemoryStore

	// changes serializes the changes of a name. Each of them calls the store first,
	// and so could undo another that runs meanwhile.
	changes locks

	// version counts the changes of what a name stands for.
	version atomic.Uint64

	mu       sync.Mutex
	entries  map[string]*entry
	users    map[string]map[string]int // by name, then by user; the empty name is the default's
	fallback string                    // the name of the default
	changed  chan struct{}             // closed when entries changes; nil if nobody waits
	replaced []*Cache                  // of former entries, while they may be at work
}

// entry is one authorization.
type entry struct {
	mechanism Mechanism
	cache     *Cache
	lasting   *lasting // of the name, whatever the mechanism
	// standing may be read at any time; it is changed under the registry's mutex.
	standing atomic.Pointer[standing]
}

// Add adds an authorization with the record that the store holds under its name. The
// state is Authorized if the record can be used, and Pending if there is none. It is
// ReauthorizationRequired if the record is damaged, or belongs to another client or other
// scopes. A ClientCredentials needs a TokenURL here, because no client sets it. The error
// is an [*outcome.Error] that names every fault, a taken name included, or that of the
// store.
func (r *Registry) Add(ctx context.Context, name string, mechanism Mechanism) error {
	return r.change(ctx, name, func() (*Status, error) {
		var faults outcome.Violations
		if name == "" || len(name) > 100 {
			faults.Add("Name", "is empty or longer than 100 bytes")
		}
		if _, err := r.named(name); name != "" && err == nil {
			faults.Add("Name", "is taken")
		}
		return r.put(ctx, name, mechanism, faults)
	})
}

// Update replaces the mechanism of an authorization. All its users go on with
// the new one. Tokens that belong to another client are not used any more, and the
// state says so, as with Add. A token that the store has not saved yet is not lost.
func (r *Registry) Update(ctx context.Context, name string, mechanism Mechanism) error {
	return r.change(ctx, name, func() (*Status, error) {
		if _, err := r.named(name); err != nil {
			return nil, err
		}
		return r.put(ctx, name, mechanism, nil)
	})
}

// Authorize gives a named [Integration] the grant of a sign-in and saves it.
// Its users go on with it at once.
func (r *Registry) Authorize(ctx context.Context, name string, grant Grant) error {
	return r.change(ctx, name, func() (*Status, error) {
		e, err := r.named(name)
		if err != nil {
			return nil, err
		}
		integration, ok := e.mechanism.(Integration)
		if !ok {
			var faults outcome.Violations
			faults.Add("Mechanism", "has no sign-in: call Authenticate")
			return nil, faults.Err("", "")
		}
		if err := r.refreshing(name, integration).Authorize(ctx, grant); err != nil {
			return nil, err
		}
		return r.put(ctx, name, integration, nil)
	})
}

// change applies one change of name at a time and then reports the status that it
// results in, if any.
func (r *Registry) change(ctx context.Context, name string, apply func() (*Status, error)) error {
	unlock, err := r.changes.lock(ctx, name)
	if err != nil {
		return fmt.Errorf("auth: the authorization %q is being changed: %w", name, err)
	}
	status, err := func() (*Status, error) {
		defer unlock()
		return apply()
	}()
	if status != nil {
		r.report(*status)
	}
	return err
}

// put makes mechanism that of name, unless there are faults. It returns the status if
// that has changed. It is called within change.
func (r *Registry) put(ctx context.Context, name string, mechanism Mechanism, faults outcome.Violations) (*Status, error) {
	mechanism = known(mechanism)
	if mechanism == nil {
		faults.Add("Mechanism", "is neither an Integration nor a ClientCredentials")
	} else if invalid, ok := errors.AsType[*outcome.Error](mechanism.Validate()); ok {
		faults = append(faults, invalid.Violations...)
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	fresh := &entry{mechanism: mechanism, lasting: new(lasting)}
	if old, err := r.named(name); err == nil {
		fresh.lasting = old.lasting
	}
	source, now, err := mechanism.open(ctx, r, name, fresh.lasting)
	if err != nil {
		return nil, err
	}
	fresh.cache = NewCache(source, r.cacheOptions(name)...)
	fresh.standing.Store(&now)
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.entries[name]
	r.set(name, fresh)
	if old != nil && *old.standing.Load() == now {
		return nil, nil
	}
	status := r.status(name, fresh)
	return &status, nil
}

// cacheOptions returns the options of the cache of one authorization.
func (r *Registry) cacheOptions(name string) []CacheOption {
	var options []CacheOption
	if r.Logger != nil {
		options = append(options, WithLogger(r.Logger.With(slog.String("authorization", name))))
	}
	if r.OnRenewal != nil {
		options = append(options, WithRenewalObserver(func(renewal Renewal) { r.OnRenewal(name, renewal) }))
	}
	return options
}

// Authenticate requests a token and so finds out whether the authorization works. It
// does not wait for the pause after an earlier failure. The state shows the result. It
// also shows that a renewal was refused while the token still lives, which is no error
// here.
func (r *Registry) Authenticate(ctx context.Context, name string) error {
	e, err := r.named(name)
	if err != nil {
		return err
	}
	e.cache.Retry()
	_, err = e.cache.Token(ctx)
	return r.settle(name, e, err)
}

// Get describes an authorization.
func (r *Registry) Get(name string) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[name]
	if e == nil {
		return Status{}, unknown(name)
	}
	return r.status(name, e), nil
}

// List describes all authorizations, sorted by name.
func (r *Registry) List() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Status, 0, len(r.entries))
	for _, name := range slices.Sorted(maps.Keys(r.entries)) {
		list = append(list, r.status(name, r.entries[name]))
	}
	return list
}

// SetDefault makes name the authorization of users who name none, those of before
// included. The empty name means that there is no default.
func (r *Registry) SetDefault(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name != "" && r.entries[name] == nil {
		return unknown(name)
	}
	r.fallback = name
	r.version.Add(1)
	return nil
}

// Resolve returns the name of the authorization that name stands for: itself, or the
// default for the empty name.
func (r *Registry) Resolve(name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name == "" {
		name = r.fallback
	}
	if name == "" {
		return "", fmt.Errorf("%w: none is named, and none is the default", ErrUnknownAuthorization)
	}
	if r.entries[name] == nil {
		return "", unknown(name)
	}
	return name, nil
}

// Remove removes an authorization and its record. If it is in use, or the default,
// Remove returns an [*InUseError] and does not remove it. If the store cannot remove
// the record, Remove returns the store's error, and the authorization stays.
func (r *Registry) Remove(ctx context.Context, name string) error {
	return r.remove(ctx, name, false)
}

// RemoveInUse is [Registry.Remove] for an authorization that may be in use or the
// default. Its users get an error that names it and matches [ErrUnknownAuthorization],
// until there is another authorization of that name. If it is the default, there is
// none afterwards.
func (r *Registry) RemoveInUse(ctx context.Context, name string) error {
	return r.remove(ctx, name, true)
}

func (r *Registry) remove(ctx context.Context, name string, inUse bool) error {
	return r.change(ctx, name, func() (*Status, error) {
		restore, err := r.detach(name, inUse)
		if err != nil {
			return nil, err
		}
		err = r.store().Update(ctx, name, func(Secret) (Secret, error) { return Secret{}, nil })
		if err != nil {
			restore()
		}
		return nil, err
	})
}

// detach removes the entry of name and returns a function that restores it. It fails
// for an entry in use, unless inUse is set.
func (r *Registry) detach(name string, inUse bool) (restore func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[name]
	if e == nil {
		return nil, unknown(name)
	}
	status := r.status(name, e)
	if !inUse && (status.Default || len(status.UsedBy) > 0) {
		return nil, &InUseError{Name: name, UsedBy: status.UsedBy, Default: status.Default}
	}
	r.set(name, nil)
	if status.Default {
		r.fallback = ""
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.set(name, e)
		if status.Default && r.fallback == "" {
			r.fallback = name
		}
	}, nil
}

// set makes e the entry of name, or leaves none if it is nil. The lock is held.
func (r *Registry) set(name string, e *entry) {
	if r.entries == nil {
		r.entries = make(map[string]*entry)
	}
	if old := r.entries[name]; old != nil {
		r.replaced = slices.DeleteFunc(append(r.replaced, old.cache), (*Cache).isIdle)
	}
	if r.entries[name] = e; e == nil {
		delete(r.entries, name)
	}
	r.version.Add(1)
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// settle updates the state of e by the result of asking it for a token, and returns the
// error with the authorization's name. A refused renewal counts more than a token that
// still lives.
func (r *Registry) settle(name string, e *entry, err error) error {
	failure := cmp.Or(err, e.cache.lastFailure())
	required, refused := errors.AsType[*ReauthorizationRequiredError](failure)
	if failure != nil && !refused {
		return err // which says nothing about the authorization
	}
	now := standing{state: Authorized}
	if refused {
		now = required.standing()
	}
	if err != nil {
		named := *required
		named.Authorization = name
		err = &named
	}
	if *e.standing.Load() != now {
		r.move(name, e, now)
	}
	return err
}

// move changes the standing of e, if e is still the entry of name, and reports it.
func (r *Registry) move(name string, e *entry, now standing) {
	r.mu.Lock()
	if r.entries[name] != e || *e.standing.Load() == now {
		r.mu.Unlock()
		return
	}
	e.standing.Store(&now)
	status := r.status(name, e)
	r.mu.Unlock()
	r.report(status)
}

// standing returns the standing of an authorization with this error.
func (e *ReauthorizationRequiredError) standing() standing {
	if e.Reason == NoToken {
		return standing{Pending, NoToken}
	}
	return standing{ReauthorizationRequired, e.Reason}
}

func (r *Registry) report(status Status) {
	if r.OnTransition != nil {
		r.OnTransition(status)
	}
}

// known returns the mechanism as a value; nil if it is none of the two, though its type
// may embed one of them.
func known(mechanism Mechanism) Mechanism {
	switch m := mechanism.(type) {
	case Integration, ClientCredentials:
		return mechanism
	case *Integration:
		if m != nil {
			return *m
		}
	case *ClientCredentials:
		if m != nil {
			return *m
		}
	}
	return nil
}

// named returns the entry of name.
func (r *Registry) named(name string) (*entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[name]; e != nil {
		return e, nil
	}
	return nil, unknown(name)
}

func (r *Registry) status(name string, e *entry) Status {
	now := e.standing.Load()
	status := Status{Name: name, State: now.state, Reason: now.reason, Default: name == r.fallback}
	users := maps.Clone(r.users[name])
	if status.Default && len(r.users[""]) > 0 {
		if users == nil {
			users = make(map[string]int)
		}
		maps.Copy(users, r.users[""])
	}
	status.UsedBy = slices.Sorted(maps.Keys(users))
	return status
}

func (r *Registry) store() Store {
	if r.Store != nil {
		return r.Store
	}
	return &r.memory
}

func (r *Registry) refreshing(name string, integration Integration) Refreshing {
	return Refreshing{Integration: integration, Name: name, Store: r.store(), Logger: r.Logger, OnDue: r.OnDue}
}

func unknown(name string) error { return fmt.Errorf("%w: %q", ErrUnknownAuthorization, name) }
