package auth_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

const deviceReply = `{"device_code":"` + hidden + `","user_code":"123456","verification_uri":"https://login.example.com",` +
	`"verification_uri_complete":"https://login.example.com?code=123456","expires_in":300,"interval":2}`

// deviceLogin is a login whose device endpoint answers with first and whose
// token endpoint answers each poll with the next of polls. It notes when it was
// polled.
func deviceLogin(t *testing.T, first httpmock.Responder, polls ...httpmock.Responder) (auth.DeviceLogin, *[]time.Duration) {
	began := time.Now()
	var times []time.Duration
	transport := httpmock.NewMockTransport()
	transport.RegisterResponder(http.MethodPost, auth.WebexDeviceURL, func(r *http.Request) (*http.Response, error) {
		require.Equal(t, "id", r.PostFormValue("client_id"))
		require.Equal(t, "cjp:config_read cjp:user", r.PostFormValue("scope"))
		require.Empty(t, r.PostFormValue("client_secret"))
		return first(r)
	})
	transport.RegisterResponder(http.MethodPost, auth.WebexDeviceTokenURL, func(r *http.Request) (*http.Response, error) {
		_, secret, basic := r.BasicAuth()
		require.True(t, basic)
		require.Equal(t, hidden, secret)
		require.Equal(t, hidden, r.PostFormValue("device_code"))
		require.Equal(t, "urn:ietf:params:oauth:grant-type:device_code", r.PostFormValue("grant_type"))
		times = append(times, time.Since(began))
		return polls[min(len(times), len(polls))-1](r)
	})
	integration := person("")
	integration.Transport = transport
	return auth.DeviceLogin{Integration: integration, Show: func(auth.DeviceCode) {}}, &times
}

var (
	pending    = httpmock.NewStringResponder(428, "")
	pendingRFC = httpmock.NewStringResponder(400, `{"error":"authorization_pending"}`)
	slow       = httpmock.NewStringResponder(400, `{"error":"slow_down"}`)
	granting   = httpmock.NewStringResponder(200, `{"access_token":"abc","refresh_token":"refresh","expires_in":64799}`)
	started    = httpmock.NewStringResponder(200, deviceReply)
)

// The poller of x/oauth2 gave up after one poll: Webex answers 428, without an
// error code.
func TestDeviceLoginAsksUntilSomebodyHasSignedIn(t *testing.T) {
	limited := httpmock.NewStringResponder(429, "").HeaderSet(http.Header{"Retry-After": {"20"}})
	for name, test := range map[string]struct {
		polls []httpmock.Responder
		times []time.Duration
	}{
		"at once":          {[]httpmock.Responder{granting}, []time.Duration{2}},
		"428 first":        {[]httpmock.Responder{pending, pending, granting}, []time.Duration{2, 4, 6}},
		"pending by code":  {[]httpmock.Responder{pendingRFC, granting}, []time.Duration{2, 4}},
		"slow down":        {[]httpmock.Responder{slow, pending, granting}, []time.Duration{2, 9, 16}},
		"too many":         {[]httpmock.Responder{limited, pending, granting}, []time.Duration{2, 22, 24}},
		"network and busy": {[]httpmock.Responder{cut, busy, granting}, []time.Duration{2, 4, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				login, times := deviceLogin(t, started, test.polls...)
				began := time.Now()
				login.Show = func(code auth.DeviceCode) {
					require.Equal(t, auth.DeviceCode{
						UserCode: "123456", VerificationURL: "https://login.example.com",
						CompleteURL: "https://login.example.com?code=123456", Expiry: began.Add(5 * time.Minute),
					}, code)
				}
				grant, err := login.Run(t.Context())
				require.NoError(t, err)
				require.Equal(t, "abc", grant.Token.Reveal())
				require.Equal(t, "refresh", grant.RefreshToken.Reveal())
				for i := range test.times {
					test.times[i] *= time.Second
				}
				require.Equal(t, test.times, *times)
			})
		})
	}
}

func TestDeviceLoginEnds(t *testing.T) {
	reply := func(status int, body string) httpmock.Responder { return httpmock.NewStringResponder(status, body) }
	for name, test := range map[string]struct {
		first, poll httpmock.Responder
		target      error
	}{
		"nobody came":        {started, pending, context.DeadlineExceeded},
		"code expired":       {started, reply(400, `{"error":"expired_token"}`), context.DeadlineExceeded},
		"declined":           {started, reply(400, `{"error":"access_denied"}`), auth.ErrReauthorizationRequired},
		"wrong secret":       {started, reply(401, `{"error":"invalid_client"}`), auth.ErrReauthorizationRequired},
		"wrong client":       {reply(401, `{"error":"invalid_client"}`), nil, auth.ErrReauthorizationRequired},
		"odd refusal":        {started, reply(400, `{"error":"tokenlimit_reached"}`), nil},
		"Webex refusal":      {reply(400, `{"message":"`+hidden+`","trackingId":"W_1"}`), nil, nil},
		"no device code":     {reply(200, `{"user_code":"1","verification_uri":"https://login.example.com"}`), nil, nil},
		"HTML":               {reply(200, `<html>`+hidden), nil, nil},
		"not reachable":      {cut, nil, nil},
		"redirect elsewhere": {reply(302, ""), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				login, _ := deviceLogin(t, test.first, test.poll)
				began := time.Now()
				_, err := login.Run(t.Context())
				require.Error(t, err)
				require.NotContains(t, err.Error(), hidden)
				require.LessOrEqual(t, time.Since(began), 5*time.Minute)
				if test.target != nil {
					require.ErrorIs(t, err, test.target)
					return
				}
				var failure *auth.TokenEndpointError
				require.ErrorAs(t, err, &failure)
			})
		})
	}
}

func TestGrantThatComesAfterTheEndOfTheCodeIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login, times := deviceLogin(t, started, pending, granting.Delay(3*time.Second))
		login.Integration.Transport.(*httpmock.MockTransport).RegisterResponder(http.MethodPost, auth.WebexDeviceURL,
			httpmock.NewStringResponder(200, `{"device_code":"`+hidden+`","user_code":"1","verification_uri":"https://login.example.com","expires_in":5,"interval":2}`))
		grant, err := login.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, "refresh", grant.RefreshToken.Reveal())
		require.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second}, *times)
	})
}

func TestDeviceLoginUsesTheDefaultsOfTheStandard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login, times := deviceLogin(t, httpmock.NewStringResponder(200,
			`{"device_code":"`+hidden+`","user_code":"1","verification_url":"https://login.example.com","interval":"x","expires_in":-1}`), granting)
		_, err := login.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, []time.Duration{5 * time.Second}, *times)
	})
}

func TestDeviceLoginEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login, _ := deviceLogin(t, started, pending)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		began := time.Now()
		_, err := login.Run(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestDeviceLoginNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.DeviceLogin{}.Run(t.Context())
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	for _, field := range []string{"ClientID", "ClientSecret", "Show"} {
		require.ErrorContains(t, err, field)
	}
}
