package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

func TestRefreshTokenIsExchangedSavedAndRotated(t *testing.T) {
	server := newRotatingServer(t)
	store := new(auth.MemoryStore)
	source, err := server.refreshing(store).Open()
	require.NoError(t, err)
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-1", first.Reveal())
	require.WithinDuration(t, time.Now().Add(time.Hour), first.Expiry(), 5*time.Second)

	source.Invalidate(first)
	require.Equal(t, "access-2", get(t, source))

	again, err := server.refreshing(store).Open()
	require.NoError(t, err)
	require.Equal(t, "access-2", get(t, again), "a second start reuses what is stored")
	requests, refusals := server.counts()
	require.Equal(t, 2, requests)
	require.Zero(t, refusals)
}

func TestRefusedTokenThatAnotherProcessReplacedIsAdopted(t *testing.T) {
	server := newRotatingServer(t)
	store := new(auth.MemoryStore)
	one, err := server.refreshing(store).Open()
	require.NoError(t, err)
	other, err := server.refreshing(store).Open()
	require.NoError(t, err)
	refused, err := one.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-1", get(t, other))

	one.Invalidate(refused)
	require.Equal(t, "access-2", get(t, one))
	other.Invalidate(refused)
	require.Equal(t, "access-2", get(t, other))
	requests, _ := server.counts()
	require.Equal(t, 2, requests)
}

// script answers each request with the next of its bodies, the last one again
// and again. A body that begins with a digit begins with its status.
func script(bodies ...string) *httpmock.MockTransport {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		number := min(transport.GetTotalCallCount(), len(bodies)) - 1
		status, body := 200, bodies[number]
		if body[0] >= '0' && body[0] <= '9' {
			_, _ = fmt.Sscan(body[:3], &status)
			body = body[3:]
		}
		return httpmock.NewStringResponse(status, body), nil
	})
	return transport
}

// scripted is the configuration of a source whose endpoint follows a script.
func scripted(store auth.Store, bodies ...string) auth.Refreshing {
	refreshing := refreshingAt("https://api.example.com/token", store)
	refreshing.Integration.Transport = script(bodies...)
	return refreshing
}

func TestRefreshTokenIsKeptIfTheReplyNamesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		refreshing := scripted(nil)
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.PostFormValue("refresh_token"))
			return httpmock.NewStringResponse(200, fmt.Sprintf(`{"access_token":"access-%d","expires_in":600}`, len(sent))), nil
		})
		refreshing.Integration.Transport = transport
		source, err := refreshing.Open()
		require.NoError(t, err)
		get(t, source)
		time.Sleep(time.Hour)
		require.Equal(t, "access-2", get(t, source))
		require.Equal(t, []string{"refresh-0", "refresh-0"}, sent)
	})
}

func TestRefreshIsMadeThoughTheEndpointSwitchedProtocolsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refreshing := scripted(nil)
		refreshing.Integration.Transport = after(switching)
		source, err := refreshing.Open()
		require.NoError(t, err)
		_, err = source.Token(t.Context())
		failure, ok := errors.AsType[*auth.TokenEndpointError](err)
		require.True(t, ok)
		require.Equal(t, http.StatusSwitchingProtocols, failure.Status)
		time.Sleep(time.Minute)
		require.Equal(t, "abc", get(t, source))
	})
}

func TestRefusedRefreshSaysWhatHasToBeDone(t *testing.T) {
	for body, reason := range map[string]auth.Reason{
		`400{"error":"invalid_grant"}`:                   auth.Revoked,
		`400{"error":"invalid_request"}`:                 auth.Revoked,
		`401{"error":"invalid_token"}`:                   auth.Revoked,
		`200{"error":"invalid_grant"}`:                   auth.Revoked,
		`400{"message":"expired","trackingId":"W_1"}`:    auth.Revoked,
		`400{"error":{"key":"1"},"trackingId":"CC_1"}`:   auth.Revoked,
		`401{"error":"invalid_client"}`:                  auth.CredentialsChanged,
		`400{"error":"unauthorized_client"}`:             auth.CredentialsChanged,
		`400{"error":"invalid_scope"}`:                   auth.ScopeChanged,
		`400{"error":"consent_required"}`:                auth.ConsentRequired,
		`400{"error":"temporarily_unavailable"}`:         "",
		`400{"error":"slow_down"}`:                       "",
		`400<html>`:                                      "",
		`401{}`:                                          "",
		`403<html>`:                                      "",
		`404{"message":"no such path","trackingId":"1"}`: "",
		`503{"error":"invalid_grant"}`:                   "",
	} {
		t.Run(body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, err := scripted(nil, body).Open()
				require.NoError(t, err)
				_, err = source.Token(t.Context())
				var failure *auth.TokenEndpointError
				require.ErrorAs(t, err, &failure)
				required, ok := errors.AsType[*auth.ReauthorizationRequiredError](err)
				require.Equal(t, reason != "", ok)
				if ok {
					require.Equal(t, reason, required.Reason)
					require.Equal(t, "a", required.Authorization)
				}
			})
		})
	}
}

func TestRefreshTokenIsNotSentAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(auth.MemoryStore)
		refreshing := scripted(store, `{"access_token":"abc","expires_in":600,"refresh_token_expires_in":"3600"}`)
		source, err := refreshing.Open()
		require.NoError(t, err)
		get(t, source)
		deadline := time.Now().Add(time.Hour)
		time.Sleep(time.Hour)
		_, err = source.Token(t.Context())
		var required *auth.ReauthorizationRequiredError
		require.ErrorAs(t, err, &required)
		require.Equal(t, auth.RefreshExpired, required.Reason)
		require.True(t, required.Deadline.Equal(deadline))
		require.Equal(t, 1, refreshing.Integration.Transport.(*httpmock.MockTransport).GetTotalCallCount())
	})
}

func TestStoredTokenIsNotTrustedAfterTheClockWasSetBack(t *testing.T) {
	store := new(auth.MemoryStore)
	source, err := scripted(store, `{"access_token":"old","expires_in":3600}`).Open()
	require.NoError(t, err)
	require.Equal(t, "old", get(t, source))
	record := kept(t, store, "a")

	synctest.Test(t, func(t *testing.T) { // where the year is 2000
		store := new(auth.MemoryStore)
		put(t, store, "a", record)
		refreshing := scripted(store, `{"access_token":"new","expires_in":3600}`)
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "new", get(t, source))
		again, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "new", get(t, again))
		require.Equal(t, 1, refreshing.Integration.Transport.(*httpmock.MockTransport).GetTotalCallCount())
	})
}

func TestExpiryOfTheRefreshTokenIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		began := time.Now()
		end := began.Add(60 * day)
		var announced []time.Duration
		var log bytes.Buffer
		refreshing := scripted(nil)
		refreshing.Logger = slog.New(slog.NewTextHandler(&log, nil))
		refreshing.OnDue = func(name string, deadline time.Time) {
			require.Equal(t, "a", name)
			require.WithinDuration(t, end, deadline, time.Second)
			announced = append(announced, time.Since(began).Round(day))
		}
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
			// The deadline does not move: what is left counts down.
			left := time.Until(end) / time.Second
			return httpmock.NewStringResponse(200, fmt.Sprintf(
				`{"access_token":"abc-%d","expires_in":43199,"refresh_token_expires_in":%d}`, left, left)), nil
		})
		refreshing.Integration.Transport = transport
		source, err := refreshing.Open()
		require.NoError(t, err)
		for time.Until(end) > 2*time.Hour {
			get(t, source)
			time.Sleep(time.Hour)
		}
		synctest.Wait() // OnDue is called after the token has been given out
		require.Equal(t, []time.Duration{46 * day, 57 * day, 59 * day}, announced)
		require.Contains(t, log.String(), "re-authorization is due")
	})
}

func TestChangedConfigurationIsNoticed(t *testing.T) {
	// The service grants fewer scopes than it was asked for.
	const grant = `{"access_token":"abc","expires_in":3600,"scope":"read"}`
	for name, test := range map[string]struct {
		change func(*auth.Refreshing)
		reason auth.Reason
	}{
		"nothing":       {func(*auth.Refreshing) {}, ""},
		"client id":     {func(r *auth.Refreshing) { r.Integration.ClientID = "other" }, auth.CredentialsChanged},
		"client secret": {func(r *auth.Refreshing) { r.Integration.ClientSecret = auth.NewSecret("other") }, ""},
		"token URL":     {func(r *auth.Refreshing) { r.Integration.TokenURL = "https://other.example.com" }, auth.CredentialsChanged},
		"fewer scopes":  {func(r *auth.Refreshing) { r.Integration.Scopes = []string{"write"} }, ""},
		"other scopes":  {func(r *auth.Refreshing) { r.Integration.Scopes = []string{"read", "admin"} }, auth.ScopeChanged},
		"no seed":       {func(r *auth.Refreshing) { r.Seed = auth.Grant{} }, ""},
		"new seed": {func(r *auth.Refreshing) {
			r.Seed.RefreshToken = auth.NewSecret("other")
			r.Integration.ClientID = "other"
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			store := new(auth.MemoryStore)
			refreshing := scripted(store, grant)
			refreshing.Integration.Scopes = []string{"read", "write"}
			source, err := refreshing.Open()
			require.NoError(t, err)
			get(t, source)

			test.change(&refreshing)
			source, err = refreshing.Open()
			require.NoError(t, err)
			_, err = source.Token(t.Context())
			if test.reason == "" {
				require.NoError(t, err)
				return
			}
			var required *auth.ReauthorizationRequiredError
			require.ErrorAs(t, err, &required)
			require.Equal(t, test.reason, required.Reason)
		})
	}
}

// failing is a store whose disk is full while full is set.
type failing struct {
	auth.MemoryStore
	full bool
}

func (f *failing) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	var failure error
	err := f.MemoryStore.Update(ctx, name, func(old auth.Secret) (auth.Secret, error) {
		record, err := change(old)
		if err == nil && f.full && !record.Equal(old) {
			failure = &auth.StoreError{Name: name, Problem: "could not be saved", Err: syscall.ENOSPC}
			return old, nil
		}
		return record, err
	})
	return errors.Join(err, failure)
}

func TestTokenThatCannotBeSavedIsUsedAndSavedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{full: true}
		var log bytes.Buffer
		refreshing := scripted(store,
			`{"access_token":"access-1","refresh_token":"refresh-1","expires_in":43200}`,
			`400{"error":"invalid_grant"}`)
		refreshing.Logger = slog.New(slog.NewTextHandler(&log, nil))
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "access-1", get(t, source))
		require.Contains(t, log.String(), syscall.ENOSPC.Error())
		require.NotContains(t, log.String(), "access-1")

		for range 1000 {
			require.Equal(t, "access-1", get(t, source))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		require.Empty(t, kept(t, &store.MemoryStore, "a"))
		store.full = false
		time.Sleep(6 * time.Minute)
		require.Equal(t, "access-1", get(t, source))
		synctest.Wait()
		require.Contains(t, kept(t, store, "a"), "refresh-1")
		require.Equal(t, 1, refreshing.Integration.Transport.(*httpmock.MockTransport).GetTotalCallCount())

		time.Sleep(6 * time.Minute)
		require.Equal(t, "access-1", get(t, source))
	})
}

func TestDamagedRecordIsATypedErrorAndStays(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":        hidden,
		"truncated":       `{"version":1,"accessToken":"` + hidden,
		"no version":      `{"accessToken":"` + hidden + `"}`,
		"wrong type":      `{"version":1,"accessToken":["` + hidden + `"]}`,
		"bad expiry":      `{"version":1,"expiry":"` + hidden + `"}`,
		"later version":   `{"version":2}`,
		"bytes from disk": "\x00\x01\xff",
	} {
		t.Run(name, func(t *testing.T) {
			store := new(auth.MemoryStore)
			put(t, store, "a", text)
			source, err := scripted(store, `{"access_token":"abc"}`).Open()
			require.NoError(t, err)
			_, err = source.Token(t.Context())
			var failure *auth.StoreError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "a", failure.Name)
			require.NotContains(t, err.Error(), hidden)
			require.Equal(t, text, kept(t, store, "a"))
		})
	}
}

func TestAuthorizeReplacesWhateverTheRecordWas(t *testing.T) {
	for _, text := range []string{"", "damaged", `{"version":1,"client":"x"}`} {
		store := new(auth.MemoryStore)
		put(t, store, "a", text)
		refreshing := scripted(store, `500`)
		refreshing.Seed = auth.Grant{}
		require.NoError(t, refreshing.Authorize(t.Context(), auth.Grant{
			Token:        auth.NewToken("granted", time.Now().Add(time.Hour)),
			RefreshToken: auth.NewSecret("refresh"),
		}))
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "granted", get(t, source))
	}
}

func TestAuthorizeNeedsARefreshTokenAndAStore(t *testing.T) {
	refreshing := scripted(new(auth.MemoryStore), `{}`)
	require.EqualError(t, refreshing.Authorize(t.Context(), auth.Grant{}), `auth: re-authorization required for "a": no token`)
	refreshing.Store = nil
	err := refreshing.Authorize(t.Context(), auth.Grant{RefreshToken: auth.NewSecret("r")})
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	require.ErrorContains(t, err, "Store is nil")
	require.ErrorIs(t, auth.Refreshing{}.Authorize(t.Context(), auth.Grant{}), outcome.ErrOnInvalidData)
}

func TestRefreshingNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.Refreshing{Integration: auth.Integration{
		Scopes: []string{" "}, TokenURL: "http://api.example.com", DeviceURL: "x",
	}}.Open()
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, field := range []string{"Name", "Integration.ClientID", "Integration.ClientSecret", "Integration.Scopes[0]", "Integration.TokenURL", "Integration.DeviceURL"} {
		require.ErrorContains(t, err, field)
	}
}

func TestSourceWithoutAStartHasToBeAuthorized(t *testing.T) {
	refreshing := scripted(nil, `{}`)
	refreshing.Seed = auth.Grant{}
	source, err := refreshing.Open()
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	var required *auth.ReauthorizationRequiredError
	require.ErrorAs(t, err, &required)
	require.Equal(t, auth.NoToken, required.Reason)
}

func TestClientIsSentInTheFormOrTheHeader(t *testing.T) {
	for _, basic := range []bool{false, true} {
		refreshing := scripted(nil)
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
			id, secret, inHeader := r.BasicAuth()
			require.Equal(t, basic, inHeader)
			require.Equal(t, basic, r.PostFormValue("client_secret") == "")
			require.Equal(t, "id", id+r.PostFormValue("client_id"))
			require.Equal(t, hidden, secret+r.PostFormValue("client_secret"))
			require.Equal(t, "refresh_token", r.PostFormValue("grant_type"))
			return httpmock.NewStringResponse(200, `{"access_token":"abc"}`), nil
		})
		refreshing.Integration.Transport = transport
		refreshing.Integration.BasicAuth = basic
		source, err := refreshing.Open()
		require.NoError(t, err)
		get(t, source)
	}
}
