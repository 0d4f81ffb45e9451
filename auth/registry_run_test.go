package auth_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// hourly is an endpoint whose tokens live for an hour and are numbered, until it
// refuses the client.
type hourly struct {
	*httpmock.MockTransport
	mu      sync.Mutex
	refuses bool
}

func newHourly() *hourly {
	h := &hourly{MockTransport: httpmock.NewMockTransport()}
	h.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.refuses {
			return httpmock.NewStringResponse(401, `{"error":"invalid_client"}`), nil
		}
		return httpmock.NewStringResponse(200, fmt.Sprintf(
			`{"access_token":"token-%d","expires_in":3600,"refresh_token":"refresh"}`, h.GetTotalCallCount())), nil
	})
	return h
}

func (h *hourly) refuse(refuses bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuses = refuses
}

// of returns credentials and an integration whose tokens h gives.
func (h *hourly) of() (auth.ClientCredentials, auth.Integration) {
	source, person := standalone(`500`), integration(`500`)
	source.Transport, person.Transport = h, h
	return source, person
}

// running runs registry and returns what ends it and waits for its end.
func running(t *testing.T, registry *auth.Registry) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- registry.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

func TestRegistryKeepsItsTokensFreshWithoutCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := new(auth.Registry)
		before, later, person := newHourly(), newHourly(), newHourly()
		source, _ := before.of()
		require.NoError(t, registry.Add(t.Context(), "before", source))
		end := running(t, registry)
		require.Equal(t, auth.Authorized, state(t, registry, "before"))

		source, _ = later.of()
		require.NoError(t, registry.Add(t.Context(), "later", source))
		_, integration := person.of()
		require.NoError(t, registry.Add(t.Context(), "person", integration))
		time.Sleep(10 * time.Hour)
		require.InDelta(t, 13, before.GetTotalCallCount(), 2) // once in about 40 to 45 minutes
		require.InDelta(t, 13, later.GetTotalCallCount(), 2)
		require.Zero(t, person.GetTotalCallCount(), "nobody has signed in")

		require.NoError(t, registry.Authorize(t.Context(), "person", granted))
		require.NoError(t, registry.Remove(t.Context(), "later"))
		removed := later.GetTotalCallCount()
		grant := granted
		grant.Token = auth.NewToken("granted", time.Now().Add(time.Hour))
		require.NoError(t, registry.Authorize(t.Context(), "person", grant))
		time.Sleep(10 * time.Hour)
		require.InDelta(t, 13, person.GetTotalCallCount(), 2)
		require.Equal(t, removed, later.GetTotalCallCount())

		began := time.Now()
		for _, name := range []string{"before", "person"} {
			get(t, registry.Use(name, "user"))
		}
		require.Equal(t, began, time.Now(), "nobody waited")
		end()
		asked := before.GetTotalCallCount()
		time.Sleep(10 * time.Hour)
		require.Equal(t, asked, before.GetTotalCallCount())
	})
}

func TestRunOfARegistryReportsFailuresAndRequestsNothingThatNeedsAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var mu sync.Mutex
		var states []auth.State
		endpoint := newHourly()
		registry := &auth.Registry{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			OnTransition: func(s auth.Status) {
				mu.Lock()
				defer mu.Unlock()
				states = append(states, s.State)
			},
		}
		source, _ := endpoint.of()
		require.NoError(t, registry.Add(t.Context(), "support", source))
		end := running(t, registry)
		endpoint.refuse(true)
		time.Sleep(2 * time.Hour)
		require.Equal(t, auth.ReauthorizationRequired, state(t, registry, "support"))
		asked := endpoint.GetTotalCallCount()
		time.Sleep(10 * time.Hour)
		require.Equal(t, asked, endpoint.GetTotalCallCount(), "it waits for a person")

		endpoint.refuse(false)
		require.NoError(t, registry.Authenticate(t.Context(), "support"))
		time.Sleep(10 * time.Hour)
		require.InDelta(t, asked+13, endpoint.GetTotalCallCount(), 2)
		end()
		synctest.Wait()
		require.Equal(t, []auth.State{auth.Pending, auth.Authorized, auth.ReauthorizationRequired, auth.Authorized}, states)
		require.Contains(t, log.String(), "authorization=support")
		require.Contains(t, log.String(), "token renewal failed")
	})
}

// An hour before the end is when there is time to act.
func TestRefusedRefreshIsReportedWhileTheTokenLives(t *testing.T) {
	for _, run := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var reported []auth.State
			endpoint := newHourly()
			endpoint.refuse(true)
			_, person := endpoint.of()
			registry := &auth.Registry{OnTransition: func(s auth.Status) { reported = append(reported, s.State) }}
			require.NoError(t, registry.Add(t.Context(), "a", person))
			grant := auth.Grant{Token: auth.NewToken("granted", time.Now().Add(12*time.Hour)), RefreshToken: auth.NewSecret("revoked")}
			require.NoError(t, registry.Authorize(t.Context(), "a", grant))
			source := registry.Use("a", "user")
			require.Equal(t, "granted", get(t, source))
			if run {
				defer running(t, registry)()
			}

			time.Sleep(11*time.Hour + 15*time.Minute)
			if !run { // the call that starts the renewal seldom knows how it ends
				require.Equal(t, "granted", get(t, source))
				synctest.Wait()
				require.Equal(t, "granted", get(t, source))
			}
			status, err := registry.Get("a")
			require.NoError(t, err)
			require.Equal(t, auth.ReauthorizationRequired, status.State)
			require.Equal(t, auth.CredentialsChanged, status.Reason)
			require.Equal(t, "granted", get(t, source), "it lives on")
			require.NoError(t, registry.Authenticate(t.Context(), "a"))
			require.Equal(t, auth.ReauthorizationRequired, state(t, registry, "a"))

			synctest.Wait()
			endpoint.refuse(false)
			time.Sleep(6 * time.Minute)
			require.Equal(t, "granted", get(t, source))
			synctest.Wait()
			require.NotEqual(t, "granted", get(t, source))
			require.Equal(t, []auth.State{auth.Pending, auth.Authorized, auth.ReauthorizationRequired, auth.Authorized}, reported)
		})
	}
}

func TestUpdateKeepsATokenThatIsNotSavedYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(failing)
		registry := &auth.Registry{Store: store}
		// The service rotates: whoever sends the old refresh token has lost.
		rotating := integration(`{"access_token":"second","refresh_token":"rotated","expires_in":3600}`, `400{"error":"invalid_grant"}`)
		require.NoError(t, registry.Add(t.Context(), "a", rotating))
		require.NoError(t, registry.Authorize(t.Context(), "a", granted))
		source := registry.Use("a", "user")
		require.Equal(t, "granted", get(t, source))

		store.full = true
		source.Invalidate(granted.Token)
		require.Equal(t, "second", get(t, source))
		require.NotContains(t, kept(t, &store.MemoryStore, "a"), "rotated")

		changed := rotating
		changed.ClientID = "other"
		require.NoError(t, registry.Update(t.Context(), "a", changed))
		require.Equal(t, auth.ReauthorizationRequired, state(t, registry, "a"), "it belongs to other credentials")
		require.NoError(t, registry.Update(t.Context(), "a", standalone(`{"access_token":"other"}`)))

		require.NoError(t, registry.Update(t.Context(), "a", rotating))
		require.Equal(t, auth.Authorized, state(t, registry, "a"))
		require.Equal(t, "second", get(t, source))
		synctest.Wait()
		store.full = false
		time.Sleep(6 * time.Minute)
		require.Equal(t, "second", get(t, source))
		synctest.Wait()
		require.Contains(t, kept(t, store, "a"), "rotated")
	})
}

func TestGrantReplacesATokenThatIsNotSavedYet(t *testing.T) {
	store := new(failing)
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", integration(`{"access_token":"second","refresh_token":"rotated"}`)))
	require.NoError(t, registry.Authorize(t.Context(), "a", granted))
	source := registry.Use("a", "user")
	get(t, source)
	store.full = true
	source.Invalidate(granted.Token)
	require.Equal(t, "second", get(t, source))

	store.full = false
	anew := auth.Grant{Token: auth.NewToken("anew", time.Time{}), RefreshToken: auth.NewSecret("fresh")}
	require.NoError(t, registry.Authorize(t.Context(), "a", anew))
	require.Equal(t, "anew", get(t, source))
	require.Contains(t, kept(t, store, "a"), "fresh")
}

func TestAFailureThatMayPassDoesNotMendARevokedAuthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		integration := scripted(nil, `{"access_token":"new","expires_in":43200,"refresh_token":"next"}`,
			`{"error":"invalid_grant"}`, `503`, `503`, `503`, `{"error":"invalid_grant"}`, `503`, `503`, `503`).Integration
		var states []auth.State
		registry := &auth.Registry{OnTransition: func(s auth.Status) { states = append(states, s.State) }}
		require.NoError(t, registry.Add(t.Context(), "a", integration))
		require.NoError(t, registry.Authorize(t.Context(), "a", auth.Grant{RefreshToken: auth.NewSecret("refresh")}))
		user := registry.Use("a", "worker")
		require.Equal(t, "new", get(t, user))
		time.Sleep(11*time.Hour + 10*time.Minute)
		for range 4 {
			require.Equal(t, "new", get(t, user))
			time.Sleep(6 * time.Minute)
		}
		require.Equal(t, "new", get(t, user), "it lives on")
		require.Equal(t, auth.ReauthorizationRequired, states[len(states)-1])
		require.Len(t, states, 3, "%v", states)
		time.Sleep(time.Minute) // until the renewal under way has given up
	})
}

func TestRegistryChangesWhileItsCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reply := make(chan struct{})
		slow := standalone()
		slow.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
			<-reply
			return httpmock.NewStringResponse(200, `{"access_token":"late"}`), nil
		})
		registry := new(auth.Registry)
		require.NoError(t, registry.Add(t.Context(), "a", slow))
		for range 3 { // so that three renewals of former mechanisms are in progress
			go func() { _ = registry.Authenticate(t.Context(), "a") }()
			synctest.Wait()
			require.NoError(t, registry.Update(t.Context(), "a", slow))
		}
		closed := make(chan error)
		go func() { closed <- registry.Close(t.Context()) }()
		synctest.Wait()
		require.NoError(t, registry.Update(t.Context(), "a", slow))
		close(reply)
		require.NoError(t, <-closed)
	})
}
