package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// seen keeps the requests that a server got.
type seen struct {
	mu       sync.Mutex
	tokens   []string
	accepted string // the only good token
	target   string // where to redirect to; empty for nowhere
}

func (s *seen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("Key")
	s.tokens = append(s.tokens, token)
	switch {
	case s.accepted != "" && token != s.accepted:
		w.WriteHeader(http.StatusUnauthorized)
	case s.target != "":
		http.Redirect(w, r, s.target, http.StatusTemporaryRedirect)
	}
}

// authorized is a client that puts source's tokens on requests to these servers.
func authorized(t *testing.T, source auth.TokenSource, servers ...*httptest.Server) *http.Client {
	t.Helper()
	var urls []string
	for _, server := range servers {
		urls = append(urls, server.URL)
	}
	hosts, err := auth.NewHosts(urls...)
	require.NoError(t, err)
	return &http.Client{Transport: &auth.Transport{Source: source, Hosts: hosts, Base: servers[0].Client().Transport}}
}

// do sends a request and returns its status.
func do(t *testing.T, client *http.Client, method, url string, body io.Reader) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestTransportAuthorizesEachHopByItsHost(t *testing.T) {
	key, err := auth.ConnectServiceKey{Key: auth.NewSecret("abc")}.Open()
	require.NoError(t, err)
	for name, source := range map[string]auth.TokenSource{"token": auth.Static("abc"), "service key": key} {
		t.Run(name, func(t *testing.T) {
			var own, same, other seen
			start := httptest.NewTLSServer(&own)
			defer start.Close()
			inner := httptest.NewTLSServer(&same)
			defer inner.Close()
			outer := httptest.NewTLSServer(&other)
			defer outer.Close()
			plain := httptest.NewServer(&other)
			defer plain.Close()
			client := authorized(t, source, start, inner)

			own.target = inner.URL
			require.Equal(t, 200, do(t, client, http.MethodGet, start.URL, nil))
			require.Equal(t, []string{"abc"}, same.tokens, "a host of its own")
			for _, elsewhere := range []string{outer.URL, plain.URL, strings.Replace(inner.URL, "https", "http", 1)} {
				own.target = elsewhere
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, start.URL, strings.NewReader("body"))
				require.NoError(t, err)
				response, err := client.Do(request)
				if err == nil {
					require.NoError(t, response.Body.Close())
				}
			}
			require.Equal(t, []string{"", ""}, other.tokens)
			require.Equal(t, []string{"abc", "abc", "abc", "abc"}, own.tokens)
			require.Equal(t, []string{"abc"}, same.tokens, "nothing to its port without TLS")
		})
	}
}

func TestTransportSendsARefusedRequestOnceMoreWithAnotherToken(t *testing.T) {
	for name, test := range map[string]struct {
		body     io.Reader
		accepted string
		status   int
		tokens   []string
	}{
		"no body":          {nil, "token-2", 200, []string{"token-1", "token-2"}},
		"body":             {strings.NewReader("body"), "token-2", 200, []string{"token-1", "token-2"}},
		"body of one use":  {io.MultiReader(strings.NewReader("body")), "token-2", 401, []string{"token-1"}},
		"both are refused": {nil, "token-9", 401, []string{"token-1", "token-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			service := &seen{accepted: test.accepted}
			server := httptest.NewTLSServer(service)
			defer server.Close()
			client := authorized(t, auth.NewCache(&issuer{life: time.Hour}), server)
			require.Equal(t, test.status, do(t, client, http.MethodPost, server.URL, test.body))
			require.Equal(t, test.tokens, service.tokens)
		})
	}

	service := &seen{accepted: "other"}
	server := httptest.NewTLSServer(service)
	defer server.Close()
	require.Equal(t, 401, do(t, authorized(t, auth.NewCache(auth.Static("same")), server), http.MethodGet, server.URL, nil))
	require.Equal(t, []string{"same"}, service.tokens, "there is no other")
}

func TestTransportLeavesTheRequestAloneAndClosesABodyItDoesNotSend(t *testing.T) {
	server := httptest.NewTLSServer(new(seen))
	defer server.Close()
	client := authorized(t, auth.Static("abc"), server)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	response, err := client.Transport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Empty(t, request.Header)

	failure := errors.New("no token today")
	failing := sourceFunc(func(context.Context) (auth.Token, error) { return auth.Token{}, failure })
	for _, source := range []auth.TokenSource{failing, always(auth.NewToken("two words", time.Time{}))} {
		body := &closing{Reader: strings.NewReader("body")}
		request, err = http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		require.NoError(t, err)
		_, err = authorized(t, source, server).Transport.RoundTrip(request)
		require.Error(t, err)
		require.True(t, body.closed)
	}
	_, err = authorized(t, failing, server).Transport.RoundTrip(request)
	require.Equal(t, failure, err)
}

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestTransportReportsWhichTokensTheServiceAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		revoked := map[string]bool{}
		service := transportFunc(func(r *http.Request) (*http.Response, error) {
			status := http.StatusOK
			if revoked[r.Header.Get("Authorization")] {
				status = http.StatusUnauthorized
			}
			revoked[r.Header.Get("Authorization")] = true // each token is good for one request
			return &http.Response{StatusCode: status, Body: http.NoBody}, nil
		})
		hosts, err := auth.NewHosts("https://api.example.com")
		require.NoError(t, err)
		client := &http.Client{Transport: &auth.Transport{Source: auth.NewCache(&issuer{life: time.Hour}), Hosts: hosts, Base: service}}
		for range 20 {
			require.Equal(t, 200, do(t, client, http.MethodGet, "https://api.example.com", nil))
		}
	})
}
