package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// rotating is a transport to a token endpoint that accepts each refresh token
// once, from refresh-0 on. It takes that long, even if the client has left.
func rotating(took time.Duration) *httpmock.MockTransport {
	transport := httpmock.NewMockTransport()
	number := 0
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		if r.PostFormValue("refresh_token") != fmt.Sprintf("refresh-%d", number) {
			return httpmock.NewStringResponse(400, `{"error":"invalid_grant"}`), nil
		}
		number++
		reply := fmt.Sprintf(`{"access_token":"access-%d","refresh_token":"refresh-%d","expires_in":43200}`, number, number)
		select {
		case <-time.After(took):
			return httpmock.NewStringResponse(200, reply), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	return transport
}

// opened is a source that refreshes over transport.
func opened(t *testing.T, store auth.Store, transport http.RoundTripper) *auth.Cache {
	t.Helper()
	refreshing := scripted(store)
	refreshing.Integration.Transport = transport
	source, err := refreshing.Open()
	require.NoError(t, err)
	return source
}

func TestSlowReplyToARefreshIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(auth.MemoryStore)
		transport := rotating(25 * time.Second)
		source := opened(t, store, transport)
		require.Equal(t, "access-1", get(t, source))
		require.Equal(t, 1, transport.GetTotalCallCount())
		require.Contains(t, kept(t, store, "a"), "refresh-1")
	})
}

// lock locks the record for that long. It returns as soon as it is locked.
func lock(t *testing.T, store auth.Store, period time.Duration) {
	locked := make(chan struct{})
	go func() {
		err := store.Update(t.Context(), "a", func(record auth.Secret) (auth.Secret, error) {
			close(locked)
			time.Sleep(period)
			return record, nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	<-locked
}

func TestRefreshThatHasBegunGoesOnToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(auth.MemoryStore)
		source := opened(t, store, rotating(5*time.Second))

		lock(t, store, 28*time.Second)
		_, err := source.Token(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded, "the limit of a renewal")
		time.Sleep(time.Minute)
		require.Equal(t, "access-1", get(t, source))
		require.Contains(t, kept(t, store, "a"), "refresh-1")
	})
}

func TestThoseWhoWaitedForARefreshDoNotRefreshAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(auth.MemoryStore)
		transport := rotating(5 * time.Second)
		source := opened(t, store, transport)
		lock(t, store, 28*time.Second)
		for range 60 { // Some ask while the refresh outlives the renewal that began it.
			go source.Token(t.Context())
			time.Sleep(time.Second)
		}
		require.Equal(t, "access-1", get(t, source))
		require.Equal(t, 1, transport.GetTotalCallCount())
	})
}

func TestRefreshIsNotBegunByThoseWhoWaitedTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(auth.MemoryStore)
		transport := rotating(0)
		source := opened(t, patient{store}, transport)
		lock(t, store, time.Minute)
		_, err := source.Token(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Minute)
		require.Zero(t, transport.GetTotalCallCount())
	})
}

// patient is a store that waits for a lock whatever the context says.
type patient struct{ auth.Store }

func (p patient) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	return p.Store.Update(context.WithoutCancel(ctx), name, change)
}

func TestSignInGoesBeforeATokenThatCouldNotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(failing)
		source := opened(t, store, rotating(0))
		require.Equal(t, "access-1", get(t, source))
		store.full = true
		for time.Now().Before(time.Date(2000, 1, 2, 6, 0, 0, 0, time.UTC)) { // two renewals
			get(t, source)
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		require.Equal(t, "access-3", get(t, source))
		synctest.Wait() // for a renewal that this may have begun
		require.Contains(t, kept(t, &store.MemoryStore, "a"), "refresh-1")

		store.full = false
		require.NoError(t, scripted(store).Authorize(t.Context(), granted))
		time.Sleep(10 * time.Minute)
		get(t, source)
		synctest.Wait()
		require.Equal(t, "granted", get(t, source))
		require.Contains(t, kept(t, store, "a"), "granted")
	})
}

func TestTokenThatTookThePlaceOfAnUnsavedOneIsRenewedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{full: true}
		refreshing := scripted(store,
			`{"access_token":"unsaved","refresh_token":"unsaved","expires_in":43200}`,
			`{"access_token":"renewed","refresh_token":"renewed","expires_in":43200}`)
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "unsaved", get(t, source))
		synctest.Wait()
		store.full = false
		require.NoError(t, refreshing.Authorize(t.Context(), auth.Grant{
			Token: auth.NewToken("granted", time.Now().Add(12*time.Hour)), RefreshToken: auth.NewSecret("refresh"),
		}))
		time.Sleep(10 * time.Minute)
		get(t, source)
		synctest.Wait()
		require.Equal(t, "granted", get(t, source))

		time.Sleep(11*time.Hour + 15*time.Minute)
		require.Equal(t, "granted", get(t, source))
		synctest.Wait()
		require.Equal(t, "renewed", get(t, source))
	})
}

func TestTokenThatCouldNotBeSavedDoesNotBringBackARemovedAuthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(failing)
		one, two := &auth.Registry{Store: store}, &auth.Registry{Store: store}
		rotated := integration()
		rotated.Transport = rotating(0)
		require.NoError(t, one.Add(t.Context(), "a", rotated))
		require.NoError(t, one.Authorize(t.Context(), "a", auth.Grant{RefreshToken: auth.NewSecret("refresh-0")}))
		store.full = true
		source := one.Use("a", "user")
		defer source.Release()
		require.Equal(t, "access-1", get(t, source))
		synctest.Wait()

		store.full = false
		require.NoError(t, two.Add(t.Context(), "a", rotated))
		require.NoError(t, two.Remove(t.Context(), "a"))
		time.Sleep(10 * time.Minute)
		get(t, source)
		synctest.Wait()
		require.Empty(t, kept(t, store, "a"))
	})
}

func TestRefusedTokenIsReplacedThoughItCouldNotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{full: true}
		source := opened(t, store, rotating(0))
		refused, err := source.Token(t.Context())
		require.NoError(t, err)
		source.Invalidate(refused)
		require.Equal(t, "access-2", get(t, source))
		synctest.Wait()
		store.full = false
		time.Sleep(10 * time.Minute)
		get(t, source)
		synctest.Wait()
		require.Contains(t, kept(t, store, "a"), "refresh-2")
	})
}

// A process whose token was refused waits for an endpoint that hangs, and holds
// the lock meanwhile. The token in the store is good all the same.
func TestProcessStartsWithTheStoredTokenWhileAnotherRefreshes(t *testing.T) {
	for kind, store := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refreshing := scripted(store)
				refreshing.Integration.Transport = transportFunc(hang)
				grant := auth.Grant{Token: auth.NewToken("valid", time.Now().Add(50*time.Minute)), RefreshToken: auth.NewSecret("r")}
				require.NoError(t, refreshing.Authorize(t.Context(), grant))
				other, err := refreshing.Open()
				require.NoError(t, err)
				require.Equal(t, "valid", get(t, other))
				other.Invalidate(grant.Token)
				go func() { _, _ = other.Token(t.Context()) }()
				synctest.Wait()

				began := time.Now()
				source, err := refreshing.Open()
				require.NoError(t, err)
				require.Equal(t, "valid", get(t, source))
				registry := &auth.Registry{Store: store}
				require.NoError(t, registry.Add(t.Context(), "a", refreshing.Integration))
				require.Equal(t, auth.Authorized, state(t, registry, "a"))
				require.Equal(t, began, time.Now(), "nobody waited")
				time.Sleep(time.Minute) // until the refresh has given up
			})
		})
	}
}

func TestTokenOfASeedIsSavedBeforeItIsUsed(t *testing.T) {
	store := new(auth.MemoryStore)
	refreshing := scripted(store, `500`)
	refreshing.Seed = granted
	for range 2 {
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "granted", get(t, source))
		require.Contains(t, kept(t, store, "a"), "granted")
	}
}
