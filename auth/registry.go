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

	"github.com/engagesdk/engage-go/internal/safeerror"
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
	// ReauthorizationRequired: there were tokens, and a person has to act. The
	// last one is still given out for as long as it lives.
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
	if e == nil {
		return nilError
	}
	users := slices.Clone(e.UsedBy)
	if e.Default {
		users = append(users, "whoever uses the default")
	}
	return fmt.Sprintf("auth: the authorization %q is in use by %s", e.Name, strings.Join(users, ", "))
}

// Mechanism is a way to obtain tokens that can be given a name. It is
// implemented by [Integration] and [ClientCredentials] and by nothing else: a type
// that embeds one of them is refused.
type Mechanism interface {
	// Validate returns nil, or an [*outcome.Error] that names every fault.
	Validate() error

	// open returns a source without any token yet, and its standing.
	open(ctx context.Context, r *Registry, name string, lasting *lasting) (TokenSource, standing, error)
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
// Add, Update, Authorize and Remove of one name follow one another. One that
// waits for another ends with its context, with an error that wraps that of the
// context.
//
// The zero value is an empty registry that forgets its tokens with the process;
// a nil pointer is none, and its methods say so. It is safe for concurrent use.
// The exported fields must not be changed, nor the registry be copied, after the
// first call of a method.
type Registry struct {
	// Store keeps the refresh tokens; nil means the registry's memory. A nil
	// pointer to a store is no store: Add and the others report a [*StoreError].
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

	// changes orders what replaces the entry of a name. All of it asks the store
	// first, and so could undo what another change has done meanwhile.
	changes locks

	mu       sync.Mutex
	entries  map[string]*entry
	fallback string
	changed  chan struct{} // closed once entries is another; nil if nobody waits
}

// entry is one authorization.
type entry struct {
	mechanism Mechanism
	cache     *Cache
	lasting   *lasting // that of the name, whatever the mechanism

	// Everybody may read these; whoever changes them holds the registry's mutex.
	current  atomic.Bool // whether it is what its name stands for
	standing atomic.Pointer[standing]

	// The registry's mutex guards what follows.
	users map[string]int
}

// Add adds an authorization. What the store holds under its name is taken up:
// its state is Authorized if the record fits, ReauthorizationRequired if it was
// made with other credentials or scopes or is damaged, and Pending if there is
// none. A ClientCredentials needs a TokenURL here, because it is bound to no
// client. The error is an [*outcome.Error] that names every fault, a taken name
// included, or a [*StoreError].
func (r *Registry) Add(ctx context.Context, name string, mechanism Mechanism) error {
	return r.change(ctx, name, func() (*Status, error) {
		var faults outcome.Violations
		if name == "" || len(name) > 100 {
			faults.Add("Name", "is empty or longer than 100 bytes")
		}
		if _, err := r.find(name); err == nil {
			faults.Add("Name", "is taken")
		}
		return r.put(ctx, name, mechanism, faults)
	})
}

// Update replaces the mechanism of an authorization. All its users go on with
// the new one. Tokens that were obtained with other credentials are not used
// any more; the state says so, as with Add. A token that the store has not taken
// yet is not lost.
func (r *Registry) Update(ctx context.Context, name string, mechanism Mechanism) error {
	return r.change(ctx, name, func() (*Status, error) {
		if _, err := r.find(name); err != nil {
			return nil, err
		}
		return r.put(ctx, name, mechanism, nil)
	})
}

// Authorize gives a named [Integration] the grant of a sign-in and saves it.
// Its users go on with it at once.
func (r *Registry) Authorize(ctx context.Context, name string, grant Grant) error {
	return r.change(ctx, name, func() (*Status, error) {
		e, err := r.find(name)
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

// change carries out one change of name at a time and then tells of the status
// it results in, if it does. Waiting for another change ends with ctx.
func (r *Registry) change(ctx context.Context, name string, carryOut func() (*Status, error)) error {
	switch {
	case r == nil:
		return errNoRegistry
	case ctx == nil:
		return errNoContext
	}
	free, err := r.changes.take(ctx, name)
	if err != nil {
		return fmt.Errorf("auth: the authorization %q is being changed: %w", name, err)
	}
	status, err := func() (*Status, error) {
		defer free()
		return carryOut()
	}()
	if status != nil {
		r.tell(*status)
	}
	return err
}

// put makes mechanism that of name, unless there are faults. It returns the
// status if that is another one than before. It is a part of a change.
func (r *Registry) put(ctx context.Context, name string, mechanism Mechanism, faults outcome.Violations) (*Status, error) {
	if mechanism = plain(mechanism); mechanism == nil {
		faults.Add("Mechanism", "is neither an Integration nor a ClientCredentials")
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	if err := mechanism.Validate(); err != nil {
		return nil, err
	}
	fresh := &entry{mechanism: mechanism, lasting: new(lasting)}
	if old, err := r.find(name); err == nil {
		fresh.lasting = old.lasting
	}
	source, state, err := mechanism.open(ctx, r, name, fresh.lasting)
	if err != nil {
		return nil, err
	}
	fresh.cache = NewCache(source, WithLogger(r.loggerOf(name)))
	fresh.standing.Store(&state)
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.entries[name]
	if old != nil {
		fresh.users = old.users
	}
	r.set(name, fresh)
	if old != nil && *old.standing.Load() == state {
		return nil, nil
	}
	status := r.status(name, fresh)
	return &status, nil
}

// Authenticate asks for a token and so finds out whether the authorization
// works. The state tells the result as well; it also tells of a refusal to renew
// a token that still lives, which is no error here.
func (r *Registry) Authenticate(ctx context.Context, name string) error {
	e, err := r.find(name)
	if err != nil {
		return err
	}
	return r.settle(name, e, func() error { _, err := e.cache.Token(ctx); return err }())
}

// Get describes an authorization.
func (r *Registry) Get(name string) (Status, error) {
	if r == nil {
		return Status{}, errNoRegistry
	}
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
	if r == nil {
		return nil
	}
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
	if r == nil {
		return errNoRegistry
	}
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
	if r == nil {
		return "", errNoRegistry
	}
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

// Remove removes an authorization and its record. One that is in use, or the
// default, is not removed: the error is an [*InUseError] that names the users.
// Nor is one whose record the store does not give up: the error is the store's.
func (r *Registry) Remove(ctx context.Context, name string) error {
	return r.change(ctx, name, func() (*Status, error) {
		e, err := r.detach(name)
		if err != nil {
			return nil, err
		}
		err = update(ctx, r.store(), name, func(Secret) (Secret, error) { return Secret{}, nil })
		if err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.set(name, e)
		}
		return nil, err
	})
}

// detach removes the entry of name and returns it, unless it is in use.
func (r *Registry) detach(name string) (*entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[name]
	if e == nil {
		return nil, unknown(name)
	}
	if status := r.status(name, e); status.Default || len(status.UsedBy) > 0 {
		return nil, &InUseError{Name: name, UsedBy: status.UsedBy, Default: status.Default}
	}
	r.set(name, nil)
	return e, nil
}

// set makes e the entry of name, or leaves none if it is nil. The lock is held.
func (r *Registry) set(name string, e *entry) {
	if r.entries == nil {
		r.entries = make(map[string]*entry)
	}
	if old := r.entries[name]; old != nil {
		old.current.Store(false)
	}
	if r.entries[name] = e; e != nil {
		e.current.Store(true)
	} else {
		delete(r.entries, name)
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// settle notes what the result of asking e for a token says of its state, and
// returns the error under the authorization's name. A token that lives on says
// less than a refusal to renew it.
func (r *Registry) settle(name string, e *entry, err error) error {
	failure := cmp.Or(err, e.cache.lastFailure())
	required, refused := errors.AsType[*ReauthorizationRequiredError](failure)
	if failure != nil && !refused {
		return err // says nothing of the authorization
	}
	now := standing{state: Authorized}
	if refused {
		now = required.standing()
	}
	if err != nil {
		under := *required
		under.Authorization = name
		err = &under
	}
	if *e.standing.Load() != now {
		r.move(name, e, now)
	}
	return err
}

// move makes now the standing of e, if that is still what name stands for, and
// tells of it.
func (r *Registry) move(name string, e *entry, now standing) {
	r.mu.Lock()
	if r.entries[name] != e || *e.standing.Load() == now {
		r.mu.Unlock()
		return
	}
	e.standing.Store(&now)
	status := r.status(name, e)
	r.mu.Unlock()
	r.tell(status)
}

// standing is that of an authorization that e was returned for.
func (e *ReauthorizationRequiredError) standing() standing {
	if e.Reason == NoToken {
		return standing{Pending, NoToken}
	}
	return standing{ReauthorizationRequired, e.Reason}
}

func (r *Registry) tell(status Status) {
	if r.OnTransition != nil {
		r.OnTransition(status)
	}
}

// plain returns the mechanism itself, which may be given as a pointer; nil if it
// is none, though its type may have the methods of one that it embeds.
func plain(mechanism Mechanism) Mechanism {
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

func (r *Registry) find(name string) (*entry, error) {
	if r == nil {
		return nil, errNoRegistry
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[name]; e != nil {
		return e, nil
	}
	return nil, unknown(name)
}

func (r *Registry) status(name string, e *entry) Status {
	now := e.standing.Load()
	return Status{
		Name: name, State: now.state, Reason: now.reason,
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

// loggerOf returns the logger for what happens to one authorization.
func (r *Registry) loggerOf(name string) *slog.Logger {
	if r.Logger == nil {
		return nil
	}
	return r.Logger.With(slog.String("authorization", name))
}

var errNoRegistry = safeerror.New("auth: the registry is nil")

func unknown(name string) error { return fmt.Errorf("%w: %q", ErrUnknownAuthorization, name) }

func (i Integration) open(ctx context.Context, r *Registry, name string, lasting *lasting) (TokenSource, standing, error) {
	source := r.refreshing(name, i).open(lasting)
	stored, err := load(ctx, source.Store, name)
	if err != nil {
		return nil, standing{}, err
	}
	state, err := source.standing(stored)
	if state.reason == RecordDamaged {
		// A store may keep it in a form that only its Update knows.
		if stored, err = loadLocked(ctx, source.Store, name); err != nil {
			return nil, standing{}, err
		}
		state, err = source.standing(stored)
	}
	return source, state, err
}

// standing is that of an authorization with a stored record.
func (s *refreshSource) standing(stored Secret) (standing, error) {
	_, err := s.latest(stored)
	if required, ok := errors.AsType[*ReauthorizationRequiredError](err); ok {
		return required.standing(), nil
	}
	return standing{state: Authorized}, err
}

func (c ClientCredentials) open(context.Context, *Registry, string, *lasting) (TokenSource, standing, error) {
	return c, standing{state: Pending}, nil
}
