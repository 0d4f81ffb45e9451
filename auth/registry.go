package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// State is the state of a named authorization, as the vendor's flow builder
// shows it.
type State string

// The states.
const (
	// Pending: nobody has signed in yet, or no token has been asked for yet.
	Pending State = "Authorization Pending"
	// Authorized: there are tokens.
	Authorized State = "Authorized"
	// ReauthorizationRequired: there were tokens, and a person has to act.
	ReauthorizationRequired State = "Re-authorization Required"
)

// ErrUnknownAuthorization matches the error for a name that the registry does
// not hold, or no longer, and for no name where there is no default.
var ErrUnknownAuthorization = errors.New("auth: unknown authorization")

// InUseError says that an authorization was not removed because it is in use.
type InUseError struct {
	// Name is the name of the authorization.
	Name string
	// UsedBy are the names of its users, sorted, each once.
	UsedBy []string
	// Default tells that it is the default of the registry.
	Default bool
}

// Error names the users.
func (e *InUseError) Error() string {
	users := slices.Clone(e.UsedBy)
	if e.Default {
		users = append(users, "whoever uses the default")
	}
	return fmt.Sprintf("auth: the authorization %q is in use by %s", e.Name, strings.Join(users, ", "))
}

// Mechanism is a way to obtain tokens that can be given a name. It is
// implemented by [Integration] and [ClientCredentials] and by nothing else.
type Mechanism interface {
	// Validate returns nil, or an [*outcome.Error] that names every fault.
	Validate() error

	// open returns a source without any token yet, and its standing.
	open(ctx context.Context, r *Registry, name string) (TokenSource, standing, error)
}

// standing is a state and, where one has to act, why.
type standing struct {
	state  State
	reason Reason
}

// Status describes a named authorization. It holds no secret.
type Status struct {
	// Name is the authorization's name.
	Name string
	// State tells whether it works, and Reason why a person has to act.
	State  State
	Reason Reason
	// Default tells whether it is the one used where none is named.
	Default bool
	// UsedBy are the names of its users, sorted, each once.
	UsedBy []string
}

// Registry holds authorizations by name, as the vendor's flow builder does for
// its nodes: several clients and operations share one, one of them can be the
// default, and one that is in use cannot be removed.
//
// The zero value is an empty registry that forgets its tokens with the process.
// It is safe for concurrent use. The exported fields must not be changed, nor
// the registry be copied, after the first call of a method.
type Registry struct {
	// Store keeps the refresh tokens; nil means the registry's memory.
	Store Store
	// Logger receives warnings about tokens that are not renewed or not saved,
	// and notices of an end ahead. Nil means that they are dropped.
	Logger *slog.Logger
	// OnTransition is called after the state of an authorization has changed,
	// by whoever caused the change. It may be nil.
	OnTransition func(Status)
	// OnDue is called ahead of the end of a refresh token, as with
	// [Refreshing]. It may be nil.
	OnDue func(name string, deadline time.Time)

	memory MemoryStore

	mu       sync.Mutex
	entries  map[string]*entry
	fallback string
}

// entry is one authorization. Its fields are guarded by the registry's mutex.
type entry struct {
	mechanism Mechanism
	cache     *Cache
	standing  standing
	users     map[string]int
}

// Add adds an authorization. What the store holds under its name is taken up:
// its state is Authorized if the record fits, ReauthorizationRequired if it was
// made with other credentials or scopes, and Pending if there is none. A
// ClientCredentials needs a TokenURL here, because it is bound to no client. The
// error is an [*outcome.Error] that names every fault, a taken name included,
// or a [*StoreError].
func (r *Registry) Add(ctx context.Context, name string, mechanism Mechanism) error {
	return r.set(ctx, name, mechanism, false)
}

// Update replaces the mechanism of an authorization. All its users go on with
// the new one. Tokens that were obtained with other credentials are not used
// any more; the state says so, as with Add.
func (r *Registry) Update(ctx context.Context, name string, mechanism Mechanism) error {
	return r.set(ctx, name, mechanism, true)
}

func (r *Registry) set(ctx context.Context, name string, mechanism Mechanism, exists bool) error {
	if _, err := r.find(name); exists && err != nil {
		return err
	}
	var faults outcome.Violations
	if name == "" || len(name) > 100 {
		faults.Add("Name", "is empty or longer than 100 bytes")
	}
	if mechanism = plain(mechanism); mechanism == nil {
		faults.Add("Mechanism", "is nil")
	}
	if err := faults.Err("", ""); err != nil {
		return err
	}
	if err := mechanism.Validate(); err != nil {
		return err
	}
	source, state, err := mechanism.open(ctx, r, name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	old := r.entries[name]
	switch {
	case old != nil && !exists:
		r.mu.Unlock()
		faults.Add("Name", "is taken")
		return faults.Err("", "")
	case old == nil && exists:
		r.mu.Unlock()
		return unknown(name)
	}
	if r.entries == nil {
		r.entries = make(map[string]*entry)
	}
	fresh := &entry{mechanism: mechanism, cache: NewCache(source, WithLogger(r.Logger)), standing: state}
	changed := old == nil || old.standing != state
	if old != nil {
		fresh.users = old.users
	}
	r.entries[name] = fresh
	status := r.status(name, fresh)
	r.mu.Unlock()
	if changed {
		r.tell(status)
	}
	return nil
}

// Authorize gives a named [Integration] the grant of a sign-in and saves it.
// Its users go on with it at once.
func (r *Registry) Authorize(ctx context.Context, name string, grant Grant) error {
	e, err := r.find(name)
	if err != nil {
		return err
	}
	integration, ok := e.mechanism.(Integration)
	if !ok {
		var faults outcome.Violations
		faults.Add("Mechanism", "has no sign-in: call Authenticate")
		return faults.Err("", "")
	}
	if err := r.refreshing(name, integration).Authorize(ctx, grant); err != nil {
		return err
	}
	return r.set(ctx, name, integration, true)
}

// Authenticate asks for a token and so finds out whether the authorization
// works. The state tells the result as well.
func (r *Registry) Authenticate(ctx context.Context, name string) error {
	e, err := r.find(name)
	if err != nil {
		return err
	}
	return r.settle(name, e, func() error { _, err := e.cache.Token(ctx); return err }())
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

// SetDefault makes name the authorization that is used where none is named. The
// empty name means that there is no default.
func (r *Registry) SetDefault(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name != "" && r.entries[name] == nil {
		return unknown(name)
	}
	r.fallback = name
	return nil
}

// Resolve returns the name of the authorization that name means: itself, or the
// default for the empty name.
func (r *Registry) Resolve(name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name == "" {
		name = r.fallback
	}
	if r.entries[name] == nil {
		return "", unknown(name)
	}
	return name, nil
}

// Remove removes an authorization and its record. One that is in use, or the
// default, is not removed: the error is an [*InUseError] that names the users.
// Nor is one whose record the store does not give up: the error is the store's.
func (r *Registry) Remove(ctx context.Context, name string) error {
	r.mu.Lock()
	e := r.entries[name]
	if e == nil {
		r.mu.Unlock()
		return unknown(name)
	}
	if status := r.status(name, e); status.Default || len(status.UsedBy) > 0 {
		r.mu.Unlock()
		return &InUseError{Name: name, UsedBy: status.UsedBy, Default: status.Default}
	}
	delete(r.entries, name)
	r.mu.Unlock()
	err := r.store().Update(ctx, name, func(Secret) (Secret, error) { return Secret{}, nil })
	if err != nil {
		r.restore(name, e)
	}
	return err
}

// restore takes back the removal of e, unless the name has been taken since.
func (r *Registry) restore(name string, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[name] == nil {
		r.entries[name] = e
	}
}

// settle notes what the result of asking e for a token says of its state, and
// returns the error under the authorization's name.
func (r *Registry) settle(name string, e *entry, err error) error {
	now := standing{state: Authorized}
	if err != nil {
		required, ok := errors.AsType[*ReauthorizationRequiredError](err)
		if !ok {
			return err // says nothing of the authorization
		}
		now = standing{ReauthorizationRequired, required.Reason}
		if required.Reason == NoToken {
			now.state = Pending
		}
		under := *required
		under.Authorization = name
		err = &under
	}
	r.mu.Lock()
	if r.entries[name] != e || e.standing == now {
		r.mu.Unlock()
		return err
	}
	e.standing = now
	status := r.status(name, e)
	r.mu.Unlock()
	r.tell(status)
	return err
}

func (r *Registry) tell(status Status) {
	if r.OnTransition != nil {
		r.OnTransition(status)
	}
}

// plain returns the value that a mechanism given as a pointer points to.
func plain(mechanism Mechanism) Mechanism {
	switch m := mechanism.(type) {
	case *Integration:
		if m != nil {
			return *m
		}
		return nil
	case *ClientCredentials:
		if m != nil {
			return *m
		}
		return nil
	}
	return mechanism
}

func (r *Registry) find(name string) (*entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[name]; e != nil {
		return e, nil
	}
	return nil, unknown(name)
}

func (r *Registry) status(name string, e *entry) Status {
	return Status{
		Name: name, State: e.standing.state, Reason: e.standing.reason,
		Default: name == r.fallback, UsedBy: slices.Sorted(maps.Keys(e.users)),
	}
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

func (i Integration) open(ctx context.Context, r *Registry, name string) (TokenSource, standing, error) {
	source := r.refreshing(name, i).open()
	var state standing
	err := source.Store.Update(ctx, name, func(stored Secret) (Secret, error) {
		_, err := source.latest(stored)
		required, ok := errors.AsType[*ReauthorizationRequiredError](err)
		switch {
		case err == nil:
			state = standing{state: Authorized}
		case !ok:
			return Secret{}, err
		case required.Reason == NoToken:
			state = standing{Pending, NoToken}
		default:
			state = standing{ReauthorizationRequired, required.Reason}
		}
		return stored, nil
	})
	return source, state, err
}

func (c ClientCredentials) open(context.Context, *Registry, string) (TokenSource, standing, error) {
	return c, standing{state: Pending}, nil
}
