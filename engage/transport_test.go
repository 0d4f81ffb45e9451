package engage_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// callerKey is the key of what a caller puts into the context of a call.
type callerKey struct{}

func TestATransportGetsTheContextOfTheCallerAndTheTimeoutOfTheAttempt(t *testing.T) {
	deadlines := make(chan time.Time, 1)
	client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		deadline, limited := r.Context().Deadline()
		require.True(t, limited)
		require.Equal(t, t.Name(), r.Context().Value(callerKey{}))
		require.Equal(t, r.URL.Host, r.Host, "as of a request of net/http")
		deadlines <- deadline
		require.NoError(t, r.Context().Err())
		return fine(), nil
	}))
	for limit, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, 0: 15 * time.Second, 9 * time.Hour: 3 * time.Hour} {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), callerKey{}, t.Name()), 3*time.Hour)
		_, err := appendTo(appendRequest, engage.WithRetry(engage.Retry{AttemptTimeout: limit}))(ctx, client)
		cancel()
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(want), <-deadlines, 10*time.Second)
	}
}

// TestATransportThatChangesItsRequestDoesNotChangeTheNext is about the URL, the
// header and the body of calls. Calls must not share them.
func TestATransportThatChangesItsRequestDoesNotChangeTheNext(t *testing.T) {
	rewriting := roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		r.URL.Path, r.URL.RawPath = "/rewritten", "/rewritten"
		r.Header.Set("X-Rewritten", "yes")
		return response, err
	})
	registered := new(http.Transport)
	registered.RegisterProtocol("http", rewriting)
	for name, transport := range map[string]http.RoundTripper{"its own": rewriting, "within one of net/http": registered} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, inTurn(reply(503, ``), reply(200, found("active"))))
			client := server.client(t, engage.WithTransport(transport))
			for range 2 {
				_, err := searchConversation(t.Context(), client)
				require.NoError(t, err)
			}
			for _, r := range server.seen() {
				require.Equal(t, "/api/v1/conversations/search", r.path)
				require.Empty(t, r.header.Get("X-Rewritten"))
			}
			require.Len(t, server.seen(), 3)
		})
	}
}

func TestATransportThatReturnsNothingIsAnError(t *testing.T) {
	for _, response := range []*http.Response{nil, {StatusCode: 200}, {StatusCode: 500}} {
		client := over(t, roundTrip(func(*http.Request) (*http.Response, error) { return response, nil }), engage.WithCallOptions(quick))
		_, err := appendMessage(t.Context(), client)
		require.ErrorIs(t, err, outcome.ErrOnError)
		require.GreaterOrEqual(t, failureOf(t, err).Effect, outcome.MaybeApplied)
	}
}

func TestTheErrorOfAProxyDoesNotContainItsPassword(t *testing.T) {
	proxy := &url.URL{Scheme: "http", User: url.UserPassword("worker", token), Host: "proxy.example:3128"}
	unreachable := fmt.Errorf("no way to %s", proxy)
	client, err := engage.New(engage.US, auth.Static("t"), engage.WithTransport(&http.Transport{
		Proxy:       http.ProxyURL(proxy),
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, unreachable },
	}))
	require.NoError(t, err)
	_, err = appendTo(appendRequest, oneAttempt)(t.Context(), client)
	require.ErrorIs(t, err, unreachable)
	require.ErrorContains(t, err, "no way to http://")
	require.NotContains(t, err.Error(), token)
}

func TestTheErrorOfATransportContainsNothingThatWasSent(t *testing.T) {
	const query, header, body = "ann@example.org", "tenant-7", "my card is 4111"
	client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		sent, _ := io.ReadAll(r.Body)
		return nil, fmt.Errorf("broken by %s, %s, %s and %s", r.URL.Query().Get("q"), r.Header.Get("X-Tenant"), r.Header.Get("Authorization"), sent)
	}))
	_, err := client.Do(t.Context(), engage.Call{
		Operation: "New", Route: engage.Route{Method: http.MethodPost, Path: "/new"}, Query: url.Values{"q": {query}}, Body: body,
	}, engage.WithHeader("X-Tenant", header), oneAttempt)
	require.ErrorContains(t, err, "broken by [cut], [cut], Bearer [cut] and [cut]")
}

// once is a body that is read before it is closed only.
type once struct {
	*testing.T
	io.Reader
	closed bool
}

func (o *once) Read(p []byte) (int, error) {
	if o.closed {
		o.Error("the body is read after it was closed")
	}
	return o.Reader.Read(p)
}

func (o *once) Close() error {
	o.closed = true
	return nil
}

func TestABodyIsNotReadAfterItWasClosed(t *testing.T) {
	client := over(t, roundTrip(func(*http.Request) (*http.Response, error) {
		body := &once{T: t, Reader: strings.NewReader(`{"code":7}`)}
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: body, ContentLength: -1}, nil
	}), engage.WithCallOptions(quick))
	_, err := searchConversation(t.Context(), client)
	require.Len(t, failureOf(t, err).Attempts, 4)
}

func TestARedirectOfAWriteIsRefused(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		server := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		_, err := appendMessage(t.Context(), server.client(t))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnError, failure.Edge)
		require.Equal(t, outcome.Refused, failure.Effect)
		require.Len(t, server.seen(), 1, "nor is the write looked up")
	}
}

func TestAReplyThatSwitchesProtocolsEndsTheCall(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			t.Cleanup(func() { connection.Close() })
			io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		}
	})
	_, err := appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, http.StatusSwitchingProtocols, failure.Status)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, server.seen(), 1)
}

func TestTheErrorOfATransportThatBelongsToAnotherCallHasNoEdgeOfThisOne(t *testing.T) {
	for _, other := range []*outcome.Error{{}, {Edge: outcome.OnInvalidData, Effect: outcome.NotSent}} {
		client := over(t, roundTrip(func(*http.Request) (*http.Response, error) { return nil, other }))
		_, err := appendTo(appendRequest, noReconciliation)(t.Context(), client)
		require.Equal(t, outcome.OnError, outcome.EdgeOf(err))
		require.Equal(t, outcome.MaybeApplied, outcome.EffectOf(err))
		require.ErrorIs(t, err, other)
	}
}
