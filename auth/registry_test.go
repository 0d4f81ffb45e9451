package auth_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// integration is one whose endpoint follows a script.
func integration(bodies ...string) auth.Integration { return scripted(nil, bodies...).Integration }

// standalone are client credentials whose endpoint follows a script.
func standalone(bodies ...string) auth.ClientCredentials {
	source := credentials("https://api.example.com/oauth/token")
	source.Transport = script(bodies...)
	return source
}

var granted = auth.Grant{
	Token:        auth.NewToken("granted", time.Time{}),
	RefreshToken: auth.NewSecret("refresh"),
}

// state returns the state of a named authorization.
func state(t *testing.T, registry *auth.Registry, name string) auth.State {
	t.Helper()
	status, err := registry.Get(name)
	require.NoError(t, err)
	return status.State
}

func TestAuthorizationGoesFromPendingToAuthorized(t *testing.T) {
	var transitions []auth.State
	registry := &auth.Registry{OnTransition: func(s auth.Status) { transitions = append(transitions, s.State) }}
	require.NoError(t, registry.Add(t.Context(), "support", integration(`400{"error":"invalid_grant"}`)))
	require.Equal(t, auth.Pending, state(t, registry, "support"))

	source := registry.Use("support", "worker")
	defer source.Release()
	_, err := source.Token(t.Context())
	var required *auth.ReauthorizationRequiredError
	require.ErrorAs(t, err, &required)
	require.Equal(t, auth.NoToken, required.Reason)
	require.Equal(t, "support", required.Authorization)
	require.Equal(t, auth.Pending, state(t, registry, "support"))

	require.NoError(t, registry.Authorize(t.Context(), "support", granted))
	require.Equal(t, "granted", get(t, source), "without waiting for the pause after the error")
	require.Equal(t, auth.Authorized, state(t, registry, "support"))

	token, err := source.Token(t.Context())
	require.NoError(t, err)
	source.Invalidate(token)
	_, err = source.Token(t.Context())
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
	status, err := registry.Get("support")
	require.NoError(t, err)
	require.Equal(t, auth.Status{
		Name: "support", State: auth.ReauthorizationRequired, Reason: auth.Revoked, UsedBy: []string{"worker"},
	}, status)
	require.Equal(t, []auth.State{auth.Pending, auth.Authorized, auth.ReauthorizationRequired}, transitions)
}

func TestClientCredentialsNeedNoSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := new(auth.Registry)
		require.NoError(t, registry.Add(t.Context(), "good", standalone(`{"access_token":"abc"}`)))
		require.NoError(t, registry.Add(t.Context(), "bad", standalone(`401{"error":"invalid_client"}`)))
		require.NoError(t, registry.Add(t.Context(), "down", standalone(`503{}`)))
		require.NoError(t, registry.Authenticate(t.Context(), "good"))
		require.ErrorIs(t, registry.Authenticate(t.Context(), "bad"), auth.ErrReauthorizationRequired)
		require.Error(t, registry.Authenticate(t.Context(), "down"))
		require.Equal(t, []auth.Status{
			{Name: "bad", State: auth.ReauthorizationRequired, Reason: auth.CredentialsChanged},
			{Name: "down", State: auth.Pending},
			{Name: "good", State: auth.Authorized},
		}, registry.List())
		require.ErrorIs(t, registry.Authorize(t.Context(), "good", granted), outcome.ErrOnInvalidData)
	})
}

func TestUsersShareOneToken(t *testing.T) {
	registry := new(auth.Registry)
	credentials := standalone(`{"access_token":"abc","expires_in":3600}`, `{"access_token":"def","expires_in":3600}`)
	require.NoError(t, registry.Add(t.Context(), "shared", &credentials))
	one := registry.Use("shared", "one")
	two := registry.Use("shared", "two")
	require.Equal(t, "abc", get(t, one))
	require.Equal(t, "abc", get(t, two))
	require.Zero(t, testing.AllocsPerRun(100, func() { get(t, one) }))

	token, err := one.Token(t.Context())
	require.NoError(t, err)
	one.Invalidate(token)
	require.Equal(t, "def", get(t, two))
}

func TestUsersFollowAnUpdate(t *testing.T) {
	registry := new(auth.Registry)
	require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
	require.NoError(t, registry.Authorize(t.Context(), "a", granted))
	source := registry.Use("a", "user")
	require.Equal(t, "granted", get(t, source))

	changed := integration(`500`)
	changed.ClientID = "new"
	require.NoError(t, registry.Update(t.Context(), "a", changed))
	status, err := registry.Get("a")
	require.NoError(t, err)
	require.Equal(t, auth.ReauthorizationRequired, status.State)
	require.Equal(t, auth.CredentialsChanged, status.Reason)
	require.Equal(t, []string{"user"}, status.UsedBy)
	_, err = source.Token(t.Context())
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)

	require.NoError(t, registry.Update(t.Context(), "a", standalone(`{"access_token":"other"}`)))
	require.Equal(t, "other", get(t, source))
}

func TestUpdateToAnotherClientDoesNotUseATokenThatCouldNotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(failing)
		registry := &auth.Registry{Store: store}
		mechanism := integration()
		mechanism.Transport = rotating(0)
		require.NoError(t, registry.Add(t.Context(), "a", mechanism))
		require.NoError(t, registry.Authorize(t.Context(), "a", auth.Grant{RefreshToken: auth.NewSecret("refresh-0")}))
		store.full = true
		source := registry.Use("a", "user")
		require.Equal(t, "access-1", get(t, source))

		mechanism.ClientID = "new"
		require.NoError(t, registry.Update(t.Context(), "a", mechanism))
		_, err := source.Token(t.Context())
		require.EqualError(t, err, `auth: re-authorization required for "a": credentials changed`)
		synctest.Wait()
	})
}

func TestAuthorizationIsTakenUpAfterARestart(t *testing.T) {
	store := auth.NewFileStore(t.TempDir())
	before := &auth.Registry{Store: store}
	require.NoError(t, before.Add(t.Context(), "a", integration(`500`)))
	require.NoError(t, before.Authorize(t.Context(), "a", granted))

	after := &auth.Registry{Store: store}
	require.NoError(t, after.Add(t.Context(), "a", integration(`500`)))
	require.Equal(t, auth.Authorized, state(t, after, "a"))
	source := after.Use("a", "user")
	require.Equal(t, "granted", get(t, source))

	put(t, store, "later", `{"version":2}`)
	var failure *auth.StoreError
	require.ErrorAs(t, after.Add(t.Context(), "later", integration(`500`)), &failure)
	require.Len(t, after.List(), 1)
}

func TestAuthorizationWhoseRecordIsDamagedIsAuthorizedAnew(t *testing.T) {
	for kind, store := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			put(t, store, "a", hidden)
			registry := &auth.Registry{Store: store}
			require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
			status, err := registry.Get("a")
			require.NoError(t, err)
			require.Equal(t, auth.Status{Name: "a", State: auth.ReauthorizationRequired, Reason: auth.RecordDamaged}, status)
			source := registry.Use("a", "user")
			defer source.Release()
			_, err = source.Token(t.Context())
			require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
			require.ErrorContains(t, err, "authorize anew, which replaces it")
			require.NotContains(t, err.Error(), hidden)
			require.Equal(t, hidden, kept(t, store, "a"), "until somebody does")

			require.NoError(t, registry.Authorize(t.Context(), "a", granted))
			require.Equal(t, auth.Authorized, state(t, registry, "a"))
			require.Equal(t, "granted", get(t, source))
		})
	}
}

func TestDefaultIsUsedWhereNoneIsNamed(t *testing.T) {
	registry := new(auth.Registry)
	_, err := registry.Use("", "user").Token(t.Context())
	require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
	require.ErrorIs(t, registry.SetDefault("a"), auth.ErrUnknownAuthorization)

	require.NoError(t, registry.Add(t.Context(), "a", standalone(`{"access_token":"abc"}`)))
	require.NoError(t, registry.SetDefault("a"))
	name, err := registry.Resolve("")
	require.NoError(t, err)
	require.Equal(t, "a", name)
	source := registry.Use("", "user")
	require.Equal(t, "abc", get(t, source))
	source.Release()

	var inUse *auth.InUseError
	require.ErrorAs(t, registry.Remove(t.Context(), "a"), &inUse)
	require.True(t, inUse.Default)
	require.NoError(t, registry.SetDefault(""))
	require.NoError(t, registry.Remove(t.Context(), "a"))
}

func TestAuthorizationInUseIsNotRemoved(t *testing.T) {
	store := new(auth.MemoryStore)
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
	require.NoError(t, registry.Authorize(t.Context(), "a", granted))
	one, two, three := registry.Use("a", "search"), registry.Use("a", "append"), registry.Use("a", "append")

	err := registry.Remove(t.Context(), "a")
	var inUse *auth.InUseError
	require.ErrorAs(t, err, &inUse)
	require.Equal(t, []string{"append", "search"}, inUse.UsedBy)
	require.EqualError(t, err, `auth: the authorization "a" is in use by append, search`)

	one.Release()
	one.Release() // once only
	two.Release()
	require.ErrorAs(t, registry.Remove(t.Context(), "a"), &inUse)
	require.Equal(t, []string{"append"}, inUse.UsedBy)
	three.Release()
	require.NoError(t, registry.Remove(t.Context(), "a"))
	three.Release()

	require.Empty(t, kept(t, store, "a"))
	_, err = one.Token(t.Context())
	require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
	one.Invalidate(auth.NewToken("granted", time.Time{}))
}

func TestAuthorizationWhoseRecordCannotBeRemovedStays(t *testing.T) {
	store := new(failing)
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
	require.NoError(t, registry.Authorize(t.Context(), "a", granted))
	store.full = true
	var failure *auth.StoreError
	require.ErrorAs(t, registry.Remove(t.Context(), "a"), &failure)
	require.Equal(t, auth.Authorized, state(t, registry, "a"))
	store.full = false
	require.NoError(t, registry.Remove(t.Context(), "a"))
	require.Empty(t, kept(t, store, "a"))
}

// watched is a store that calls before and after around its next update or read,
// each once, unless they are nil.
type watched struct {
	auth.MemoryStore
	before, after func()
}

func (w *watched) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	once(&w.before)
	err := w.MemoryStore.Update(ctx, name, change)
	once(&w.after)
	return err
}

func (w *watched) Read(ctx context.Context, name string) (auth.Secret, error) {
	once(&w.before)
	record, err := w.MemoryStore.Read(ctx, name)
	once(&w.after)
	return record, err
}

func once(call *func()) {
	if f := *call; f != nil {
		*call = nil
		f()
	}
}

// meanwhile returns a function that starts action and gives it as much time as
// it can use without its caller going on.
func meanwhile(action func()) (start func(), ended <-chan struct{}) {
	end := make(chan struct{})
	return func() {
		go func() {
			defer close(end)
			action()
		}()
		synctest.Wait()
	}, end
}

func TestUpdateDuringAnAuthorizeIsNotUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(watched)
		registry := &auth.Registry{Store: store}
		require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
		source := registry.Use("a", "user")

		start, updated := meanwhile(func() {
			require.NoError(t, registry.Update(t.Context(), "a", standalone(`{"access_token":"other"}`)))
		})
		store.after = start
		require.NoError(t, registry.Authorize(t.Context(), "a", granted))
		<-updated
		require.Equal(t, "other", get(t, source))
	})
}

func TestAuthorizeDuringAnUpdateIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(watched)
		registry := &auth.Registry{Store: store}
		require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
		start, authorized := meanwhile(func() {
			require.NoError(t, registry.Authorize(t.Context(), "a", granted))
		})
		store.after = start
		require.NoError(t, registry.Update(t.Context(), "a", integration(`500`)))
		<-authorized
		require.Equal(t, auth.Authorized, state(t, registry, "a"))
	})
}

func TestNameThatIsTakenAgainDuringItsRemovalBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(watched)
		registry := &auth.Registry{Store: store}
		require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
		require.NoError(t, registry.Authorize(t.Context(), "a", granted))
		start, added := meanwhile(func() {
			require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
		})
		store.before = start
		require.NoError(t, registry.Remove(t.Context(), "a"))
		<-added
		require.Equal(t, auth.Pending, state(t, registry, "a"))
	})
}

func TestWaitForAnotherChangeEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(watched)
		registry := &auth.Registry{Store: store}
		require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
		start, waited := meanwhile(func() {
			require.NoError(t, registry.Add(t.Context(), "b", integration(`500`)), "another name is not held up")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorIs(t, registry.Update(ctx, "a", standalone(`500`)), context.DeadlineExceeded)
		})
		store.after = func() { start(); <-waited }
		require.NoError(t, registry.Authorize(t.Context(), "a", granted))
	})
}

// A callback may change the authorization that it is called for.
func TestTransitionMayChangeItsAuthorization(t *testing.T) {
	var registry auth.Registry
	registry.OnTransition = func(status auth.Status) {
		if status.State == auth.Pending && status.Name == "a" {
			require.NoError(t, registry.Authorize(t.Context(), "a", granted))
		}
	}
	require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
	require.Equal(t, auth.Authorized, state(t, &registry, "a"))
}

func TestUnknownNamesAndBadMechanismsAreErrors(t *testing.T) {
	registry := new(auth.Registry)
	for _, err := range []error{
		registry.Update(t.Context(), "a", integration(`500`)),
		registry.Authorize(t.Context(), "a", granted),
		registry.Authenticate(t.Context(), "a"),
		registry.Remove(t.Context(), "a"),
		func() error { _, err := registry.Get("a"); return err }(),
		func() error { _, err := registry.Resolve("a"); return err }(),
	} {
		require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
		require.ErrorContains(t, err, `"a"`)
	}
	require.NoError(t, registry.Add(t.Context(), "taken", integration(`500`)))
	for _, err := range []error{
		registry.Add(t.Context(), "", integration(`500`)),
		registry.Add(t.Context(), "a", nil),
		registry.Add(t.Context(), "a", (*auth.Integration)(nil)),
		registry.Add(t.Context(), "a", (*auth.ClientCredentials)(nil)),
		registry.Add(t.Context(), "a", auth.Integration{}),
		registry.Add(t.Context(), "a", struct{ auth.Integration }{integration(`500`)}),
		registry.Add(t.Context(), "a", &struct{ auth.ClientCredentials }{standalone(`500`)}),
		registry.Update(t.Context(), "taken", struct{ auth.Integration }{integration(`500`)}),
		registry.Add(t.Context(), "taken", integration(`500`)),
	} {
		require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	}
	require.Len(t, registry.List(), 1)
}

func TestAddNamesTheFaultsOfTheNameAndOfTheMechanism(t *testing.T) {
	err := new(auth.Registry).Add(t.Context(), "", auth.Integration{ClientID: "id"})
	var invalid *outcome.Error
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, violation := range invalid.Violations {
		fields = append(fields, violation.Field)
	}
	require.Equal(t, []string{"Name", "ClientSecret"}, fields)
}
