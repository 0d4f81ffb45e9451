package auth_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// after answers with each of first in turn, then with a good token.
func after(first ...httpmock.Responder) *httpmock.MockTransport {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		if number := transport.GetTotalCallCount(); number <= len(first) {
			return first[number-1](r)
		}
		return httpmock.NewStringResponse(200, `{"access_token":"abc"}`), nil
	})
	return transport
}

// hang is a responder that never answers.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// switching is a responder whose connection goes on after the reply, with nothing
// to be read from it.
func switching(*http.Request) (*http.Response, error) {
	connection, _ := io.Pipe()
	return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: connection}, nil
}

var (
	cut      = httpmock.NewErrorResponder(errors.New("connection reset"))
	busy     = httpmock.NewStringResponder(503, "")
	firewall = httpmock.NewStringResponder(403, "<html>")
	refused  = httpmock.NewStringResponder(400, `{"error":"invalid_scope"}`)
)

func TestTemporaryFailureOfTheEndpointGetsThreeAttempts(t *testing.T) {
	for name, test := range map[string]struct {
		first []httpmock.Responder
		calls int
		ok    bool
	}{
		"at once":                {nil, 1, true},
		"cut once":               {[]httpmock.Responder{cut}, 2, true},
		"busy, then a firewall":  {[]httpmock.Responder{busy, firewall}, 3, true},
		"busy thrice":            {[]httpmock.Responder{busy, busy, busy}, 3, false},
		"refused":                {[]httpmock.Responder{refused}, 1, false},
		"busy, then refused":     {[]httpmock.Responder{busy, refused}, 2, false},
		"hangs once":             {[]httpmock.Responder{hang}, 2, true},
		"switches once":          {[]httpmock.Responder{switching}, 2, true},
		"switches thrice":        {[]httpmock.Responder{switching, switching, switching}, 3, false},
		"hangs thrice":           {[]httpmock.Responder{hang, hang, hang}, 3, false},
		"asks for a short pause": {[]httpmock.Responder{busy.HeaderSet(http.Header{"Retry-After": {"5"}})}, 2, true},
		"asks for a long pause":  {[]httpmock.Responder{busy.HeaderSet(http.Header{"Retry-After": {"60"}})}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := credentials("https://api.example.com")
				transport := after(test.first...)
				source.Transport = transport
				began := time.Now()
				_, err := source.Token(t.Context())
				require.Equal(t, test.ok, err == nil, "%v", err)
				require.Equal(t, test.calls, transport.GetTotalCallCount())
				require.Less(t, time.Since(began), 31*time.Second)
			})
		})
	}
}

// dropping serves one request on a connection, which it then closes.
func dropping(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		_, _ = http.ReadRequest(bufio.NewReader(server))
		_ = server.Close()
	}()
	return client, nil
}

// unreachable is a dial that is refused.
func unreachable(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

func TestRefreshTokenThatMayHaveArrivedIsNotSentAgain(t *testing.T) {
	brokenOff := func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: io.NopCloser(failingReader{})}, nil
	}
	for name, test := range map[string]struct {
		transport http.RoundTripper
		calls     int
		took      time.Duration
	}{
		"hangs":            {after(hang), 1, 30 * time.Second},
		"cut":              {after(cut), 1, 0},
		"switches":         {after(switching), 1, 0},
		"reply breaks off": {after(brokenOff), 1, 0},
		"connection lost":  {&http.Transport{DialContext: dropping}, 1, 0},
		"not reachable":    {&http.Transport{DialContext: unreachable}, 3, time.Second},
		"busy":             {after(busy, busy, busy), 3, time.Second},
		"firewall":         {after(firewall, firewall, firewall), 3, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				integration := person("http://localhost/token")
				integration.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
					calls++
					return test.transport.RoundTrip(r)
				})
				began := time.Now()
				_, err := integration.Refresh(t.Context(), auth.NewSecret("refresh"))
				failure, ok := errors.AsType[*auth.TokenEndpointError](err)
				require.True(t, ok)
				require.True(t, failure.Temporary())
				require.Equal(t, test.calls, calls)
				require.LessOrEqual(t, time.Since(began), test.took)
			})
		})
	}
}

// An endpoint that answers 500 after 50 ms costs all callers together as much as
// one of them.
func TestCallersShareTheAttemptsAtAFailingEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
			time.Sleep(50 * time.Millisecond)
			return httpmock.NewStringResponse(500, ""), nil
		})
		source := credentials("https://api.example.com")
		source.Transport = transport
		cache := auth.NewCache(source)
		began := time.Now()
		var callers sync.WaitGroup
		for range 32 {
			callers.Go(func() {
				_, err := cache.Token(t.Context())
				require.ErrorContains(t, err, "HTTP 500")
			})
		}
		callers.Wait()
		require.Equal(t, 3, transport.GetTotalCallCount())
		took := time.Since(began)
		require.GreaterOrEqual(t, took, 450*time.Millisecond)
		require.LessOrEqual(t, took, 750*time.Millisecond)

		_, err := cache.Token(t.Context())
		require.Error(t, err)
		require.Equal(t, took, time.Since(began), "the failure is remembered")
		require.Equal(t, 3, transport.GetTotalCallCount())
	})
}

func TestWaitBetweenAttemptsEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := credentials("https://api.example.com")
		transport := after(busy.HeaderSet(http.Header{"Retry-After": {"5"}}), cut)
		source.Transport = transport
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, err := source.Token(ctx)
		require.ErrorIs(t, err, context.Canceled)
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, 503, failure.Status)
		require.Equal(t, time.Second, time.Since(began))
	})
}

// net/http answers with the reason for the end of a context, not with its error.
func TestContextThatEndedForAReasonIsFoundInTheError(t *testing.T) {
	reason := errors.New("the user pressed Stop")
	for name, ask := range map[string]func(ctx context.Context, url string) error{
		"client credentials": func(ctx context.Context, url string) error {
			_, err := credentials(url).Token(ctx)
			return err
		},
		"refresh": func(ctx context.Context, url string) error {
			_, err := person(url).Refresh(ctx, auth.NewSecret("refresh"))
			return err
		},
		"Service App": func(ctx context.Context, url string) error {
			app := serviceApp(nil)
			app.ApplicationsURL = url
			_, err := app.Grant(ctx, auth.Static("administrator"))
			return err
		},
		"device login": func(ctx context.Context, url string) error {
			integration := person("")
			integration.DeviceURL = url
			_, err := auth.DeviceLogin{Integration: integration, Show: func(auth.DeviceCode) {}}.Run(ctx)
			return err
		},
		"legacy": func(ctx context.Context, url string) error {
			_, err := auth.Legacy{AuthorizeURL: url, APIKey: auth.NewSecret(hidden), DomainName: "a"}.Token(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice who leaves
				stop(reason)
				<-r.Context().Done()
			}))
			defer server.Close()
			err := ask(ctx, server.URL)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, reason)
			require.NotContains(t, err.Error(), reason.Error(), "which may hold anything")
		})
	}
}

func TestNoAttemptIsMadeThatTheDeadlineWouldEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := credentials("https://api.example.com")
		source.Transport = after(busy.HeaderSet(http.Header{"Retry-After": {"5"}}))
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		began := time.Now()
		_, err := source.Token(ctx)
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		require.Zero(t, time.Since(began))
	})
}
