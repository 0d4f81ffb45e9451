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

// State is the state of a named authorization. Its text is that of the vendor's flow
// builder.
type State string

// The states.
const (
	// Pending: nobody has signed in, or no token has been requested yet.
	Pending State = "Authorization Pending"
	// Authorized: there are tokens.
	Authorized State = "Authorized"
	// ReauthorizationRequired: a person has to act. Users still get the last token while
	// it is usable.
	ReauthorizationRequired State = "Re-authorization Required"
)

// ErrUnknownAuthorization matches, with errors.Is, the error for a name that the registry
// does not hold, and for the empty name if there is no default.
var ErrUnknownAuthorization = errors.New("auth: unknown authorization")

// InUseError reports that an authorization was not removed, because it is in use or the
// default.
type InUseError struct {
	// Name is the name of the authorization.
	Name string
	// UsedBy are the names of its users, sorted and without duplicates.
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

// Mechanism is how a [Registry] gets the tokens of an authorization. It is an [Integration]
// or a [ClientCredentials], or a pointer to one. The registry returns an error for a type
// that embeds one of them.
type Mechanism interface {
	// Validate returns nil, or an [*outcome.Error] that names every invalid field.
	Validate() error

	// open returns a new source without a token, and its standing.
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
	// State is whether it works. Reason is why a person has to act; empty if nobody has to.
	State  State
	Reason Reason
	// Default is set if it is the default of the registry.
	Default bool
	// UsedBy are the names of its users, sorted and without duplicates. The users of the
	// default include those of the empty name.
	UsedBy []string
}

// Registry holds authorizations by name, as the vendor's flow builder does. Several clients
// and operations can share an authorization. One can be the default. Remove refuses an
// authorization that is in use.
//
// Calls of Add, Update, Authorize, Remove and RemoveInUse with the same name wait for each
// other. If ctx ends during that wait, the error wraps that of ctx.
//
// The zero value is an empty registry that keeps its tokens in memory. A Registry is safe
// for concurrent use. After the first call of a method, do not change its fields and do not
// copy it.
type Registry struct {
	// Store keeps the records of Integrations. Nil means the memory of the registry.
	Store Store
	// Logger gets warnings about tokens that could not be renewed or saved, and about
	// refresh tokens that expire soon. Nil logs nothing.
	Logger *slog.Logger
	// OnTransition, if not nil, is called after the state or the reason of an
	// authorization has changed, on the goroutine that caused the change.
	OnTransition func(Status)
	// OnDue, if not nil, is called before a refresh token expires, as in [Refreshing].
	OnDue func(name string, deadline time.Time)
	// OnRenewal, if not nil, is called after each renewal of a token, as with
	// [WithRenewalObserver].
	OnRenewal func(name string, renewal Renewal)

	memory MemoryStore

	// changes are locks that the changes of a name hold. A change calls the store before
	// it changes the entry, so two at once could undo each other.
	changes locks

	// version counts the changes of entries and of the default.
	version atomic.Uint64

	mu       sync.Mutex
	entries  map[string]*entry
	users    map[string]map[string]int // uses by name, then by user; the empty name means the default
	fallback string                    // the name of the default
	changed  chan struct{}             // closed when entries change; nil if nobody waits
	replaced []*Cache                  // of former entries, with renewals in progress
}

// entry is one authorization.
type entry struct {
	mechanism Mechanism
	cache     *Cache
	lasting   *lasting // shared by all entries that the name has had
	// standing may be read at any time. It is changed under the lock of the registry.
	standing atomic.Pointer[standing]
}

// Add adds an authorization. An [Integration] uses the record that the store holds under the
// name. The state is Authorized if that record can be used, and Pending if there is none.
// It is ReauthorizationRequired if the record is damaged, or belongs to another client or
// other scopes. A [ClientCredentials] starts as Pending. It must have a TokenURL, because
// no client sets it.
//
// The error is that of the store, or an [*outcome.Error] that names every fault of the name
// and of the mechanism. A name is 1 to 100 bytes long.
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

// Update replaces the mechanism of an authorization, for all of its users. The state becomes
// that of [Registry.Add] with the new mechanism: tokens that belong to another client are
// not used any more. A token that the store has not saved yet is not lost.
//
// The errors are those of Add, and one that matches [ErrUnknownAuthorization].
func (r *Registry) Update(ctx context.Context, name string, mechanism Mechanism) error {
	return r.change(ctx, name, func() (*Status, error) {
		if _, err := r.named(name); err != nil {
			return nil, err
		}
		return r.put(ctx, name, mechanism, nil)
	})
}

// Authorize saves the grant of a sign-in for a named [Integration]. All users get its tokens
// from then on.
//
// The errors are those of [Refreshing.Authorize], and one that matches
// [ErrUnknownAuthorization]. For a [ClientCredentials] the error is an [*outcome.Error].
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

// change calls apply while it holds the lock of name. It then passes the status that apply
// returned to OnTransition, unless that is nil.
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

// put sets the mechanism of name, unless there are faults. It returns the status if that has
// changed, else nil. The caller holds the lock of name.
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

// cacheOptions returns the options for the cache of an authorization.
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

// Authenticate gets a token, and so finds out whether the authorization works. It ends the
// pause after an earlier failure. It updates the state, and returns the error of the
// authorization if there is no usable token. If the last renewal was refused while the old
// token is still usable, the state shows that, and Authenticate returns nil.
func (r *Registry) Authenticate(ctx context.Context, name string) error {
	e, err := r.named(name)
	if err != nil {
		return err
	}
	e.cache.Retry()
	_, err = e.cache.Token(ctx)
	return r.settle(name, e, err)
}

// Get returns the status of an authorization, or an error that matches
// [ErrUnknownAuthorization].
func (r *Registry) Get(name string) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[name]
	if e == nil {
		return Status{}, unknown(name)
	}
	return r.status(name, e), nil
}

// List returns the status of all authorizations, sorted by name.
func (r *Registry) List() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Status, 0, len(r.entries))
	for _, name := range slices.Sorted(maps.Keys(r.entries)) {
		list = append(list, r.status(name, r.entries[name]))
	}
	return list
}

// SetDefault makes an authorization the default, which is what the empty name means in
// [Registry.Use]. Existing users of the empty name get its tokens from then on. If name is
// empty, there is no default. The error matches [ErrUnknownAuthorization].
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

// Resolve returns the name of the default if name is empty; else name. The error matches
// [ErrUnknownAuthorization].
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

// Remove removes an authorization and its record. If it is in use or the default, Remove
// returns an [*InUseError] and removes nothing. If the store cannot remove the record,
// Remove returns the error of the store and keeps the authorization.
func (r *Registry) Remove(ctx context.Context, name string) error {
	return r.remove(ctx, name, false)
}

// RemoveInUse is like [Registry.Remove], but also removes an authorization that is in use or
// the default. Its users then get an error that matches [ErrUnknownAuthorization], until
// an authorization with the same name is added. If it was the default, there is no default
// afterwards.
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

// detach removes the entry of name and returns a function that restores it. It returns an
// error for an entry that is in use or the default, unless inUse is set.
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

// set makes e the entry of name, or removes the entry if e is nil. The caller holds the
// lock.
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

// settle updates the state of e after its cache has returned a token or err. It returns err
// with the name of the authorization. If the last renewal was refused, the state shows that
// even while the old token is usable.
func (r *Registry) settle(name string, e *entry, err error) error {
	failure := cmp.Or(err, e.cache.lastFailure())
	required, refused := errors.AsType[*ReauthorizationRequiredError](failure)
	if failure != nil && !refused {
		return err // another attempt may succeed, so the state stays
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

// move changes the standing of e, if e is still the entry of name, and calls OnTransition.
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

// standing returns the standing that the error results in.
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

// known returns mechanism without a pointer. It returns nil if mechanism is not one of the
// two, even if its type embeds one of them.
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

// named returns the entry of name, or an error that matches [ErrUnknownAuthorization].
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
