package auth_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/internal/transport"
)

// singleUse are the ways to send what the service accepts only once.
var singleUse = map[string]func(*testing.T, auth.Integration) (auth.Grant, error){
	"refresh token": func(t *testing.T, integration auth.Integration) (auth.Grant, error) {
		return integration.Refresh(t.Context(), auth.NewSecret("refresh-0"))
	},
	"code": func(t *testing.T, integration auth.Integration) (auth.Grant, error) {
		signIn, err := integration.NewSignIn()
		require.NoError(t, err)
		return signIn.Finish(t.Context(), redirect(t, signIn.URL(), "code", "good"))
	},
}

// net/http repeated the request up to thousands of times by itself.
func TestSingleUseGrantIsSentOnceOverHTTP2ThoughItsStreamIsReset(t *testing.T) {
	for _, code := range []uint32{http2test.ProtocolError, http2test.InternalError, http2test.Cancel, http2test.EnhanceYourCalm} {
		for kind, use := range singleUse {
			t.Run(fmt.Sprintf("%s, code %d", kind, code), func(t *testing.T) {
				rotating := newRotatingServer(t)
				server := http2test.Start(t, http2test.Config{
					Handler: rotating,
					Decide:  func(s *http2test.Stream) { s.Reset(code) },
				})
				for _, base := range []http.RoundTripper{
					&http.Transport{TLSClientConfig: server.TLS, ForceAttemptHTTP2: true},
					transport.New(server.TLS),
				} {
					before := server.Requests.Load()
					integration := person(server.URL)
					integration.Transport = base
					_, err := use(t, integration)
					var failure *auth.TokenEndpointError
					require.ErrorAs(t, err, &failure)
					require.ErrorIs(t, err, auth.ErrUnreachable)
					require.EqualValues(t, 1, server.Requests.Load()-before)
				}
			})
		}
	}
}

func TestGrantThatAnHTTP2ServerDidNotTakeIsSentAgain(t *testing.T) {
	for name, decide := range map[string]func(*http2test.Stream){
		"stream refused": func(s *http2test.Stream) {
			if s.Number == 1 {
				s.Refuse()
			}
		},
		"connection that closes": func(s *http2test.Stream) {
			if s.Connection == 1 {
				s.GoAway(0, http2test.NoError)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			rotating := newRotatingServer(t)
			server := http2test.Start(t, http2test.Config{Handler: rotating, Decide: decide})
			integration := person(server.URL)
			integration.Transport = transport.New(server.TLS)
			grant, err := integration.Refresh(t.Context(), auth.NewSecret("refresh-0"))
			require.NoError(t, err)
			require.Equal(t, "refresh-1", grant.RefreshToken.Reveal())
			taken, refusals := rotating.counts()
			require.Equal(t, 1, taken)
			require.Zero(t, refusals)
		})
	}
}

// stale is a connection that is gone when its second request is to be written.
type stale struct {
	net.Conn
	requests int
}

func (s *stale) Write(p []byte) (int, error) {
	if s.requests++; s.requests > 1 {
		return 0, syscall.EPIPE
	}
	return s.Conn.Write(p)
}

func TestRefreshSurvivesAStaleConnection(t *testing.T) {
	rotating := newRotatingServer(t)
	connections := 0
	refreshing := rotating.refreshing(nil)
	refreshing.Integration.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		connections++
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return &stale{Conn: conn}, err
	}}
	source, err := refreshing.Open()
	require.NoError(t, err)
	for n := 1; n <= 5; n++ {
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("access-%d", n), token.Reveal())
		source.Accept(token)
		source.Invalidate(token)
	}
	requests, refusals := rotating.counts()
	require.Equal(t, 5, requests)
	require.Zero(t, refusals)
	require.Equal(t, 5, connections)
}

func TestConnectionThatFallsSilentCostsOneAttempt(t *testing.T) {
	server := http2test.Start(t, http2test.Config{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"abc","expires_in":3600}`)
		}),
		Decide: func(s *http2test.Stream) {
			if s.Connection == 1 && s.Number == 2 {
				s.Silence()
			}
		},
	})
	source := credentials(server.URL)
	source.Transport = transport.New(server.TLS)
	for range 2 {
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "abc", token.Reveal())
	}
}

// held is a rotating endpoint whose reply waits until it is released.
func held(t *testing.T) (server *rotatingServer, taken, release chan struct{}) {
	server, taken, release = newRotatingServer(t), make(chan struct{}), make(chan struct{})
	var once sync.Once
	server.beforeReply(func() {
		once.Do(func() { close(taken) })
		<-release
	})
	return server, taken, release
}

func TestRunEndsAfterTheRenewalInProgressAndItsSave(t *testing.T) {
	for name, run := range map[string]func(context.Context, *testing.T, auth.Refreshing) error{
		"cache": func(ctx context.Context, t *testing.T, refreshing auth.Refreshing) error {
			source, err := refreshing.Open()
			require.NoError(t, err)
			return source.Run(ctx)
		},
		"registry": func(ctx context.Context, t *testing.T, refreshing auth.Refreshing) error {
			registry := &auth.Registry{Store: refreshing.Store}
			require.NoError(t, registry.Add(ctx, "a", refreshing.Integration))
			return registry.Run(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, taken, release := held(t)
			store := auth.NewFileStore(t.TempDir())
			refreshing := server.refreshing(store)
			require.NoError(t, refreshing.Authorize(t.Context(), auth.Grant{RefreshToken: auth.NewSecret("refresh-0")}))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- run(ctx, t, refreshing) }()
			<-taken
			cancel()
			select {
			case <-ended:
				t.Fatal("Run has left the renewal behind")
			case <-time.After(50 * time.Millisecond):
			}
			close(release)
			require.ErrorIs(t, <-ended, context.Canceled)
			require.Contains(t, kept(t, store, "a"), "refresh-1")
		})
	}
}

func TestCloseWaitsForTheRenewalInProgressAndItsSave(t *testing.T) {
	server, taken, release := held(t)
	store := auth.NewFileStore(t.TempDir())
	refreshing := server.refreshing(store)
	require.NoError(t, refreshing.Authorize(t.Context(), auth.Grant{RefreshToken: auth.NewSecret("refresh-0")}))
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", refreshing.Integration))
	source := registry.Use("a", "user")
	left, leave := context.WithCancel(t.Context())
	go func() { _, _ = source.Token(left) }()
	<-taken
	leave()
	// The cache of before the update is the one that is at work.
	require.NoError(t, registry.Update(t.Context(), "a", refreshing.Integration))

	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, registry.Close(ended), context.Canceled)
	require.NotContains(t, peek(t, store), "refresh-1")
	close(release)
	require.NoError(t, registry.Close(t.Context()))
	require.Contains(t, kept(t, store, "a"), "refresh-1")
	_, err := source.Token(t.Context())
	require.ErrorIs(t, err, auth.ErrClosed)
}

// peek returns the record called a while it is locked.
func peek(t *testing.T, store auth.Store) string {
	t.Helper()
	record, err := store.Read(t.Context(), "a")
	require.NoError(t, err)
	return record.Reveal()
}

func TestClosedCacheGivesItsTokenWhileThatLives(t *testing.T) {
	source := &issuer{life: time.Hour}
	cache := auth.NewCache(source)
	token, err := cache.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, cache.Close(t.Context()))
	require.Equal(t, "token-1", get(t, cache))
	cache.Invalidate(token)
	_, err = cache.Token(t.Context())
	require.ErrorIs(t, err, auth.ErrClosed)
	require.EqualValues(t, 1, source.asked.Load())
}

// refusing returns the URL of a port at which nothing listens.
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return "http://" + listener.Addr().String()
}

func TestUnreachableEndpointIsDistinguishedFromARefusal(t *testing.T) {
	_, err := credentials(refusing(t)).Token(t.Context())
	require.ErrorIs(t, err, auth.ErrUnreachable)
	require.NotErrorIs(t, err, auth.ErrReauthorizationRequired)

	_, err = person(refusing(t)).Refresh(t.Context(), auth.NewSecret("refresh"))
	require.ErrorIs(t, err, auth.ErrUnreachable)

	_, err = credentials(answering(t, 401, `{"error":"invalid_client"}`).URL).Token(t.Context())
	require.NotErrorIs(t, err, auth.ErrUnreachable)
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)

	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice who leaves
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	_, err = credentials(server.URL).Token(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, auth.ErrUnreachable)
}
