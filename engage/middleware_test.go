package engage_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// around returns an option for a middleware that is a function.
func around(middleware func(r *http.Request, next http.RoundTripper) (*http.Response, error)) engage.Option {
	return engage.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) { return middleware(r, next) })
	})
}

func TestMiddlewareSeesEachAttemptAndEachRequestForAToken(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	server.Fail(outcome.SearchConversation, engagetest.Fault{Status: http.StatusServiceUnavailable})
	var seen []string
	named := func(name string) engage.Option {
		return around(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			path := r.URL.Path[strings.LastIndex(r.URL.Path, "/"):]
			seen = append(seen, name+path)
			require.Equal(t, path == "/search", r.Header.Get("Authorization") != "", "its token")
			return next.RoundTrip(r)
		})
	}
	client, err := engage.New(engage.Endpoint(server.URL()), server.Credentials(),
		engage.WithCallOptions(quick), named("outer"), named("inner"))
	require.NoError(t, err)
	_, err = client.SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	require.Equal(t, []string{
		"outer/token", "inner/token", "outer/search", "inner/search", "outer/search", "inner/search",
	}, seen)
}

func TestMiddlewareKeepsTheConnectionsOfTheClient(t *testing.T) {
	for name, secure := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		server := newCounting(t, secure, reply(http.StatusOK, found("active")))
		options := []engage.Option{around(func(r *http.Request, next http.RoundTripper) (*http.Response, error) { return next.RoundTrip(r) })}
		if secure {
			options = append(options, engage.WithTLSConfig(server.trusted()))
		}
		client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), options...)
		require.NoError(t, err)
		for range 20 {
			_, err := client.SearchConversation(t.Context(), searchRequest)
			require.NoError(t, err)
		}
		require.EqualValues(t, 1, server.opened.Load(), name)
		client.CloseIdleConnections()
	}
}

func TestAWriteThatFailedBelowAMiddlewareHasTheEffectThatIsCertain(t *testing.T) {
	next := func(r *http.Request, next http.RoundTripper) (*http.Response, error) { return next.RoundTrip(r) }
	client, err := engage.New(engage.Endpoint("http://"+closedPort(t)), auth.Static(token), around(next))
	require.NoError(t, err)
	_, err = appendTo(appendRequest, oneAttempt)(t.Context(), client)
	require.Equal(t, outcome.NotSent, outcome.EffectOf(err))

	for status, want := range map[int]outcome.Effect{http.StatusConflict: outcome.Refused, http.StatusBadGateway: outcome.MaybeApplied} {
		server := newStub(t, reply(status, `{"code":"7"}`))
		_, err = appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t, around(next)))
		require.Equal(t, want, outcome.EffectOf(err))
		require.False(t, failureOf(t, err).Attempts[0].Repeated)
	}
}

// unavailable is a reply that a middleware made.
func unavailable(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}},
		Body: io.NopCloser(strings.NewReader(`{"code":"7"}`)), Request: r,
	}
}

func TestAMiddlewareMakesNoWriteCertain(t *testing.T) {
	errBroken := errors.New("the circuit is open")
	copied := func(r *http.Request) *http.Request {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(strings.NewReader("{}"))
		again.ContentLength = 2
		return again
	}
	for name, c := range map[string]struct {
		middleware func(r *http.Request, next http.RoundTripper) (*http.Response, error)
		sent       int
	}{
		"repeats what was lost": {func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			again := copied(r)
			_, err := next.RoundTrip(r)
			require.Error(t, err)
			return next.RoundTrip(again)
		}, 2},
		"repeats without the context": {func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			again := copied(r)
			_, err := next.RoundTrip(r.WithContext(context.Background()))
			require.Error(t, err)
			return next.RoundTrip(again.WithContext(context.Background()))
		}, 2},
		"makes a reply of what was lost": {func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			_, err := next.RoundTrip(r)
			require.Error(t, err)
			return unavailable(r), nil
		}, 1},
		"makes another reply": {func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			response, err := next.RoundTrip(copied(r))
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			return unavailable(r), nil
		}, 2},
		"makes a reply and sends nothing": {func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
			return unavailable(r), nil
		}, 0},
		"fails and sends nothing": {func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return nil, errBroken
		}, 0},
		"hides an error": {func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			_, err := next.RoundTrip(r)
			require.Error(t, err)
			return nil, errBroken
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, inTurn(hangUp, reply(http.StatusConflict, `{"code":"7"}`)))
			_, err := appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t, around(c.middleware)))
			failure := failureOf(t, err)
			require.Equal(t, outcome.MaybeApplied, failure.Effect)
			require.Len(t, failure.Attempts, 1, "it is not sent again")
			require.Len(t, server.seen(), c.sent)
		})
	}
}

func TestAMiddlewareThatDoesNotWaitForTheTransportMakesNoWriteCertain(t *testing.T) {
	dialing, dial := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	server := newStub(t, reply(http.StatusOK, `{"tid":"T-1"}`))
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		close(dialing)
		<-dial
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	client := server.client(t, engage.WithTransport(transport), around(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		go func() {
			defer close(done)
			response, err := next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
			if err == nil {
				response.Body.Close()
			}
		}()
		<-dialing
		return nil, errors.New("too slow")
	}))
	_, err := appendTo(appendRequest, noReconciliation)(t.Context(), client)
	require.Equal(t, outcome.MaybeApplied, outcome.EffectOf(err))
	require.Len(t, failureOf(t, err).Attempts, 1)
	close(dial)
	<-done
	require.Len(t, server.seen(), 1, "it was sent after the attempt")
}

func TestAMiddlewareKeepsWhatHTTP2ProvesOfItsOwnRequestOnly(t *testing.T) {
	var server *http2test.Server
	server = http2test.Start(t, http2test.Config{
		Handler: reply(http.StatusOK, acknowledged),
		Decide: func(s *http2test.Stream) {
			if server.Requests.Load()%2 == 1 {
				s.Reset(http2test.RefusedStream)
			}
		},
	})
	var proof error
	forge := false
	client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), engage.WithTLSConfig(server.TLS),
		around(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			response, err := next.RoundTrip(r)
			if err != nil {
				proof = err
			} else if forge {
				response.Body.Close()
				return nil, proof
			}
			return response, err
		}))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	_, err = appendTo(appendRequest, oneAttempt)(t.Context(), client)
	require.NoError(t, err, "what was refused is sent again within the attempt")
	require.EqualValues(t, 2, server.Requests.Load())

	forge = true
	_, err = appendTo(appendRequest, noReconciliation)(t.Context(), client)
	require.Equal(t, outcome.MaybeApplied, outcome.EffectOf(err))
	require.EqualValues(t, 4, server.Requests.Load(), "the reply that was hidden may have applied it")
}

func TestAMiddlewareCannotSendWhatIsCertainlyNotSent(t *testing.T) {
	late := make(chan error)
	server := newStub(t, reply(http.StatusOK, `{"tid":"T-1"}`))
	returned := make(chan struct{})
	client, err := engage.New(engage.Endpoint("http://"+closedPort(t)), auth.Static(token),
		around(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			again := r.Clone(context.WithoutCancel(r.Context()))
			again.URL.Host = strings.TrimPrefix(server.URL, "http://")
			again.Body = io.NopCloser(strings.NewReader("{}"))
			go func() {
				<-returned
				_, err := next.RoundTrip(again)
				late <- err
			}()
			return next.RoundTrip(r)
		}))
	require.NoError(t, err)
	_, err = appendTo(appendRequest, oneAttempt)(t.Context(), client)
	require.Equal(t, outcome.NotSent, outcome.EffectOf(err))
	close(returned)
	require.ErrorContains(t, <-late, "has ended")
	require.Empty(t, server.seen())
}

func TestNewRefusesAMiddlewareThatIsNone(t *testing.T) {
	for _, middleware := range []func(http.RoundTripper) http.RoundTripper{
		nil,
		func(http.RoundTripper) http.RoundTripper { return nil },
		func(http.RoundTripper) http.RoundTripper { return (*http.Transport)(nil) },
	} {
		_, err := engage.New(engage.US, auth.Static(token), engage.WithMiddleware(middleware))
		require.ErrorContains(t, err, "WithMiddleware")
	}
}
