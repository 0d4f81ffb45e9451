package auth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/auth"
)

func TestNilContextIsAnErrorAndNoPanic(t *testing.T) {
	var none context.Context
	person := integration(`{"access_token":"abc"}`)
	person.RedirectURL = "http://localhost:8080/callback"
	registry := new(auth.Registry)
	require.NoError(t, registry.Add(t.Context(), "a", person))
	same := func(record auth.Secret) (auth.Secret, error) { return record, nil }
	signIn, err := person.NewSignIn()
	require.NoError(t, err)
	token := func(source auth.TokenSource) error {
		_, err := source.Token(none)
		return err
	}
	jwt, err := auth.ConnectJWT{ServiceID: "id", Secret: auth.NewSecret("c2VjcmV0")}.Open()
	require.NoError(t, err)

	for name, call := range map[string]func() error{
		"cache":              func() error { return token(auth.NewCache(auth.Static("abc"))) },
		"cache, run":         func() error { return auth.NewCache(auth.Static("abc")).Run(none) },
		"client credentials": func() error { return token(standalone(`{"access_token":"abc"}`)) },
		"legacy":             func() error { return token(auth.Legacy{}) },
		"Connect":            func() error { return token(jwt) },
		"of x/oauth2": func() error {
			return token(auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "abc"})))
		},
		"for x/oauth2":           func() error { _, err := auth.ToOAuth2(none, auth.Static("abc")).Token(); return err },
		"refresh":                func() error { _, err := person.Refresh(none, auth.NewSecret("refresh")); return err },
		"named source":           func() error { return token(registry.Use("a", "user")) },
		"refreshing, authorize":  func() error { return scripted(new(auth.MemoryStore), `500`).Authorize(none, granted) },
		"registry, add":          func() error { return registry.Add(none, "b", person) },
		"registry, update":       func() error { return registry.Update(none, "a", person) },
		"registry, authorize":    func() error { return registry.Authorize(none, "a", granted) },
		"registry, authenticate": func() error { return registry.Authenticate(none, "a") },
		"registry, remove":       func() error { return registry.Remove(none, "a") },
		"registry, run":          func() error { return registry.Run(none) },
		"store in memory":        func() error { return new(auth.MemoryStore).Update(none, "a", same) },
		"store in files":         func() error { return auth.NewFileStore(t.TempDir()).Update(none, "a", same) },
		"Service App":            func() error { _, err := serviceApp(nil).Grant(none, auth.Static("abc")); return err },
		"login":                  func() error { _, err := auth.Login{Integration: person}.Run(none); return err },
		"device login":           func() error { _, err := auth.DeviceLogin{Integration: person}.Run(none); return err },
		"sign-in":                func() error { _, err := signIn.Finish(none, redirect(t, signIn.URL(), "code", "good")); return err },
		"browser":                func() error { return auth.OpenBrowser(none, "https://login.example.com") },
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, call(), "the context is nil")
		})
	}
	_, err = signIn.Finish(t.Context(), redirect(t, signIn.URL(), "code", "good"))
	require.NoError(t, err, "the code was not used up")
}

// breaking is a context that panics when it is asked for its end.
type breaking struct{ context.Context }

func (breaking) Err() error { panic("a context of somebody else") }

// A panic in a handler of net/http is caught, and the cache is used again.
func TestPanicOfACallerLeavesTheCacheUsable(t *testing.T) {
	cache := auth.NewCache(auth.Static("abc"))
	require.Panics(t, func() { _, _ = cache.Token(breaking{t.Context()}) })
	require.Equal(t, "abc", get(t, cache))
	cache.Invalidate(auth.NewToken("abc", time.Time{}))

	var asked atomic.Int32
	cache = auth.NewCache(auth.Static("abc"), auth.WithClock(func() time.Time {
		if asked.Add(1) == 2 {
			panic("a clock of somebody else")
		}
		return time.Now()
	}))
	require.Panics(t, func() { _, _ = cache.Token(t.Context()) })
	require.Equal(t, "abc", get(t, cache))
}

func TestNilInPlaceOfARegistryStoreOrChangeIsAnError(t *testing.T) {
	var registry *auth.Registry
	person := integration(`500`)
	for name, err := range map[string]error{
		"add":          registry.Add(t.Context(), "a", person),
		"update":       registry.Update(t.Context(), "a", person),
		"authorize":    registry.Authorize(t.Context(), "a", granted),
		"authenticate": registry.Authenticate(t.Context(), "a"),
		"remove":       registry.Remove(t.Context(), "a"),
		"run":          registry.Run(t.Context()),
		"set default":  registry.SetDefault(""),
		"resolve":      func() error { _, err := registry.Resolve("a"); return err }(),
		"get":          func() error { _, err := registry.Get("a"); return err }(),
		"use":          func() error { _, err := registry.Use("a", "user").Token(t.Context()); return err }(),
		"bind":         func() error { _, err := registry.Use("a", "user").Bind(nil, nil); return err }(),
	} {
		require.EqualError(t, err, "auth: the registry is nil", name)
	}
	require.Empty(t, registry.List())
	registry.Use("a", "user").Release()

	var memory *auth.MemoryStore
	var failure *auth.StoreError
	require.ErrorAs(t, memory.Update(t.Context(), "a", nil), &failure)
	for kind, store := range stores(t) {
		put(t, store, "a", "old")
		require.ErrorAs(t, store.Update(t.Context(), "a", nil), &failure, kind)
		require.Equal(t, "old", kept(t, store, "a"))
	}

	var signIn *auth.SignIn
	for _, signIn := range []*auth.SignIn{signIn, {}} {
		require.Empty(t, signIn.URL())
		_, err := signIn.Finish(t.Context(), "https://app.example.com/?code=good")
		var problem *auth.SignInError
		require.ErrorAs(t, err, &problem)
	}
}
