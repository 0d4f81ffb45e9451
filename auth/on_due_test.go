package auth_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// ending is the configuration of a source whose refresh token ends in a day.
func ending() auth.Refreshing {
	return scripted(nil, `{"access_token":"new","expires_in":43200,"refresh_token_expires_in":86400}`)
}

func TestCallersDoNotWaitForOnDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, called := time.Now(), false
		refreshing := ending()
		refreshing.OnDue = func(string, time.Time) {
			called = true
			time.Sleep(5 * time.Minute) // as long as somebody takes to sign in
		}
		source, err := refreshing.Open()
		require.NoError(t, err)
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.True(t, called)
		source.Invalidate(token)
		require.Equal(t, "new", get(t, source), "nor does the next renewal")
		require.Equal(t, began, time.Now())
		time.Sleep(5 * time.Minute)
	})
}

func TestOnDueMayAskItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var source *auth.Cache
		var token string
		refreshing := ending()
		refreshing.OnDue = func(string, time.Time) {
			source.Invalidate(auth.NewToken("new", time.Time{}))
			token = get(t, source)
		}
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "new", get(t, source))
		synctest.Wait()
		require.Equal(t, "new", token)
		require.Equal(t, began, time.Now())
	})
}

func TestOnDueOfARegistryMayAskForItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var token string
		registry := new(auth.Registry)
		registry.OnDue = func(name string, _ time.Time) { token = get(t, registry.Use(name, "mail")) }
		require.NoError(t, registry.Add(t.Context(), "a", ending().Integration))
		require.NoError(t, registry.Authorize(t.Context(), "a", auth.Grant{RefreshToken: auth.NewSecret("refresh")}))
		require.NoError(t, registry.Authenticate(t.Context(), "a"))
		synctest.Wait()
		require.Equal(t, "new", token)
	})
}

func TestPanicOfOnDueIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		refreshing := ending()
		refreshing.Logger = slog.New(slog.NewTextHandler(&log, nil))
		refreshing.OnDue = func(string, time.Time) { panic(hidden) }
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "new", get(t, source))
		synctest.Wait()
		require.Contains(t, log.String(), "OnDue panicked")
		require.NotContains(t, log.String(), hidden)
	})
}

func TestOnDueIsCalledThoughTheRenewalOutlivedThoseWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refreshing, calls := ending(), 0
		endpoint := refreshing.Integration.Transport
		refreshing.Integration.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return endpoint.RoundTrip(r)
		})
		refreshing.OnDue = func(string, time.Time) { calls++ }
		source, err := refreshing.Open(auth.WithTimeout(time.Second))
		require.NoError(t, err)
		_, err = source.Token(t.Context())
		require.ErrorContains(t, err, "no token within 1s")
		time.Sleep(2 * time.Second)
		require.Equal(t, "new", get(t, source))
		synctest.Wait()
		require.Equal(t, 1, calls)
	})
}

func TestCallsOfOnDueFollowOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refreshing := scripted(nil,
			`{"access_token":"first","expires_in":43200,"refresh_token_expires_in":864000}`,
			`{"access_token":"second","expires_in":43200,"refresh_token_expires_in":172800}`)
		began, calls := time.Now(), 0
		refreshing.OnDue = func(string, time.Time) {
			calls++
			time.Sleep(20 * time.Minute)
			require.Equal(t, time.Duration(calls)*20*time.Minute, time.Since(began))
		}
		source, err := refreshing.Open()
		require.NoError(t, err)
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		synctest.Wait() // until the first call sleeps
		source.Invalidate(token)
		require.Equal(t, "second", get(t, source))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 2, calls)
	})
}

func TestExpiryOfANewRefreshTokenIsReportedAfterThatOfTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		var reported []time.Time
		refreshing := scripted(new(auth.MemoryStore), `500`)
		refreshing.Seed = auth.Grant{}
		refreshing.OnDue = func(_ string, deadline time.Time) { reported = append(reported, deadline) }
		source, err := refreshing.Open()
		require.NoError(t, err)
		var deadlines []time.Time
		for _, left := range []time.Duration{13 * day, 10 * day, 11 * day} {
			deadline := time.Now().Add(left)
			deadlines = append(deadlines, deadline)
			require.NoError(t, refreshing.Authorize(t.Context(), auth.Grant{
				Token:        auth.NewToken(left.String(), time.Now().Add(time.Hour)),
				RefreshToken: auth.NewSecret("refresh"), RefreshExpiry: deadline,
			}))
			require.Equal(t, left.String(), get(t, source))
			synctest.Wait()
			time.Sleep(2 * time.Hour)
		}
		require.Len(t, reported, len(deadlines))
		for i, deadline := range deadlines {
			require.True(t, deadline.Equal(reported[i]))
		}
	})
}

func TestExpiryIsReportedOnceThoughTheAuthorizationIsUpdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		registry := &auth.Registry{OnDue: func(string, time.Time) { calls++ }}
		require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
		require.NoError(t, registry.Authorize(t.Context(), "a", auth.Grant{
			Token: granted.Token, RefreshToken: granted.RefreshToken, RefreshExpiry: time.Now().Add(48 * time.Hour),
		}))
		for range 3 {
			require.NoError(t, registry.Authenticate(t.Context(), "a"))
			synctest.Wait()
			require.NoError(t, registry.Update(t.Context(), "a", integration(`500`)))
		}
		require.Equal(t, 1, calls)
	})
}
